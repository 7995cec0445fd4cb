"""The list of live flows, asked for before the files are read: one waits while the other works.

Only reading is begun so, and only once it is settled what is asked and as whom. Whoever finds the files wrong
meanwhile leaves without waiting: nothing here holds a process up, and what asking failed with is raised only
where the list is taken.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.api.endpoints import Access, find_missing, list_flows, rows_by_slug
from flowsync.config import Policy
from flowsync.errors import GitError
from flowsync.flows import waits
from flowsync.flows.expressions import referenced_slugs
from flowsync.model import Origin, View
from flowsync.plan.build import build_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowsync.api.endpoints import FlowReader, Listing, Map
    from flowsync.cli.files import Selection
    from flowsync.cli.project import Project
    from flowsync.config import Guards
    from flowsync.flows.waits import ChangedWaits
    from flowsync.model import Flow, Plan
    from flowsync.plan.base import Base


class Ahead:
    """A list that is being asked for."""

    def __init__(self, reader: FlowReader, access: Access, map_: Map, likely: int) -> None:
        """Begin to ask for it; `likely` is how many flows it may hold."""
        self._list_flows = list_flows  # its module is loaded here: importing is no work for two threads
        self._asked = (reader, access, map_, likely)
        self._listing: Listing | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._ask, name="list", daemon=True)
        self._thread.start()

    def take(self) -> Listing | None:
        """Wait for the list and give it away: it is one moment's, so whoever asks again gets None.

        Raises whatever asking failed with.
        """
        self._thread.join()
        listing, failure = self._listing, self._failure
        self._listing = self._failure = None
        if failure is not None:
            raise failure
        return listing

    def _ask(self) -> None:
        try:
            self._listing = self._list_flows(*self._asked)
        except BaseException as failure:  # noqa: BLE001 - it is raised in the thread that takes the list
            self._failure = failure


def has_revision(project: Project, revision: str) -> bool:
    """Whether the project's repository, if it is in one, has this revision."""
    try:
        git.commit_of(project.home, revision)
    except GitError:
        return False
    return True


def count_files(project: Project) -> int:
    """About how many flow files there are: the names alone are counted."""
    return sum(len(names) for _, _, names in os.walk(project.home / project.settings.flows))


_SLUG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
"""What is asked for by name; anything else in an expression is no slug, and would be another path of the API."""


def fetch_listing(
    reader: FlowReader, access: Access, flows: Iterable[Flow], map_: Map, ahead: Ahead | None = None
) -> Listing:
    """All live rows, with a look-up by slug for what the list lacks: every file's flow, and each that it refers to.

    The list itself may have been asked for already, `ahead`.
    """
    chosen = tuple(flows)
    referred = sorted({slug for flow in chosen for slug in referenced_slugs(flow) if _SLUG.fullmatch(slug)})
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
    return waits.changed_waits(before, flows)
