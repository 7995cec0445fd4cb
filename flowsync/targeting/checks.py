"""What can be said against one expression by itself: can it be read, can it come true, will readers understand it."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest
from flowsync.errors import TargetingError, UncheckedPatternError
from flowsync.model import Severity
from flowsync.targeting import rules
from flowsync.targeting.context import Context, FlowState, StepState, moment
from flowsync.targeting.evaluation import PatternError, compile_pattern, decide, is_moment, number_of, server_pattern
from flowsync.targeting.logic import check_logic
from flowsync.targeting.nodes import (
    AFFIXES,
    EQUALITIES,
    LISTS,
    NEGATIVES,
    OPPOSITES,
    ORDERINGS,
    PATTERNS,
    TEXTS,
    TIMES,
    And,
    Boolean,
    Clock,
    Condition,
    Duration,
    Group,
    Null,
    Number,
    Operator,
    Or,
    Result,
    Source,
    SourceKind,
    Span,
    Text,
    formatted,
    terms,
    values,
    walk,
)
from flowsync.targeting.parser import MAXIMUM_READ, parse
from flowsync.targeting.rules import Finding
from flowsync.targeting.tokens import MAXIMUM_LENGTH, is_too_long, length, printable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Expression, Term, Value

_NUMBERS: Final = frozenset({Result.COUNT, Result.DAYS})
_STATES: Final = {
    Result.FLOW_STATE: tuple(state.value for state in FlowState),
    Result.STEP_STATE: tuple(state.value for state in StepState),
}


def check(text: str) -> tuple[Finding, ...]:
    """Everything that can be said against one expression by itself, by position; linear time, never raises."""
    try:
        return check_parsed(text, parse(text))
    except TargetingError as error:
        return check_parsed(text, error)


def check_parsed(text: str, parsed: Expression | TargetingError) -> tuple[Finding, ...]:
    """As `check`, for a text that was parsed already, with or without success."""
    findings = list(_check_text(text))
    if isinstance(parsed, TargetingError):
        if len(text) <= MAXIMUM_READ:
            end = min(parsed.offset + 1, len(text))
            findings.append(rules.SYNTAX.finding(Span(parsed.offset, end), parsed.message, parsed.hint))
    else:
        findings += [finding for term in terms(parsed) for finding in _check_term(term)]
        findings += [*check_logic(parsed), *_check_mixed(parsed), *_check_nested(parsed)]
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code, finding.message)))


def _check_text(text: str) -> Iterator[Finding]:
    if is_too_long(text):
        message = f"This expression has {length(text):,} characters; the server takes one over 2,000 for false."
        hint = "Shorten it; several values of one property fit into isIn 'a,b,c'."
        yield rules.TOO_LONG.finding(Span(min(MAXIMUM_LENGTH, len(text) - 1), len(text)), message, hint)
    elif text and not text.strip(" \t\r\n"):
        yield rules.BLANK.finding(Span(0, len(text)), "This expression is only white space.", "Write '' for everyone.")


def _check_term(term: Term) -> Iterator[Finding]:
    match term:
        case Condition():
            yield from _check_condition(term)
        case Source() if term.result not in (Result.ANYTHING, Result.TRUTH):
            message = (
                f"{printable(formatted(term))} gives {term.result.value} and is compared with nothing,"
                " so this is never true."
            )
            yield rules.ALONE.finding(term.span, message, "Add the comparison: an operator and a value.")
    for value in values(term):
        for text in value.arguments if isinstance(value, Source) else [value]:
            if isinstance(text, Text):
                yield from _check_quoted(text)
        if isinstance(value, Source) and value.kind in _NOT_IN_DASHBOARD:
            message = f"The dashboard's audience editor cannot show {value.kind.spelled}."
            yield rules.DASHBOARD.finding(value.span, message, _NOT_IN_DASHBOARD[value.kind])


_NOT_IN_DASHBOARD: Final = {
    SourceKind.USER_PROPERTY_CONTAINS: "Write user.property('name') contains 'part'.",
    SourceKind.GROUP_PROPERTY_CONTAINS: "Write group.property('name') contains 'part'.",
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: "Write user.flow('slug') within 7d, or !within 7d.",
}


def _check_condition(condition: Condition) -> Iterator[Finding]:
    left, operator, right = condition.left, condition.operator, condition.right
    yield from _check_operator(condition)
    for side, other in ((left, right), (right, left)):
        if operator in ORDERINGS:
            yield from _check_order(operator, side, other)
        elif operator in EQUALITIES | LISTS and isinstance(side, Source):
            yield from _check_value(side, other, is_list=operator in LISTS)
    if isinstance(left, Source) and left.result in _STATES and operator in TEXTS and isinstance(right, Text):
        yield from _check_part(left, operator, right)
    if isinstance(right, Source) and not isinstance(left, Source):
        message = f"The source stands on the right: {printable(formatted(right))}."
        yield rules.BACKWARDS.finding(condition.span, message, "Turn the comparison around.")
    yield from _check_lists(condition)
    yield from _check_time(right)
    yield from _check_pattern(operator, right)


def _check_operator(condition: Condition) -> Iterator[Finding]:
    left, operator, right = condition.left, condition.operator, condition.right
    if not isinstance(left, Source):
        return
    result = left.result
    if operator in TIMES and result not in (Result.ANYTHING, Result.FLOW_STATE):
        needed, hint = "a date", "Use a property that holds one, or a flow, for when it was done."
    elif operator in TEXTS and result in _NUMBERS | {Result.TRUTH, Result.GROUPS}:
        needed = "a text"
        hint = f"Compare it with {'==, !=, isIn or !isIn' if result is Result.GROUPS else '== or !='}."
    elif operator in ORDERINGS and result is Result.GROUPS:
        needed, hint = "a number or a date", "Compare it with ==, !=, isIn or !isIn."
    elif operator in ORDERINGS | EQUALITIES and result in _NUMBERS and _is_date(right):
        needed, hint = "a date beside a date", "Compare it with a number, or the date with a property that holds one."
    else:
        return
    message = f"{operator.value} needs {needed}; {printable(formatted(left))} gives {result.value}."
    yield rules.OPERATOR.finding(condition.span, message, hint)


def _is_date(value: Value) -> bool:
    return isinstance(value, Clock) or (isinstance(value, Text) and moment(value.value) is not None)


def _check_order(operator: Operator, side: Value, other: Value) -> Iterator[Finding]:
    match side:
        case Text(content) if number_of(content) is None and content[:1].isdigit():
            hint = "Write a number with a point and no unit, a date as '2023-03-01' or '2023-03-01T00:00:00Z'."
        case Text(content) if number_of(content) is None:
            hint = "Only numbers and dates have an order; compare other texts with == or isIn."
        case Boolean():
            hint = "Compare true and false with == or !=."
        case Null():
            hint = "Ask whether it was ever set: isSet true or isNotSet true."
        case Source() if not _has_order(side.result, other):
            hint = f"{side.kind.spelled} gives {side.result.value}; compare it with == or !=."
        case _:
            return
    message = f"{operator.value} has no meaning for {shown(formatted(side))}, so this is never true."
    yield rules.ORDER.finding(side.span, message, hint)


def _has_order(result: Result, other: Value) -> bool:
    """Whether a source has an order; a flow has one against a date, by when it was done; for groups see OPERATOR."""
    if result is Result.FLOW_STATE:
        return is_moment(other)
    return result in _NUMBERS | {Result.ANYTHING, Result.GROUPS}


def _check_value(source: Source, other: Value, *, is_list: bool) -> Iterator[Finding]:
    """A literal on the other side that the source can never be; a list is taken value by value."""
    result = source.result
    if isinstance(other, Text) and result in _STATES:
        known = _STATES[result]
        items = other.value.split(",") if is_list else [other.value]
        wrong = next((item for item in items if (item.strip() if len(items) > 1 else item) not in known), None)
        if wrong is None:
            return
        close = _closest_state(wrong, result)
        value, hint = shown(wrong), f"Did you mean {close}?" if close else f"It is one of {', '.join(known)}."
    elif isinstance(other, Text | Number | Boolean) and not is_list and not _is_possible(result, other):
        value, hint = shown(formatted(other)), _VALUE_HINTS.get(result, "Compare it with a quoted text.")
    else:
        return
    yield rules.IMPOSSIBLE.finding(other.span, f"{printable(formatted(source))} can never be {value}.", hint)


_VALUE_HINTS: Final = {
    Result.TRUTH: "Compare it with true or false, without quotes.",
    Result.COUNT: "Compare it with a whole number, 0 or more.",
    Result.DAYS: "Compare it with a number of days.",
}
_SYNONYMS: Final = {"FINISHED": "COMPLETED", "DONE": "COMPLETED", "DISMISSED": "SKIPPED", "IN_PROGRESS": "STARTED"}


def _closest_state(wrong: str, result: Result) -> str | None:
    stem = wrong.upper().strip().replace(" ", "_").replace("-", "_").removesuffix("_FLOW").removesuffix("_STEP")
    ending = "_FLOW" if result is Result.FLOW_STATE else "_STEP"
    return closest(_SYNONYMS.get(stem, stem) + ending, _STATES[result])


def _is_possible(result: Result, value: Text | Number | Boolean) -> bool:
    match result:
        case Result.ANYTHING:
            return True
        case Result.TRUTH:
            return isinstance(value, Boolean)
        case Result.COUNT | Result.DAYS:
            number = None if isinstance(value, Boolean) else number_of(value.value)
            return number is not None and (result is Result.DAYS or (number >= 0 and number.is_integer()))
        case _:
            return isinstance(value, Text)


_FITS: Final = {
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with",
    Operator.MATCHES: "as a whole matches",
}


def _check_part(source: Source, operator: Operator, text: Text) -> Iterator[Finding]:
    """A part, or a pattern, that fits no state of a flow or step; so its opposite fits them all."""
    known = _STATES[source.result]
    is_plain = operator not in NEGATIVES
    decisions = [decide(Condition(Text(state), operator, text), Context(at=0)) for state in known]
    if not any(each.note or each.truth is is_plain for each in decisions):  # a note: the pattern is none
        fits = _FITS[operator if is_plain else OPPOSITES[operator]]
        message = f"No state of {printable(formatted(source))} {fits} {shown(text.value)}."
        yield rules.IMPOSSIBLE.finding(text.span, message, f"Compare with == or isIn: it is one of {', '.join(known)}.")


def _check_lists(condition: Condition) -> Iterator[Finding]:
    """Empty values in a list, or spaces around one: in that of isIn, and in lists of groups."""
    left, operator, right = condition.left, condition.operator, condition.right
    lists: list[Value] = []
    if isinstance(left, Source) and left.kind is SourceKind.USER_MEMBER_OF_GROUP:
        lists += left.arguments
    is_about_groups = isinstance(left, Source) and left.result is Result.GROUPS
    if operator in LISTS or (operator in EQUALITIES and is_about_groups):
        lists.append(right)
    for each in lists:
        items = each.value.split(",") if isinstance(each, Text) else []
        wrong = next((item for item in items if not item or item != item.strip()), None)
        if wrong is not None:
            what = f"spaces around {shown(wrong.strip())}" if wrong.strip() else "an empty value"
            yield rules.LIST.finding(each.span, f"This list has {what}.", "Write the values with commas only: 'a,b,c'.")


_LIKELY_MINUTES: Final = frozenset({5, 10, 15, 20, 30, 45, 60, 90, 120})
_MOST_MONTHS: Final = 24


def _check_time(value: Value) -> Iterator[Finding]:
    match value:
        case Duration(0):
            yield rules.ZERO.finding(value.span, "This time span is zero.", "Compare with now() using < or >.")
        case Duration(amount, "m") if amount in _LIKELY_MINUTES or amount > _MOST_MONTHS:
            message = f"{amount}m is {amount} months of 30 days, not minutes."
            hint = f"For minutes write {amount}i; if months are meant, {amount * 30}d says so."
            yield rules.MONTHS.finding(value.span, message, hint)
        case _:
            pass


_SPECIAL: Final = frozenset("\\^$*+?{}[]()|")
_AFFIX_HINT: Final = "Use contains, which takes the text as it is, or matches with the character in brackets: [?]."


def _check_pattern(operator: Operator, text: Value) -> Iterator[Finding]:
    """A pattern that RE2 refuses; a text in which the server sees a pattern."""
    if operator not in PATTERNS | AFFIXES or not isinstance(text, Text):
        return
    special = next((character for character in text.value if character in _SPECIAL), None)
    if operator in AFFIXES and special is None:
        return
    try:
        compile_pattern(server_pattern(operator, text.value))
    except UncheckedPatternError as error:
        yield Finding(error.code, Severity.WARNING, text.span, error.message, error.hint)
    except PatternError as error:
        if operator in AFFIXES:
            message = f"The server makes a pattern of this text, and refuses it: {error.message}."
            yield rules.PATTERN.finding(text.span, message, _AFFIX_HINT)
        else:
            start = text.span.start + 1 + min(error.offset, len(text.value))
            message = f"The server refuses this pattern: {error.message}."
            hint = "Patterns are RE2: re2 syntax, no look-around."
            yield rules.PATTERN.finding(Span(start, text.span.end), message, hint)
    else:
        if operator in AFFIXES:
            message = f"The server reads {shown(special or '')} in this text as part of a pattern, not as itself."
            yield rules.AFFIX.finding(text.span, message, _AFFIX_HINT)


_LOGIC: Final = re.compile(r"(?:^|\s)(AND|OR)(?:\s|$)|(&&|\|\|)")


def _check_quoted(text: Text) -> Iterator[Finding]:
    """What a text holds that the server could take for a part of the expression."""
    if "'" in text.value or '"' in text.value:
        message = "This text holds a quote, at which the server likely ends it."
        hint = "Use contains with a part of the text that has no quote, or matches with a dot in its place."
        yield rules.QUOTE.finding(text.span, message, hint)
    elif logic := _LOGIC.search(text.value):
        message = f"The server may split the expression at {logic[1] or logic[2]} inside this text."
        yield rules.LOGIC_IN_TEXT.finding(text.span, message, "Use contains with another part of the text.")
    elif not _is_balanced(text.value):
        message = "The parentheses in this text do not balance; the server counts them and may refuse the expression."
        yield rules.LOGIC_IN_TEXT.finding(text.span, message, "In a pattern write [(] or [)] as \\x28 or \\x29.")


def _is_balanced(text: str) -> bool:
    depths = [0, *accumulate((character == "(") - (character == ")") for character in text)]
    return min(depths) == depths[-1] == 0


def _check_mixed(expression: Expression) -> Iterator[Finding]:
    """Every && directly in a chain of ||, without parentheses."""
    for chain in walk(expression):
        for part in chain.parts if isinstance(chain, Or) else ():
            if isinstance(part, And):
                message = "&& and || are mixed without parentheses; && binds closer."
                hint = "Put parentheses around this part, or around the || that is meant."
                yield rules.MIXED.finding(part.span, message, hint)


def _check_nested(expression: Expression, *, is_inside: bool = False) -> Iterator[Finding]:
    """The outermost parentheses inside others."""
    match expression:
        case Group(inner) if not is_inside:
            yield from _check_nested(inner, is_inside=True)
        case Group():
            message = "Parentheses inside parentheses: the dashboard's audience editor cannot show them."
            hint = "Join the conditions with one level of parentheses, if possible."
            yield rules.DASHBOARD.finding(expression.span, message, hint)
        case Or(parts) | And(parts):
            for part in parts:
                yield from _check_nested(part, is_inside=is_inside)
        case _:
            pass
