"""The form in which two expressions are compared by meaning: no parentheses, no order, no repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.targeting.nodes import And, Condition, Everyone, Flag, Group, Or
from flowsync.targeting.printer import format_value, formatted

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Expression


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
