r"""Patterns of `matches`, compiled by RE2 itself, as on the server.

RE2 names the part of a pattern that it refuses, but not where it is, and in its own terms. `compile_pattern` finds the
place and explains the common mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from flowsync.errors import UncheckedPatternError
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
    ORDERINGS,
    PRESENCES,
    TIMES,
    And,
    Arithmetic,
    Clock,
    Condition,
    Constant,
    Duration,
    Enclosed,
    Everyone,
    Flag,
    Group,
    Null,
    Operator,
    Or,
    Source,
    SourceKind,
    Text,
    terms,
)
from flowsync.targeting.printer import format_value, formatted
from flowsync.targeting.tokens import printable, shown
from flowsync.targeting.values import Unknown, done_at, moment, number_of, resolve, same, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.model import JsonValue
    from flowsync.targeting.nodes import Expression, Term, Value
    from flowsync.targeting.values import Context, Resolved

_REASONS: Final = (
    ("no argument for repetition operator", "a repetition operator with nothing before it"),
    ("missing argument to repetition operator", "a repetition operator with nothing before it"),
    ("bad repetition operator", "two repetition operators in a row"),
    ("invalid repetition size", "a repetition count that RE2 refuses (1000 at most, also multiplied)"),
    ("missing )", "a parenthesis that is never closed"),
    ("unexpected )", "a closing parenthesis without an opening one"),
    ("missing ]", "a [ that is never closed"),
    ("trailing \\", "a backslash at the end"),
    ("invalid character class range: \\", "a character category that RE2 does not know"),
    ("invalid character class range: [:", "a character class that RE2 does not know"),
    ("invalid character class range", "a range of characters that runs backwards"),
    ("invalid escape sequence: \\x", "a character code that does not exist"),
    ("invalid escape sequence", "a backslash before a character that RE2 does not escape"),
    ("invalid named capture group", "a group name that RE2 does not accept"),
    ("pattern too large", "a pattern too large to compile"),
)
"""How RE2's messages begin, and what they mean; the first that fits counts. Both wordings of a message are in use."""

_GROUPS: Final = (
    ("(?=", "RE2 has no look-ahead"),
    ("(?!", "RE2 has no look-ahead"),
    ("(?<=", "RE2 has no look-behind"),
    ("(?<!", "RE2 has no look-behind"),
    ("(?>", "RE2 has no atomic groups"),
    ("(?P=", "RE2 has no back-references"),
    ("(?#", "RE2 has no comments"),
    ("(?", "a kind of group that RE2 does not know"),
)


class PatternError(Exception):
    """RE2 refuses a pattern; `message` is a clause without a full stop, `offset` counts from 0 in the pattern."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _fullmatch: Callable[[bytes], object]

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text; takes linear time."""
        return self._fullmatch(text.encode(errors="replace")) is not None


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern.

    Raises PatternError with the reason why RE2 refuses it, and UncheckedPatternError where google-re2 is not installed.
    """
    try:
        import re2  # noqa: PLC0415 - most expressions hold no pattern
    except ImportError:
        raise UncheckedPatternError from None
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(re2.compile(pattern.encode(errors="replace"), options).fullmatch)
    except re2.error as error:
        refusal = error.args[0].decode(errors="replace")
    raise _explained(pattern, refusal)


def _refusal(pattern: str) -> str | None:
    """RE2's own message about a pattern that it refuses, without the part that it names; None for a good one."""
    import re2  # noqa: PLC0415 - only after compile_pattern has imported it

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern.encode(errors="replace"), options)
    except re2.error as error:
        return str(error.args[0].decode(errors="replace")).partition(": ")[0]
    return None


def _explained(pattern: str, refusal: str) -> PatternError:
    """The error for RE2's message: our words, and the place of the part that RE2 names."""
    offset = _offset(pattern, refusal)
    rest = pattern[offset:]
    if refusal.startswith("invalid escape sequence") and rest[1:2].isdigit():
        return PatternError("RE2 has no back-references", offset)
    reasons = (reason for opening, reason in _GROUPS if rest.startswith(opening))
    if not refusal.startswith("invalid perl operator"):
        reasons = (reason for opening, reason in _REASONS if refusal.startswith(opening))
    return PatternError(next(reasons, f"RE2 says: {refusal}"), offset)


def _offset(pattern: str, refusal: str) -> int:
    """Where the part that RE2 refuses begins. RE2 reads from left to right: what comes before is not refused so."""
    kind, _, part = refusal.partition(": ")
    match kind:
        case "missing )":
            return next((at for at in _places(pattern, "(") if _refusal(pattern[:at]) is None), 0)
        case "missing ]":
            return len(pattern) - len(part)
        case "unexpected )":
            part = ")"
        case "trailing \\":
            return len(pattern) - 1
        case _:
            pass
    return next((at for at in _places(pattern, part) if _refusal(pattern[:at]) != kind), 0)


def _places(pattern: str, part: str) -> Iterator[int]:
    """Every offset at which the part is in the pattern, the last first."""
    at = pattern.rfind(part)
    while part and at >= 0:
        yield at
        at = pattern.rfind(part, 0, at + len(part) - 1)


_COMPARISONS: Final[dict[Operator, Callable[[float, float], bool]]] = {
    Operator.LESS: lt,
    Operator.AT_MOST: le,
    Operator.GREATER: gt,
    Operator.AT_LEAST: ge,
}


@dataclass(frozen=True, slots=True)
class Decision:
    """How one term came out: each of its values with what it is, the truth, and what is remarkable about it."""

    truth: bool
    values: tuple[tuple[Value, Resolved], ...] = ()
    note: str | None = None


def evaluate(expression: Expression, context: Context) -> bool:
    """Whether the expression holds for this user at this moment, in the model described above."""
    match expression:
        case Everyone():
            return True
        case Or(parts):
            return any(evaluate(part, context) for part in parts)
        case And(parts):
            return all(evaluate(part, context) for part in parts)
        case Group(inner):
            return evaluate(inner, context)
        case _:
            return decide(expression, context).truth


def decide(term: Term, context: Context) -> Decision:
    """The truth of one term, with the values it was decided by."""
    match term:
        case Constant(truth):
            return Decision(truth)
        case Flag(source):
            value = resolve(source, context)
            return Decision(_is_true(value), ((source, value),), _absence(value))
        case Condition():
            return _compared(term, context)


def _is_true(value: Resolved) -> bool:
    return value is not None and not isinstance(value, Unknown) and same(value, right=True)


def _compared(condition: Condition, context: Context) -> Decision:
    """A condition: what is unknown or null first, then the operator's own rule."""
    left, right = _left(condition, context), resolve(condition.right, context)
    values = ((condition.left, left), (condition.right, right))
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Decision(truth=False, values=values, note=_absence(left) or _absence(right))
    if condition.operator in PRESENCES:
        return Decision((left is not None) is (condition.operator is Operator.IS_SET), values)
    if condition.operator in EQUALITIES and (isinstance(condition.left, Null) or isinstance(condition.right, Null)):
        return Decision((left is right is None) is (condition.operator is Operator.EQUAL), values)
    if left is None or right is None:
        return Decision(truth=False, values=values, note=_absence(None))
    truth, note = _judged(condition, left, right, context)
    return Decision(truth, values, note)


def _left(condition: Condition, context: Context) -> Resolved:
    """The left value; a flow compared with a time is the time it was done."""
    value, operator = condition.left, condition.operator
    is_about_time = operator in TIMES or (operator in ORDERINGS and is_moment(condition.right))
    if isinstance(value, Source) and value.kind is SourceKind.USER_FLOW and is_about_time:
        return done_at(context, value.arguments[0].value)
    return resolve(value, context)


def is_moment(value: Value) -> bool:
    """Whether a value is written as a moment: a date, the clock, or what is reckoned from it."""
    return isinstance(value, Clock | Arithmetic | Enclosed) or (
        isinstance(value, Text) and moment(value.value) is not None
    )


def _absence(value: Resolved) -> str | None:
    """Why a value that is missing decides the term."""
    if isinstance(value, Unknown):
        return f"{value.value}, so this is false"
    return "comparing null is false" if value is None else None


def _judged(condition: Condition, left: JsonValue, right: JsonValue, context: Context) -> tuple[bool, str | None]:
    """The truth of an operator between two values that are set, and what is remarkable about it."""
    operator = condition.operator
    if operator in ORDERINGS:
        return _ordered(operator, left, right)
    if operator in TIMES:
        return _timed(condition, left, context)
    if isinstance(left, list) and _is_membership(condition.left):
        return _member(operator, left, text_of(right)), None
    if operator in EQUALITIES:
        return same(left, right) is (operator is Operator.EQUAL), None
    return _matched(operator, text_of(left) if operator not in LISTS else left, text_of(right))


def _ordered(operator: Operator, left: JsonValue, right: JsonValue) -> tuple[bool, str | None]:
    lower, upper = number_of(left), number_of(right)
    if lower is None or upper is None:
        return False, "only numbers and dates have an order, so this is false"
    return _COMPARISONS[operator](lower, upper), None


def _timed(condition: Condition, left: JsonValue, context: Context) -> tuple[bool, str | None]:
    """Whether a time is later than now minus the time span, or for `!within` earlier."""
    then = number_of(left)
    if then is None or not isinstance(condition.right, Duration):
        return False, "not a date, so this is false"
    start = context.at - condition.right.milliseconds
    return (then > start if condition.operator is Operator.WITHIN else then < start), None


def _is_membership(value: Value) -> bool:
    return isinstance(value, Source) and value.kind is SourceKind.USER_MEMBER_OF_GROUP


def _member(operator: Operator, groups: list[JsonValue], names: str) -> bool:
    """Membership in one of the groups, or in none; operators that make no sense for it are false."""
    is_member = any(name in groups for name in names.split(","))
    match operator:
        case Operator.EQUAL | Operator.IS_IN:
            return is_member
        case Operator.NOT_EQUAL | Operator.NOT_IS_IN:
            return not is_member
        case _:
            return False


def _matched(operator: Operator, left: JsonValue, right: str) -> tuple[bool, str | None]:
    """The word operators on texts; each `!` form is the opposite of its plain one."""
    try:
        holds = _MATCHERS[operator](left, right)
    except PatternError as error:
        return False, f"{error.message}, so this is false"
    return holds is (operator not in NEGATIVES), None


def _contains(left: JsonValue, right: str) -> bool:
    return right.lower() in text_of(left).lower()


def _starts_with(left: JsonValue, right: str) -> bool:
    return compile_pattern(f"^{right}.*").matches(text_of(left))


def _ends_with(left: JsonValue, right: str) -> bool:
    return compile_pattern(f".*{right}").matches(text_of(left))


def _matches(left: JsonValue, right: str) -> bool:
    return compile_pattern(right).matches(text_of(left))


def _is_in(left: JsonValue, right: str) -> bool:
    return any(same(left, item) for item in right.split(","))


_MATCHERS: Final[dict[Operator, Callable[[JsonValue, str], bool]]] = {
    Operator.CONTAINS: _contains,
    Operator.NOT_CONTAINS: _contains,
    Operator.STARTS_WITH: _starts_with,
    Operator.NOT_STARTS_WITH: _starts_with,
    Operator.ENDS_WITH: _ends_with,
    Operator.NOT_ENDS_WITH: _ends_with,
    Operator.MATCHES: _matches,
    Operator.NOT_MATCHES: _matches,
    Operator.IS_IN: _is_in,
    Operator.NOT_IS_IN: _is_in,
}


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
