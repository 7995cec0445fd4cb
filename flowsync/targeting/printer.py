"""The printer: a tree to its text, in the one spelling of every alias."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.targeting.nodes import (
    And,
    Arithmetic,
    Boolean,
    Clock,
    Condition,
    Constant,
    Duration,
    Enclosed,
    Everyone,
    Flag,
    Group,
    Null,
    Number,
    Or,
    Source,
    Text,
)
from flowsync.targeting.tokens import TokenKind, is_too_long, tokenize

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Expression, Value
    from flowsync.targeting.tokens import Token


def formatted(expression: Expression) -> str:  # noqa: PLR0911 - one return per kind of node
    """The text of an expression; parsing it gives an equal tree.

    Spacing, quotes and aliases come out in one spelling (`&&`, `==`, 'single quotes'); parentheses
    stay as they are. A tree made by hand gets the parentheses without which it would mean another.
    """
    match expression:
        case Everyone():
            return ""
        case Or(parts):
            return " || ".join(_part(part, Or) for part in parts)
        case And(parts):
            return " && ".join(_part(part, Or, And) for part in parts)
        case Group(inner):
            return f"({formatted(inner)})"
        case Condition(left, operator, right):
            return f"{format_value(left)} {operator.value} {format_value(right)}"
        case Flag(source):
            return format_value(source)
        case Constant(value):
            return _truth(value=value)


def _part(part: Expression, *looser: type[Or | And]) -> str:
    """One part of a chain, in parentheses where it binds no closer than the chain."""
    return f"({formatted(part)})" if isinstance(part, looser) else formatted(part)


def format_value(value: Value) -> str:  # noqa: PLR0911 - one return per kind of node
    """The text of one value."""
    match value:
        case Source():
            return _source(value)
        case Text(content):
            return quoted(content)
        case Number(text):
            return text
        case Boolean(truth):
            return _truth(value=truth)
        case Null():
            return "null"
        case Duration(amount, unit):
            return f"{amount}{unit.letter}"
        case Clock(form):
            return form.value
        case Arithmetic(first, rest):
            return format_value(first) + "".join(f" {sign} {format_value(operand)}" for sign, operand in rest)
        case Enclosed(inner):
            return f"({format_value(inner)})"


def quoted(content: str) -> str:
    """A text in quotes: single ones, unless it holds one itself."""
    return f'"{content}"' if "'" in content else f"'{content}'"


def _source(source: Source) -> str:
    arguments = ", ".join(quoted(argument.value) for argument in source.arguments)
    return f"{source.kind.spelled}({arguments}){'.count' if source.kind.is_count else ''}"


def _truth(*, value: bool) -> str:
    return "true" if value else "false"


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


def simplified(expression: Expression) -> Expression:
    """The same expression without parentheses that change nothing; chains inside equal chains are joined."""
    match expression:
        case Group(inner):
            return simplified(inner)
        case And(parts, span):
            return And(_joined(parts, And), span)
        case Or(parts, span):
            return Or(_joined(parts, Or), span)
        case _:
            return expression


def _joined(parts: tuple[Expression, ...], kind: type[And | Or]) -> tuple[Expression, ...]:
    """The simplified parts, with the parts of a chain of the same kind in its place."""
    joined: list[Expression] = []
    for part in map(simplified, parts):
        joined.extend(part.parts if isinstance(part, And | Or) and isinstance(part, kind) else (part,))
    return tuple(joined)


def meaning(expression: Expression) -> str:
    """A text that is equal for simplified expressions that differ only in order and repetition."""
    match expression:
        case And(parts):
            return _chain_meaning(parts, " && ")
        case Or(parts):
            return _chain_meaning(parts, " || ")
        case _:
            return formatted(expression)


def _chain_meaning(parts: tuple[Expression, ...], joint: str) -> str:
    distinct = sorted({meaning(part) for part in parts})
    return distinct[0] if len(distinct) == 1 else f"({joint.join(distinct)})"


def subject(expression: Expression) -> str | None:
    """What a term is about, as text: its left side; None for chains and constants."""
    match expression:
        case Condition(left):
            return format_value(left)
        case Flag(source):
            return format_value(source)
        case _:
            return None


def chain_parts(expression: Expression) -> tuple[Expression, ...]:
    """The parts of a chain; anything else is the one part of itself, and Everyone has none."""
    match expression:
        case And(parts) | Or(parts):
            return parts
        case Everyone():
            return ()
        case _:
            return (expression,)
