"""Checks of an expression's spelling, because of the server's parser: length, blanks, signs inside texts."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from flowsync.targeting import rules
from flowsync.targeting.nodes import And, Condition, Everyone, Group, Operator, Or, Source, Span, Text, values, walk
from flowsync.targeting.tokens import MAXIMUM_LENGTH, is_too_long, length, on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.targeting.nodes import Expression, Term
    from flowsync.targeting.rules import Finding

_LONG: Final = 1_700
"""From here on an expression is near the limit, which holds after values have taken the places of names."""
_SHORTEN: Final = "Shorten it; several values of one property fit into isIn 'a,b,c'."
_THEN: Final = "; the expression is false for everyone then."
_PARENTHESIS: Final = re.compile(r"[()]")
_LOGIC: Final = re.compile(r"\s(AND|OR)\s|(&&|\|\|)")
_BLANKS: Final = re.compile(r"[ \t]+")
_PATTERN_SIGNS: Final = frozenset("\\^$*+?{}[]|.")


def check_length(text: str) -> Iterator[Finding]:
    """Report an expression that is too long, as it is sent, or nearly so; or that is only white space."""
    size = length(on_one_line(text))
    if is_too_long(text):
        message = f"This expression has {size:,} characters; the server takes one over 2,000 for false."
        yield rules.TOO_LONG.finding(Span(min(MAXIMUM_LENGTH, len(text) - 1), len(text)), message, _SHORTEN)
    elif size >= _LONG:
        message = (
            f"This expression has {size:,} characters. The limit of 2,000 holds after the server has put values in the"
            " places of names; beyond it the expression is false."
        )
        yield rules.LONG.finding(Span(min(_LONG, len(text) - 1), len(text)), message, _SHORTEN)
    if text and not text.strip(" \t\r\n"):
        yield rules.BLANK.finding(Span(0, len(text)), "This expression is only white space.", "Write '' for everyone.")


def check_texts(term: Term) -> Iterator[Finding]:
    """Report texts of a term that the server takes for a part of the expression."""
    for value in values(term):
        for name in value.arguments if isinstance(value, Source) else ():
            yield from _check_text(name, is_name=True)
        if isinstance(value, Text):
            yield from _check_text(value, is_name=False)
    if isinstance(term, Condition) and term.operator.is_equality:
        for value in values(term):
            if isinstance(value, Text) and _PARENTHESIS.search(value.value) and _is_balanced(value.value):
                message = f"The server's parser likely fails at the parentheses in this text{_THEN}"
                yield rules.LOGIC_IN_TEXT.finding(value.span, message, _without(value.value, "()", term.operator))


def _check_text(text: Text, *, is_name: bool) -> Iterator[Finding]:
    """A name gives way to its value before the server splits at words, but not before it makes words of && and ||."""
    if "'" in text.value or '"' in text.value:
        message = "This text holds a quote, and the server ends the text there: it takes double quotes for single ones."
        yield rules.QUOTE.finding(text.span, message, _without(text.value, "'\"", Operator.EQUAL))
    elif (logic := _LOGIC.search(text.value)) and not (is_name and logic[1]):
        message = f"The server may split the expression at {logic[1] or logic[2]} inside this text."
        yield rules.LOGIC_IN_TEXT.finding(text.span, message, "Use contains with another part of the text.")
    elif not _is_balanced(text.value):
        message = "The parentheses in this text do not balance; the server counts them and may refuse the expression."
        yield rules.LOGIC_IN_TEXT.finding(text.span, message, "In a pattern write [(] or [)] as \\x28 or \\x29.")


def _without(text: str, signs: str, operator: Operator) -> str:
    """The hint to compare without certain signs: with a pattern, if the other signs of the text allow that."""
    pattern = text.translate(dict.fromkeys(map(ord, signs), "."))
    if not re.search(r"\w", text) or _PARENTHESIS.search(pattern) or not _PATTERN_SIGNS.isdisjoint(text):
        return "Use contains with a part of the text that has none, or matches with a dot in the place of each."
    word = "matches" if operator is Operator.EQUAL else "!matches"
    return f"Write {word} '{pattern}', where a dot is any character, or use contains with a part that has none."


def _is_balanced(text: str) -> bool:
    depths = [0, *accumulate(1 if each == "(" else -1 for each in _PARENTHESIS.findall(text))]
    return min(depths) == depths[-1] == 0


def check_blanks(text: str, expression: Expression) -> Iterator[Finding]:
    """Report blanks between two parentheses, or between one and the end of the text; line breaks are not sent."""
    for each in walk(expression):
        if isinstance(each, Group):
            yield from _check_ends(text, each.inner, Span(each.span.start + 1, each.span.end - 1))
    if not isinstance(expression, Everyone):
        yield from _check_ends(text, expression, Span(0, len(text)))


def _check_ends(text: str, inner: Expression, around: Span) -> Iterator[Finding]:
    gaps = (Span(around.start, inner.span.start), Span(inner.span.end, around.end))
    for gap, end in zip(gaps, (0, -1), strict=True):
        if _BLANKS.fullmatch(text, *gap) and isinstance(_outermost(inner, end), Group):
            message = f"The server's parser likely fails at a blank beside two parentheses{_THEN}"
            yield rules.PARENTHESES.finding(gap, message, "Delete the blank.")


def _outermost(expression: Expression, end: int) -> Expression:
    """The first (0) or last (-1) part of a chain."""
    while isinstance(expression, And | Or):
        expression = expression.parts[end]
    return expression
