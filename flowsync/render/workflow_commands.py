r"""Workflow commands of GitHub Actions: notes beside the lines they are about, and text that is only text.

The runner takes a line that begins with `::`, blanks before it left aside, for a command. It decodes
`%25`, `%0D` and `%0A` in a message, `%3A` and `%2C` too in a property [doc: workflow commands]. Line
breaks are shown as `\n` like everything that cannot be seen, before what is left is encoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.model import Location, Origin, Severity
from flowsync.render.escape import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.model import Blocked, FieldChange, Flow, Plan, Problem, Source, Update, ValuePath

LIMIT: Final = 10
"""How many annotations of one kind GitHub shows of one step; it drops the rest without a word [doc]."""
MORE: Final = "The log of this step has them all."

_IN_MESSAGE: Final = str.maketrans({"%": "%25"})
_LINE_FEED: Final = "%0A"
"""How a message goes on in a further line [doc]."""
_IN_PROPERTY: Final = str.maketrans({"%": "%25", ":": "%3A", ",": "%2C"})
_OUTSIDE: Final = (Origin.DRIFT, Origin.CONFLICT)
_WEIGHTS: Final = {Severity.ERROR: 0, Severity.WARNING: 1}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note of a step: its weight, what it says under which title, and the line it is about, if any.

    `location` is relative to the top of the repository, where GitHub looks for files. `detail` are further lines.
    """

    severity: Severity
    title: str
    message: str
    location: Location | None = None
    detail: tuple[str, ...] = ()


def of_problem(problem: Problem) -> Annotation:
    """Return a problem of a file as a note beside its line."""
    sentences = f"{problem.message} {problem.hint or ''}".rstrip()
    return Annotation(problem.severity, problem.code, sentences, problem.location, problem.detail)


def of_error(error: FlowsyncError) -> Annotation:
    """Return why a command stopped as a note of the whole run."""
    return Annotation(Severity.ERROR, error.code, f"{error.message} {error.hint or ''}".rstrip())


def of_bug(error: Exception) -> Annotation:
    """Return that flowsync itself failed as a note of the whole run. What a report needs stays in the log."""
    told = f"{type(error).__name__}: this is a bug in flowsync, not in your flows. The log has what to report."
    return Annotation(Severity.ERROR, "bug", told)


def of_plan(plan: Plan, flows: Iterable[Flow]) -> Iterator[Annotation]:
    """Yield what a reviewer should see beside the lines of the files: what is blocked, warnings, edits made elsewhere.

    What this branch itself changes is not among them: that is what the pull request shows anyway.
    """
    sources = {flow.slug: flow.source for flow in flows}
    yield from map(_of_blocked, plan.blocked)
    for change in plan.writes:
        yield from _of_warnings(change)
        yield from _of_outside_edits(change, sources)


def _of_blocked(blocked: Blocked) -> Annotation:
    return Annotation(Severity.ERROR, blocked.code, blocked.message, Location(blocked.file, 1, 1))


def _of_warnings(change: Update) -> Iterator[Annotation]:
    from flowsync.render import wording  # noqa: PLC0415 - only plans need it

    for warning in wording.warnings(change):
        yield Annotation(Severity.WARNING, warning.code, warning.message, Location(change.file, warning.line or 1, 1))


def _of_outside_edits(change: Update, sources: Mapping[str, Source]) -> Iterator[Annotation]:
    from flowsync.render import wording  # noqa: PLC0415 - only plans need it

    for field in change.fields:
        if field.origin in _OUTSIDE and change.slug in sources:
            where = sources[change.slug].location(_path(field))
            yield Annotation(Severity.WARNING, field.origin.value, wording.outside_edit(field, field.origin), where)


def _path(change: FieldChange) -> ValuePath:
    """Return where in its file the value of a change is stated; positions lead to the nearest that is."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in change.path.split("/")[1:])
    return (change.field, *(int(part) if part.isdecimal() else part for part in parts))


def annotate(annotations: Iterable[Annotation]) -> str:
    """Return the lines that make GitHub show the notes: the gravest first, and how many it would have dropped."""
    ordered = sorted(annotations, key=lambda each: _WEIGHTS[each.severity])
    kept = ordered if len(ordered) <= LIMIT else ordered[: LIMIT - 1]
    return "".join(map(_command, [*kept, *_rest(ordered[len(kept) :])]))


def stopped(text: str, token: str) -> str:
    """Return text that the runner takes no commands from: `token` must not be guessable, nor stand in the text."""
    if token in text:
        raise ValueError("the token stands in the text")
    end = "" if text.endswith("\n") else "\n"
    return f"::stop-commands::{token}\n{text}{end}::{token}::\n"


def _rest(left_out: Sequence[Annotation]) -> list[Annotation]:
    """Return the one note that stands for those there is no room for; it weighs as much as they do."""
    if not left_out:
        return []
    return [Annotation(left_out[0].severity, "flowsync", f"{len(left_out):,} more. {MORE}")]


def _command(annotation: Annotation) -> str:
    properties = ",".join(f"{name}={_property(value)}" for name, value in _properties(annotation))
    lines = [shown(each).translate(_IN_MESSAGE) for each in (annotation.message, *annotation.detail)]
    return f"::{annotation.severity.value} {properties}::{_LINE_FEED.join(lines)}\n"


def _properties(annotation: Annotation) -> list[tuple[str, str]]:
    where = annotation.location
    place = [] if where is None else [("file", where.file), ("line", str(where.line)), ("col", str(where.column))]
    return [*place, ("title", annotation.title)]


def _property(value: str) -> str:
    return shown(value).translate(_IN_PROPERTY)
