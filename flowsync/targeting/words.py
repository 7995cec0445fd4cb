"""An expression in words, for people who do not write expressions: `plan is pro and country is one of de, at`."""

from __future__ import annotations

import re
from typing import Final

from flowsync.errors import TargetingError
from flowsync.targeting.nodes import (
    And,
    Boolean,
    Condition,
    Everyone,
    Expression,
    Group,
    Number,
    Operator,
    Or,
    Source,
    SourceKind,
    Text,
    Value,
    simplified,
)
from flowsync.targeting.parser import parse
from flowsync.targeting.tokens import is_too_long

_PLAIN: Final = re.compile(r"[^\W_](?:[\w./:@+-]*\w)?")
_LISTED: Final = re.compile(rf"{_PLAIN.pattern}(?:, ?{_PLAIN.pattern})*")
_JOINTS: Final = frozenset({"and", "or", "is", "not", "everyone"})
"""Words that a name in quotes cannot be taken for."""
_SOURCES: Final = {
    SourceKind.USER_PROPERTY: "{}",
    SourceKind.GROUP_PROPERTY: "the group's {}",
    SourceKind.USER_DAYS_SINCE_NOW: "days since {}",
    SourceKind.USER_CURRENT_URL: "the page's address",
    SourceKind.USER_EVENT: "the count of {}",
    SourceKind.GROUP_EVENT: "the group's count of {}",
    SourceKind.USER_FLOW: "the state of {}",
    SourceKind.USER_DAYS_SINCE_FLOW_DONE: "days since {} was done",
    SourceKind.USER_FLOW_STEP: "the state of step {1} of {0}",
    SourceKind.USER_FLOW_STEP_DATA: "the answer {2} in step {1} of {0}",
    SourceKind.USER_MEMBER_OF_GROUP: "the user's group",
}
_OPERATORS: Final = {
    Operator.EQUAL: "is",
    Operator.NOT_EQUAL: "is not",
    Operator.LESS: "is under",
    Operator.AT_MOST: "is at most",
    Operator.GREATER: "is over",
    Operator.AT_LEAST: "is at least",
    Operator.CONTAINS: "contains",
    Operator.NOT_CONTAINS: "does not contain",
    Operator.STARTS_WITH: "starts with",
    Operator.NOT_STARTS_WITH: "does not start with",
    Operator.ENDS_WITH: "ends with",
    Operator.NOT_ENDS_WITH: "does not end with",
    Operator.IS_IN: "is one of",
    Operator.NOT_IS_IN: "is none of",
}


class _NoWordsError(Exception):
    """A part of an expression cannot be said in words."""


def in_words(text: str) -> str | None:
    """Return the expression in words; None if a part cannot be said in words, or the server cannot read it."""
    if len(text) <= 1:  # the server takes it for no targeting [obs]
        return "everyone"
    try:
        return None if is_too_long(text) else _words(simplified(parse(text)))
    except (TargetingError, _NoWordsError):
        return None


def _words(expression: Expression) -> str:
    match expression:
        case Everyone():
            return "everyone"
        case Group(inner):
            return f"({_words(inner)})"
        case And(parts):
            return " and ".join(f"({_words(part)})" if isinstance(part, Or) else _words(part) for part in parts)
        case Or(parts):
            return " or ".join(f"({_words(part)})" if isinstance(part, And) else _words(part) for part in parts)
        case Condition(Source() as left, operator, right):
            return _condition(left, operator, right)
        case Source(SourceKind.USER_IS_GUEST):
            return "is a guest"
        case _:
            raise _NoWordsError


def _condition(left: Source, operator: Operator, right: Value) -> str:
    if operator.is_presence and right == Boolean(value=True):
        return f"{_subject(left)} {'is set' if operator is Operator.IS_SET else 'is not set'}"
    if left.kind is SourceKind.USER_IS_GUEST and isinstance(right, Boolean) and operator is Operator.EQUAL:
        return "is a guest" if right.value else "is no guest"
    is_list = operator in {Operator.IS_IN, Operator.NOT_IS_IN}
    if operator not in _OPERATORS:
        raise _NoWordsError
    return f"{_subject(left)} {_OPERATORS[operator]} {_value(right, is_list=is_list)}"


def _subject(source: Source) -> str:
    if source.kind not in _SOURCES or (source.kind is SourceKind.USER_MEMBER_OF_GROUP and source.arguments):
        raise _NoWordsError
    return _SOURCES[source.kind].format(*(_name(argument.value) for argument in source.arguments))


def _value(value: Value, *, is_list: bool) -> str:
    match value:
        case Text(content) if is_list and _LISTED.fullmatch(content):
            return ", ".join(_name(part.strip()) for part in content.split(","))
        case Text(content):
            return _name(content)
        case Number(text):
            return text
        case Boolean(truth):
            return "true" if truth else "false"
        case _:
            raise _NoWordsError


def _name(text: str) -> str:
    """Return a text as it is if nobody can mistake it for our words, else in quotes."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _JOINTS
    return text if is_plain else f"'{text}'"
