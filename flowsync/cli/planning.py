"""The plan of the files: read, compared with the live flows, judged by the guards."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync import validate
from flowsync.api.endpoints import Access, rows_by_slug
from flowsync.api.rows import Chosen, choose
from flowsync.cli.connection import connecting, sandbox_database
from flowsync.cli.output import write_problems, write_sentence, write_warnings
from flowsync.cli.project.base import read_base
from flowsync.cli.project.files import UNPLANNABLE, example_among, example_hint, levels, load_selection, refuse_errors
from flowsync.config import SANDBOX_URL, Policy, place_of
from flowsync.errors import FlowsyncError, GitError, RefusedError
from flowsync.flows import waits
from flowsync.flows.expressions import flow_of_rows, referenced_slugs
from flowsync.model import Create, Origin, Severity, Target, View
from flowsync.plan.build import build_plan, unmanaged
from flowsync.plan.creating import Creation, removed_flows
from flowsync.plan.findings import LiveFlows, settle, unstated
from flowsync.plan.guards import judged
from flowsync.pull.results import Skipped
from flowsync.targeting.references import KnownFlow
from flowsync.workspace import MOST_READ, OWNER_ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.connection import Connection, Purpose
    from flowsync.cli.project import Project
    from flowsync.cli.project.files import Selection
    from flowsync.config import Guards
    from flowsync.flows.waits import ChangedWaits
    from flowsync.model import Flow, JsonValue, Plan, Problem, Removed
    from flowsync.plan.base import Base, History
    from flowsync.plan.findings import Settled
    from flowsync.plan.guards import Kept
    from flowsync.pull.results import Pulled

_SLUG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
"""The form of slugs to look up; anything else in an expression could be another path of the API."""
_VERSIONS_FILE: Final = "pulled.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan judged by the guards, the open connection, and what the plan was made of.

    `is_done`: it is a saved plan, and all of it is live already. `base` is what the files were compared with, if known;
    `selection` are the files that were planned, unless it is a saved plan.
    """

    plan: Plan
    connection: Connection
    listing: Listing
    flows: tuple[Flow, ...] = ()
    warnings: tuple[Problem, ...] = ()
    is_done: bool = False
    base: Base | None = None
    selection: Selection | None = None


@contextmanager
def plan_files(
    project: Project,
    slugs: Sequence[str],
    purpose: Purpose,
    *,
    base: str | None,
    guards: Guards,
    kept: Kept,
    in_sandbox: bool,
    shows_warnings: bool = True,
    without_base: Callable[[GitError], object] | None = None,
    reviewed: Callable[[History], History] | None = None,
) -> Iterator[Planned]:
    """Load the files, read the live flows, compare (with the revision `base` too), judge.

    Raises what keeps it from being done; what is wrong with files or `base` comes first. Errors about what a file sends
    are raised only if the plan would write them, or if the live flows cannot be read. A `base` that git does not
    have is passed to `without_base`, if that is given, and not compared with. `reviewed` adds to the history of the
    files what is known of reviews.
    """
    with connecting(project, purpose, base, in_sandbox=in_sandbox) as connect:
        selection = load_selection(project, slugs)
        refuse_new_sandbox(project, selection, in_sandbox=in_sandbox)
        if shows_warnings:
            write_warnings(selection.warnings, project)
        compared: Base | None = None
        try:
            if base is not None:
                compared = read_base(project, selection, base)
                if reviewed and compared.history:
                    compared = replace(compared, history=reviewed(compared.history))
        except GitError as error:
            if without_base is None:
                raise
            without_base(error)
        try:
            connection = connect(selection.every)
            gone = [slug for slug in (compared.gone if compared else ()) if _SLUG.fullmatch(slug)]
            listing = connection.fetch([*concerned_slugs(selection.flows), *gone])
            listing, made = plan_of(project, selection, listing, connection, base=compared, guards=guards)
        except FlowsyncError:
            refuse_errors(selection.errors, UNPLANNABLE)
            raise
        warnings, settled = settle_findings(project, selection, listing, made)
        if (example := _uncreated_example(selection, listing, connection.api_url)) is not None:
            write_sentence(f"hint: {example_hint([example])} No account gets it.", project.given)
        if shows_warnings:
            write_warnings(warnings, project)
            write_problems(settled.warnings, project)
        every = (*selection.warnings, *warnings, *settled.warnings)
        made_of = (connection, listing, selection.flows, every)
        yield Planned(judged(settled.plan, guards, kept), *made_of, base=compared, selection=selection)


def refuse_new_sandbox(project: Project, selection: Selection, *, in_sandbox: bool) -> None:
    """Raise InvalidFilesError for files with errors, of which the sandbox cannot make its first state."""
    if in_sandbox and not sandbox_database(project).exists():
        refuse_errors(selection.errors, UNPLANNABLE)


def concerned_slugs(flows: Iterable[Flow]) -> list[str]:
    """The slugs of flows, and of all flows that they refer to."""
    chosen = tuple(flows)
    referred = {slug for flow in chosen for slug in referenced_slugs(flow) if _SLUG.fullmatch(slug)}
    return [*(flow.slug for flow in chosen), *sorted(referred)]


def plan_of(
    project: Project,
    selection: Selection,
    listing: Listing,
    connection: Connection,
    *,
    base: Base | None = None,
    guards: Guards | None = None,
) -> tuple[Listing, Plan]:
    """The plan as `make_plan` makes it, and the listing with hidden drafts of the flows that it would write.

    Right before a write `apply` asks for the versions of the flow, and refuses one whose draft was not planned.
    """
    access, url = connection.access, connection.api_url
    made = make_plan(project, selection, listing, url, access=access, base=base, guards=guards)
    default = project.settings.target
    wanting = {flow.slug for flow in selection.flows if (flow.target or default) is Target.DRAFT}
    whole = connection.with_hidden(listing, [each.slug for each in made.unchanged if each.slug in wanting])
    whole = connection.with_hidden(whole, _slugs_in_doubt(wanting, listing, made))
    if whole is listing:
        return listing, made
    return whole, make_plan(project, selection, whole, url, access=access, base=base, guards=guards)


def _slugs_in_doubt(wanting: Collection[str], listing: Listing, made: Plan) -> list[str]:
    """The flows whose write would change if the list hides their draft; those that need a draft first."""
    is_public = listing.access is Access.PUBLIC  # else what the list lacks was asked for already
    writes = [each for each in made.writes if each.target is not Target.ACTIVE]
    slugs = [each.slug for each in writes if is_public or not isinstance(each, Create)]
    return sorted(slugs, key=lambda slug: slug not in wanting)


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
    """The plan for the selected flows. Live flows of files that were not selected are left out.

    `access` is what kind of key the listing was read with. Edits in the dashboard that `base` shows are kept where
    `guards` (else those of the project) say so.
    """
    rows = [row for row in listing.rows if selection.includes(row.slug)]
    example = _uncreated_example(selection, listing, api_url)
    guards = guards or project.settings.guards
    filed = frozenset(flow.slug for flow in selection.every)
    policies = {Origin.DRIFT: guards.on_drift, Origin.CONFLICT: guards.on_conflict}
    return build_plan(
        [flow for flow in selection.flows if flow.slug != example],
        rows_by_slug(rows),
        environment=project.settings.environment,
        api_url=api_url,
        target=project.settings.target,
        base=base,
        keep=frozenset(origin for origin, policy in policies.items() if policy is Policy.KEEP),
        also_managed=filed,
        view=view_of(access, listing.access),
        creation=Creation(guards.create, *_left_out(selection, listing, base)),
    )


def _left_out(selection: Selection, listing: Listing, base: Base | None) -> tuple[tuple[str, ...], tuple[Removed, ...]]:
    """The slugs of all live flows without a file, and, if some are left out, all flows whose file is gone."""
    rows = rows_by_slug(listing.rows)
    filed = {flow.slug for flow in selection.every}
    others = tuple(each.slug for each in unmanaged(rows, filed))
    if base is None or not base.gone_unselected:
        return others, ()
    whole = replace(base, gone={**base.gone, **base.gone_unselected})
    return others, removed_flows(whole, selection.flows, rows, filed)


def _uncreated_example(selection: Selection, listing: Listing, api_url: str) -> str | None:
    """The slug of the example that `init` wrote, if it is among the flows and not live: it is for no account."""
    missing = {flow.slug for flow in selection.flows}.difference(row.slug for row in listing.rows)
    return None if api_url == SANDBOX_URL else example_among(missing)


def view_of(key: Access, list_: Access) -> View:
    """How much of the account a key shows through the list that was read."""
    if list_ is Access.PRIVATE:
        return View.WHOLE
    return View.PUBLIC_KEY if key is Access.PUBLIC else View.FALLBACK


def changed_waits(made: Plan, flows: Sequence[Flow]) -> ChangedWaits:
    """How a plan for these files changes which flow waits for which."""
    old = {change.slug: change.old for change in made.changes}
    before = [replace(flow, fields={**flow.fields, **old.get(flow.slug, {})}) for flow in flows]
    return waits.changed_waits(before, flows)


def remember_versions(project: Project, listing: Listing, pulled: Iterable[Pulled], flows: Iterable[Flow]) -> None:
    """Remember the versions that files were pulled from, as a hint; never fails."""
    targets = {flow.slug: flow.target for flow in flows}
    rows = rows_by_slug(listing.rows)
    found: dict[str, JsonValue] = {}
    for each in pulled:
        chosen = choose(rows.get(each.slug, ()), targets.get(each.slug) or project.settings.target)
        if isinstance(chosen, Chosen) and not isinstance(each, Skipped):
            found[each.slug] = chosen.row.version
    known, place = _pulled_versions(project)
    after = {**known[place], **found}
    if after != known[place]:
        content = json.dumps({**known, place: after}, indent=2, sort_keys=True)
        with suppress(OSError, FlowsyncError):
            project.prepare_state()
            project.workspace.replace(project.state / _VERSIONS_FILE, content.encode(), OWNER_ONLY)


def refuse_unseen_versions(made: Plan, project: Project) -> None:
    """Raise RefusedError if a file came from a newer version than the public list shows."""
    known, place = _pulled_versions(project)
    reasons = [
        f"{change.slug} was pulled from version {version}; this server shows "
        f"{'none' if change.version is None else f'version {change.version} at most'}."
        for change in made.writes
        if isinstance(version := known[place].get(change.slug), int)
        and (change.version is None or version > change.version)
    ]
    if reasons and made.view is View.FALLBACK:
        raise RefusedError(
            "Nothing was written: the server hides versions that the files came from.",
            reasons=reasons,
            hint="Publish the draft first, or write the live version on purpose: pull again, then apply.",
        )


def _pulled_versions(project: Project) -> tuple[dict[str, dict[str, JsonValue]], str]:
    """Versions by slug, by environment and address; and the name of the project's own, which is among them."""
    place = f"{project.settings.environment or ''} {place_of(project.settings.api_url)}".strip()
    known: JsonValue = None
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(project.workspace.read(project.state / _VERSIONS_FILE, MOST_READ))
    every = known if isinstance(known, dict) else {}
    return {place: {}, **{name: each for name, each in every.items() if isinstance(each, dict)}}, place


def settle_findings(
    project: Project, selection: Selection, listing: Listing, made: Plan
) -> tuple[tuple[Problem, ...], Settled]:
    """The warnings about the selected flows that need the live flows, and the plan without flows that errors block.

    Raises InvalidFilesError for errors that the plan would write.
    """
    live = _live_flows(project, selection, listing)
    warnings, errors = _check_references(project, selection, live)
    settled = settle(made, selection.errors, errors, selection.every, live)
    refuse_errors(settled.errors, UNPLANNABLE)
    left_out, _ = validate.govern(unstated(selection.flows, live), selection.flows, levels(project))
    wrong = (replace(each, severity=Severity.WARNING) for each in left_out if each.severity is Severity.ERROR)
    return warnings, replace(settled, warnings=(*settled.warnings, *wrong))


def _check_references(
    project: Project, selection: Selection, live: LiveFlows
) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """The warnings and errors about the selected flows that need the live flows.

    A reference to a flow that is neither live nor among the files is an error, unless the project's rules say
    otherwise. Every flow referred to that exists is among the `live` ones (see `concerned_slugs`).
    """
    found = validate.check_live(selection.flows, live.known, selection.every)
    reported = {(each.location, each.code) for each in (*selection.warnings, *selection.errors)}
    added = [problem for problem in found if (problem.location, problem.code) not in reported]
    problems, _ = validate.govern(added, selection.flows, levels(project))
    warnings, errors = (
        tuple(problem for problem in problems if problem.severity is severity)
        for severity in (Severity.WARNING, Severity.ERROR)
    )
    return warnings, errors


def _live_flows(project: Project, selection: Selection, listing: Listing) -> LiveFlows:
    """The live flows, with the steps of each flow that a selected one refers to."""
    rows = rows_by_slug(listing.rows)
    stating_steps = {flow.slug for flow in selection.every if "data" in flow.fields}
    referred = {slug for flow in selection.flows for slug in referenced_slugs(flow)} - stating_steps
    known = {slug: flow_of_rows(rows[slug]) if slug in referred else KnownFlow() for slug in rows}
    return LiveFlows(rows, project.settings.target, known)
