"""Why a command stopped: an expected error, or a bug of flowsync itself."""

from __future__ import annotations

import platform
import traceback
from functools import partial
from typing import TYPE_CHECKING, Final

from flowsync import __version__
from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.render import problems
from flowsync.render.layout import hint_lines, sentences
from flowsync.render.screen import Screen
from flowsync.render.style import Span, Style, line, paint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.errors import FlowsyncError
    from flowsync.model import Location
    from flowsync.render.problems import SourceLine
    from flowsync.render.style import Line

REPORT: Final = "please report it with the command you ran and the text below."


def _no_source(_: Location) -> None:
    return None


def error(
    exception: FlowsyncError,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    source_line: SourceLine = _no_source,
) -> str:
    """Return what is written to stderr for an expected failure; problems of files are listed first."""
    return paint(_error_lines(exception, source_line, screen), screen.colour)


def bug(exception: BaseException, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what is written to stderr when flowsync itself is at fault, with what a report needs."""
    return paint(_bug_lines(exception, screen), screen.colour)


def _error_lines(exception: FlowsyncError, source_line: SourceLine, screen: Screen) -> Iterator[Line]:
    match exception:
        case InvalidFilesError():
            lines = partial(_line_of, exception.texts, source_line)
            for problem in sorted(exception.problems, key=lambda problem: problem.sort_key):
                yield from problems.problem_lines(problem, lines, screen)
            counted = f" ({problems.counts(exception.problems)})" if exception.problems else ""
            yield from _message_lines(exception, f"{exception.message}{counted}", screen)
        case DocumentError():
            yield from problems.problem_lines(exception.problem, source_line, screen)
        case _:
            yield from _message_lines(exception, exception.message, screen)


def _line_of(texts: Mapping[str, str], source_line: SourceLine, place: Location) -> str | None:
    text = texts.get(place.file)
    return source_line(place) if text is None else text.split("\n")[place.line - 1].rstrip("\r")


def _message_lines(exception: FlowsyncError, message: str, screen: Screen) -> Iterator[Line]:
    yield from sentences(line(Span(f"error[{exception.code}]", Style.ERROR), f" {message}"), screen)
    if isinstance(exception, RefusedError):
        for reason in exception.reasons:
            yield from sentences(line(f"  - {reason}"), screen)
    yield from hint_lines(exception.hint, screen)


def _bug_lines(exception: BaseException, screen: Screen) -> Iterator[Line]:
    name = type(exception).__name__
    told = f" {name}: this is a bug in flowsync, not in your flows; {REPORT}"
    yield from sentences(line(Span("error[bug]", Style.ERROR), told), screen)
    yield ()
    yield line(f"  flowsync {__version__}, Python {platform.python_version()}")
    for each in "".join(traceback.format_exception(exception)).rstrip("\n").split("\n"):
        yield line(Span(f"  {each}", Style.MUTED))
