"""What is known about one user at one moment: the input of an evaluation."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import lru_cache
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from flowsync.errors import UncheckedPatternError
from flowsync.numbers import number_text
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
    ORDERINGS,
    PRESENCES,
    TIMES,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Constant,
    Duration,
    Enclosed,
    Everyone,
    Flag,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Text,
    format_value,
    formatted,
    terms,
)
from flowsync.targeting.tokens import printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue
    from flowsync.targeting.nodes import Expression, Term, Value

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)


class FlowState(Enum):
    """How far a user is with a flow [doc]."""

    NOT_STARTED = "NOT_STARTED_FLOW"
    STARTED = "STARTED_FLOW"
    COMPLETED = "COMPLETED_FLOW"
    SKIPPED = "SKIPPED_FLOW"


class StepState(Enum):
    """How far a user is with a step [doc]."""

    NOT_STARTED = "NOT_STARTED_STEP"
    STARTED = "STARTED_STEP"
    COMPLETED = "COMPLETED_STEP"
    SKIPPED = "SKIPPED_STEP"


@dataclass(frozen=True, slots=True)
class StepProgress:
    """A user's way through one step; `data` holds what they entered, by field id."""

    state: StepState = StepState.NOT_STARTED
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlowProgress:
    """A user's way through one flow; `done` is when they completed or skipped it, in milliseconds since 1970."""

    state: FlowState = FlowState.NOT_STARTED
    done: float | None = None
    steps: Mapping[str, StepProgress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
    """One user, their group, and the clock.

    `at` is milliseconds since 1970. A property that is absent was never set; a flow that is absent
    from `flows` was not started, unless `known_flows` is given and lacks it: then it does not exist.
    `url` None means that the app reported no page address. `groups` are the ids of the user's groups.
    """

    at: float
    properties: Mapping[str, JsonValue] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    url: str | None = None
    guest: bool = False
    events: Mapping[str, int] = field(default_factory=dict)
    flows: Mapping[str, FlowProgress] = field(default_factory=dict)
    group_properties: Mapping[str, JsonValue] = field(default_factory=dict)
    group_events: Mapping[str, int] = field(default_factory=dict)
    known_flows: frozenset[str] | None = None

    def progress(self, slug: str) -> FlowProgress | None:
        """How far the user is with a flow; None when there is no such flow."""
        if self.known_flows is not None and slug not in self.known_flows:
            return None
        return self.flows.get(slug, _UNTOUCHED)


_UNTOUCHED: Final = FlowProgress()


def milliseconds(moment: datetime) -> float:
    """A moment (with its time zone) as the language counts it: milliseconds since 1970."""
    return (moment - EPOCH).total_seconds() * 1000


_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def moment(text: str) -> float | None:
    """A date text as milliseconds since 1970; without a zone it is UTC. None for anything else."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "").ljust(6, "0"))
    try:
        return milliseconds(datetime(year, month, day, hour, minute, second, fraction, _zone(match[8])))
    except ValueError:
        return None


def _zone(offset: str | None) -> timezone:
    """`+01:30` as a time zone; absent or Z is UTC. ValueError beyond a day."""
    if offset is None or offset == "Z":
        return timezone.utc
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


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
    """The nearest double, as JavaScript has no other numbers."""
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


MILLISECONDS_A_DAY: Final = 86_400_000


class Unknown(Enum):
    """Why a source has no value at all, not even null: every comparison with it is false [obs]."""

    NO_URL = "no page address was reported"
    NO_SUCH_FLOW = "there is no such flow"
    NOT_DONE = "the flow was not done, or it is not known when"


Resolved: TypeAlias = "JsonValue | Unknown"


def resolve(value: Value, context: Context) -> Resolved:  # noqa: PLR0911 - one return per kind of node
    """What a value is; None is null. The clock is milliseconds since 1970."""
    match value:
        case Source():
            return _RESOLVERS[value.kind](context, *(argument.value for argument in value.arguments))
        case Text(content):
            return content
        case Number():
            return value.value
        case Boolean(truth):
            return truth
        case Null():
            return None
        case Duration():
            return value.milliseconds
        case Clock():
            return context.at
        case Enclosed(inner):
            return resolve(inner, context)
        case Arithmetic():
            return _calculated(value, context)


def _calculated(value: Arithmetic, context: Context) -> float | None:
    """The result of a chain of signs; null where there is none, as after a division by zero."""
    result = number_of(_known(resolve(value.first, context)))
    for sign, operand in value.rest:
        right = number_of(_known(resolve(operand, context)))
        if result is None or right is None:
            return None
        result = _combined(result, sign, right)
    return result if result is not None and math.isfinite(result) else None


def _known(value: Resolved) -> JsonValue:
    return None if isinstance(value, Unknown) else value


def _combined(left: float, sign: str, right: float) -> float:
    """One step of arithmetic on doubles."""
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else math.nan


def done_at(context: Context, slug: str) -> Resolved:
    """When a flow was done, in milliseconds since 1970."""
    progress = context.progress(slug)
    if progress is None:
        return Unknown.NO_SUCH_FLOW
    return Unknown.NOT_DONE if progress.done is None else progress.done


def _days_since_done(context: Context, slug: str) -> Resolved:
    done = done_at(context, slug)
    return (context.at - done) / MILLISECONDS_A_DAY if isinstance(done, int | float) else done


def _days_since(context: Context, key: str) -> Resolved:
    """Days, with fractions, since the date in a property; null when it holds no date."""
    then = number_of(context.properties.get(key))
    return None if then is None else (context.at - then) / MILLISECONDS_A_DAY


def _flow_state(context: Context, slug: str) -> Resolved:
    progress = context.progress(slug)
    return Unknown.NO_SUCH_FLOW if progress is None else progress.state.value


def _step(context: Context, slug: str, step: str) -> StepProgress | Unknown | None:
    """How far the user is with a step; None when they never touched it."""
    progress = context.progress(slug)
    return Unknown.NO_SUCH_FLOW if progress is None else progress.steps.get(step)


def _step_state(context: Context, slug: str, step: str) -> Resolved:
    progress = _step(context, slug, step)
    if isinstance(progress, Unknown):
        return progress
    return "NOT_STARTED_STEP" if progress is None else progress.state.value


def _step_data(context: Context, slug: str, step: str, field: str) -> Resolved:
    progress = _step(context, slug, step)
    if isinstance(progress, Unknown):
        return progress
    return None if progress is None else progress.data.get(field)


def _url(context: Context) -> Resolved:
    return Unknown.NO_URL if context.url is None else context.url


def _membership(context: Context, names: str | None = None) -> Resolved:
    """The user's groups, or, with names, whether one of them is among them."""
    groups = context.groups
    return list(groups) if names is None else any(name in groups for name in names.split(","))


def _partly(properties: Mapping[str, JsonValue], key: str, part: str) -> Resolved:
    """Whether a property holds a text, letter case aside; null when it was never set."""
    value = properties.get(key)
    return None if value is None else part.lower() in text_of(value).lower()


_RESOLVERS: Final[dict[SourceKind, Callable[..., Resolved]]] = {
    SourceKind.USER_PROPERTY: lambda context, key: context.properties.get(key),
    SourceKind.USER_PROPERTY_CONTAINS: lambda context, key, part: _partly(context.properties, key, part),
    SourceKind.USER_DAYS_SINCE_NOW: _days_since,
    SourceKind.USER_IS_GUEST: lambda context: context.guest,
    SourceKind.USER_CURRENT_URL: _url,
    SourceKind.USER_MEMBER_OF_GROUP: _membership,
    SourceKind.USER_EVENT: lambda context, event: context.events.get(event, 0),
    SourceKind.USER_FLOW: _flow_state,
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: _days_since_done,
    SourceKind.USER_FLOW_STEP: _step_state,
    SourceKind.USER_FLOW_STEP_DATA: _step_data,
    SourceKind.GROUP_PROPERTY: lambda context, key: context.group_properties.get(key),
    SourceKind.GROUP_PROPERTY_CONTAINS: lambda context, key, part: _partly(context.group_properties, key, part),
    SourceKind.GROUP_EVENT: lambda context, event: context.group_events.get(event, 0),
}


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


class SourceValue(NamedTuple):
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
    values: tuple[SourceValue, ...] = ()
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


def _told(value: Value, resolved: Resolved) -> SourceValue:
    return SourceValue(printable(format_value(value)), _valued(resolved))


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


def trace_text(whole: Trace) -> str:
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
