"""flowsync status: every flow in every environment: in step with its file, and seen by users, or not."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from flowsync import git
from flowsync.api.endpoints import rows_by_slug
from flowsync.cli.commands.pull import require_matches
from flowsync.cli.connection import Connection, Purpose, connect, reading_threads
from flowsync.cli.output import Progress, screen_of_stdout, write_problems, write_result, write_sentence
from flowsync.cli.planning import concerned_slugs, make_plan, plan_of, refuse_new_sandbox, settle_findings
from flowsync.cli.project import open_project
from flowsync.cli.project.base import read_base
from flowsync.cli.project.files import Selection, load_selection, matches, plain_slugs, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.config import Policy, place_of
from flowsync.errors import ExitCode, FlowsyncError, GitError
from flowsync.plan.warnings import LIVE_TARGETING
from flowsync.render.style import reading_line
from flowsync.render.versions import status
from flowsync.text import excerpt
from flowsync.versions.status import EnvironmentStatus, Survey, Trouble, statuses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.project import Project
    from flowsync.model import Plan, Problem

_SHALLOW: Final = (
    "This clone is shallow, so edits in the dashboard cannot be distinguished from other differences: fetch all of it "
    "(fetch-depth: 0)."
)


@click.command("status", cls=Command)
@slugs_argument
@click.option(
    "--base",
    metavar="REF",
    help="Git revision to compare with, to detect edits made in the dashboard; default: where the branch began.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if a flow differs from its file.")
@format_option(status.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    base: str | None,
    detailed_exitcode: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Show every flow in every environment: whether it is in step with its file, and whether users see it.

    Reads every environment that has a key, all at once; with -e only that one. Writes nothing. SLUGs, globs or file
    paths select flows. Exits 1, after showing the rest, if an environment cannot be read. `flowsync list` is the same.
    """
    project = open_project(context)
    found = survey_environments(project, slugs, base, in_sandbox=in_sandbox)
    write_result(status.FORMATS[format_](found, screen_of_stdout(project.given)))
    if found.has_failure:
        return ExitCode.ERROR
    return ExitCode.CHANGES if found.has_pending and detailed_exitcode else ExitCode.OK


@dataclass(frozen=True, slots=True)
class _Place:
    """One environment, the files with its overlays, and the open connection, or why there is none."""

    project: Project
    selection: Selection
    opened: Connection | Trouble


def survey_environments(project: Project, arguments: Sequence[str], base: str | None, *, in_sandbox: bool) -> Survey:
    """Return how the flows are in the chosen environment, else in all that flowsync.yaml defines.

    One that cannot be read keeps none of the others from being shown; where there is only one, its error is raised.
    Raises InvalidFilesError for files of which no plan can be made, and GitError for a `base` that git does not have.
    """
    projects = list(project.in_every_environment(in_sandbox=in_sandbox))
    is_only_one = len(projects) == 1
    commit = git.commit_of(project.home, base) if base is not None else None
    with ExitStack() as stack:
        places = [_opened(stack, each, arguments, is_only_one=is_only_one, in_sandbox=in_sandbox) for each in projects]
        if all(isinstance(place.opened, Trouble) and place.opened.is_no_key for place in places):
            projects[0].settings.reading_key()  # raises, and says what to do
        _say_same_keys(project, places)
        listings = _read(project, places, is_only_one=is_only_one)
        _require_matches(places, listings)
        if base is None:
            commit = _usual_base(project)
        problems: dict[Problem, None] = {}
        found = [
            _status(place, listing, commit, problems, is_only_one=is_only_one)
            for place, listing in zip(places, listings, strict=True)
        ]
        write_problems(list(problems), project)
    return Survey(tuple(found), commit)


def _opened(
    stack: ExitStack, project: Project, arguments: Sequence[str], *, is_only_one: bool, in_sandbox: bool
) -> _Place:
    selection = _selection(project, arguments)
    refuse_new_sandbox(project, selection, in_sandbox=in_sandbox)
    settings = project.settings
    if not (is_only_one or settings.private_key or settings.public_key):
        return _Place(project, selection, _no_key(project))
    try:
        opened = stack.enter_context(connect(project, selection.every, Purpose.READ, in_sandbox=in_sandbox))
    except FlowsyncError as error:
        if is_only_one:
            raise
        return _Place(project, selection, _trouble(error))
    return _Place(project, selection, opened)


def _selection(project: Project, arguments: Sequence[str]) -> Selection:
    """The files that the arguments name; a slug or a glob may also name live flows without one."""
    whole = load_selection(project, ())
    patterns = slugs_of(project, arguments)
    return replace(
        whole,
        patterns=patterns,
        flows=tuple(flow for flow in whole.flows if not patterns or matches(flow.slug, patterns)),
    )


def _no_key(project: Project) -> Trouble:
    variables = [excerpt(name) for name in project.settings.key_variables if name is not None]
    if variables:
        return Trouble("no-key", f"no key: set {' or '.join(variables)}.", is_no_key=True)
    return Trouble("no-key", "no key: name its variable in flowsync.yaml, as api_key_variable.", is_no_key=True)


def _trouble(error: FlowsyncError) -> Trouble:
    return Trouble(error.code, error.message, error.hint)


def _say_same_keys(project: Project, places: Sequence[_Place]) -> None:
    """Warn of environments that are one account: most likely a key is in the wrong variable."""
    named: dict[tuple[str, str], list[str]] = {}
    for place in places:
        if isinstance(place.opened, Connection) and len(places) > 1:
            settings = place.project.settings
            account = place.opened.api_url, settings.reading_key().value
            named.setdefault(account, []).append(excerpt(settings.environment or ""))
    for names in named.values():
        if len(names) > 1:
            write_sentence(f"{' and '.join(names)} are read with the same key, so they are one account.", project.given)


def _read(project: Project, places: Sequence[_Place], *, is_only_one: bool) -> list[Listing | Trouble]:
    """Read the live flows of all environments at once. A terminal shows when this takes long."""
    connections = [place.opened for place in places if isinstance(place.opened, Connection)]
    progress = Progress(project.given, lambda: reading_line(sum(each.client.waiting for each in connections)))
    with reading_threads(max(len(connections), 1)) as threads, progress:
        found = list(threads.map(lambda place: _listing(place, is_only_one=is_only_one), places))
    for connection in connections:
        connection.note_unchecked_organization()
    return found


def _require_matches(places: Sequence[_Place], listings: Sequence[Listing | Trouble]) -> None:
    """Raise UsageError for a pattern that names neither a file nor a live flow, if all could be read."""
    slugs = {flow.slug for place in places for flow in place.selection.every}
    for listing in listings:
        if isinstance(listing, Trouble):
            return
        slugs |= {row.slug for row in listing.rows}
    require_matches(places[0].selection.patterns, tuple(sorted(slugs)))


def _listing(place: _Place, *, is_only_one: bool) -> Listing | Trouble:
    if isinstance(place.opened, Trouble):
        return place.opened
    try:
        return place.opened.read([*concerned_slugs(place.selection.flows), *plain_slugs(place.selection.patterns)])
    except FlowsyncError as error:
        if is_only_one:
            raise
        return _trouble(error)


def _usual_base(project: Project) -> str | None:
    """Where the branch began; None if git cannot tell, with the reason if that is a shallow clone."""
    try:
        commit = git.branch_point(project.home)
        if commit is not None and git.is_shallow(project.home):
            write_sentence(_SHALLOW, project.given)
            return None
    except GitError as error:
        write_sentence(
            f"Edits in the dashboard cannot be distinguished from other differences. {error.message}", project.given
        )
        return None
    return commit


def _status(
    place: _Place, listing: Listing | Trouble, commit: str | None, problems: dict[Problem, None], *, is_only_one: bool
) -> EnvironmentStatus:
    project = place.project
    name = project.settings.environment
    if isinstance(place.opened, Trouble):
        return EnvironmentStatus(name, place_of(project.settings.api_url), trouble=place.opened)
    if isinstance(listing, Trouble):
        return EnvironmentStatus(name, place.opened.api_url, trouble=listing)
    try:
        listing, made = _plan(place, place.opened, listing, commit)
        _, settled = settle_findings(project, place.selection, listing, made)
    except FlowsyncError as error:
        if is_only_one:
            raise
        return EnvironmentStatus(name, place.opened.api_url, trouble=_trouble(error))
    problems.update(dict.fromkeys(settled.warnings))
    _say_broken_targeting(project, settled.plan)
    flows = statuses(settled.plan, rows_by_slug(listing.rows))
    return EnvironmentStatus(name, place.opened.api_url, flows)


def _plan(place: _Place, connection: Connection, listing: Listing, commit: str | None) -> tuple[Listing, Plan]:
    """The plan as if no edit were kept, and what it was made of. The base is only read if something differs."""
    settings = place.project.settings
    guards = replace(settings.guards, on_drift=Policy.OVERWRITE, on_conflict=Policy.OVERWRITE)
    listing, made = plan_of(place.project, place.selection, listing, connection, guards=guards)
    if commit is None or not any(change.fields for change in made.changes):
        return listing, made
    compared = read_base(place.project, place.selection, commit)
    make = (place.project, place.selection, listing, connection.api_url)
    return listing, make_plan(*make, access=connection.access, guards=guards, base=compared)


def _say_broken_targeting(project: Project, made: Plan) -> None:
    rows = [(each.slug, each.warnings) for each in (*made.writes, *made.unchanged)]
    for slug, warnings in sorted(rows):
        for warning in (warning for warning in warnings if warning.code == LIVE_TARGETING):
            name = project.settings.environment
            where = f" ({excerpt(name)})" if name is not None else ""
            write_sentence(f"{slug}{where}: {warning.message}", project.given)
