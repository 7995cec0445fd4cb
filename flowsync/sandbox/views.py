"""How rows are shown: to a public key, to a private one, and with the documented fields alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import FlowsyncError
from flowsync.model import JsonValue
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.store import Status

if TYPE_CHECKING:
    from flowsync.sandbox.store import Row

ORGANIZATION_ID: Final = 1001
"""The organization that the rows of a sandbox belong to, unless another one is given."""
_COMPONENTS: Final = {
    "ANNOUNCEMENT": "Announcement",
    "BANNER": "Banner",
    "CARD": "Card",
    "CHECKLIST": "Checklist.Collapsible",
    "FORM": "Form",
    "SURVEY": "Survey.NPS",
    "TOUR": "Tour",
}

Shown = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Views:
    """What of a row is shown to whom. A `documented` one leaves out all that the reference does not list [doc]."""

    readings: frozenset[Reading]
    documented: bool
    organization: int = ORGANIZATION_ID

    def public(self, row: Row) -> Shown:
        """The row as /v1/public/... shows it, to any key: without what is only the account's own business [obs]."""
        if self.documented:
            return self._documented(row)
        shown = {**self._documented(row), **_observed(row)}
        if Reading.SNIPPET_HIDDEN in self.readings:
            del shown["codeSnippet"]
        return shown

    def private(self, row: Row) -> Shown:
        """The row as a GET with a private key shows it."""
        return self.written(row) if self.documented else {**self.written(row), "internalData": _internal_data()}

    def written(self, row: Row) -> Shown:
        """The row as it is after a write: `internalData` is for GETs only [obs]."""
        if self.documented:
            return self._documented(row)
        return {**self._documented(row), **_observed(row), **_private(row), "organizationId": self.organization}

    def _documented(self, row: Row) -> Shown:
        """The fields of the documented response [doc]; `description` and `active` are not among them."""
        return {
            "id": row.id,
            "slug": row.slug,
            "version": row.version,
            "status": row.status.value,
            "name": row.name,
            "type": row.type,
            "targetingLogic": row.targeting_logic,
            "data": _json_text(row.data) if Reading.DATA_JSON in self.readings else row.data,
            "codeSnippet": row.code_snippet or _snippet(row),
            "createdAt": row.created_at,
            "modifiedAt": row.modified_at,
        }


def _observed(row: Row) -> Shown:
    """What public answers hold as well [obs]."""
    return {
        "active": row.active,
        "description": row.description,
        "triggerType": row.trigger_type,
        "completionBehavior": row.completion_behavior,
    }


def _private(row: Row) -> Shown:
    """What public answers lack [obs]. Nobody of flesh and blood works in a sandbox: there are no ids of people."""
    return {
        "customerId": None,
        "publishedAt": row.published_at,
        "publishedById": None,
        "archivedAt": row.archived_at if row.status is Status.ARCHIVED else None,
        "archivedById": None,
        "modifiedById": None,
        "archiveBehavior": row.archive_behavior,
        "lastSeenAt": None,
    }


def _internal_data() -> Shown:
    """What the server knows of a flow's use [obs]: nobody has seen any, and no collection holds it."""
    users = dict.fromkeys((f"numberOfUsers{did}Flow" for did in ("Seen", "Started", "Completed", "Skipped")), 0)
    return {
        "flowStats": {**users, "stepCounts": {}},
        "rules": [],
        "productionDraftFlowId": None,
        "productionActiveFlowId": None,
    }


def _snippet(row: Row) -> str:
    return f'<Frigade.{_COMPONENTS.get(row.type, "Flow")} flowId="{row.slug}" />'


def _json_text(text: str) -> str:
    """`data` encoded as JSON; as it is where it cannot be read."""
    try:
        return json.dumps(document.parse_data(text).value, ensure_ascii=False)
    except FlowsyncError:
        return text
