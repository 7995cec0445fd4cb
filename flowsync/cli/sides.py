"""The sides of a diff, read: the flow files, git, and the API with the key of each environment."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import Access, rows_by_slug, versions, with_version
from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import Progress
from flowsync.cli.project import project_at
from flowsync.cli.project.base import flows_at
from flowsync.cli.project.files import PATTERN_CHARACTERS, matches, slugs_of
from flowsync.config import Flags, place_of
from flowsync.errors import ConfigError, InvalidFilesError, UsageError
from flowsync.flows.files import FlowFile
from flowsync.model import Target
from flowsync.render.style import reading_line
from flowsync.text import closest, excerpt
from flowsync.versions.sides import Absent, Content, Contents, Hidden, Kind, Side, content_of_flow, pick

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from flowsync.api.endpoints import Listing, Versions
    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.model import Flow, LiveFlow
    from flowsync.versions.sides import Found

_WORDS: Final = frozenset(kind.value for kind in (Kind.FILES, Kind.LIVE, Kind.DRAFT))
_PUBLIC_KEY: Final = "was read with a public key: drafts and old versions may be hidden."
_FALLBACK: Final = "was read from the public list, for the server has no private one: drafts may be hidden."


def read_sides(
    project: Project, sides: tuple[Side, Side], arguments: Sequence[str], *, in_sandbox: bool
) -> tuple[tuple[Contents, Contents], frozenset[str]]:
    """Read both sides, and return them with the slugs to compare: all that the arguments name, or all there are.

    Raises UsageError for what the sides cannot be, ConfigError where an environment has no key of its own,
    InvalidFilesError for files that cannot be read, GitError, and the ApiError family.
    """
    patterns = slugs_of(project, arguments)
    _require_slugs(sides, patterns)
    projects = {side: _project_of(project, side) for side in sides}
    found: dict[Side, Contents] = {side: _of_files(projects[side], side) for side in sides if not side.is_of_api}
    slugs = {slug for contents in found.values() for slug in contents.flows}
    slugs |= {pattern for pattern in patterns if not PATTERN_CHARACTERS & set(pattern)}
    slugs |= {file.slug for file in project.flow_files() if isinstance(file, FlowFile)}  # lists may leave flows out
    with ExitStack() as stack:
        connections: dict[str | None, Connection] = {}
        for each in _of_api(projects, in_sandbox=in_sandbox):
            opened = connect(each, load_files(each) if in_sandbox else (), Purpose.READ, in_sandbox=in_sandbox)
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


def read_versions(connection: Connection, slug: str) -> Versions:
    """Every version of a flow that the API shows. Raises UsageError where it shows none, and the ApiError family."""
    with Progress(connection.project.given, lambda: reading_line(connection.client.waiting)):
        known = versions(connection.client.reader(), slug, connection.access)
    if all(row.is_gone for row in known.rows):
        require_versions(connection, slug, known.rows, connection.fetch(()).rows)
    return known


def named_version(connection: Connection, slug: str, side: Side, known: Versions) -> Versions:
    """The versions with the one that `side` names, if it names one by its number and that was not shown yet."""
    if side.kind is not Kind.VERSION:
        return known
    return with_version(connection.client.reader(), slug, side.version, connection.access, known)


def require_versions(connection: Connection, slug: str, rows: Sequence[LiveFlow], listed: Sequence[LiveFlow]) -> None:
    """Raise UsageError where there is no version of a slug; `listed` are the rows of all flows."""
    if any(not row.is_gone for row in rows):
        return
    same_id = next((row.slug for row in listed if str(row.id) == slug), None)
    close = closest(slug, {row.slug for row in listed})
    hint = f"Did you mean {close}?" if close else None
    if same_id is not None:
        hint = f"{slug} is the id of a version of {same_id}: name the flow by its slug."
    hidden = "" if connection.access is Access.PRIVATE else " A public key may not see it."
    raise UsageError(f"There is no live flow {excerpt(slug)}.{hidden}", hint=hint)


def hidden_versions(connection: Connection, known: Versions) -> tuple[str, ...]:
    """The sentence that says what cannot be seen of a flow's versions, where something may be hidden."""
    if known.is_whole:
        return ()
    if connection.access is Access.PUBLIC:
        return ("Read with a public key, which is shown neither old versions nor, perhaps, drafts.",)
    return ("The server has no list of versions: what its list and the slug show is here, older ones may be missing.",)


def one_slug(project: Project, argument: str) -> str:
    """The slug that an argument names: a slug, or the path of a flow file. Raises UsageError for several."""
    named = slugs_of(project, [argument])
    if len(named) != 1 or PATTERN_CHARACTERS & set(argument):
        raise UsageError(f"{excerpt(argument)} does not name one flow.", hint="Name it by its slug.")
    return named[0]


def file_of(project: Project, slug: str) -> Flow | None:
    """The flow's file, if there is one. Raises InvalidFilesError where it cannot be read."""
    repository = project.load()
    if slug in repository.unread:
        own = [each for each in repository.problems if FlowFile(Path(), each.location.file).slug == slug]
        raise InvalidFilesError("The flow's file cannot be read.", own)
    return next((flow for flow in repository.flows if flow.slug == slug), None)


def _require_slugs(sides: tuple[Side, Side], patterns: Sequence[str]) -> None:
    named = next((side.name for side in sides if side.kind is Kind.VERSION), None)
    if named is not None and not patterns:
        raise UsageError(
            f"{named} is a version of one flow, and of another it is something else: name the flow.",
            hint=f"For example: flowsync diff flow_welcome --from {named}",
        )


def _project_of(project: Project, side: Side) -> Project:
    """The project in the environment of a side."""
    if side.environment is None or side.environment == project.settings.environment:
        return project
    flags = Flags(environment=side.environment)
    return project_at(project.base, project.given.config, flags, os.environ, project.given, home=project.home)


def _of_files(project: Project, side: Side) -> Contents:
    """The flow files as they are, or as they were at a revision, with the overlay of the environment."""
    environment = project.settings.environment
    if side.kind is Kind.FILES:
        flows = {flow.slug: content_of_flow(flow) for flow in load_files(project)}
        return Contents(side, environment, None, flows)
    commit, then = flows_at(project, side.revision)
    unreadable = Hidden(f"Its file cannot be read at {excerpt(side.revision)}.")
    found = {slug: unreadable if flow is None else content_of_flow(flow) for slug, flow in then.items()}
    return Contents(side, environment, None, found, commit)


def _of_api(projects: Mapping[Side, Project], *, in_sandbox: bool) -> list[Project]:
    """The projects whose API is asked, one for each environment. Raises ConfigError where two have one key."""
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
                f"{names[0]} and {names[1]} would be read with the same key, that in {excerpt(key.variable)}, and a "
                "key opens one environment only.",
                hint="Give each a key of its own: api_key_variable under environments in flowsync.yaml.",
            )
    return [*chosen.values()]


def _require_two_accounts(connections: Mapping[str | None, Connection], listings: Mapping[str | None, Listing]) -> None:
    """Raise ConfigError where two environments turn out to be one account: private rows carry its number [obs]."""
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
    """What the API has of these slugs. Where the list does not show it, the versions of the slug are asked for."""
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
    """Raise UsageError for an argument that names nothing on either side."""
    known = {slug for each in sides for slug, found in each.flows.items() if not isinstance(found, Absent)}
    for pattern in patterns:
        if any(matches(slug, [pattern]) for slug in known):
            continue
        if pattern in _WORDS:
            hint = f"--from and --to name the sides, such as --from {pattern}."
            raise UsageError(f"{pattern} is a side, and there is no flow of that name.", hint=hint)
        said = [found.message for each in sides if isinstance(found := each.flows.get(pattern), Absent)]
        close = closest(pattern, known)
        raise UsageError(
            f"Neither {sides[0].name} nor {sides[1].name} has a flow {excerpt(pattern)}.",
            hint=f"Did you mean {close}?" if close else " ".join(dict.fromkeys(filter(None, said))) or None,
        )
