"""An evaluation with everything it was decided by, for people who ask why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from flowsync.targeting.evaluation import decide
from flowsync.targeting.nodes import And, Everyone, Group, Or, Source, terms
from flowsync.targeting.printer import format_value, formatted
from flowsync.targeting.resolve import Unknown
from flowsync.targeting.scalars import text_of
from flowsync.targeting.wording import printable, shown

if TYPE_CHECKING:
    from flowsync.targeting.context import Context
    from flowsync.targeting.evaluation import Decision
    from flowsync.targeting.nodes import Expression, Term, Value
    from flowsync.targeting.resolve import Resolved


@dataclass(frozen=True, slots=True)
class TermTrace:
    """One term and how it was decided."""

    term: Term
    decision: Decision

    @property
    def truth(self) -> bool:
        """Whether the term holds."""
        return self.decision.truth


@dataclass(frozen=True, slots=True)
class BranchTrace:
    """A chain, a group or the empty expression, with the traces of its parts; all parts are evaluated."""

    expression: Or | And | Group | Everyone
    truth: bool
    parts: tuple[Trace, ...]


Trace: TypeAlias = "TermTrace | BranchTrace"


def trace(expression: Expression, context: Context) -> Trace:
    """Evaluate an expression and keep every term's values and truth; no part is skipped."""
    match expression:
        case Or(parts):
            traces = tuple(trace(part, context) for part in parts)
            return BranchTrace(expression, any(part.truth for part in traces), traces)
        case And(parts):
            traces = tuple(trace(part, context) for part in parts)
            return BranchTrace(expression, all(part.truth for part in traces), traces)
        case Group(inner):
            inside = trace(inner, context)
            return BranchTrace(expression, inside.truth, (inside,))
        case Everyone():
            return BranchTrace(expression, truth=True, parts=())
        case _:
            return TermTrace(expression, decide(expression, context))


def term_traces(whole: Trace) -> tuple[TermTrace, ...]:
    """Every term's trace, in the order written."""
    if isinstance(whole, TermTrace):
        return (whole,)
    return tuple(term for part in whole.parts for term in term_traces(part))


class Told(NamedTuple):
    """What a source is for this user: `user.property('plan')`, and `pro` or `not set`."""

    source: str
    value: str

    def __str__(self) -> str:
        return f"{self.source} is {self.value}"


@dataclass(frozen=True, slots=True)
class OutlineLine:
    """One line of an explanation: how deep it is indented, whether it holds, what it says.

    `values` tells what the sources in it are for this user, `note` what is remarkable. All texts are
    printable as they are.
    """

    depth: int
    truth: bool
    text: str
    values: tuple[Told, ...] = ()
    note: str | None = None


def outline(whole: Trace, depth: int = 0) -> tuple[OutlineLine, ...]:
    """A trace as lines; parentheses show as indentation."""
    match whole:
        case TermTrace(term, decision):
            told = tuple(_told(value, resolved) for value, resolved in decision.values if isinstance(value, Source))
            return (OutlineLine(depth, decision.truth, printable(formatted(term)), told, decision.note),)
        case BranchTrace(Group(), _, (inside,)):
            return outline(inside, depth)
        case BranchTrace(expression, truth, parts):
            head = OutlineLine(depth, truth, _heading(expression))
            return (head, *(line for part in parts for line in outline(part, depth + 1)))


def _heading(expression: Or | And | Group | Everyone) -> str:
    match expression:
        case Or():
            return "at least one of"
        case And():
            return "all of"
        case _:
            return "everyone"


def _told(value: Value, resolved: Resolved) -> Told:
    return Told(printable(format_value(value)), _valued(resolved))


def _valued(resolved: Resolved) -> str:
    match resolved:
        case Unknown():
            return f"unknown: {resolved.value}"
        case None:
            return "not set"
        case str():
            return shown(resolved)
        case _:
            return printable(text_of(resolved))


def explained(whole: Trace) -> str:
    """A trace as indented plain text, one line a term: `+` holds, `-` does not."""
    return "\n".join(_line(line) for line in outline(whole))


def _line(line: OutlineLine) -> str:
    remarks = [*map(str, line.values), *([line.note] if line.note else [])]
    return f"{'  ' * line.depth}{'+' if line.truth else '-'} {line.text}{_bracketed(remarks)}"


def _bracketed(remarks: list[str]) -> str:
    return f"   ({'; '.join(remarks)})" if remarks else ""


@dataclass(frozen=True, slots=True)
class TermCoverage:
    """Whether some test saw a term true, and whether some test saw it false."""

    term: Term
    seen_true: bool
    seen_false: bool


def coverage(expression: Expression, contexts: tuple[Context, ...]) -> tuple[TermCoverage, ...]:
    """For each term of an expression, in the order written, which truths these contexts gave it."""
    seen = [[found.truth for found in term_traces(trace(expression, context))] for context in contexts]
    return tuple(
        TermCoverage(term, any(truths[index] for truths in seen), any(not truths[index] for truths in seen))
        for index, term in enumerate(terms(expression))
    )
