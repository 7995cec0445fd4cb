"""Rules about patterns: `matches`, and what startsWith and endsWith make of special characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.model import Severity
from flowsync.targeting.checks.finding import Finding, Rule
from flowsync.targeting.nodes import Condition, Operator, Span, Text
from flowsync.targeting.patterns import PatternError, compile_pattern
from flowsync.targeting.wording import shown

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Term

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
RULES: Final = (PATTERN, AFFIX)
UNCHECKED: Final = UncheckedPatternError.code
"""Not a rule: the finding about a pattern where google-re2 is not installed."""

_MATCHES: Final = frozenset({Operator.MATCHES, Operator.NOT_MATCHES})
_AFFIXES: Final = frozenset(
    {Operator.STARTS_WITH, Operator.NOT_STARTS_WITH, Operator.ENDS_WITH, Operator.NOT_ENDS_WITH}
)
_STARTS: Final = frozenset({Operator.STARTS_WITH, Operator.NOT_STARTS_WITH})
_SPECIAL: Final = frozenset("\\^$*+?{}[]()|")


def check_term(term: Term) -> tuple[Finding, ...]:
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
