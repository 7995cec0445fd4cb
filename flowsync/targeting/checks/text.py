"""Rules about the text as a whole: can it be read, is it short enough, is it there at all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.model import Severity
from flowsync.targeting.checks.finding import Finding, Rule
from flowsync.targeting.evaluation import PatternError, compile_pattern
from flowsync.targeting.nodes import (
    And,
    Condition,
    Constant,
    Duration,
    Group,
    Operator,
    Or,
    Source,
    SourceKind,
    Span,
    Text,
    Unit,
    terms,
    values,
)
from flowsync.targeting.printer import format_value
from flowsync.targeting.tokens import MAXIMUM_LENGTH, is_too_long, length, printable, shown

if TYPE_CHECKING:
    from flowsync.errors import TargetingError
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
        case Group(_, span) if depth:
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
_AFFIXES: Final = frozenset(
    {Operator.STARTS_WITH, Operator.NOT_STARTS_WITH, Operator.ENDS_WITH, Operator.NOT_ENDS_WITH}
)
_STARTS: Final = frozenset({Operator.STARTS_WITH, Operator.NOT_STARTS_WITH})
_SPECIAL: Final = frozenset("\\^$*+?{}[]()|")


def check_pattern(term: Term) -> tuple[Finding, ...]:
    """What is wrong with the pattern of one term."""
    match term:
        case Condition(_, operator, Text() as text) if operator in _MATCHES | _AFFIXES:
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
