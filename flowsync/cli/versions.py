"""The versions of the one flow that a command names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.api.endpoints import Access, versions, with_version
from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import connect
from flowsync.cli.output import Progress
from flowsync.cli.project.files import plain_slugs, slugs_of
from flowsync.errors import FlowsyncError, InvalidFilesError, UsageError
from flowsync.flows.files import FlowFile
from flowsync.render.style import reading_line
from flowsync.text import did_you_mean, excerpt
from flowsync.versions.sides import Absent, Hidden, Kind, pick

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from flowsync.api.endpoints import Versions
    from flowsync.cli.connection import Connection, Purpose
    from flowsync.cli.project import Project
    from flowsync.model import Flow, LiveFlow, Target
    from flowsync.versions.sides import Content, Side


def connect_to(project: Project, purpose: Purpose, *, in_sandbox: bool) -> AbstractContextManager[Connection]:
    """As `connect`, for a command that needs the flow files only for the first state of the sandbox."""
    return connect(project, load_files(project) if in_sandbox else (), purpose, in_sandbox=in_sandbox)


def read_versions(connection: Connection, slug: str) -> Versions:
    """Every version of a flow that the API shows. Raises UsageError if it shows none, or the ApiError family."""
    with Progress(connection.project.given, lambda: reading_line(connection.client.waiting)):
        known = versions(connection.client.reader(), slug, connection.access)
    if all(row.is_gone for row in known.rows):
        require_versions(connection, slug, known.rows, connection.fetch(()).rows)
    return known


def named_version(connection: Connection, slug: str, side: Side, known: Versions) -> Versions:
    """The versions, with the one that `side` names by its number, if it was missing."""
    if side.kind is not Kind.VERSION:
        return known
    return with_version(connection.client.reader(), slug, side.version, connection.access, known)


def one_version(slug: str, side: Side, known: Versions, target: Target) -> tuple[LiveFlow, Content]:
    """The version that `side` names, and its content. Raises FlowsyncError if it does not exist or is hidden."""
    found = pick(known.rows, side, target, is_whole=known.is_whole)
    if isinstance(found, Absent | Hidden):
        raise FlowsyncError(f"{excerpt(slug)}: {found.message}", hint="flowsync history lists the versions there are.")
    assert found.row is not None  # noqa: S101 - it is no file
    return found.row, found


def require_versions(connection: Connection, slug: str, rows: Sequence[LiveFlow], listed: Sequence[LiveFlow]) -> None:
    """Raise UsageError if a slug has no version; `listed` are the rows of all flows."""
    if any(not row.is_gone for row in rows):
        return
    same_id = next((row.slug for row in listed if str(row.id) == slug), None)
    hint = did_you_mean(slug, {row.slug for row in listed if not row.is_gone})
    if same_id is not None:
        hint = f"{slug} is the id of a version of {same_id}: name the flow by its slug."
    hidden = "" if connection.access is Access.PRIVATE else " A public key may not see it."
    raise UsageError(f"There is no live flow {excerpt(slug)}.{hidden}", hint=hint)


def hidden_versions(connection: Connection, known: Versions) -> tuple[str, ...]:
    """The sentence about versions that may be hidden; empty if none can be."""
    if known.is_whole:
        return ()
    if connection.access is Access.PUBLIC:
        return ("Read with a public key, which does not show old versions and may not show drafts.",)
    return ("The server does not list versions, so older ones may be missing here.",)


def one_slug(project: Project, argument: str) -> str:
    """The slug that an argument names: a slug, or the path of a flow file. Raises UsageError for several."""
    named = slugs_of(project, [argument])
    if len(named) != 1 or not plain_slugs([argument]):
        raise UsageError(f"{excerpt(argument)} does not name one flow.", hint="Name it by its slug.")
    return named[0]


def target_of(project: Project, file: Flow | None) -> Target:
    """The version that apply would write, by the file or flowsync.yaml."""
    return (file and file.target) or project.settings.target


def file_of(project: Project, slug: str) -> Flow | None:
    """The flow's file, if there is one. Raises InvalidFilesError if it cannot be read."""
    repository = project.load()
    if slug in repository.unread:
        own = [each for each in repository.problems if FlowFile(Path(), each.location.file).slug == slug]
        raise InvalidFilesError("The flow's file cannot be read.", own)
    return next((flow for flow in repository.flows if flow.slug == slug), None)
