"""Finds the record that a command means: the newest, one by the beginning of its name, or a file."""

from __future__ import annotations

import sys
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.cli import output
from flowsync.cli.usage.guards import command_line
from flowsync.cli.writing.recording import FOLDER, list_records, record_paths
from flowsync.config import SANDBOX_URL, place_of
from flowsync.errors import FlowsyncError, UsageError
from flowsync.record.undoing import newest
from flowsync.record.values import SUFFIX, Place, Record, RecordList
from flowsync.render import style
from flowsync.render.escape import plural
from flowsync.render.versions import records
from flowsync.render.wording import listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import click
    from click.shell_completion import CompletionItem

    from flowsync.cli.project import Project
    from flowsync.record.values import Kept

LATEST: Final = "latest"
"""The word for the newest record that can be rolled back."""


class Named(NamedTuple):
    """A record's file, and its name in messages and command lines."""

    path: Path
    name: str


def place_meant(project: Project, *, in_sandbox: bool) -> Place:
    """The environment and address that a command would write to, as records name them."""
    settings = project.settings
    return Place(settings.environment, SANDBOX_URL if in_sandbox else place_of(settings.api_url))


def list_all(project: Project, place: Place) -> RecordList:
    """Every record, for any environment, and the newest that can be rolled back in `place`."""
    found = list_records(project.state / FOLDER, project.workspace)
    return RecordList(tuple(found), newest(found, place))


def list_at(project: Project, place: Place) -> RecordList:
    """The records of `place`, reduced to their writes to it, and those that cannot be read."""
    found = list_records(project.state / FOLDER, project.workspace)
    here = [part for each in found if (part := each.at(place)) is not None]
    return RecordList(tuple(here), newest(here, place), len(found) - len(here))


def write_list(listed: RecordList, place: Place, format_: str, project: Project) -> None:
    """Write the records as the result of the command."""
    following = command_line(["rollback", LATEST], place, project.given)
    output.write_result(records.FORMATS[format_](listed, output.screen_of_stdout(project.given), following))


def offer_newest(project: Project, place: Place, format_: str) -> str:
    """List the records of `place`, ask on a terminal whether to take the newest, and return its name.

    Raises UsageError if there is nobody to ask: a script whose variable is empty must not seem to have rolled back.
    """
    found = list_at(project, place)
    write_list(found, place, format_, project)
    newest_here = _require(found.newest)
    if not newest_here.can_be_rolled_back:
        return newest_here.stem  # whoever reads it says why not
    if not sys.stdin.isatty():
        following = command_line(["rollback", LATEST], place, project.given)
        raise UsageError("Nothing was rolled back: no record is named.", hint=f"The newest: {following}")
    question = style.line(f"Roll back the newest, {_introduced(newest_here)}? Its plan is shown first. [y/N] ")
    output.confirm(style.draw([question], output.screen_of_stderr(project.given)).removesuffix("\n"))
    return newest_here.stem


def find_record(given: str, project: Project, place: Place) -> Named:
    """The record that an argument names: a file, `latest`, or the name of a record or its unique beginning.

    A file need not be there: whoever reads it says so. Raises UsageError if several records begin so.
    """
    if not given.strip():
        hint = "`flowsync rollback --list` lists the records."
        raise UsageError("The name of the record is empty: the variable it comes from may not be set.", hint=hint)
    if given == LATEST:
        return _newest(project, place)
    path = project.base / given
    if path.exists() or (path := path.with_name(f"{path.name}{SUFFIX}")).exists():
        return Named(path, given)
    name = PurePath(given).name.removesuffix(SUFFIX)
    if not name or PurePath(given).parent.name not in {"", FOLDER}:
        return Named(project.base / given, given)
    paths = record_paths(project.state / FOLDER, project.workspace)
    matching = [each for each in paths if each.stem == name] or [each for each in paths if each.stem.startswith(name)]
    if len(matching) > 1:
        raise UsageError(f"{plural(len(matching), 'record')} begin with {name!r}.", hint=_candidates(matching))
    if matching:
        (only,) = matching
        return Named(only, given if only.stem == name else only.stem)
    _refuse_slug(given, project, place)
    return Named(project.base / given, given)


def _newest(project: Project, place: Place) -> Named:
    found = _require(list_at(project, place).newest)
    output.write_sentence(f"The latest is {_introduced(found)}.", project.given)
    return Named(project.state / FOLDER / found.name, found.stem)


def _require(newest_here: Kept | None) -> Kept:
    if newest_here is None:
        raise FlowsyncError(records.NOTHING_LEFT, hint="`flowsync rollback --list` lists every record.")
    return newest_here


def _introduced(kept: Kept) -> str:
    return f"{kept.stem} ({records.described(kept)})"


def _candidates(paths: Sequence[Path]) -> str:
    names = [path.stem for path in reversed(paths)]
    return f"{listed(names)}. Type more of the name."


def _refuse_slug(given: str, project: Project, place: Place) -> None:
    found = list_at(project, place).newest
    record = found.content if found else None
    if isinstance(record, Record) and given in {write.slug for write in record.writes}:
        following = command_line(["rollback", LATEST, given], place, project.given)
        raise UsageError(f"{given} is a flow: name a record before it.", hint=f"From the newest: {following}")


def complete_records(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completions for a record: files, `latest`, and the names of the records, the newest first.

    None if they cannot be found, because nobody reads an error while completing.
    """
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell that completes needs it

    from flowsync.cli.project import open_project  # noqa: PLC0415 - as above

    del parameter
    try:
        project = open_project(context)
        paths = record_paths(project.state / FOLDER, project.workspace)
    except (FlowsyncError, OSError):
        paths = []
    names = [LATEST, *(path.stem for path in reversed(paths))]
    matching = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [CompletionItem(incomplete, type="file"), *matching]
