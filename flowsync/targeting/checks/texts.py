"""Rules about what stands inside quotes: the server rewrites the whole expression without regard to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.targeting.checks.finding import Rule
from flowsync.targeting.nodes import Source, Text, values

if TYPE_CHECKING:
    from flowsync.targeting.checks.finding import Finding
    from flowsync.targeting.nodes import Term, Value

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
RULES: Final = (QUOTE, LOGIC_IN_TEXT)

_LOGIC: Final = re.compile(r"(?:^|\s)(AND|OR)(?:\s|$)|(&&|\|\|)")


def check_term(term: Term) -> tuple[Finding, ...]:
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
