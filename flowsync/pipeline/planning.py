"""Fetching what is live and planning what would change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.audience import changing
from flowsync.audience.known import mentioned
from flowsync.config import Policy
from flowsync.live.listing import list_flows, rows_by_slug
from flowsync.live.lookup import find_missing
from flowsync.live.protocols import Access
from flowsync.model import Origin, View
from flowsync.plan.build import build_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowsync.audience.changing import ChangedWaits
    from flowsync.config import Guards
    from flowsync.live.listing import Listing
    from flowsync.live.protocols import FlowReader, Map
    from flowsync.model import Flow, Plan
    from flowsync.pipeline.ahead import Ahead
    from flowsync.pipeline.files import Selection
    from flowsync.pipeline.project import Project
    from flowsync.plan.base import Base

_SLUG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
"""What is asked for by name; anything else in an expression is no slug, and would be another path of the API."""


def fetch(reader: FlowReader, access: Access, flows: Iterable[Flow], map_: Map, ahead: Ahead | None = None) -> Listing:
    """All live rows, with a look-up by slug for what the list lacks: every file's flow, and each that it refers to.

    The list itself may have been asked for already, `ahead`.
    """
    chosen = tuple(flows)
    referred = sorted({slug for flow in chosen for slug in mentioned(flow) if _SLUG.fullmatch(slug)})
    return fetch_slugs(reader, access, [*(flow.slug for flow in chosen), *referred], map_, ahead)


def fetch_slugs(
    reader: FlowReader, access: Access, slugs: Iterable[str], map_: Map, ahead: Ahead | None = None
) -> Listing:
    """All live rows, with a look-up for every one of `slugs` that the list lacks."""
    wanted = tuple(slugs)
    listing = (ahead and ahead.take()) or list_flows(reader, access, map_, len(wanted))
    return find_missing(reader, listing, wanted, map_)


def make_plan(
    project: Project,
    selection: Selection,
    listing: Listing,
    api_url: str,
    *,
    access: Access = Access.PRIVATE,
    base: Base | None = None,
    guards: Guards | None = None,
) -> Plan:
    """The plan for the selected flows. Live flows of files that were not selected are left out of it.

    `access` is what kind of key the listing was read with. Edits in the dashboard that `base` shows are kept where
    `guards` (else those of the project) say so.
    """
    rows = [row for row in listing.rows if selection.concerns(row.slug)]
    return build_plan(
        selection.flows,
        rows_by_slug(rows),
        environment=project.settings.environment,
        api_url=api_url,
        target=project.settings.target,
        base=base,
        keep=_kept(guards or project.settings.guards),
        also_managed=selection.all_slugs,
        view=view_of(access, listing.access),
    )


def view_of(key: Access, list_: Access) -> View:
    """How much of the account a key shows through the list that answered."""
    match key, list_:
        case _, Access.PRIVATE:
            return View.WHOLE
        case Access.PUBLIC, _:
            return View.PUBLIC_KEY
        case _:
            return View.FALLBACK


def _kept(guards: Guards) -> frozenset[Origin]:
    """Return whose edits stay as they are live."""
    policies = {Origin.DRIFT: guards.on_drift, Origin.CONFLICT: guards.on_conflict}
    return frozenset(origin for origin, policy in policies.items() if policy is Policy.KEEP)


def changed_waits(made: Plan, flows: Sequence[Flow]) -> ChangedWaits:
    """What a plan for these files does to which flow waits for which."""
    old = {change.slug: change.old for change in made.changes}
    before = [replace(flow, fields={**flow.fields, **old.get(flow.slug, {})}) for flow in flows]
    return changing.changed_waits(before, flows)
