"""Rules about the text as a whole: can it be read, is it short enough, is it there at all."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.closeness import closest
from flowsync.errors import TargetingError, UncheckedPatternError
from flowsync.model import Severity
from flowsync.targeting.evaluation import (
    Context,
    FlowState,
    PatternError,
    StepState,
    compile_pattern,
    decide,
    is_moment,
    moment,
    number_of,
    same,
)
from flowsync.targeting.nodes import (
    EQUALITIES,
    LISTS,
    NEGATIVES,
    OPPOSITES,
    ORDERINGS,
    PRESENCES,
    TEXTS,
    TIMES,
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Constant,
    Duration,
    Enclosed,
    Flag,
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
    Unit,
    format_value,
    formatted,
    meaning,
    simplified,
    subject,
    terms,
    values,
)
from flowsync.targeting.parser import MAXIMUM_READ, parse
from flowsync.targeting.references import (
    FLOW_RULES,
)
from flowsync.targeting.rules import Finding, Rule
from flowsync.targeting.tokens import MAXIMUM_LENGTH, is_too_long, length, printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flowsync.targeting.nodes import Expression, Term, Value

SYNTAX: Final = Rule(
    "targeting-syntax",
    Severity.ERROR,
    "The expression cannot be read. The server stores it without a word and then takes it for false for every"
    " user, so the flow is shown to nobody.",
    "user.property('plan') = 'pro'",
    "user.property('plan') == 'pro'",
)
TOO_LONG: Final = Rule(
    "targeting-too-long",
    Severity.ERROR,
    "The expression is longer than 2,000 characters. The server takes such an expression for false for every user."
    " A list of values is shorter as isIn 'a,b,c'.",
    " || ".join(f"user.property('country') == 'country-{number}'" for number in range(60)),
    "user.property('country') isIn 'country-1,country-2'",
)
BLANK: Final = Rule(
    "targeting-blank",
    Severity.WARNING,
    "The expression consists of white space. An empty text means everyone; what the server makes of white space is"
    " not documented.",
    "   ",
    "",
)
SYNTAX_RULES: Final = (SYNTAX, TOO_LONG, BLANK)


def check_text(text: str) -> tuple[Finding, ...]:
    """What the text alone tells, whether it can be read or not."""
    if is_too_long(text):
        message = f"This expression has {length(text):,} characters; the server takes one over 2,000 for false."
        hint = "Shorten it; several values of one property fit into isIn 'a,b,c'."
        start = min(MAXIMUM_LENGTH, len(text) - 1)
        return (TOO_LONG.finding(Span(start, len(text)), message, hint),)
    if text and not text.strip(" \t\r\n"):
        return (BLANK.finding(Span(0, len(text)), "This expression is only white space.", "Write '' for everyone."),)
    return ()


def syntax_finding(error: TargetingError, text: str) -> Finding:
    """An expression that cannot be parsed, at the character where it goes wrong."""
    end = min(error.offset + 1, len(text))
    return SYNTAX.finding(Span(error.offset, end), error.message, error.hint)


QUOTE: Final = Rule(
    "targeting-quote",
    Severity.WARNING,
    "A text holds a quote. The server turns every double quote into a single one before it reads the expression, so"
    " that the text likely ends there and the expression is malformed.",
    "user.property('company') == \"O'Reilly\"",
    "user.property('company') matches 'O.Reilly'",
)
LOGIC_IN_TEXT: Final = Rule(
    "targeting-text",
    Severity.WARNING,
    "A text holds the words AND or OR, the signs && or ||, or parentheses that do not balance. The server splits"
    " expressions at them, and counts parentheses, without regard to quotes.",
    "user.property('team') == 'Research AND Development'",
    "user.property('team') contains 'Development'",
)
TEXTS_RULES: Final = (QUOTE, LOGIC_IN_TEXT)

_LOGIC: Final = re.compile(r"(?:^|\s)(AND|OR)(?:\s|$)|(&&|\|\|)")


def check_quoted(term: Term) -> tuple[Finding, ...]:
    """What the texts of one term hold that the server could trip over."""
    return tuple(finding for value in values(term) for text in _texts(value) for finding in _text_findings(text))


def _texts(value: Value) -> tuple[Text, ...]:
    match value:
        case Text():
            return (value,)
        case Source():
            return value.arguments
        case _:
            return ()


def _text_findings(text: Text) -> tuple[Finding, ...]:
    if "'" in text.value or '"' in text.value:
        message = "This text holds a quote, at which the server likely ends it."
        hint = "Use contains with a part of the text that has no quote, or matches with a dot in its place."
        return (QUOTE.finding(text.span, message, hint),)
    logic = _LOGIC.search(text.value)
    if logic is not None:
        message = f"The server may split the expression at {logic[1] or logic[2]} inside this text."
        return (LOGIC_IN_TEXT.finding(text.span, message, "Use contains with another part of the text."),)
    if not _is_balanced(text.value):
        message = "The parentheses in this text do not balance; the server counts them and may refuse the expression."
        return (LOGIC_IN_TEXT.finding(text.span, message, "In a pattern write [(] or [)] as \\x28 or \\x29."),)
    return ()


def _is_balanced(text: str) -> bool:
    if "(" not in text and ")" not in text:
        return True
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


MIXED: Final = Rule(
    "targeting-mixed-logic",
    Severity.WARNING,
    "&& and || stand side by side without parentheses. && binds closer, which many readers do not expect.",
    "user.isGuest() == true || user.property('plan') == 'pro' && user.property('beta') == true",
    "user.isGuest() == true || (user.property('plan') == 'pro' && user.property('beta') == true)",
)
DASHBOARD: Final = Rule(
    "targeting-dashboard",
    Severity.WARNING,
    "The server understands this, but the dashboard's audience editor cannot show it: parentheses inside"
    " parentheses, propertyContains and daysSinceFlowDone.",
    "user.propertyContains('email', 'acme')",
    "user.property('email') contains 'acme'",
)
BACKWARDS: Final = Rule(
    "targeting-backwards",
    Severity.WARNING,
    "The left side is not a source. All of the vendor's examples have the source on the left, and it is not known"
    " whether the server reads the other order.",
    "'pro' == user.property('plan')",
    "user.property('plan') == 'pro'",
)
FORM_RULES: Final = (MIXED, DASHBOARD, BACKWARDS)

_UNSHOWN: Final = {
    SourceKind.USER_PROPERTY_CONTAINS: "Write user.property('name') contains 'part'.",
    SourceKind.GROUP_PROPERTY_CONTAINS: "Write group.property('name') contains 'part'.",
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: "Write user.flow('slug') within 7d, or !within 7d.",
}


def check_form(expression: Expression) -> tuple[Finding, ...]:
    """What is odd about the form of a whole expression."""
    found = [finding for term in terms(expression) for finding in (*_unshown(term), *_backwards(term))]
    return (*_mixed(expression), *_nested(expression, 0), *found)


def _mixed(expression: Expression) -> tuple[Finding, ...]:
    """Every && beside a || without parentheses."""
    match expression:
        case Or(parts) | And(parts):
            inner = tuple(finding for part in parts for finding in _mixed(part))
            bare = parts if isinstance(expression, Or) else ()
            return (*(_mixed_finding(part) for part in bare if isinstance(part, And)), *inner)
        case Group(inside):
            return _mixed(inside)
        case _:
            return ()


def _mixed_finding(part: And) -> Finding:
    message = "&& and || are mixed without parentheses; && binds closer."
    return MIXED.finding(part.span, message, "Put parentheses around this part, or around the || that is meant.")


def _nested(expression: Expression, depth: int) -> tuple[Finding, ...]:
    """The outermost parentheses that stand inside others."""
    match expression:
        case Group(span=span) if depth:
            message = "Parentheses inside parentheses: the dashboard's audience editor cannot show them."
            return (
                DASHBOARD.finding(span, message, "Join the conditions with one level of parentheses, if possible."),
            )
        case Group(inner):
            return _nested(inner, depth + 1)
        case Or(parts) | And(parts):
            return tuple(finding for part in parts for finding in _nested(part, depth))
        case _:
            return ()


def _unshown(term: Term) -> tuple[Finding, ...]:
    """Sources that the dashboard cannot show."""
    sources = [value for value in values(term) if isinstance(value, Source)]
    return tuple(_unshown_finding(source) for source in sources if source.kind in _UNSHOWN)


def _unshown_finding(source: Source) -> Finding:
    message = f"The dashboard's audience editor cannot show {printable(source.kind.spelled)}."
    return DASHBOARD.finding(source.span, message, _UNSHOWN[source.kind])


def _backwards(term: Term) -> tuple[Finding, ...]:
    """A condition whose source, if it has one, is on the right."""
    match term:
        case Condition(left, _, Source() as right) if not isinstance(left, Source):
            message = f"The source stands on the right: {printable(format_value(right))}."
            return (BACKWARDS.finding(term.span, message, "Turn the comparison around."),)
        case _:
            return ()


def constants(expression: Expression) -> tuple[Constant, ...]:
    """Every `true` and `false` that stands beside other conditions."""
    return () if isinstance(expression, Constant) else tuple(t for t in terms(expression) if isinstance(t, Constant))


_LIKELY_MINUTES: Final = frozenset({5, 10, 15, 20, 30, 45, 60, 90, 120})
_MOST_MONTHS: Final = 24

MONTHS: Final = Rule(
    "targeting-months",
    Severity.WARNING,
    "m is months of 30 days, and a number that is usual for minutes or beyond two years was likely meant as"
    " minutes, which are i. Write days to be understood by everyone.",
    "user.property('lastSeen') within 30m",
    "user.property('lastSeen') within 30i",
)
ZERO: Final = Rule(
    "targeting-zero-time",
    Severity.WARNING,
    "A time span of zero: within 0d holds for the future only.",
    "user.property('trialEnd') within 0d",
    "user.property('trialEnd') > now()",
)
TIMES_RULES: Final = (MONTHS, ZERO)


def check_time(term: Term) -> tuple[Finding, ...]:
    """What is odd about the time span of one term."""
    match term:
        case Condition(_, _, Duration(0) as span):
            return (ZERO.finding(span.span, "This time span is zero.", "Compare with now() using < or >."),)
        case Condition(_, _, Duration(amount, Unit.MONTHS) as span):
            return _months(amount, span)
        case _:
            return ()


def _months(amount: int, duration: Duration) -> tuple[Finding, ...]:
    if amount not in _LIKELY_MINUTES and amount <= _MOST_MONTHS:
        return ()
    message = f"{amount}m is {amount} months of 30 days, not minutes."
    hint = f"For minutes write {amount}i; if months are meant, {amount * 30}d says so."
    return (MONTHS.finding(duration.span, message, hint),)


PATTERN: Final = Rule(
    "targeting-pattern",
    Severity.ERROR,
    "RE2, the server's pattern language, refuses this pattern: it has no look-around and no back-references, and"
    " like every pattern language it wants brackets closed. The condition is false for every user.",
    "user.property('email') matches '(?!admin).*@acme.com'",
    "user.property('email') matches '.*@acme[.]com'",
)
AFFIX: Final = Rule(
    "targeting-affix",
    Severity.WARNING,
    "The server turns startsWith and endsWith into patterns without escaping the text, so that special characters"
    " (such as ? + * and brackets; a dot does little harm) do not stand for themselves.",
    "user.currentUrl() startsWith 'https://app.example/?tab='",
    "user.currentUrl() startsWith 'https://app.example/'",
)
PATTERNS_RULES: Final = (PATTERN, AFFIX)
UNCHECKED: Final = UncheckedPatternError.code
"""Not a rule: the finding about a pattern where google-re2 is not installed."""

_MATCHES: Final = frozenset({Operator.MATCHES, Operator.NOT_MATCHES})
_TEXT_AFFIXES: Final = frozenset(
    {Operator.STARTS_WITH, Operator.NOT_STARTS_WITH, Operator.ENDS_WITH, Operator.NOT_ENDS_WITH}
)
_STARTS: Final = frozenset({Operator.STARTS_WITH, Operator.NOT_STARTS_WITH})
_SPECIAL: Final = frozenset("\\^$*+?{}[]()|")


def check_pattern(term: Term) -> tuple[Finding, ...]:
    """What is wrong with the pattern of one term."""
    match term:
        case Condition(_, operator, Text() as text) if operator in _MATCHES | _TEXT_AFFIXES:
            check_text = _pattern_findings if operator in _MATCHES else _affix_findings
            try:
                return check_text(operator, text)
            except UncheckedPatternError as error:
                return (Finding(UNCHECKED, Severity.WARNING, text.span, error.message, error.hint),)
        case _:
            return ()


def _pattern_findings(_: Operator, text: Text) -> tuple[Finding, ...]:
    try:
        compile_pattern(text.value)
    except PatternError as error:
        start = text.span.start + 1 + min(error.offset, len(text.value))
        message = f"The server refuses this pattern: {error.message}."
        return (PATTERN.finding(Span(start, text.span.end), message, "Patterns are RE2: re2 syntax, no look-around."),)
    return ()


def _affix_findings(operator: Operator, text: Text) -> tuple[Finding, ...]:
    special = next((character for character in text.value if character in _SPECIAL), None)
    if special is None:
        return ()
    hint = "Use contains, which takes the text as it is, or matches with the character in brackets: [?]."
    try:
        compile_pattern(f"^{text.value}.*" if operator in _STARTS else f".*{text.value}")
    except PatternError as error:
        message = f"The server makes a pattern of this text, and refuses it: {error.message}."
        return (PATTERN.finding(text.span, message, hint),)
    message = f"The server reads {shown(special)} in this text as part of a pattern, not as itself."
    return (AFFIX.finding(text.span, message, hint),)


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
VALUE_RULES: Final = (IMPOSSIBLE, OPERATOR, ORDER, ALONE, LIST)

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


Pair: TypeAlias = "tuple[Condition, Condition]"

_PROOFS_NOWHEN: Final = Context(at=0)
_LOWER: Final = frozenset({Operator.GREATER, Operator.AT_LEAST})
_PROOFS_SETTLING: Final = EQUALITIES | LISTS
_INCLUSIVE: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST})


def contradicted(claims: list[Condition]) -> Pair | None:
    """Two claims about the same subject that no value meets both; None when there is no cheap proof."""
    return _opposites(claims) or _unset_but_compared(claims) or _unequal(claims) or _empty_range(claims)


def covered(claims: list[Condition]) -> Pair | None:
    """Two claims about the same subject of which every value that is set meets one."""
    return _opposites(claims) or _two_exclusions(claims) or _whole_range(claims)


def _opposites(claims: list[Condition]) -> Pair | None:
    """A claim and its negation, such as `== 'a'` and `!= 'a'`."""
    seen: dict[tuple[Operator, str], Condition] = {}
    for claim in claims:
        right = format_value(claim.right)
        opposite = seen.get((OPPOSITES[claim.operator], right))
        if opposite is not None:
            return opposite, claim
        seen.setdefault((claim.operator, right), claim)
    return None


def _unset_but_compared(claims: list[Condition]) -> Pair | None:
    """A claim that the subject was never set, and one that is false for what was never set, null itself aside."""
    unset = next((claim for claim in claims if _says_unset(claim)), None)
    other = next((claim for claim in claims if not _says_unset(claim)), None)
    return None if unset is None or other is None or isinstance(unset.left, Null) else (unset, other)


def _says_unset(claim: Condition) -> bool:
    is_null = claim.operator is Operator.EQUAL and isinstance(claim.right, Null)
    return is_null or claim.operator is Operator.IS_NOT_SET


def _literal(claim: Condition) -> str | float | bool | None:
    """The fixed value on the right, for subjects that have one value at a time."""
    if isinstance(claim.left, Source) and result_of(claim.left) is Result.GROUPS:
        return None
    match claim.right:
        case Text(value) | Boolean(value):
            return value
        case Number():
            return claim.right.value
        case _:
            return None


def _unequal(claims: list[Condition]) -> Pair | None:
    """The first claim of equality, and a claim that is false for that value."""
    equal = next((claim for claim in claims if claim.operator is Operator.EQUAL and _literal(claim) is not None), None)
    if equal is None:
        return None
    other = next((claim for claim in claims if claim is not equal and _excludes(claim, equal)), None)
    return None if other is None else (equal, other)


def _excludes(claim: Condition, equal: Condition) -> bool:
    """Whether a claim is false for the value that the subject equals."""
    is_decidable = claim.operator in _PROOFS_SETTLING or (claim.operator in ORDERINGS and not _is_about_a_flow(claim))
    if not is_decidable or _literal(claim) is None:
        return False
    return not decide(Condition(equal.right, claim.operator, claim.right), _PROOFS_NOWHEN).truth


def _is_about_a_flow(claim: Condition) -> bool:
    return isinstance(claim.left, Source) and claim.left.kind.result is Result.FLOW_STATE


def _two_exclusions(claims: list[Condition]) -> Pair | None:
    """`!= 'a'` and `!= 'b'`: whatever is one of them is not the other."""
    exclusions = [claim for claim in claims if claim.operator is Operator.NOT_EQUAL and _literal(claim) is not None]
    for claim in exclusions[1:]:
        if not same(_literal(exclusions[0]), _literal(claim)):
            return exclusions[0], claim
    return None


def _bound(claim: Condition) -> float | None:
    """The number or date that a claim of order is about."""
    match claim.right:
        case Text(value) if claim.operator in ORDERINGS:
            return number_of(value)
        case Number() if claim.operator in ORDERINGS:
            return claim.right.value
        case _:
            return None


def _extremes(claims: list[Condition], low: Pick, high: Pick) -> tuple[Bounded, Bounded] | None:
    """One lower and one upper bound of all; None unless there are both."""
    bounded = [(bound, claim) for claim in claims if (bound := _bound(claim)) is not None]
    lower = [pair for pair in bounded if pair[1].operator in _LOWER]
    upper = [pair for pair in bounded if pair[1].operator not in _LOWER]
    return (low(lower, key=_number), high(upper, key=_number)) if lower and upper else None


def _empty_range(claims: list[Condition]) -> Pair | None:
    """A lower bound above an upper one."""
    extremes = _extremes(claims, max, min)
    if extremes is None:
        return None
    (lowest, lower), (highest, upper) = extremes
    both_inclusive = lower.operator in _INCLUSIVE and upper.operator in _INCLUSIVE
    is_empty = lowest > highest or (lowest == highest and not both_inclusive)
    return (lower, upper) if is_empty else None


def _whole_range(claims: list[Condition]) -> Pair | None:
    """A lower bound below an upper one, as alternatives."""
    extremes = _extremes(claims, min, max)
    if extremes is None:
        return None
    (lowest, lower), (highest, upper) = extremes
    one_inclusive = lower.operator in _INCLUSIVE or upper.operator in _INCLUSIVE
    is_whole = lowest < highest or (lowest == highest and one_inclusive)
    return (lower, upper) if is_whole else None


Bounded: TypeAlias = "tuple[float, Condition]"
Pick: TypeAlias = "Callable[..., Bounded]"


def _number(bounded: Bounded) -> float:
    return bounded[0]


CONSTANT: Final = Rule(
    "targeting-constant",
    Severity.WARNING,
    "This condition comes out the same for every user (or for every user who has the property set), so it says"
    " nothing: contains '', a count of at least 0, a comparison of two fixed values, a lone true among others.",
    "user.property('email') contains ''",
    "user.property('email') isSet true",
)
CONTRADICTION: Final = Rule(
    "targeting-contradiction",
    Severity.ERROR,
    "Two conditions joined with && exclude each other, so no user meets both. Usually || or isIn was meant.",
    "user.property('plan') == 'pro' && user.property('plan') == 'team'",
    "user.property('plan') isIn 'pro,team'",
)
TAUTOLOGY: Final = Rule(
    "targeting-tautology",
    Severity.WARNING,
    "Of two conditions joined with || one is always true, so that they exclude nobody but users who never had the"
    " property set. Usually && or !isIn was meant.",
    "user.property('plan') != 'pro' || user.property('plan') != 'team'",
    "user.property('plan') !isIn 'pro,team'",
)
DUPLICATE: Final = Rule(
    "targeting-duplicate",
    Severity.WARNING,
    "The same condition stands twice in one chain of && or ||.",
    "user.property('plan') == 'pro' && user.property('plan') == \"pro\"",
    "user.property('plan') == 'pro'",
)
TRUTH_RULES: Final = (CONSTANT, CONTRADICTION, TAUTOLOGY, DUPLICATE)

_TRUTH_AFFIXES: Final = TEXTS - {Operator.MATCHES, Operator.NOT_MATCHES}
_TRUTH_SETTLING: Final = EQUALITIES | LISTS
_LITERALS: Final = (Text, Number, Boolean)
_TRUTH_NOWHEN: Final = Context(at=0)
_MANY: Final = "9" * 300
_SOMETIMES_UNKNOWN: Final = frozenset({SourceKind.USER_CURRENT_URL, SourceKind.USER_DAYS_SINCE_FLOW_DONE})
"""What there may be no value of, not even null: a condition about it is false then, whatever its operator."""
_ALWAYS_SET: Final = frozenset(Result) - {Result.ANYTHING, Result.DAYS, Result.ADDRESS}


def check_truth(expression: Expression) -> tuple[Finding, ...]:
    """Every condition, and every pair of conditions in one chain, that decides nothing."""
    constant = [finding for term in terms(expression) if isinstance(term, Condition) for finding in _constant(term)]
    lone = [_constant_finding(term, truth=term.value, among="every user") for term in constants(expression)]
    return (*lone, *constant, *_chains(simplified(expression)))


def _constant(condition: Condition) -> tuple[Finding, ...]:
    """A condition that comes out the same whoever the user is."""
    if not (condition.operator in TIMES or _varies(condition.left) or _varies(condition.right)):
        truth = decide(condition, _TRUTH_NOWHEN).truth
        return (_constant_finding(condition, truth=truth, among="every user"),)
    if _is_empty_text(condition):
        truth = condition.operator not in NEGATIVES
        return (_constant_finding(condition, truth=truth, among="every user who has it set"),)
    known = _presence_truth(condition)
    if known is None:
        known = _count_truth(condition)
    return () if known is None else (_constant_finding(condition, truth=known, among="every user"),)


def _constant_finding(term: Term, *, truth: bool, among: str) -> Finding:
    message = f"{printable(formatted(term))} is {'true' if truth else 'false'} for {among}."
    return CONSTANT.finding(term.span, message, "Delete it, or compare with what was meant.")


def _varies(value: Value) -> bool:
    """Whether a value depends on the user or on the clock."""
    match value:
        case Source() | Clock() | Duration():
            return True
        case Enclosed(inner):
            return _varies(inner)
        case Arithmetic(first, rest):
            return any(map(_varies, (first, *(operand for _, operand in rest))))
        case _:
            return False


def _is_empty_text(condition: Condition) -> bool:
    """Whether every text fits: `contains ''` and the like, but not `matches ''`."""
    is_affix = condition.operator in _TRUTH_AFFIXES
    return is_affix and isinstance(condition.right, Text) and not condition.right.value


def _presence_truth(condition: Condition) -> bool | None:
    """The truth of asking whether something is set that always is."""
    if not isinstance(condition.left, Source) or not _is_always_set(condition.left):
        return None
    if condition.operator in PRESENCES:
        return condition.operator is Operator.IS_SET
    if condition.operator in EQUALITIES and isinstance(condition.right, Null):
        return condition.operator is Operator.NOT_EQUAL
    return None


def _is_always_set(source: Source) -> bool:
    is_partial = source.kind in (SourceKind.USER_PROPERTY_CONTAINS, SourceKind.GROUP_PROPERTY_CONTAINS)
    return result_of(source) in _ALWAYS_SET and not is_partial


def _count_truth(condition: Condition) -> bool | None:
    """The truth of comparing a count with a number, where no count (0 or more) makes a difference."""
    left, right = condition.left, condition.right
    if not isinstance(left, Source) or left.kind.result is not Result.COUNT or not isinstance(right, Number):
        return None
    if condition.operator not in ORDERINGS:
        return None
    extremes = {
        decide(Condition(Number(count), condition.operator, right), _TRUTH_NOWHEN).truth for count in ("0", _MANY)
    }
    return extremes.pop() if len(extremes) == 1 else None


def _chains(expression: Expression) -> tuple[Finding, ...]:
    """What the chains of a simplified expression say twice, rule out or leave open."""
    if not isinstance(expression, And | Or):
        return ()
    inner = [finding for part in expression.parts for finding in _chains(part)]
    return (*_duplicates(expression.parts), *_clashes(expression), *inner)


def _duplicates(parts: tuple[Expression, ...]) -> Iterable[Finding]:
    seen: set[str] = set()
    for part in parts:
        said = meaning(part)
        if said in seen:
            yield DUPLICATE.finding(
                part.span, f"{printable(formatted(part))} stands here twice.", "Delete one of them."
            )
        seen.add(said)


def _clashes(chain: And | Or) -> Iterable[Finding]:
    """At most one clash for each subject of a chain."""
    by_subject: dict[str, list[Condition]] = defaultdict(list)
    for part in chain.parts:
        about = subject(part)
        if about is not None:
            by_subject[about].append(_claim(part))
    for about, claims in by_subject.items():
        if len(claims) == 1:
            continue
        pair = contradicted(claims) if isinstance(chain, And) else covered(claims)
        if pair is not None:
            yield _clash(chain, about, *pair)


def _claim(part: Expression) -> Condition:
    """A term with a subject as a condition; a source alone claims that it is true."""
    match part:
        case Flag(source, span=span):
            return Condition(source, Operator.EQUAL, Boolean(value=True), span=span)
        case Condition():
            return part
        case _:
            raise AssertionError(part)


def _clash(chain: And | Or, about: str, first: Condition, second: Condition) -> Finding:
    one, other = printable(formatted(first)), printable(formatted(second))
    if isinstance(chain, And):
        message = f"No user meets both {one} and {other}."
        return CONTRADICTION.finding(second.span, message, _way_out(chain, first, second))
    scope = "every user" if _spares_nobody(first) else f"every user who has {printable(about)} set"
    message = f"One of {one} and {other} is true for {scope}."
    return TAUTOLOGY.finding(second.span, message, _way_out(chain, first, second))


def _spares_nobody(claim: Condition) -> bool:
    """Whether a claim or its opposite holds for everyone, there being no user without a value."""
    if claim.operator in PRESENCES:
        return not isinstance(claim.left, Source) or claim.left.kind not in _SOMETIMES_UNKNOWN
    is_fixed = claim.operator in _TRUTH_SETTLING and isinstance(claim.right, _LITERALS)
    return is_fixed and isinstance(claim.left, Source) and _is_always_set(claim.left)


def _way_out(chain: And | Or, first: Condition, second: Condition) -> str:
    """The other joint, and a list where both are about single values."""
    joint, operator = ("||", Operator.EQUAL) if isinstance(chain, And) else ("&&", Operator.NOT_EQUAL)
    listed = Operator.IS_IN if operator is Operator.EQUAL else Operator.NOT_IS_IN
    if first.operator is second.operator is operator:
        return f"Join them with {joint}, or list the values: {listed.value} 'a,b'."
    return f"Join them with {joint}, or change one of them."


RULES: Final[tuple[Rule, ...]] = (
    *SYNTAX_RULES,
    *VALUE_RULES,
    *TIMES_RULES,
    *PATTERNS_RULES,
    *TEXTS_RULES,
    *TRUTH_RULES,
    *FORM_RULES,
    *FLOW_RULES,
)
_TERM_CHECKS: Final = (check_term, check_time, check_pattern, check_quoted)
"""Every rule of every group, in the order of the documentation."""


def check(source: str) -> tuple[Finding, ...]:
    """Everything that can be said of one expression by itself, by position; linear time, never raises."""
    try:
        return check_parsed(source, parse(source))
    except TargetingError as error:
        return check_parsed(source, error)


def check_parsed(source: str, read: Expression | TargetingError) -> tuple[Finding, ...]:
    """As `check`, for a text that was parsed already, with or without success."""
    found = check_text(source)
    if len(source) > MAXIMUM_READ:
        return found
    if isinstance(read, TargetingError):
        return _sorted((*found, syntax_finding(read, source)))
    return _sorted((*found, *check_expression(read)))


def check_expression(expression: Expression) -> tuple[Finding, ...]:
    """The findings in an expression that can be read, by position."""
    by_term = [finding for term in terms(expression) for check_term in _TERM_CHECKS for finding in check_term(term)]
    return _sorted((*by_term, *check_truth(expression), *check_form(expression)))


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.span, finding.code, finding.message)))
