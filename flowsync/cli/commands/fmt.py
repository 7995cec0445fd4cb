"""flowsync fmt."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import click

from flowsync.cli.opening import open_project
from flowsync.cli.options import global_options, invocation, slugs_argument
from flowsync.cli.output import screen_of_stderr, screen_of_stdout, source_lines, write_note, write_result
from flowsync.cli.writing import replace_text, still_holds
from flowsync.errors import ExitCode, FlowsyncError
from flowsync.model import Problem
from flowsync.pipeline.formatting import format_files
from flowsync.render import problems as problem_formats
from flowsync.render import text_diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.cli.options import Invocation
    from flowsync.pipeline.formatting import FormattedFile
    from flowsync.pipeline.project import Project


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
