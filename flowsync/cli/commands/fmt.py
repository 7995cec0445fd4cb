"""flowsync fmt: flow files in canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from flowsync import document
from flowsync.cli.output import screen_of_stderr, screen_of_stdout, source_lines, write_note, write_result
from flowsync.cli.project import Project, open_project
from flowsync.cli.project.files import select, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import global_options, slugs_argument
from flowsync.document.formatting import KeyOrder, formatted
from flowsync.errors import DocumentError, ExitCode
from flowsync.model import Location, Problem, Severity
from flowsync.problems import listing
from flowsync.render.diffs import texts
from flowsync.render.escape import plural
from flowsync.validate.view import BUTTON_KEYS, FIELD_KEYS, OPTION_KEYS, PATTERN_KEYS, STEP_KEYS
from flowsync.workspace import MOST_READ, Workspace

if TYPE_CHECKING:
    from flowsync.flows.files import FlowFile

_BUTTON: Final = KeyOrder(BUTTON_KEYS)
_FIELD: Final = KeyOrder(FIELD_KEYS, inside={"options": KeyOrder(OPTION_KEYS), "pattern": KeyOrder(PATTERN_KEYS)})
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
"""First the keys that fit on a line; then the author's `x-…` keys, `data`, and what is never sent."""


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """A flow file before and after; both texts are complete, line ends and byte order mark included."""

    file: FlowFile
    before: str
    after: str


def format_files(project: Project, patterns: Sequence[str]) -> Iterator[FormattedFile | Problem]:
    """Format the selected flow files; a Problem for each that is left unchanged.

    Raises UsageError for a pattern that matches no file's slug.
    """
    found = list(project.flow_files())
    files = [each for each in found if not isinstance(each, Problem)]
    if not patterns or not files:
        yield from (each for each in found if isinstance(each, Problem))
    for file in select(files, slugs_of(project, patterns)) if files else ():
        yield format_file(file, project.workspace)


def format_file(file: FlowFile, within: Workspace) -> FormattedFile | Problem:
    """One formatted file, or why it is left unchanged."""
    try:
        before = document.decode(within.read(file.path, MOST_READ), file.name)
        return FormattedFile(file, before, formatted(before, file.name, FILE_ORDER))
    except DocumentError as error:
        return error.problem
    except OSError as error:
        message = f"This file cannot be read: {error.strerror}."
        return Problem(Location(file.name, 1, 1), Severity.ERROR, "unreadable-file", message)


@click.command("fmt", cls=Command)
@slugs_argument
@click.option("--check", is_flag=True, help="Write nothing; exit 2 if a file is not in canonical form.")
@click.option("--diff", "shows_diff", is_flag=True, help="Write nothing; show what would change.")
@global_options
@click.pass_context
def command(context: click.Context, *, slugs: tuple[str, ...], check: bool, shows_diff: bool) -> int:
    """Put flow files in canonical form: the order of keys, two spaces a level, line feeds.

    Values stay as they are written, and every comment moves with the key that it is above or next to. A file for which
    that is not possible is left alone and listed; the exit code is then 3.
    """
    project = open_project(context)
    found = list(format_files(project, slugs))
    problems = [each for each in found if isinstance(each, Problem)]
    files = [each for each in found if not isinstance(each, Problem)]
    changes = [each for each in files if each.before != each.after]
    writes = not check and not shows_diff
    for each in changes:
        if writes:
            project.replace_unchanged(each.file, each.before, each.after, hint="Run the command again.")
        if shows_diff:
            write_result(texts.unified(each.file.name, each.before, each.after, screen_of_stdout(project.given)))
        else:
            write_result(f"{each.file.name}\n")
    if files:
        write_note(_summary(len(changes), len(files), writes=writes), project.given)
    if problems:
        write_note(listing.text(problems, source_lines(project.base), screen_of_stderr(project.given)), project.given)
        return ExitCode.INVALID
    return ExitCode.CHANGES if changes and check else ExitCode.OK


def _summary(changed: int, read: int, *, writes: bool) -> str:
    if not changed:
        return f"{plural(read, 'file')} already formatted."
    unchanged = f"; {read - changed:,} already formatted" if read > changed else ""
    return f"{plural(changed, 'file')} {'formatted' if writes else 'not formatted'}{unchanged}."
