"""The printer: a tree to its text, in the one spelling of every alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from flowsync.targeting.nodes import Expression, Value


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
