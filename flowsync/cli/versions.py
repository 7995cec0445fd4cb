"""The version of each flow that its file was pulled from. It is kept on this machine, beside the records.

A server without the private list may hide the draft that a file came from. Writing that file to the version that is
shown would make the draft's content live, so apply refuses where it knows of such a version. Else it only warns.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from flowsync.cli.adapters import prepare_state
from flowsync.config import place_of
from flowsync.errors import FlowsyncError, RefusedError
from flowsync.live.choice import Chosen, choose
from flowsync.live.listing import rows_by_slug
from flowsync.model import View
from flowsync.pull.results import Skipped
from flowsync.workspace import MOST_READ, OWNER_ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.live.listing import Listing
    from flowsync.model import Flow, JsonValue, Plan
    from flowsync.pipeline.project import Project
    from flowsync.pull.results import Pulled

FILE: Final = "pulled.json"


def remember_versions(project: Project, listing: Listing, pulled: Iterable[Pulled], flows: Iterable[Flow]) -> None:
    """Keep the versions that files were pulled from; `flows` are the files as they were. Never fails: it is a hint."""
    targets = {flow.slug: flow.target for flow in flows}
    rows = rows_by_slug(listing.rows)
    found: dict[str, JsonValue] = {}
    for each in pulled:
        chosen = choose(rows.get(each.slug, ()), targets.get(each.slug) or project.settings.target)
        if isinstance(chosen, Chosen) and not isinstance(each, Skipped):
            found[each.slug] = chosen.row.version
    before = _versions(project)
    if not found.items() - before.items():
        return
    known = _read(project)
    known[_place(project)] = {**before, **found}
    with suppress(OSError, FlowsyncError):
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
