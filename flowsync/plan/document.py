"""The JSON document of a plan, versioned: what `plan --format json` prints and `plan --out` saves."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from flowsync.diff import sha256
from flowsync.model import View
from flowsync.plan.digesting import FORMAT
from flowsync.plan.marks import marked
from flowsync.plan.values import action, json_safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import Blocked, Change, FieldChange, JsonValue, Plan, PlanWarning, Unmanaged


@dataclass(frozen=True, slots=True)
class Summary:
    """How many flows a plan creates, updates, …, in the order they are told."""

    create: int
    update: int
    deactivate: int
    delete: int
    unchanged: int
    blocked: int
    unmanaged: int
    unverified: int = 0

    @property
    def changes(self) -> int:
        """How many flows would be written."""
        return self.create + self.update + self.deactivate + self.delete


def summary(plan: Plan) -> Summary:
    """Count the flows of a plan."""
    counts = Counter(action(change) for change in plan.changes)
    return Summary(
        create=counts["create"],
        update=counts["update"],
        deactivate=counts["deactivate"],
        delete=counts["delete"],
        unchanged=len(plan.unchanged) + plan.unnamed_unchanged,
        blocked=len(plan.blocked),
        unmanaged=len(plan.unmanaged),
        unverified=len(plan.unverified),
    )


def to_document(plan: Plan) -> dict[str, JsonValue]:
    """Return the document, keys in order. It holds no number that JSON lacks, and no key of the API.

    What guards have against a change is among its warnings. Texts are as the files and the API have them: lone
    surrogates and control characters included.
    """
    return {**_content(plan), "digest": plan.digest}


def digest(plan: Plan) -> str:
    """Return "sha256:" and 64 hex digits over the whole document of a plan but its digest."""
    return digest_of(_content(plan))


def digest_of(content: Mapping[str, JsonValue]) -> str:
    """Return the digest that a plan's document has, whatever digest it says it has."""
    return sha256({key: value for key, value in content.items() if key != "digest"})


def _content(plan: Plan) -> dict[str, JsonValue]:
    """The document but for the digest. What is seldom there, `view` and `unverified`, is left out where it is not."""
    numbers: dict[str, JsonValue] = {**asdict(summary(plan))}
    shown = marked(plan)
    content: dict[str, JsonValue] = {
        "format": FORMAT,
        "environment": plan.environment,
        "api_url": plan.api_url,
        "base": plan.base,
        "view": plan.view.value,
        "summary": {name: number for name, number in numbers.items() if number or name != "unverified"},
        "changes": [_change(change) for change in shown.changes],
        "unverified": [_change(change) for change in shown.unverified],
        "blocked": [_blocked(blocked) for blocked in plan.blocked],
        "unmanaged": [_unmanaged(unmanaged) for unmanaged in plan.unmanaged],
    }
    left_out = {*(["view"] if plan.view is View.WHOLE else []), *([] if plan.unverified else ["unverified"])}
    return {key: value for key, value in content.items() if key not in left_out}


def _change(change: Change) -> JsonValue:
    return {
        "slug": change.slug,
        "file": change.file,
        "action": action(change),
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "live": change.live,
        "fields": [_field_change(field) for field in change.fields],
        "unseen": list(change.unseen),
        "warnings": [_warning(warning) for warning in change.warnings],
        "body": {name: json_safe(value) for name, value in change.body.items()},
        "before": change.before,
        "after": change.after,
    }


def _field_change(change: FieldChange) -> JsonValue:
    return {
        "field": change.field,
        "path": change.path,
        "label": change.label,
        "op": change.op.value,
        "old": json_safe(change.old),
        "new": json_safe(change.new),
        "origin": None if change.origin is None else change.origin.value,
    }


def _warning(warning: PlanWarning) -> JsonValue:
    return {"code": warning.code, "message": warning.message, "line": warning.line}


def _blocked(blocked: Blocked) -> JsonValue:
    return {"slug": blocked.slug, "file": blocked.file, "code": blocked.code, "message": blocked.message}


def _unmanaged(unmanaged: Unmanaged) -> JsonValue:
    return {"slug": unmanaged.slug, "id": unmanaged.id, "name": unmanaged.name}
