"""Checks of a single expression: whether it can be parsed, can be true, and is clear to readers."""

from __future__ import annotations

from collections import defaultdict
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import TargetingError, UncheckedPatternError
from flowsync.model import Severity
from flowsync.targeting import rules
from flowsync.targeting.addresses import check_address
from flowsync.targeting.context import Context, FlowState, StepState, moment
from flowsync.targeting.evaluation import (
    PatternError,
    compile_pattern,
    decide,
    is_moment,
    number_of,
    same,
    server_pattern,
)
from flowsync.targeting.nodes import (
    And,
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
    Result,
    Source,
    SourceKind,
    Span,
    Text,
    formatted,
    meaning,
    printed,
    simplified,
    terms,
    values,
    walk,
)
from flowsync.targeting.parser import MAXIMUM_READ
from flowsync.targeting.rules import Finding
from flowsync.targeting.spelling import check_blanks, check_length, check_texts
from flowsync.targeting.tokens import shown
from flowsync.text import closest, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Expression, Term, Value

_Pair: TypeAlias = "tuple[Condition, Condition]"
_TRUE: Final = Boolean(value=True)
_ANYONE: Final = Context(at=0)
"""For terms about no user."""
_MANY: Final = "9" * 300
_LOWER: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_INCLUSIVE: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST})
_SOMETIMES_UNKNOWN: Final = frozenset({SourceKind.USER_CURRENT_URL, SourceKind.USER_DAYS_SINCE_FLOW_DONE})
"""Sources that may have no value, not even null: then any condition about them is false."""
_SOMETIMES_UNSET: Final = frozenset({Result.ANYTHING, Result.DAYS, Result.ADDRESS})
_PARTS_OF_PROPERTIES: Final = frozenset({SourceKind.USER_PROPERTY_CONTAINS, SourceKind.GROUP_PROPERTY_CONTAINS})
_NUMBERS: Final = frozenset({Result.COUNT, Result.DAYS})
_STATES: Final = {
    Result.FLOW_STATE: tuple(state.value for state in FlowState),
    Result.STEP_STATE: tuple(state.value for state in StepState),
}


def check(text: str, parsed: Expression | TargetingError) -> tuple[Finding, ...]:
    """All findings about a single expression, by position; linear time.

    `parsed` is what `parse` made of the text, or raised.
    """
    findings = list(check_length(text))
    if isinstance(parsed, TargetingError):
        if len(text) <= MAXIMUM_READ:
            for mistake in (parsed, *parsed.further):
                span = Span(mistake.offset, min(mistake.offset + 1, len(text)))
                findings.append(rules.SYNTAX.finding(span, mistake.message, mistake.hint))
    else:
        for term in terms(parsed):
            findings += [*_check_term(term), *_check_constant(term, is_whole=term is parsed)]
        for chain in walk(simplified(parsed)):
            if isinstance(chain, And | Or):
                findings += _check_chain(chain)
        findings += [*check_blanks(text, parsed), *_check_mixed(parsed), *_check_nested(parsed)]
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code, finding.message)))


def _check_term(term: Term) -> Iterator[Finding]:
    match term:
        case Condition():
            yield from _check_condition(term)
        case Source() if term.result not in (Result.ANYTHING, Result.TRUTH):
            message = f"{printed(term)} gives {term.result.value} and is compared with nothing, so this is never true."
            yield rules.ALONE.finding(term.span, message, "Add the comparison: an operator and a value.")
    yield from check_texts(term)
    yield from check_address(term)
    for value in values(term):
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
    if _is_presence_of_false(condition):
        message = f"What {operator.value} false means is not known: sources conflict."
        yield rules.PRESENCE.finding(right.span, message, f"Write {operator.opposite.value} true.")
    for side, other in ((left, right), (right, left)):
        if operator.is_ordering:
            yield from _check_order(operator, side, other)
        elif (operator.is_equality or operator.is_list) and isinstance(side, Source):
            yield from _check_value(side, other, is_list=operator.is_list)
    if isinstance(left, Source) and left.result in _STATES and operator.is_text and isinstance(right, Text):
        yield from _check_part(left, operator, right)
    if isinstance(right, Source) and not isinstance(left, Source):
        message = f"The source is on the right: {printed(right)}."
        yield rules.BACKWARDS.finding(condition.span, message, "Turn the comparison around.")
    yield from _check_lists(condition)
    yield from _check_time(right)
    yield from _check_pattern(operator, right)


def _check_operator(condition: Condition) -> Iterator[Finding]:
    left, operator, right = condition.left, condition.operator, condition.right
    if not isinstance(left, Source):
        return
    result = left.result
    if operator.is_time and result not in (Result.ANYTHING, Result.FLOW_STATE):
        needed, hint = "a date", "Use a property that holds one, or a flow, for when it was done."
    elif operator.is_text and result in _NUMBERS | {Result.TRUTH, Result.GROUPS}:
        needed = "a text"
        hint = f"Compare it with {'==, !=, isIn or !isIn' if result is Result.GROUPS else '== or !='}."
    elif operator.is_ordering and result is Result.GROUPS:
        needed, hint = "a number or a date", "Compare it with ==, !=, isIn or !isIn."
    elif (operator.is_ordering or operator.is_equality) and result in _NUMBERS and _is_date(right):
        needed, hint = "a date beside a date", "Compare it with a number, or the date with a property that holds one."
    else:
        return
    message = f"{operator.value} needs {needed}; {printed(left)} gives {result.value}."
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
    """Whether a source can be ordered; a flow can against a date, by when it was done; for groups see OPERATOR."""
    if result is Result.FLOW_STATE:
        return is_moment(other)
    return result in _NUMBERS | {Result.ANYTHING, Result.GROUPS}


def _check_value(source: Source, other: Value, *, is_list: bool) -> Iterator[Finding]:
    """Report a value that the source can never have; lists are checked value by value."""
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
        if not is_list:
            yield from _check_kind(source, other)
        return
    yield rules.IMPOSSIBLE.finding(other.span, f"{printed(source)} can never be {value}.", hint)


def _check_kind(source: Source, other: Value) -> Iterator[Finding]:
    """Report a number compared with a text, or a text with a number."""
    match other:
        case Text(content) if source.result in _NUMBERS:
            kinds, hint = "a number with a text", f"Write {content} without quotes."
        case Number(content) if source.kind is SourceKind.USER_FLOW_STEP_DATA:
            kinds, hint = "a form's answer, which is a text, with a number", f"Write '{content}'."
        case _:
            return
    message = f"This compares {kinds}: sources conflict about whether == and != can be true then."
    yield rules.NUMBER_AND_TEXT.finding(other.span, message, hint)


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
    """Report a part or pattern that fits no state of a flow or step, so that its opposite fits them all."""
    known = _STATES[source.result]
    is_plain = not operator.is_negative
    decisions = [decide(Condition(Text(state), operator, text), Context(at=0)) for state in known]
    if not any(each.note or each.truth is is_plain for each in decisions):  # a note: the pattern is none
        fits = _FITS[operator if is_plain else operator.opposite]
        message = f"No state of {printed(source)} {fits} {shown(text.value)}."
        yield rules.IMPOSSIBLE.finding(text.span, message, f"Compare with == or isIn: it is one of {', '.join(known)}.")


def _check_lists(condition: Condition) -> Iterator[Finding]:
    left, operator, right = condition.left, condition.operator, condition.right
    lists: list[Value] = []
    if isinstance(left, Source) and left.kind is SourceKind.USER_MEMBER_OF_GROUP:
        lists += left.arguments
    is_about_groups = isinstance(left, Source) and left.result is Result.GROUPS
    if operator.is_list or (operator.is_equality and is_about_groups):
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
    if not (operator.is_pattern or operator.is_affix) or not isinstance(text, Text):
        return
    special = next((character for character in text.value if character in _SPECIAL), None)
    if operator.is_affix and special is None:
        return
    try:
        compile_pattern(server_pattern(operator, text.value))
    except UncheckedPatternError as error:
        yield Finding(error.code, Severity.WARNING, text.span, error.message, error.hint)
    except PatternError as error:
        if operator.is_affix:
            message = f"The server makes a pattern of this text, and refuses it: {error.message}."
            yield rules.PATTERN.finding(text.span, message, _AFFIX_HINT)
        else:
            start = text.span.start + 1 + min(error.offset, len(text.value))
            message = f"The server refuses this pattern: {error.message}."
            hint = "Patterns are RE2: re2 syntax, no look-around."
            yield rules.PATTERN.finding(Span(start, text.span.end), message, hint)
    else:
        if operator.is_affix:
            message = f"The server reads {shown(special or '')} in this text as part of a pattern, not as itself."
            yield rules.AFFIX.finding(text.span, message, _AFFIX_HINT)


def _check_mixed(expression: Expression) -> Iterator[Finding]:
    for chain in walk(expression):
        for part in chain.parts if isinstance(chain, Or) else ():
            if isinstance(part, And):
                message = "&& and || are mixed without parentheses; && binds closer."
                hint = "Put parentheses around this part, or around the || that is meant."
                yield rules.MIXED.finding(part.span, message, hint)


def _check_nested(expression: Expression, *, is_inside: bool = False) -> Iterator[Finding]:
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


def _check_constant(term: Term, *, is_whole: bool) -> Iterator[Finding]:
    """Report a condition with the same result for every user; `true` or `false` may be a whole expression."""
    truth, among = None, "every user"
    if isinstance(term, Boolean) and not is_whole:
        truth = term.value
    elif isinstance(term, Condition) and _is_empty_text(term):
        truth, among = not term.operator.is_negative, "every user who has it set"
    elif isinstance(term, Condition):
        truth = _fixed_truth(term)
    if truth is not None:
        message = f"{printed(term)} is {'true' if truth else 'false'} for {among}."
        yield rules.CONSTANT.finding(term.span, message, "Delete it, or compare with what was meant.")


def _is_empty_text(condition: Condition) -> bool:
    """Whether every text matches: `contains ''` and the like, but not `matches ''`."""
    is_part = condition.operator.is_text and not condition.operator.is_pattern
    return is_part and _varies(condition.left) and condition.right == Text("")


def _fixed_truth(condition: Condition) -> bool | None:
    """The truth of a condition with the same result for every user; None for any other."""
    left, operator, right = condition.left, condition.operator, condition.right
    if not (operator.is_time or _varies(left) or _varies(right)):
        return decide(condition, _ANYONE).truth
    if not isinstance(left, Source):
        return None
    if _is_always_set(left) and operator.is_presence and right == _TRUE:
        return operator is Operator.IS_SET
    if _is_always_set(left) and operator.is_equality and isinstance(right, Null):
        return operator is Operator.NOT_EQUAL
    if left.result is Result.COUNT and operator.is_ordering and isinstance(right, Number):
        # No count (0 or more) makes a difference if neither the least nor a huge one does.
        least, huge = (decide(Condition(Number(count), operator, right), _ANYONE).truth for count in ("0", _MANY))
        return least if least is huge else None
    return None


def _varies(value: Value) -> bool:
    match value:
        case Source() | Clock() | Duration():
            return True
        case Enclosed(inner):
            return _varies(inner)
        case Arithmetic():
            return any(map(_varies, value.operands))
        case _:
            return False


def _is_always_set(source: Source) -> bool:
    return source.result not in _SOMETIMES_UNSET and source.kind not in _PARTS_OF_PROPERTIES


def _check_chain(chain: And | Or) -> Iterator[Finding]:
    """Report conditions in a chain that are repeated, exclude each other, or leave nobody out.

    The cheap proofs only, linear in the number of conditions: among those about one subject each is held against
    the first that equals, against its own opposite, and against the tightest bounds.
    """
    seen: set[str] = set()
    claims_about: dict[str, list[Condition]] = defaultdict(list)
    for part in chain.parts:
        said = meaning(part)
        if said in seen:
            message = f"{printed(part)} is here twice."
            yield rules.DUPLICATE.finding(part.span, message, "Delete one of them.")
        seen.add(said)
        claim = part
        if isinstance(part, Source):
            claim = Condition(part, Operator.EQUAL, Boolean(value=True), span=part.span)
        if isinstance(claim, Condition):
            claims_about[formatted(claim.left)].append(claim)
    for about, claims in claims_about.items():
        if len(claims) == 1:
            continue
        if isinstance(chain, And):
            pair = _opposites(claims) or _unset_but_compared(claims) or _unequal(claims)
        else:
            pair = _opposites(claims) or _two_exclusions(claims)
        pair = pair or _ranges(claims, is_and=isinstance(chain, And))
        if pair is not None:
            yield _clash(chain, about, *pair)


def _clash(chain: And | Or, about: str, first: Condition, second: Condition) -> Finding:
    """Whether no value satisfies two claims about a subject (for ||: every value satisfies one)."""
    is_and = isinstance(chain, And)
    joint, operator = ("||", Operator.EQUAL) if is_and else ("&&", Operator.NOT_EQUAL)
    hint = f"Join them with {joint}, or change one of them."
    if first.operator is second.operator is operator:
        hint = f"Join them with {joint}, or list the values: {'isIn' if is_and else '!isIn'} 'a,b'."
    one, other = printed(first), printed(second)
    if is_and:
        return rules.CONTRADICTION.finding(second.span, f"No user meets both {one} and {other}.", hint)
    scope = "every user" if _leaves_out_nobody(first) else f"every user who has {printable(about)} set"
    return rules.TAUTOLOGY.finding(second.span, f"One of {one} and {other} is true for {scope}.", hint)


def _leaves_out_nobody(claim: Condition) -> bool:
    """Whether a claim or its opposite holds for everyone, because no user lacks a value."""
    left = claim.left
    if claim.operator.is_presence:
        return not isinstance(left, Source) or left.kind not in _SOMETIMES_UNKNOWN
    is_fixed = isinstance(claim.right, Text | Number | Boolean) and isinstance(left, Source) and _is_always_set(left)
    return is_fixed and (claim.operator.is_equality or claim.operator.is_list)


def _opposites(claims: list[Condition]) -> _Pair | None:
    seen: dict[tuple[Operator, str], Condition] = {}
    for claim in claims:
        right = formatted(claim.right)
        opposite = seen.get((claim.operator.opposite, right))
        if opposite is not None:
            return opposite, claim
        seen.setdefault((claim.operator, right), claim)
    return None


def _unset_but_compared(claims: list[Condition]) -> _Pair | None:
    """The claim that the subject was never set, with another that is false for unset values, except for null."""
    unset = next((claim for claim in claims if _says_unset(claim)), None)
    other = next((claim for claim in claims if not (_says_unset(claim) or _is_presence_of_false(claim))), None)
    return None if unset is None or other is None or isinstance(unset.left, Null) else (unset, other)


def _is_presence_of_false(claim: Condition) -> bool:
    return claim.operator.is_presence and claim.right != _TRUE


def _says_unset(claim: Condition) -> bool:
    is_null = claim.operator is Operator.EQUAL and isinstance(claim.right, Null)
    return is_null or (claim.operator is Operator.IS_NOT_SET and claim.right == _TRUE)


def _literal(claim: Condition) -> str | float | bool | None:
    """The fixed value on the right, for subjects that have one value at a time."""
    if isinstance(claim.left, Source) and claim.left.result is Result.GROUPS:
        return None
    return claim.right.value if isinstance(claim.right, Text | Number | Boolean) else None


def _unequal(claims: list[Condition]) -> _Pair | None:
    """A claim of equality, with another that is false for that value."""
    equal = next((claim for claim in claims if claim.operator is Operator.EQUAL and _literal(claim) is not None), None)
    for claim in claims if equal is not None else ():
        is_about_flow = isinstance(claim.left, Source) and claim.left.result is Result.FLOW_STATE
        operator = claim.operator
        is_decidable = operator.is_equality or operator.is_list or (operator.is_ordering and not is_about_flow)
        if equal is None or claim is equal or not is_decidable or _literal(claim) is None:
            continue
        if decide(Condition(equal.right, claim.operator, claim.right), _ANYONE).truth is False:
            return equal, claim
    return None


def _two_exclusions(claims: list[Condition]) -> _Pair | None:
    """`!= 'a'` and `!= 'b'`: every value differs from one of them."""
    exclusions = [claim for claim in claims if claim.operator is Operator.NOT_EQUAL and _literal(claim) is not None]
    for claim in exclusions[1:]:
        if not same(_literal(exclusions[0]), _literal(claim)):
            return exclusions[0], claim
    return None


def _ranges(claims: list[Condition], *, is_and: bool) -> _Pair | None:
    """A lower and an upper bound: for && with no value between them, for || with no value outside them."""
    bounds = [
        (number_of(claim.right.value), claim)
        for claim in claims
        if claim.operator.is_ordering and isinstance(claim.right, Text | Number)
    ]
    lower = [(bound, claim) for bound, claim in bounds if bound is not None and claim.operator in _LOWER]
    upper = [(bound, claim) for bound, claim in bounds if bound is not None and claim.operator not in _LOWER]
    if not lower or not upper:
        return None
    tightest, loosest = (max, min) if is_and else (min, max)
    low, low_claim = tightest(lower, key=itemgetter(0))
    high, high_claim = loosest(upper, key=itemgetter(0))
    inclusive = {low_claim.operator, high_claim.operator} & _INCLUSIVE
    if is_and:
        is_clash = low > high or (low == high and inclusive != _INCLUSIVE)
    else:
        is_clash = low < high or (low == high and bool(inclusive))
    return (low_claim, high_claim) if is_clash else None
