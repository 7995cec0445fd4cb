"""Rules about the text as a whole: can it be read, is it short enough, is it there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.length import MAXIMUM_LENGTH, is_too_long, length
from flowsync.targeting.nodes import Span

if TYPE_CHECKING:
    from flowsync.errors import TargetingError
    from flowsync.targeting.checks.finding import Finding

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
RULES: Final = (SYNTAX, TOO_LONG, BLANK)


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
