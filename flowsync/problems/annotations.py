r"""Problems and failures as workflow commands, which GitHub shows as annotations next to lines.

The runner takes a line that begins with `::`, blanks before it left aside, for a command. It decodes `%25`, `%0D` and
`%0A` in a message, `%3A` and `%2C` too in a property [doc: workflow commands]. Line breaks are shown as `\n` like
everything that cannot be seen, before what is left is encoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from flowsync.errors import FlowsyncError, RefusedError
from flowsync.model import Problem, Severity
from flowsync.problems import listing
from flowsync.problems.listing import SourceLine, in_order
from flowsync.render.escape import shown, with_hint

if TYPE_CHECKING:
    from flowsync.render.style import Screen

LIMIT: Final = 10
"""How many annotations of one kind GitHub shows of one step; it drops the rest without a word [doc]."""


_IN_PROPERTY: Final = str.maketrans({"%": "%25", ":": "%3A", ",": "%2C"})


def github(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return annotations for GitHub, then the text for the log of the step."""
    ordered = in_order(problems)
    return annotate(ordered) + listing.text(ordered, source_line, screen)


def annotate(notes: Iterable[Problem | Exception]) -> str:
    """Return the workflow commands that annotate lines with problems, and the run with failures.

    The most serious come first; those that GitHub would drop are counted. Problems name files from the top of the
    repository, where GitHub looks for them. An exception other than a FlowsyncError is a bug in flowsync; what a report
    needs of it stays in the log.
    """
    ordered = sorted(notes, key=lambda note: _severity(note) is not Severity.ERROR)
    if len(ordered) <= LIMIT:
        return "".join(map(_command, ordered))
    left_out = ordered[LIMIT - 1 :]
    more = f"{len(left_out):,} more. The log of this step has them all."
    commands = [*map(_command, ordered[: LIMIT - 1]), f"::{_severity(left_out[0]).value} title=flowsync::{more}\n"]
    return "".join(commands)


def _severity(note: Problem | Exception) -> Severity:
    return note.severity if isinstance(note, Problem) else Severity.ERROR


def _command(note: Problem | Exception) -> str:
    if isinstance(note, Problem):
        where = note.location
        properties = {"file": where.file, "line": str(where.line), "col": str(where.column), "title": note.code}
        lines = [with_hint(note.message, note.hint), *note.detail]
    elif isinstance(note, FlowsyncError):
        reasons = note.reasons if isinstance(note, RefusedError) else ()
        properties, lines = {"title": note.code}, [with_hint(note.message, None if reasons else note.hint), *reasons]
        lines += [note.hint] if reasons and note.hint else []
    else:
        bug = "this is a bug in flowsync, not in your flows. The log has what to report."
        properties, lines = {"title": "bug"}, [f"{type(note).__name__}: {bug}"]
    pairs = ",".join(f"{name}={shown(value).translate(_IN_PROPERTY)}" for name, value in properties.items())
    message = "%0A".join(shown(each).replace("%", "%25") for each in lines)
    return f"::{_severity(note).value} {pairs}::{message}\n"


def stopped(text: str, token: str) -> str:
    """Return text in which the runner executes no commands: `token` must not be guessable, nor be in the text."""
    if token in text:
        raise ValueError("the token is in the text")
    end = "" if text.endswith("\n") else "\n"
    return f"::stop-commands::{token}\n{text}{end}::{token}::\n"
