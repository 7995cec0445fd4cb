"""Which version of each flow its file was pulled from: kept on this machine, beside the records.

A server without the private list may hide the draft that a file came from. Writing that file to the version that is
shown would make the draft's content live, so apply refuses where it knows of such a version. Else it only warns.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from flowsync import live
from flowsync.cli.adapters import prepare_state
from flowsync.config import place_of
from flowsync.errors import RefusedError
from flowsync.live import Access
from flowsync.model import View
from flowsync.pull import Skipped
from flowsync.workspace import MOST_READ, OWNER_ONLY

if TYPE_CHECKING:
    from flowsync.live import Listing
    from flowsync.model import JsonValue, Plan
    from flowsync.pipeline import Project
    from flowsync.pipeline.pulling import PullResult

FILE: Final = "pulled.json"


def remember_versions(project: Project, listing: Listing, result: PullResult) -> None:
    """Keep the versions that files were pulled from, where the whole list was seen. No failure: they are a hint."""
    if listing.access is not Access.PRIVATE:
        return
    newest = {slug: live.newest(rows) for slug, rows in live.rows_by_slug(listing.rows).items()}
    pulled = [each.slug for each in result.pulled if not isinstance(each, Skipped)]
    found: dict[str, JsonValue] = {slug: row.version for slug in pulled if (row := newest.get(slug)) is not None}
    known = _read(project)
    known[_place(project)] = {**_versions(project), **found}
    with suppress(OSError):
        prepare_state(project)
        content = json.dumps(known, indent=2, sort_keys=True).encode()
        project.workspace.replace(project.state / FILE, content, OWNER_ONLY)


def refuse_unseen_versions(made: Plan, project: Project) -> None:
    """Raise RefusedError where a file came from a newer version than the public list shows."""
    if made.view is not View.FALLBACK:
        return
    known = _versions(project)
    reasons = [
        f"{change.slug} was pulled from version {version}; this server shows version {change.version} at most."
        for change in made.writes
        if isinstance(version := known.get(change.slug), int) and version > change.version
    ]
    if reasons:
        raise RefusedError(
            "Nothing was written: the server hides versions that the files came from.",
            reasons=reasons,
            hint="Publish the draft first, or write the live version on purpose: pull again, then apply.",
        )


def _versions(project: Project) -> dict[str, JsonValue]:
    versions = _read(project).get(_place(project))
    return versions if isinstance(versions, dict) else {}


def _place(project: Project) -> str:
    return f"{project.settings.environment or ''} {place_of(project.settings.api_url)}".strip()


def _read(project: Project) -> dict[str, JsonValue]:
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(project.workspace.read(project.state / FILE, MOST_READ))
        return known if isinstance(known, dict) else {}
    return {}
