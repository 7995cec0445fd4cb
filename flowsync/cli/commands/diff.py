"""flowsync diff: compares the flows of two sides."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import Access, rows_by_slug, versions
from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import Purpose
from flowsync.cli.output import Progress, screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.base import flows_at
from flowsync.cli.project.files import matches, plain_slugs, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slugs_argument
from flowsync.cli.versions import connect_to, named_version
from flowsync.config import place_of
from flowsync.errors import BlockedError, ConfigError, ExitCode, UsageError
from flowsync.flows.files import FlowFile
from flowsync.model import Target
from flowsync.render.escape import plural
from flowsync.render.style import reading_line
from flowsync.render.versions import sides as words
from flowsync.text import did_you_mean, excerpt
from flowsync.versions.sides import (
    Absent,
    Content,
    Contents,
    Hidden,
    Kind,
    Side,
    compare_sides,
    content_of_flow,
    parse_side,
    pick,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.model import LiveFlow
    from flowsync.versions.sides import Found

_WORDS: Final = frozenset(kind.value for kind in (Kind.FILES, Kind.LIVE, Kind.DRAFT))
_PUBLIC_KEY: Final = "was read with a public key: drafts and old versions may be hidden."
_FALLBACK: Final = "was read from the public list, because the server has no private one: drafts may be hidden."


def _side(_context: click.Context, _parameter: click.Parameter, value: str) -> Side:
    return parse_side(value)


@click.command("diff", cls=Command)
@slugs_argument
@click.option("--from", "before", metavar="SIDE", default="live", callback=_side, help="The - side; default: live.")
@click.option("--to", "after", metavar="SIDE", default="files", callback=_side, help="The + side; default: files.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if the sides differ.")
@format_option(words.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    before: Side,
    after: Side,
    detailed_exitcode: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Show how the flows of two sides differ: files, live, draft, v3 (a version), git:REV. Nothing is written.

    Each side takes @ENV for another environment than the chosen one: `diff --from live@production --to live@dev` is
    what a promotion from dev to production would do. SLUGs, globs or file paths select flows. Exits 1 if a flow
    cannot be compared.
    """
    project = open_project(context)
    both, chosen = _read_sides(project, (before, after), slugs, in_sandbox=in_sandbox)
    found = compare_sides(*both, chosen)
    write_result(words.FORMATS[format_](found, screen_of_stdout(project.given)))
    if found.not_compared:
        raise BlockedError(
            f"{plural(len(found.not_compared), 'flow')} could not be compared.", hint="The result says why."
        )
    return ExitCode.CHANGES if found.has_differences and detailed_exitcode else ExitCode.OK


def _read_sides(
    project: Project, sides: tuple[Side, Side], arguments: Sequence[str], *, in_sandbox: bool
) -> tuple[tuple[Contents, Contents], frozenset[str]]:
    """Read both sides, and return them with the slugs to compare: those that the arguments name, or all.

    Raises UsageError for impossible sides, ConfigError if an environment has no key of its own,
    InvalidFilesError for files that cannot be read, GitError, and the ApiError family.
    """
    patterns = slugs_of(project, arguments)
    _require_slugs(sides, patterns)
    projects = {side: project.in_environment(side.environment or project.settings.environment) for side in sides}
    found: dict[Side, Contents] = {side: _of_files(projects[side], side) for side in sides if not side.is_of_api}
    slugs = {slug for contents in found.values() for slug in contents.flows}
    slugs |= set(plain_slugs(patterns))
    slugs |= {file.slug for file in project.flow_files() if isinstance(file, FlowFile)}  # lists may leave flows out
    with ExitStack() as stack:
        connections: dict[str | None, Connection] = {}
        for each in _of_api(projects, in_sandbox=in_sandbox):
            opened = connect_to(each, Purpose.READ, in_sandbox=in_sandbox)
            connections[each.settings.environment] = stack.enter_context(opened)
        listings = {name: connection.fetch(()) for name, connection in connections.items()}
        _require_two_accounts(connections, listings)
        slugs |= {
            row.slug for each in listings.values() for row in each.rows if not row.is_archived and not row.is_gone
        }
        chosen = sorted(slug for slug in slugs if not patterns or matches(slug, patterns))
        for side in sides:
            if side.is_of_api:
                name = projects[side].settings.environment
                found[side] = _of_rows(connections[name], listings[name], side, chosen)
    both = found[sides[0]], found[sides[1]]
    _require_matches(patterns, both)
    return both, frozenset(chosen)


def _require_slugs(sides: tuple[Side, Side], patterns: Sequence[str]) -> None:
    named = next((side.name for side in sides if side.kind is Kind.VERSION), None)
    if named is not None and not patterns:
        raise UsageError(
            f"{named} is a different version in each flow: name the flow.",
            hint=f"For example: flowsync diff flow_welcome --from {named}",
        )


def _of_files(project: Project, side: Side) -> Contents:
    """The flow files, now or at a revision, with the overlay of the environment."""
    environment = project.settings.environment
    if side.kind is Kind.FILES:
        flows = {flow.slug: content_of_flow(flow) for flow in load_files(project)}
        return Contents(side, environment, None, flows)
    commit, then = flows_at(project, side.revision)
    unreadable = Hidden(f"Its file cannot be read at {excerpt(side.revision)}.")
    found = {slug: unreadable if flow is None else content_of_flow(flow) for slug, flow in then.items()}
    return Contents(side, environment, None, found, commit)


def _of_api(projects: Mapping[Side, Project], *, in_sandbox: bool) -> list[Project]:
    """The projects whose API is read, one for each environment. Raises ConfigError if two have the same key."""
    chosen = {each.settings.environment: each for side, each in projects.items() if side.is_of_api}
    if len(chosen) > 1 and in_sandbox:
        raise UsageError(
            "The sandbox is one account: it has no two environments to compare.",
            hint="Compare its live flows with the files of an environment: --to files@ENV.",
        )
    for one, other in combinations([] if in_sandbox else chosen.values(), 2):
        key, same = one.settings.reading_key(), other.settings.reading_key()
        is_one_place = place_of(one.settings.api_url) == place_of(other.settings.api_url)
        if key.variable == same.variable or (key.value == same.value and is_one_place):
            names = [excerpt(each.settings.environment or "no environment") for each in (one, other)]
            raise ConfigError(
                f"{names[0]} and {names[1]} would be read with the same key ({excerpt(key.variable)}), but a "
                "key opens only one environment.",
                hint="Give each a key of its own: api_key_variable under environments in flowsync.yaml.",
            )
    return [*chosen.values()]


def _require_two_accounts(connections: Mapping[str | None, Connection], listings: Mapping[str | None, Listing]) -> None:
    """Raise ConfigError if two environments turn out to be one account: private rows carry its number [obs]."""
    accounts: dict[tuple[str, int], str | None] = {}
    for name, listing in listings.items():
        numbers = (row.raw.get("organizationId") for row in listing.rows)
        for number in {each for each in numbers if isinstance(each, int)}:
            other = accounts.setdefault((connections[name].api_url, number), name)
            if other != name:
                names = [excerpt(each or "no environment") for each in (other, name)]
                raise ConfigError(
                    f"The keys of {names[0]} and {names[1]} open the same account, organization {number}.",
                    hint="One of them is the other's: check the variables that flowsync.yaml names.",
                )


def _of_rows(connection: Connection, listing: Listing, side: Side, slugs: Collection[str]) -> Contents:
    """The API's content of these slugs. If the list does not show it, the versions of the slug are read."""
    rows = rows_by_slug(listing.rows)
    find = partial(_find, connection, side, has_whole_list=listing.access is Access.PRIVATE)
    with Progress(connection.project.given, lambda: reading_line(connection.client.waiting)):
        found = dict(zip(slugs, connection.map(lambda slug: find(slug, rows.get(slug, ())), slugs), strict=True))
    contents = Contents(side, connection.project.settings.environment, connection.api_url, found)
    if listing.access is Access.PRIVATE:
        return contents
    why = _PUBLIC_KEY if connection.access is Access.PUBLIC else _FALLBACK
    return Contents(side, contents.environment, contents.api_url, found, notes=(f"{contents.name} {why}",))


def _find(connection: Connection, side: Side, slug: str, listed: Sequence[LiveFlow], *, has_whole_list: bool) -> Found:
    picked = pick(listed, side, Target.LATEST, is_whole=has_whole_list)
    if isinstance(picked, Content) and picked.row is not None and "data" in picked.row.fields:
        return picked
    known = versions(connection.client.reader(), slug, connection.access, listed)
    known = named_version(connection, slug, side, known)
    is_whole = known.is_whole or (has_whole_list and side.kind is not Kind.VERSION)
    return pick(known.rows, side, Target.LATEST, is_whole=is_whole)


def _require_matches(patterns: Sequence[str], sides: tuple[Contents, Contents]) -> None:
    """Raise UsageError for an argument that matches nothing on either side."""
    known = {slug for each in sides for slug, found in each.flows.items() if not isinstance(found, Absent)}
    for pattern in patterns:
        if any(matches(slug, [pattern]) for slug in known):
            continue
        if pattern in _WORDS:
            hint = f"--from and --to name the sides, such as --from {pattern}."
            raise UsageError(f"{pattern} is a side, and there is no flow of that name.", hint=hint)
        said = [found.message for each in sides if isinstance(found := each.flows.get(pattern), Absent)]
        raise UsageError(
            f"Neither {sides[0].name} nor {sides[1].name} has a flow {excerpt(pattern)}.",
            hint=did_you_mean(pattern, known) or " ".join(dict.fromkeys(filter(None, said))) or None,
        )
