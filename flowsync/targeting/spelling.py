"""The text by which two expressions are compared: equal when their tokens are."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.length import is_too_long
from flowsync.targeting.tokens import TokenKind, tokenize

if TYPE_CHECKING:
    from flowsync.targeting.tokens import Token

_ALIASES: Final = {"===": "==", "!==": "!=", "AND": "&&", "OR": "||"}


@lru_cache(maxsize=512)
def canonical(text: str) -> str:
    """One spelling for all texts of the same tokens; never raises, linear time.

    White space between tokens, quote style, `AND`/`&&`, `OR`/`||`, `===`/`==` and `!==`/`!=` do not
    count. Everything else does: order, parentheses, how a number is written. Blank texts are "".
    A text that cannot be split into tokens is its own canonical form, exactly as it is. So is one that
    is too long, with a line end that no other form has: cut by spaces alone, it holds for other users.
    """
    if is_too_long(text):
        return f"{text}\n"
    try:
        tokens = tokenize(text)
    except TargetingError:
        return text
    return " ".join(_spelling(token) for token in tokens[:-1])


def _spelling(token: Token) -> str:
    """The one spelling of a token."""
    if token.kind is TokenKind.TEXT and "'" not in token.text:
        return f"'{token.text[1:-1]}'"
    return _ALIASES.get(token.text, token.text)
