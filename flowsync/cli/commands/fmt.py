"""Flow files in canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import click

from flowsync import document
from flowsync.cli.files import select, slugs_of
from flowsync.cli.options import global_options, invocation, slugs_argument
from flowsync.cli.output import screen_of_stderr, screen_of_stdout, source_lines, write_note, write_result
from flowsync.cli.project import open_project
from flowsync.cli.writing import replace_text, still_holds
from flowsync.document.formatting import KeyOrder, formatted
from flowsync.errors import DocumentError, ExitCode, FlowsyncError
from flowsync.model import Location, Problem, Severity
from flowsync.render import problems as problem_formats
from flowsync.render import text_diff
from flowsync.validate.rule import BUTTON_KEYS, FIELD_KEYS, OPTION_KEYS, PATTERN_KEYS, STEP_KEYS
from flowsync.workspace import MOST_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.flows.files import FlowFile
    from flowsync.workspace import Workspace

_BUTTON: Final = KeyOrder(BUTTON_KEYS)
_FIELD: Final = KeyOrder(
    FIELD_KEYS,
    inside={"options": KeyOrder(OPTION_KEYS), "pattern": KeyOrder(PATTERN_KEYS)},
)
_STEP: Final = KeyOrder(STEP_KEYS, inside={"primaryButton": _BUTTON, "secondaryButton": _BUTTON, "fields": _FIELD})
_DATA: Final = KeyOrder(("title", "subtitle", "sequential", "props"), ("steps",), inside={"steps": _STEP})
_SHORT: Final = ("name", "type", "description", "active", "targetingLogic", "slug", "target", "protected")
_OVERLAY: Final = KeyOrder(_SHORT, ("data",), inside={"data": _DATA})
_TEST: Final = KeyOrder(("name", "user", "group", "at", "step", "sees", "shows", "starts", "completes"))
FILE_ORDER: Final = KeyOrder(
    _SHORT,
    ("data", "environments", "tests"),
    inside={"data": _DATA, "environments": KeyOrder(others=_OVERLAY), "tests": _TEST},
)
"""What fits on a line first; then the author's `x-…` keys, then `data`, and what is never sent below it."""


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """A flow file as it is and as it should be; both texts whole, line ends and byte order mark included."""

    name: str
    path: Path
    before: str
    after: str

    @property
    def is_in_form(self) -> bool:
        """Whether nothing is to change."""
        return self.before == self.after


def format_files(project: Project, patterns: Sequence[str]) -> Iterator[FormattedFile | Problem]:
    """The selected flow files one after the other; a Problem for each that is left as it is.

    Raises UsageError for a pattern that matches no file's slug.
    """
    found = list(project.flow_files())
    files = [each for each in found if not isinstance(each, Problem)]
    if not patterns or not files:
        yield from (each for each in found if isinstance(each, Problem))
    for file in select(files, slugs_of(project, patterns)) if files else ():
        yield format_file(file, project.workspace)


def format_file(file: FlowFile, within: Workspace) -> FormattedFile | Problem:
    """One file in form, or why it is left as it is."""
    try:
        before = document.decode(within.read(file.path, MOST_READ), file.name)
        return FormattedFile(file.name, file.path, before, formatted(before, file.name, FILE_ORDER))
    except DocumentError as error:
        return error.problem
    except OSError as error:
        message = f"This file cannot be read: {error.strerror}."
        return Problem(Location(file.name, 1, 1), Severity.ERROR, "unreadable-file", message)


class Pending(Enum):
    """What to do with files that are not in form."""

    WRITE = "write"
    CHECK = "check"


class Shown(Enum):
    """What to show of files that are not in form."""

    NAMES = "names"
    DIFF = "diff"


@click.command("fmt")
@slugs_argument
@click.option(
    "--check",
    "pending",
    flag_value=Pending.CHECK,
    default=Pending.WRITE,
    type=click.UNPROCESSED,
    help="Write nothing; exit 2 when a file is not in form.",
)
@click.option(
    "--diff",
    "shown",
    flag_value=Shown.DIFF,
    default=Shown.NAMES,
    type=click.UNPROCESSED,
    help="Write nothing; show what would change.",
)
@global_options
@click.pass_context
def command(context: click.Context, slugs: tuple[str, ...], pending: Pending, shown: Shown) -> int:
    """Put flow files in canonical form: the order of keys, two spaces a level, line feeds.

    What a file says and every comment stay, and so does how each value is written; a comment moves with the key that it
    stands above or beside. A file that cannot be kept so is left as it is and named, and the exit code is 3.
    """
    given = invocation(context)
    project = open_project(given)
    found = list(format_files(project, slugs))
    problems = [each for each in found if isinstance(each, Problem)]
    changes = [each for each in found if not isinstance(each, Problem) and not each.is_in_form]
    writes = pending is Pending.WRITE and shown is Shown.NAMES
    for change in changes:
        if writes:
            replace(change, project)
        write_result(_told(change, shown, given))
    if len(found) > len(problems):
        write_note(_summary(len(changes), len(found) - len(problems), writes=writes), given)
    return _exit_code(problems, changes, pending, project, given)


def replace(change: FormattedFile, project: Project) -> None:
    """Write the file. Raises FlowsyncError where it is no longer what was read, or cannot be written."""
    if not still_holds(change.path, change.before, project.workspace):
        raise FlowsyncError(f"{change.name} was changed by someone else just now.", hint="Run the command again.")
    replace_text(change.path, change.after, change.name, project.workspace)


def _told(change: FormattedFile, shown: Shown, given: Invocation) -> str:
    match shown:
        case Shown.NAMES:
            return f"{change.name}\n"
        case Shown.DIFF:
            return text_diff.unified(change.name, change.before, change.after, screen_of_stdout(given))


def _summary(changed: int, read: int, *, writes: bool) -> str:
    if not changed:
        return f"{_files(read)} in form."
    unchanged = f"; {read - changed} already in form" if read > changed else ""
    return f"{_files(changed)} {'put in form' if writes else 'not in form'}{unchanged}."


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"


def _exit_code(
    problems: Sequence[Problem],
    changes: Sequence[FormattedFile],
    pending: Pending,
    project: Project,
    given: Invocation,
) -> ExitCode:
    if problems:
        write_note(problem_formats.text(problems, source_lines(project.base), screen_of_stderr(given)), given)
        return ExitCode.INVALID
    return ExitCode.CHANGES if changes and pending is Pending.CHECK else ExitCode.OK
