"""Where text goes: results to stdout, everything else to stderr, colour to terminals only."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TextIO

from flowsync.cli.options import ColorChoice, Verbosity
from flowsync.errors import FlowsyncError
from flowsync.render.style import Colour, Detail, Screen
from flowsync.secrets import masked
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.model import Location, Problem
    from flowsync.render.problems import SourceLine

_NARROWEST: Final = 40
_WIDTH_OFF_TERMINAL: Final = 100
_DETAILS: Final = {
    Verbosity.QUIET: Detail.SUMMARY,
    Verbosity.NORMAL: Detail.FULL,
    Verbosity.VERBOSE: Detail.VERBOSE,
}
PROGRESS_DELAY: Final = 0.5
"""Seconds before a terminal shows progress: what is done sooner needs none."""
_TICK: Final = 0.2
_CLEAR_LINE: Final = "\r\x1b[K"


def screen(stream: TextIO, invocation: Invocation) -> Screen:
    """The Screen that a stream is: its width, whether it takes colour, how much to tell."""
    width = _columns() if stream.isatty() else _WIDTH_OFF_TERMINAL
    colour = Colour.ALWAYS if _takes_colour(stream, invocation.color) else Colour.NEVER
    width = max(width, _NARROWEST)
    wrap = width if stream.isatty() else None
    return Screen(width=width, colour=colour, detail=_DETAILS[invocation.verbosity], wrap=wrap)


def _columns() -> int:
    from shutil import get_terminal_size  # noqa: PLC0415 - only a terminal pays for all that it brings along

    return get_terminal_size((_WIDTH_OFF_TERMINAL, 24)).columns


def _takes_colour(stream: TextIO, choice: ColorChoice) -> bool:
    if choice is not ColorChoice.AUTO:
        return choice is ColorChoice.ALWAYS
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def write_result(text: str) -> None:
    """The result of a command, to stdout, at once.

    Raises BrokenPipeError where its reader went away, FlowsyncError where it cannot be written for another reason.
    """
    try:
        sys.stdout.write(masked(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FlowsyncError(f"The result cannot be written to stdout: {error.strerror or error}.") from None


def write_note(text: str, invocation: Invocation, at_least: Verbosity = Verbosity.NORMAL) -> None:
    """Something said beside the result, to stderr; not when the command is quieter than `at_least`."""
    order = list(Verbosity)
    if order.index(invocation.verbosity) >= order.index(at_least):
        shown = masked(text)
        sys.stderr.write(shown if shown.endswith("\n") else f"{shown}\n")
        sys.stderr.flush()


def answer_of_terminal() -> str | None:
    """The line that a person typed after a question, in lower case; None where they ended the input (Ctrl-D)."""
    _wait_for_a_line()
    answer = sys.stdin.readline()
    if answer.endswith("\n"):
        return answer.strip().lower()
    sys.stderr.write("\n")
    return None


def _wait_for_a_line() -> None:
    """Return once somebody typed one. Reading alone would not hear a signal that comes just before it waits."""
    import select  # noqa: PLC0415 - for questions only

    from flowsync.apply import LONGEST_DEAFNESS  # noqa: PLC0415 - as above

    if not hasattr(select, "poll"):  # on Windows, where select takes nothing but sockets
        return
    while not select.select([sys.stdin], [], [], LONGEST_DEAFNESS)[0]:
        pass


def write_sentence(text: str, invocation: Invocation, at_least: Verbosity = Verbosity.NORMAL) -> None:
    """As `write_note` for a sentence, broken between words where a terminal is narrower."""
    from flowsync.render import style  # noqa: PLC0415 - mostly there is nothing to say
    from flowsync.render.style import sentences  # noqa: PLC0415 - mostly there is nothing to say

    stderr = screen_of_stderr(invocation)
    shown = style.paint(sentences(style.line(text), stderr, indent=2), stderr.colour)
    write_note(shown, invocation, at_least)


def write_error(error: FlowsyncError, invocation: Invocation) -> None:
    """An expected failure, to stderr."""
    from flowsync.render.problems import error as problems_error  # noqa: PLC0415 - only failures need it

    text = problems_error(error, screen_of_stderr(invocation), source_lines(invocation.directory))
    sys.stderr.write(masked(text))


def write_bug(error: BaseException, invocation: Invocation) -> None:
    """An unexpected failure, to stderr, with what to report."""
    from flowsync.render.problems import bug  # noqa: PLC0415 - only bugs need it

    sys.stderr.write(masked(bug(error, screen_of_stderr(invocation))))


class Progress:
    """One line on a stderr terminal that is rewritten as work goes on; nothing anywhere else."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.shown = False
        self.started = time.monotonic()
        self.lock = threading.Lock()
        # Asked once: a line is shown and taken away for each of a thousand flows.
        self.has_place = invocation.verbosity is not Verbosity.QUIET and sys.stderr.isatty()

    def show(self, line: Callable[[], str]) -> None:
        """Rewrite the line, asked for anew, once the work has taken long enough to be worth telling."""
        if not self._wanted():
            return
        with self.lock:
            self.shown = True
            sys.stderr.write(f"{_CLEAR_LINE}{masked(line())}")
            sys.stderr.flush()

    @contextmanager
    def ticking(self, line: Callable[[], str]) -> Iterator[None]:
        """Show `line`, asked for anew several times a second, while the block runs; take it away at its end."""
        done = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(done, line), name="progress", daemon=True)
        if self.has_place:
            ticker.start()
        try:
            yield
        finally:
            done.set()
            if ticker.ident is not None:
                ticker.join()
            self.clear()

    def _tick(self, done: threading.Event, line: Callable[[], str]) -> None:
        while not done.wait(_TICK):
            self.show(line)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the line away, and keep it away while something else is written."""
        with self.lock:
            self._clear()
            yield

    def clear(self) -> None:
        """Take the line away."""
        with self.lock:
            self._clear()

    def _clear(self) -> None:
        if self.shown:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()
        self.shown = False

    def _wanted(self) -> bool:
        return self.has_place and (self.shown or time.monotonic() - self.started >= PROGRESS_DELAY)


def screen_of_stdout(invocation: Invocation) -> Screen:
    """Stdout as a Screen."""
    return screen(sys.stdout, invocation)


def screen_of_stderr(invocation: Invocation) -> Screen:
    """Stderr as a Screen."""
    return screen(sys.stderr, invocation)


def write_warnings(problems: Sequence[Problem], project: Project, invocation: Invocation) -> None:
    """The files' warnings beside a result: all of them with -v, else how many there are."""
    from flowsync.render import problems as formats  # noqa: PLC0415 - mostly there are none

    if not problems:
        return
    if invocation.verbosity is Verbosity.VERBOSE:
        shown = formats.text(problems, source_lines(project.base), screen_of_stderr(invocation))
        write_note(shown, invocation)
    else:
        count = len(problems)
        write_note(
            f"{count} {'warning' if count == 1 else 'warnings'} in the files: flowsync validate shows them.", invocation
        )


def source_lines(base: Path) -> SourceLine:
    """How to find the line of text that a Location points to; None where the file cannot be read."""

    @lru_cache(maxsize=8)
    def lines(file: str) -> tuple[str, ...]:
        path = base / file
        try:
            content = workspace(base).read_named(path, MOST_READ) if path.is_file() else b""
        except (OSError, ValueError):
            return ()
        return tuple(content.decode("utf-8", errors="replace").split("\n"))

    def line(location: Location) -> str | None:
        found = lines(location.file)
        return found[location.line - 1].rstrip("\r") if location.line <= len(found) else None

    return line
