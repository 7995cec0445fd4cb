"""Writes text: results to stdout, everything else to stderr, colour to terminals only."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TextIO

from flowsync import cli
from flowsync.cli.usage.options import Invocation, Verbosity
from flowsync.errors import DeclinedError, FlowsyncError, InterruptedByUser
from flowsync.model import Location, Problem
from flowsync.render import style
from flowsync.render.escape import columns
from flowsync.render.style import NARROWEST, Colour, Detail, Screen, Span, Style
from flowsync.secrets import masked
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.api.messages import Attempt
    from flowsync.cli.project import Project
    from flowsync.problems.listing import SourceLine

_WIDTH_OFF_TERMINAL: Final = 100
_DETAILS: Final = {Verbosity.QUIET: Detail.SUMMARY, Verbosity.NORMAL: Detail.FULL, Verbosity.VERBOSE: Detail.VERBOSE}
PROGRESS_DELAY: Final = 0.5
"""Seconds before a terminal shows progress; faster work needs none."""
NOTHING_WRITTEN: Final = "Nothing was written."
"""The outcome of a question that is answered with no or Ctrl-C."""
_LABEL: Final = 8
"""Columns before the text of a step."""
_TICK: Final = 0.2
_CLEAR_LINE: Final = "\r\x1b[K"


def screen_of_stdout(given: Invocation) -> Screen:
    """Stdout as a Screen."""
    return _screen(sys.stdout, given)


def screen_of_stderr(given: Invocation) -> Screen:
    """Stderr as a Screen."""
    return _screen(sys.stderr, given)


def _screen(stream: TextIO, given: Invocation) -> Screen:
    width, wrap = _WIDTH_OFF_TERMINAL, None
    if stream.isatty():
        from shutil import get_terminal_size  # noqa: PLC0415 - only a terminal pays for all that it brings along

        wrap = width = max(get_terminal_size((_WIDTH_OFF_TERMINAL, 24)).columns, NARROWEST)
    takes_colour = given.color == "always" or (
        given.color == "auto"
        and stream.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
    colour = Colour.ALWAYS if takes_colour else Colour.NEVER
    return Screen(width=width, colour=colour, detail=_DETAILS[given.verbosity], wrap=wrap)


def write_result(text: str) -> None:
    """Write the result of a command to stdout, at once.

    Raises BrokenPipeError if its reader went away, FlowsyncError if it cannot be written for another reason.
    """
    cli.has_result = True
    try:
        sys.stdout.write(masked(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FlowsyncError(f"The result cannot be written to stdout: {error.strerror or error}.") from None


def write_preview(preview: Callable[[Screen], str], format_: str, given: Invocation) -> None:
    """Write what is about to happen: to stdout as text, to stderr if stdout holds a document."""
    if format_ == "text":
        write_result(preview(screen_of_stdout(given)))
    else:
        write_note(preview(screen_of_stderr(given)), given)


def write_note(text: str, given: Invocation, at_least: Verbosity = Verbosity.NORMAL) -> None:
    """Write a text other than the result to stderr, unless the command is quieter than `at_least`.

    Nothing fails because stderr cannot take it: its reader went away, or its disk is full.
    """
    if given.verbosity >= at_least:
        shown = masked(text)
        with suppress(OSError):
            sys.stderr.write(shown if shown.endswith("\n") else f"{shown}\n")
            sys.stderr.flush()


def write_sentence(text: str, given: Invocation, at_least: Verbosity = Verbosity.NORMAL) -> None:
    """As `write_note` for a sentence, wrapped to the width of the terminal."""
    stderr = screen_of_stderr(given)
    write_note(style.draw([style.line(text)], stderr), given, at_least)


def write_way(sentence: str, command: str, given: Invocation) -> None:
    """Write a sentence and the command that it ends with, which a narrow terminal gets whole on a line of its own."""
    wrap = screen_of_stderr(given).wrap
    if wrap is None or columns(f"{sentence} {command}") <= wrap:
        write_note(f"{sentence} {command}", given)
    else:
        write_sentence(sentence, given)
        write_note(f"  {command}", given)


def write_step(label: str, text: str, given: Invocation) -> None:
    """With -v, write what the command does now to stderr: dim, aligned after `label`."""
    if given.verbosity is not Verbosity.VERBOSE:
        return
    step = style.line(Span(f"{label:<{_LABEL}}", Style.MUTED), style.HANG, Span(text, Style.MUTED))
    stderr = screen_of_stderr(given)
    write_note(style.draw([step], stderr), given)


def request_log(given: Invocation) -> Callable[[Attempt], None] | None:
    """The function that writes each request as a step; None without -v."""
    if given.verbosity is not Verbosity.VERBOSE:
        return None

    def write(attempt: Attempt) -> None:
        status, reason = (attempt.outcome, "") if isinstance(attempt.outcome, int) else ("-", f": {attempt.outcome}")
        again = f", attempt {attempt.number}" if attempt.number > 1 else ""
        took = f"{status:>3} {attempt.seconds * 1000:>6,.0f} ms"
        write_step(attempt.method, f"{took}  {attempt.url}{again}{reason}", given)

    return write


def write_warnings(problems: Sequence[Problem], project: Project) -> None:
    """Write the files' warnings: all of them with -v, else their number."""
    from flowsync.problems import listing  # noqa: PLC0415 - as above
    from flowsync.render import escape  # noqa: PLC0415 - mostly there are none

    given = project.given
    if problems and given.verbosity is Verbosity.VERBOSE:
        write_note(listing.text(problems, source_lines(project.base), screen_of_stderr(given)), given)
    elif problems:
        write_note(f"{escape.plural(len(problems), 'warning')} in the files: flowsync validate shows them.", given)


def write_problems(problems: Sequence[Problem], project: Project) -> None:
    """Write problems that are not the result, each with its place."""
    from flowsync.problems import listing  # noqa: PLC0415 - mostly there are none

    if problems:
        given = project.given
        write_note(listing.text(problems, source_lines(project.base), screen_of_stderr(given)), given)


def confirm(question: str, otherwise: str = NOTHING_WRITTEN, *, hint: str | None = None) -> None:
    """Continue only if the person at the terminal says yes. Raises DeclinedError, whose message is `otherwise`."""
    if ask(question, otherwise) not in {"y", "yes"}:
        raise DeclinedError(otherwise, hint=hint)


def ask(question: str, otherwise: str = NOTHING_WRITTEN) -> str | None:
    """As `typed`, in lower case."""
    answer = typed(question, otherwise)
    return None if answer is None else answer.lower()


def typed(question: str, otherwise: str = NOTHING_WRITTEN) -> str | None:
    """What the person at the terminal types; None if they ended the input (Ctrl-D).

    Raises InterruptedByUser, which says `otherwise`, for Ctrl-C.
    """
    try:
        return _read_answer(question)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        raise InterruptedByUser(otherwise) from None


def _read_answer(question: str) -> str | None:
    import select  # noqa: PLC0415 - for questions only

    from flowsync.apply import POLL_INTERVAL  # noqa: PLC0415 - as above

    sys.stderr.write(masked(question))
    sys.stderr.flush()
    # Reading alone would not notice a signal that comes just before it waits. On Windows select takes only sockets.
    while hasattr(select, "poll") and not select.select([sys.stdin], [], [], POLL_INTERVAL)[0]:
        pass
    answer = sys.stdin.readline()
    if answer.endswith("\n"):
        return answer.strip()
    sys.stderr.write("\n")
    return None


class Progress:
    """One line on a stderr terminal, rewritten while the `with` block runs; elsewhere nothing.

    It appears once the work has taken long enough; what `line` returns is asked for several times a second.
    """

    def __init__(self, given: Invocation, line: Callable[[], str]) -> None:
        self._line = line
        self._is_shown = False
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._has_place = given.verbosity is Verbosity.NORMAL and sys.stderr.isatty()  # -v shows each request

    def __enter__(self) -> Progress:  # noqa: PYI034 - typing.Self is of Python 3.11
        if self._has_place:
            self._thread = threading.Thread(target=self._tick, name="progress", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()
        with self.hidden():
            pass

    def _tick(self) -> None:
        while not self._done.wait(_TICK):
            self.show()

    def show(self) -> None:
        """Rewrite the line."""
        if self._has_place and (self._is_shown or time.monotonic() - self._started >= PROGRESS_DELAY):
            with self._lock:
                self._is_shown = True
                sys.stderr.write(f"{_CLEAR_LINE}{masked(self._line())}")
                sys.stderr.flush()

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Hide the line while something else is written."""
        with self._lock:
            if self._is_shown:
                sys.stderr.write(_CLEAR_LINE)
                sys.stderr.flush()
            self._is_shown = False
            yield


def source_lines(base: Path) -> SourceLine:
    """A function that returns the line of text at a Location; None if the file cannot be read."""

    @lru_cache(maxsize=8)
    def lines(file: str) -> list[str]:
        path = base / file
        try:
            content = workspace(base).read_named(path, MOST_READ) if path.is_file() else b""
        except (OSError, ValueError):
            return []
        return content.decode("utf-8", errors="replace").split("\n")

    def line(location: Location) -> str | None:
        found = lines(location.file)
        return found[location.line - 1].rstrip("\r") if location.line <= len(found) else None

    return line
