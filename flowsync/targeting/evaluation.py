"""Evaluates an expression for one user, by the model of the server that docs/targeting.md describes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from operator import add, ge, gt, le, lt, mul, sub
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from flowsync.errors import UncheckedPatternError
from flowsync.targeting.context import FlowState, StepState, moment
from flowsync.targeting.nodes import (
    HEADINGS,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Duration,
    Enclosed,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Text,
    chain_parts,
    printed,
    terms,
)
from flowsync.targeting.tokens import shown
from flowsync.text import number_text, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.model import JsonValue
    from flowsync.targeting.context import Context
    from flowsync.targeting.nodes import And, Everyone, Expression, Term, Value

_DAY: Final = 86_400_000
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def definite_number(value: JsonValue) -> float | None:
    """A number, or a date as milliseconds; None for anything else, numbers in quotes included."""
    if isinstance(value, str):
        return moment(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _double(value)


def number_of(value: JsonValue) -> float | None:
    """As definite_number, and numbers in quotes count too."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return definite_number(value)


def _double(value: float) -> float:
    """The nearest double, because JavaScript has no other numbers."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def text_of(value: JsonValue) -> str:
    """A value as text: lists and mappings as JSON, numbers as JavaScript writes them."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(_double(value))
        case _:
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def same(left: JsonValue, right: JsonValue) -> bool:
    """Whether two values that are set are equal: as numbers where either is one, else as texts."""
    if definite_number(left) is None and definite_number(right) is None:
        return text_of(left) == text_of(right)
    number = number_of(left)
    return number is not None and number == number_of(right)


class Unknown(Enum):
    """Why a source has no value at all, not even null: every comparison with it is false [obs]."""

    NO_URL = "no page address was reported"
    NOT_DONE = "the flow was not done, or it is not known when"


class Conflict(Enum):
    """A point on which sources conflict, if it decides."""

    NEVER_DONE = "one takes !within of a flow that was never done for true, another for false"
    SKIPPED = "to one a skipped flow is done, to another only a completed one is"
    NUMBER_AND_TEXT = "one takes == and != of a number and a text for false, another compares them loosely"
    NOT_TRUE = "what isSet and isNotSet mean with false is not known"


CONFLICT: Final = "unknown: sources conflict"


Resolved: TypeAlias = "JsonValue | Unknown"
"""What a value is for one user; None is null, a moment is milliseconds since 1970."""


def _resolve(value: Value, context: Context) -> Resolved:  # noqa: PLR0911 - one return per kind of node
    match value:
        case Source():
            return _about_flow(value, context) if "flow" in value.kind.roles else _about_user(value, context)
        case Text(literal) | Boolean(literal):
            return literal
        case Number():
            return value.value
        case Null():
            return None
        case Duration():
            return value.milliseconds
        case Clock():
            return context.at
        case Enclosed(inner):
            return _resolve(inner, context)
        case Arithmetic():
            return _calculate(value, context)


_SIGNS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": lambda left, right: left / right if right else math.nan,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


def _calculate(value: Arithmetic, context: Context) -> float | None:
    """The result as a double; null if there is none, as after a division by zero."""
    resolved = [_resolve(operand, context) for operand in value.operands]
    result, *rest = [None if isinstance(each, Unknown) else number_of(each) for each in resolved]
    for (sign, _), right in zip(value.rest, rest, strict=True):
        if result is None or right is None:
            return None
        result = _SIGNS[sign](result, right)
    return result if result is not None and math.isfinite(result) else None


def _about_flow(source: Source, context: Context) -> Resolved:
    slug, *names = (argument.value for argument in source.arguments)
    progress = context.progress(slug)
    step = progress.steps.get(names[0]) if names else None
    match source.kind:
        case SourceKind.USER_FLOW:
            return progress.state.value
        case SourceKind.USER_DAYS_SINCE_FLOW_DONE:
            return Unknown.NOT_DONE if progress.done is None else (context.at - progress.done) / _DAY
        case SourceKind.USER_FLOW_STEP:
            return (StepState.NOT_STARTED if step is None else step.state).value
        case _:
            return None if step is None else step.data.get(names[1])


def _about_user(source: Source, context: Context) -> Resolved:  # noqa: PLR0911 - one return per kind of source
    properties, events = context.properties, context.events
    if source.kind.spelled.startswith("group."):
        properties, events = context.group_properties, context.group_events
    names = [argument.value for argument in source.arguments]
    value = properties.get(names[0]) if names else None
    match source.kind:
        case SourceKind.USER_IS_GUEST:
            return context.guest
        case SourceKind.USER_CURRENT_URL:
            return Unknown.NO_URL if context.url is None else context.url
        case SourceKind.USER_EVENT | SourceKind.GROUP_EVENT:
            return events.get(names[0], 0)
        case SourceKind.USER_MEMBER_OF_GROUP:
            groups = context.groups
            return any(name in groups for name in names[0].split(",")) if names else list(groups)
        case SourceKind.USER_PROPERTY_CONTAINS | SourceKind.GROUP_PROPERTY_CONTAINS:
            return None if value is None else names[1].lower() in text_of(value).lower()
        case SourceKind.USER_DAYS_SINCE_NOW:
            then = number_of(value)  # None where the property holds no date
            return None if then is None else (context.at - then) / _DAY
        case _:
            return value


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


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """A function that matches a whole text in linear time, with RE2 as on the server.

    Raises PatternError with the reason why RE2 refuses the pattern, and UncheckedPatternError where google-re2 is
    not installed.
    """
    compiled = _compiled(pattern)
    if not isinstance(compiled, str):
        return lambda text: compiled(text.encode(errors="replace")) is not None
    offset = _offset(pattern, compiled)
    rest = pattern[offset:]
    if compiled.startswith("invalid escape sequence") and rest[1:2].isdigit():
        raise PatternError("RE2 has no back-references", offset)
    reasons = (reason for opening, reason in _GROUPS if rest.startswith(opening))
    if not compiled.startswith("invalid perl operator"):
        reasons = (reason for opening, reason in _REASONS if compiled.startswith(opening))
    raise PatternError(next(reasons, f"RE2 says: {printable(compiled)}"), offset)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Callable[[bytes], object] | str:
    """The compiled pattern; RE2's message if it refuses the pattern."""
    try:
        import re2  # noqa: PLC0415 - most expressions hold no pattern
    except ImportError:
        raise UncheckedPatternError from None
    options = re2.Options()
    options.log_errors = False
    try:
        match: Callable[[bytes], object] = re2.compile(pattern.encode(errors="replace"), options).fullmatch
    except re2.error as error:
        return str(error.args[0].decode(errors="replace"))
    return match


def _kind_of_refusal(pattern: str) -> str | None:
    """RE2's message without the part of the pattern that it quotes; None for a good pattern."""
    compiled = _compiled(pattern)
    return compiled.partition(": ")[0] if isinstance(compiled, str) else None


def _offset(pattern: str, refusal: str) -> int:
    """The place of the part that RE2 refuses.

    RE2 names the part but not its place; it reads from left to right, so what comes before is not refused so.
    """
    kind, _, part = refusal.partition(": ")
    match kind:
        case "missing )":
            return next((at for at in _places(pattern, "(") if _kind_of_refusal(pattern[:at]) is None), 0)
        case "missing ]":
            return len(pattern) - len(part)
        case "unexpected )":
            part = ")"
        case "trailing \\":
            return len(pattern) - 1
        case _:
            pass
    return next((at for at in _places(pattern, part) if _kind_of_refusal(pattern[:at]) != kind), 0)


def _places(pattern: str, part: str) -> list[int]:
    return [at for at in reversed(range(len(pattern))) if part and pattern.startswith(part, at)]


@dataclass(frozen=True, slots=True)
class TermTrace:
    """The result of one term: its truth, its values with their sources, and a remark.

    The truth is None if sources conflict.
    """

    term: Term
    truth: bool | None
    values: tuple[tuple[Value, Resolved], ...] = ()
    note: str | None = None


def evaluate(expression: Expression, context: Context) -> bool | None:
    """Whether the expression is true for this user at this moment; None if sources conflict about that."""
    if isinstance(expression, Condition | Source | Boolean):
        return decide(expression, context).truth
    return _joined(expression, [evaluate(part, context) for part in chain_parts(expression)])


def _joined(expression: Expression, truths: list[bool | None]) -> bool | None:
    """The truth of a chain or group: an unknown part counts only if the others do not decide."""
    decisive = isinstance(expression, Or)
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def decide(term: Term, context: Context) -> TermTrace:
    """The result of one term."""
    match term:
        case Boolean(truth):
            return TermTrace(term, truth)
        case Source():
            value = _resolve(term, context)
            truth = value is not None and not isinstance(value, Unknown) and same(value, right=True)
            return TermTrace(term, truth, ((term, value),), _why_missing(value))
        case Condition():
            return _compare(term, context)


def _compare(condition: Condition, context: Context) -> TermTrace:
    """The result of a condition: first for unknown or null, then by the operator's own rule."""
    operator = condition.operator
    left, right = _left(condition, context), _resolve(condition.right, context)
    note = None
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        truth, note = False, _why_missing(left) or _why_missing(right)
    elif operator.is_presence:
        truth = (left is not None) is (operator is Operator.IS_SET)
    elif operator.is_equality and (isinstance(condition.left, Null) or isinstance(condition.right, Null)):
        truth = (left is right is None) is (operator is Operator.EQUAL)
    elif left is None or right is None:
        truth, note = False, _why_missing(None)
    else:
        truth, note = _judge(condition, left, right, context)
    values = ((condition.left, left), (condition.right, right))
    conflict = _conflict(condition, left, right, context, truth=truth)
    if conflict is not None:
        return TermTrace(condition, None, values, f"{CONFLICT}; {conflict.value}")
    return TermTrace(condition, truth, values, note)


def _conflict(
    condition: Condition, left: Resolved, right: Resolved, context: Context, *, truth: bool
) -> Conflict | None:
    """The conflict of sources, if another source than the one followed here leads to another `truth`."""
    operator, source = condition.operator, condition.left
    if operator.is_presence:
        return Conflict.NOT_TRUE if condition.right == Boolean(value=False) else None
    if isinstance(source, Source) and source.kind in _DONE:
        state = context.progress(source.arguments[0].value).state
        is_about_time = left is Unknown.NOT_DONE or isinstance(left, float)
        if operator is Operator.NOT_WITHIN and left is Unknown.NOT_DONE and state is not FlowState.COMPLETED:
            return Conflict.NEVER_DONE
        if is_about_time and state is FlowState.SKIPPED and (truth or operator is Operator.NOT_WITHIN):
            return Conflict.SKIPPED
    is_mixed = operator.is_equality and (_is_number_and_text(left, right) or _is_number_and_text(right, left))
    return Conflict.NUMBER_AND_TEXT if is_mixed and truth else None


_DONE: Final = frozenset({SourceKind.USER_FLOW, SourceKind.USER_DAYS_SINCE_FLOW_DONE})


def _is_number_and_text(one: Resolved, other: Resolved) -> bool:
    is_number = isinstance(one, int | float) and not isinstance(one, bool)
    return is_number and isinstance(other, str) and moment(other) is None


def _left(condition: Condition, context: Context) -> Resolved:
    """The left value; for a flow compared with a time, when it was done."""
    value, operator = condition.left, condition.operator
    is_about_time = operator.is_time or (operator.is_ordering and is_moment(condition.right))
    if isinstance(value, Source) and value.kind is SourceKind.USER_FLOW and is_about_time:
        done = context.progress(value.arguments[0].value).done
        return Unknown.NOT_DONE if done is None else done
    return _resolve(value, context)


def is_moment(value: Value) -> bool:
    """Whether a value is a moment: a date, the clock, or calculated from them."""
    return isinstance(value, Clock | Arithmetic | Enclosed) or (
        isinstance(value, Text) and moment(value.value) is not None
    )


def _why_missing(value: Resolved) -> str | None:
    """Why a missing value makes the term false; None if there is a value."""
    if isinstance(value, Unknown):
        return f"{value.value}, so this is false"
    return "comparing null is false" if value is None else None


def _judge(  # noqa: PLR0911 - one or two returns per kind of operator
    condition: Condition, left: JsonValue, right: JsonValue, context: Context
) -> tuple[bool, str | None]:
    operator = condition.operator
    if operator.is_ordering:
        lower, upper = number_of(left), number_of(right)
        if lower is None or upper is None:
            return False, "only numbers and dates have an order, so this is false"
        return bool(_SIGNS[operator.value](lower, upper)), None
    if isinstance(condition.right, Duration):
        then, start = number_of(left), context.at - condition.right.milliseconds
        if then is None:
            return False, "not a date, so this is false"
        return (then > start if operator is Operator.WITHIN else then < start), None
    is_membership = isinstance(condition.left, Source) and condition.left.kind is SourceKind.USER_MEMBER_OF_GROUP
    if isinstance(left, list) and is_membership:
        is_member = any(name in left for name in text_of(right).split(","))
        is_negative = operator in (Operator.NOT_EQUAL, Operator.NOT_IS_IN)
        return (operator.is_equality or operator.is_list) and is_member is not is_negative, None
    if operator.is_equality:
        return same(left, right) is (operator is Operator.EQUAL), None
    plain = operator.opposite if operator.is_negative else operator
    try:
        return _matches(plain, left, text_of(right)) is (operator is plain), None
    except PatternError as error:
        return False, f"{error.message}, so this is false"


def _matches(operator: Operator, left: JsonValue, right: str) -> bool:
    match operator:
        case Operator.IS_IN:
            return any(same(left, item) for item in right.split(","))
        case Operator.CONTAINS:
            return right.lower() in text_of(left).lower()
        case _:
            return compile_pattern(server_pattern(operator, right))(text_of(left))


def server_pattern(operator: Operator, text: str) -> str:
    """The pattern that the server makes of a text after startsWith, endsWith or matches [obs]."""
    if not operator.is_affix:
        return text
    is_start = operator in (Operator.STARTS_WITH, Operator.NOT_STARTS_WITH)
    return f"^{text}.*" if is_start else f".*{text}"


@dataclass(frozen=True, slots=True)
class BranchTrace:
    """A chain, a group or the empty expression, with the traces of its parts; all parts are evaluated."""

    expression: Or | And | Group | Everyone
    truth: bool | None
    parts: tuple[Trace, ...]


Trace: TypeAlias = "TermTrace | BranchTrace"


def trace(expression: Expression, context: Context) -> Trace:
    """Evaluate an expression and keep every term's values and truth; no part is skipped."""
    if isinstance(expression, Condition | Source | Boolean):
        return decide(expression, context)
    parts = tuple(trace(part, context) for part in chain_parts(expression))
    return BranchTrace(expression, _joined(expression, [part.truth for part in parts]), parts)


def conflicts(whole: Trace) -> tuple[str, ...]:
    """Why an expression is unknown: the remark on each unknown term, in the order written."""
    if whole.truth is not None:
        return ()
    if isinstance(whole, TermTrace):
        return (whole.note or CONFLICT,)
    return tuple(dict.fromkeys(note for part in whole.parts for note in conflicts(part)))


class SourceValue(NamedTuple):
    """The value of a source for this user: `user.property('plan')`, and `pro` or `not set`."""

    source: str
    value: str

    def __str__(self) -> str:
        return f"{self.source} is {self.value}"


@dataclass(frozen=True, slots=True)
class OutlineLine:
    """One line of an explanation: its indentation, whether it is true (None: unknown), its text.

    `values` are what the sources in it are for this user, `note` what is remarkable. All texts are
    printable as they are.
    """

    depth: int
    truth: bool | None
    text: str
    values: tuple[SourceValue, ...] = ()
    note: str | None = None


def outline(whole: Trace, depth: int = 0) -> tuple[OutlineLine, ...]:
    """A trace as lines; parentheses show as indentation."""
    match whole:
        case TermTrace(term, truth, decided, note):
            values = tuple(
                SourceValue(printed(value), _described(resolved))
                for value, resolved in decided
                if isinstance(value, Source)
            )
            return (OutlineLine(depth, truth, printed(term), values, note),)
        case BranchTrace(Group(), _, (inside,)):
            return outline(inside, depth)
        case BranchTrace(expression, truth, parts):
            below = (line for part in parts for line in outline(part, depth + 1))
            return (OutlineLine(depth, truth, HEADINGS.get(type(expression), "everyone")), *below)


def _described(resolved: Resolved) -> str:
    match resolved:
        case Unknown():
            return f"unknown: {resolved.value}"
        case None:
            return "not set"
        case str():
            return shown(resolved)
        case _:
            return printable(text_of(resolved))


_MARKS: Final = {True: "+", False: "-", None: "?"}


def trace_lines(whole: Trace) -> list[str]:
    """A trace as indented lines of plain text, one a term: `+` holds, `-` does not, `?` is unknown."""
    lines = []
    for line in outline(whole):
        remarks = "; ".join([*map(str, line.values), *([line.note] if line.note else [])])
        text = f"{'  ' * line.depth}{_MARKS[line.truth]} {line.text}"
        lines.append(f"{text}   ({remarks})" if remarks else text)
    return lines


@dataclass(frozen=True, slots=True)
class TermCoverage:
    """Whether a term was true in any test, and false in any."""

    term: Term
    seen_true: bool
    seen_false: bool


def coverage(expression: Expression, contexts: tuple[Context, ...]) -> tuple[TermCoverage, ...]:
    """The coverage of each term of an expression by these contexts, in the order written."""
    found = []
    for term in terms(expression):
        truths = {decide(term, context).truth for context in contexts}
        found.append(TermCoverage(term, seen_true=True in truths, seen_false=False in truths))
    return tuple(found)
