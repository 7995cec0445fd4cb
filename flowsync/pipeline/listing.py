"""Every live flow and every file, a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.model import ListedFlow, ListState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.live.listing import Listing
    from flowsync.model import LiveFlow, Plan


def list_flows(made: Plan, listing: Listing) -> tuple[ListedFlow, ...]:
    """One line for every live flow and every file, sorted by slug, from a plan and what it was made of."""
    return tuple(sorted(_listed(made, listing), key=lambda line: line.slug))


def _listed(made: Plan, listing: Listing) -> Iterator[ListedFlow]:
    rows = {(row.slug, row.id): row for row in listing.rows}
    for change in made.changes:
        yield _listed_row(rows[change.slug, change.id], change.file, ListState.DIFFERS)
    for change in made.unverified:
        yield _listed_row(rows[change.slug, change.id], change.file, ListState.UNVERIFIED)
    for unchanged in made.unchanged:
        yield _listed_row(rows[unchanged.slug, unchanged.id], unchanged.file, ListState.IN_STEP)
    for unmanaged in made.unmanaged:
        yield _listed_row(rows[unmanaged.slug, unmanaged.id], None, ListState.UNMANAGED)
    for blocked in made.blocked:
        yield ListedFlow(blocked.slug, blocked.file, None, None, None, None, ListState.BLOCKED)


def _listed_row(row: LiveFlow, file: str | None, state: ListState) -> ListedFlow:
    name = row.fields.get("name")
    return ListedFlow(row.slug, file, row.id, row.version, row.status, name if isinstance(name, str) else None, state)
