"""Rules about one comparison: can this source ever have that value, and does the operator fit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest
from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.evaluation import decide, is_moment
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
    OPPOSITES,
    ORDERINGS,
    TEXTS,
    TIMES,
    Boolean,
    Clock,
    Condition,
    Flag,
    Null,
    Number,
    Operator,
    Result,
    Source,
    SourceKind,
    Text,
)
from flowsync.targeting.printer import format_value
from flowsync.targeting.tokens import printable, shown
from flowsync.targeting.values import Context, FlowState, StepState, moment, number_of

if TYPE_CHECKING:
    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Span, Term, Value

IMPOSSIBLE: Final = Rule(
    "targeting-impossible-value",
    Severity.ERROR,
    "The value compared with is one that the source can never have: flows and steps have four states each, in"
    " capitals and ending in _FLOW or _STEP; counts are whole numbers; yes-or-no sources are true or false.",
    "user.flow('flow_setup') == 'COMPLETED'",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
OPERATOR: Final = Rule(
    "targeting-operator",
    Severity.ERROR,
    "The operator needs another kind of value than this source gives, so the condition says nothing.",
    "user.event('login').count within 7d",
    "user.property('lastLogin') within 7d",
)
ORDER: Final = Rule(
    "targeting-order",
    Severity.ERROR,
    "Only numbers and dates have an order. Ordering them against any other text, or against true, false or null,"
    " is false for every user. Dates are written '2023-03-01', '2023-03-01 00:00:00' or '2023-03-01T00:00:00Z'.",
    "user.property('seats') > 'ten'",
    "user.property('seats') > 10",
)
ALONE: Final = Rule(
    "targeting-alone",
    Severity.ERROR,
    "A source standing alone is read as == true, and this one is never true or false: a comparison is missing.",
    "user.flow('flow_setup')",
    "user.flow('flow_setup') == 'COMPLETED_FLOW'",
)
LIST: Final = Rule(
    "targeting-list",
    Severity.WARNING,
    "A list for isIn, or of groups, has an empty value, or spaces around one: they are likely part of the value.",
    "user.property('country') isIn 'US, CA'",
    "user.property('country') isIn 'US,CA'",
)
RULES: Final = (IMPOSSIBLE, OPERATOR, ORDER, ALONE, LIST)

_STATES: Final = {
    Result.FLOW_STATE: tuple(state.value for state in FlowState),
    Result.STEP_STATE: tuple(state.value for state in StepState),
}
_FITS: Final = {
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.MATCHES: "as a whole matches",
}
_FITS.update({OPPOSITES[operator]: verb for operator, verb in list(_FITS.items())})
_NOWHEN: Final = Context(at=0)
_NUMBERS: Final = frozenset({Result.COUNT, Result.DAYS})
_TEXTLESS: Final = _NUMBERS | {Result.TRUTH, Result.GROUPS}
_TIMED: Final = frozenset({Result.ANYTHING, Result.FLOW_STATE})
_ORDERED: Final = _NUMBERS | {Result.ANYTHING}
_ORDERED_OR_GROUPS: Final = _ORDERED | {Result.GROUPS}
_SETTLING: Final = EQUALITIES | LISTS
_NEVER_TRUE: Final = frozenset(Result) - {Result.ANYTHING, Result.TRUTH}


def result_of(source: Source) -> Result:
    """What a source gives; naming groups makes a membership true or false."""
    if source.kind is SourceKind.USER_MEMBER_OF_GROUP and source.arguments:
        return Result.TRUTH
    return source.kind.result


def check_term(term: Term) -> tuple[Finding, ...]:
    """What is wrong with one term by itself."""
    match term:
        case Flag(source) if result_of(source) in _NEVER_TRUE:
            return (_alone(source),)
        case Condition():
            return (*_sides(term), *_list_findings(term), *_group_list_findings(term))
        case _:
            return ()


def _alone(source: Source) -> Finding:
    given = result_of(source).value
    message = f"{printable(format_value(source))} gives {given} and is compared with nothing, so this is never true."
    return ALONE.finding(source.span, message, "Add the comparison: an operator and a value.")


def _sides(condition: Condition) -> tuple[Finding, ...]:
    """The findings about each source against the other side; the first rule that applies to a side wins."""
    left, right = condition.left, condition.right
    found = [_operator_finding(condition, left)]
    if condition.operator in ORDERINGS:
        found.extend(_order_finding(condition, source, other) for source, other in ((left, right), (right, left)))
    elif condition.operator in TEXTS:
        found.append(_part_finding(condition))
    elif condition.operator in _SETTLING:
        is_list = condition.operator in LISTS
        found.extend(_value_finding(*pair, is_list=is_list) for pair in ((left, right), (right, left)))
    return tuple(finding for finding in found if finding is not None)


def _operator_finding(condition: Condition, left: Value) -> Finding | None:
    """An operator that can do nothing with what stands to its left."""
    if not isinstance(left, Source):
        return None
    operator, result = condition.operator, result_of(left)
    if operator in TIMES and result not in _TIMED:
        needed, hint = "a date", "Use a property that holds one, or a flow, for when it was done."
    elif operator in TEXTS and result in _TEXTLESS:
        needed, hint = (
            "a text",
            f"Compare it with {'==, !=, isIn or !isIn' if result is Result.GROUPS else '== or !='}.",
        )
    elif operator in ORDERINGS and result is Result.GROUPS:
        needed, hint = "a number or a date", "Compare it with ==, !=, isIn or !isIn."
    elif operator in ORDERINGS | EQUALITIES and result in _NUMBERS and _is_date(condition.right):
        needed, hint = "a date beside a date", "Compare it with a number, or the date with a property that holds one."
    else:
        return None
    message = f"{operator.value} needs {needed}; {printable(format_value(left))} gives {result.value}."
    return OPERATOR.finding(condition.span, message, hint)


def _is_date(value: Value) -> bool:
    return isinstance(value, Clock) or (isinstance(value, Text) and moment(value.value) is not None)


def _order_finding(condition: Condition, side: Value, other: Value) -> Finding | None:
    """A side that has no order."""
    match side:
        case Text(content) if number_of(content) is None:
            hint = _date_hint(content)
        case Boolean():
            hint = "Compare true and false with == or !=."
        case Null():
            hint = "Ask whether it was ever set: isSet true or isNotSet true."
        case Source() if _has_no_order(side, other):
            hint = f"{side.kind.spelled} gives {result_of(side).value}; compare it with == or !=."
        case _:
            return None
    message = f"{condition.operator.value} has no meaning for {_shown(side)}, so this is never true."
    return ORDER.finding(side.span, message, hint)


def _has_no_order(source: Source, other: Value) -> bool:
    """Whether a source never has an order; a flow has one against a date, by when it was done."""
    result = result_of(source)
    if result is Result.FLOW_STATE:
        return not is_moment(other)
    return result not in _ORDERED_OR_GROUPS


def _date_hint(content: str) -> str:
    if content[:1].isdigit():
        return "Write a number with a point and no unit, a date as '2023-03-01' or '2023-03-01T00:00:00Z'."
    return "Only numbers and dates have an order; compare other texts with == or isIn."


def _value_finding(side: Value, other: Value, *, is_list: bool) -> Finding | None:
    """A literal that the source on the other side can never be; a list is taken value by value."""
    if not isinstance(side, Source):
        return None
    match other:
        case Text(content) if result_of(side) in _STATES:
            return _state_finding(side, content.split(",") if is_list else [content], other.span)
        case Text() | Number() | Boolean() if not is_list and not _is_possible(result_of(side), other):
            return _impossible(side, _shown(other), other.span, _value_hint(result_of(side)))
        case _:
            return None


def _state_finding(source: Source, stated: list[str], span: Span) -> Finding | None:
    """The first of the compared states that does not exist."""
    known = _STATES[result_of(source)]
    wrong = next((state for state in stated if (state.strip() if len(stated) > 1 else state) not in known), None)
    if wrong is None:
        return None
    suffix = "_FLOW" if result_of(source) is Result.FLOW_STATE else "_STEP"
    close = _closest_state(wrong, suffix, known)
    hint = f"Did you mean {close}?" if close else f"It is one of {', '.join(known)}."
    return _impossible(source, shown(wrong), span, hint)


def _part_finding(condition: Condition) -> Finding | None:
    """A part, or a pattern, that no state of a flow or step fits; so its opposite fits them all."""
    source, operator, text = condition.left, condition.operator, condition.right
    if not isinstance(source, Source) or not isinstance(text, Text) or result_of(source) not in _STATES:
        return None
    known = _STATES[result_of(source)]
    decisions = [decide(Condition(Text(state), operator, text), _NOWHEN) for state in known]
    if any(each.note or each.truth is (operator not in NEGATIVES) for each in decisions):  # a note: no pattern at all
        return None
    message = f"No state of {printable(format_value(source))} {_FITS[operator]} {shown(text.value)}."
    return IMPOSSIBLE.finding(text.span, message, f"Compare with == or isIn: it is one of {', '.join(known)}.")


def _closest_state(wrong: str, suffix: str, known: tuple[str, ...]) -> str | None:
    """The state that was likely meant, with or without its ending."""
    stem = wrong.upper().strip().replace(" ", "_").replace("-", "_").removesuffix("_FLOW").removesuffix("_STEP")
    synonyms = {"FINISHED": "COMPLETED", "DONE": "COMPLETED", "DISMISSED": "SKIPPED", "IN_PROGRESS": "STARTED"}
    return closest(synonyms.get(stem, stem) + suffix, known)


def _is_possible(result: Result, value: Text | Number | Boolean) -> bool:
    """Whether a source of this kind can be equal to a literal."""
    match result:
        case Result.TRUTH:
            return isinstance(value, Boolean)
        case Result.COUNT | Result.DAYS:
            number = None if isinstance(value, Boolean) else number_of(value.value)
            return number is not None and (result is Result.DAYS or (number >= 0 and number.is_integer()))
        case Result.ADDRESS | Result.GROUPS | Result.FLOW_STATE | Result.STEP_STATE:
            return isinstance(value, Text)
        case Result.ANYTHING:
            return True


def _value_hint(result: Result) -> str:
    match result:
        case Result.TRUTH:
            return "Compare it with true or false, without quotes."
        case Result.COUNT:
            return "Compare it with a whole number, 0 or more."
        case Result.DAYS:
            return "Compare it with a number of days."
        case _:
            return "Compare it with a quoted text."


def _impossible(source: Source, value: str, span: Span, hint: str) -> Finding:
    return IMPOSSIBLE.finding(span, f"{printable(format_value(source))} can never be {value}.", hint)


def _list_findings(condition: Condition) -> tuple[Finding, ...]:
    """Odd values in the list of isIn."""
    is_list = condition.operator in LISTS or (
        condition.operator in (Operator.EQUAL, Operator.NOT_EQUAL)
        and isinstance(condition.left, Source)
        and result_of(condition.left) is Result.GROUPS
    )
    return _odd_items(condition.right) if is_list and isinstance(condition.right, Text) else ()


def _group_list_findings(condition: Condition) -> tuple[Finding, ...]:
    """Odd values among the groups that a membership names."""
    left = condition.left
    if isinstance(left, Source) and left.kind is SourceKind.USER_MEMBER_OF_GROUP:
        return tuple(finding for names in left.arguments for finding in _odd_items(names))
    return ()


def _odd_items(text: Text) -> tuple[Finding, ...]:
    odd = [item for item in text.value.split(",") if not item or item != item.strip()]
    if not odd:
        return ()
    what = "an empty value" if not odd[0].strip() else f"spaces around {shown(odd[0].strip())}"
    return (LIST.finding(text.span, f"This list has {what}.", "Write the values with commas only: 'a,b,c'."),)


def _shown(value: Value) -> str:
    return shown(format_value(value))
