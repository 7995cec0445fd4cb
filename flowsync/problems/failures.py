"""Messages about a failed command, or a bug in flowsync: for a terminal and as JSON."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Sequence
from typing import Final

from flowsync import __version__
from flowsync.errors import DocumentError, ExitCode, FlowsyncError, InvalidFilesError, RefusedError
from flowsync.model import JsonValue, Location, Problem
from flowsync.problems.listing import SourceLine, counts, documents, in_order, problem_lines
from flowsync.render.escape import masked_json
from flowsync.render.style import WHOLE, Line, Screen, Span, Style, draw, hinted, line

REPORT: Final = (
    "please report it with the command you ran, the text below and what `flowsync doctor --format markdown` prints."
)


def error(
    exception: FlowsyncError,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    source_line: SourceLine = lambda _: None,
) -> str:
    """Return the message for an expected failure; problems of files come first."""
    if isinstance(exception, DocumentError):
        return draw(problem_lines(exception.problem, source_line, screen), screen)
    lines: list[Line] = []
    message = exception.message
    if isinstance(exception, InvalidFilesError):

        def source_of(where: Location) -> str | None:
            text = exception.texts.get(where.file)
            return source_line(where) if text is None else text.split("\n")[where.line - 1].rstrip("\r")

        for problem in in_order(exception.problems):
            lines += problem_lines(problem, source_of, screen)
        message += f" ({counts(exception.problems, exception.texts)})" if exception.problems else ""
    kind = "error:" if exception.code == FlowsyncError.code else f"error[{exception.code}]"
    lines.append(line(Span(kind, Style.ERROR), f" {message}"))
    reasons = exception.reasons if isinstance(exception, RefusedError) else ()
    return draw([*lines, *(line(f"  - {reason}") for reason in reasons), *hinted(exception.hint)], screen)


def error_as_json(exception: BaseException) -> str:
    """Return the document `flowsync-error/1`, printed instead of the command's own document."""
    found: Sequence[Problem] = ()
    if isinstance(exception, DocumentError):
        found = (exception.problem,)
    elif isinstance(exception, InvalidFilesError):
        found = exception.problems
    if isinstance(exception, FlowsyncError):
        code, message, hint, exit_code = exception.code, exception.message, exception.hint, exception.exit_code
    else:
        code, hint, exit_code = "bug", REPORT, ExitCode.ERROR
        message = f"{type(exception).__name__}: this is a bug in flowsync, not in your flows."
    details: dict[str, JsonValue] = {
        "code": code,
        "message": message,
        "hint": hint,
        "exit_code": int(exit_code),
        "reasons": [*exception.reasons] if isinstance(exception, RefusedError) else [],
        "problems": documents(found),
    }
    return masked_json({"format": "flowsync-error/1", "error": details})


def bug(exception: BaseException, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the message for a bug in flowsync, with what a bug report needs."""
    said = f" {type(exception).__name__}: this is a bug in flowsync, not in your flows; {REPORT}"
    trace = "".join(traceback.format_exception(exception)).rstrip("\n").split("\n")
    lines = [
        line(Span("error[bug]", Style.ERROR), said),
        (),
        line(f"  flowsync {__version__}, Python {platform.python_version()}"),
        *(line(Span(f"  {each}", Style.MUTED), WHOLE) for each in trace),
    ]
    return draw(lines, screen)
