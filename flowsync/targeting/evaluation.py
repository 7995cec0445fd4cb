"""Whether an expression holds for a user: a model of the server's evaluation.

The model, as published by the vendor [doc] or seen of its backend [obs]:

- A property never set is null. Comparing null is false, with every operator and its `!` form, except
  `isSet true`, `isNotSet true`, `== null` and `!= null`.
- A reference to a flow that does not exist makes its term false, whatever the operator. So does
  `user.currentUrl()` when the app reported none, and the days since a flow that was not done.
- `<`, `<=`, `>`, `>=` compare numbers; dates in quotes are milliseconds since 1970 (UTC where they name
  no zone) and numbers in quotes are numbers. A number against anything else is false.
- `==` and `!=` compare as numbers where one side is a number or a date, else as texts, exactly.
- `contains` ignores letter case, and looks into lists and mappings as JSON text.
- `matches` is RE2 and must match the whole text; `startsWith 'x'` is `matches '^x.*'` and `endsWith 'x'`
  is `matches '.*x'`, special characters and all. A pattern that RE2 refuses is false.
- `isIn 'a,b'` is true for one of the values, spaces included; `user.memberOfGroup()` compares the same way
  with `==` and `isIn`, its opposites are true when none of the groups is the user's.
- `within 7d` is "later than now minus 7 days" (the future is within), `!within` is "earlier than that";
  for `user.flow('x')` the time is when the flow was done, and `m` is 30 days.
- A source standing alone means `== true`.

Limits: the server was not available to compare with. Not known, and chosen here: `!=` of a number and a
text is true; `!within` of a flow that was never done is false; `==` of true and 'true' is true; a date
without a zone is UTC; values in `isIn` are not trimmed. An expression over 2,000 characters is false for
everyone on the server; here it is evaluated, and a check refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Final

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
)
from flowsync.targeting.patterns import PatternError, compile_pattern
from flowsync.targeting.resolve import Unknown, done_at, resolve
from flowsync.targeting.scalars import moment, number_of, same, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.model import JsonValue
    from flowsync.targeting.context import Context
    from flowsync.targeting.nodes import Expression, Term, Value
    from flowsync.targeting.resolve import Resolved

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
