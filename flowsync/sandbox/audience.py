"""POST /graphql: the estimate of users [obs], who are made up (`crowd`); everything else is refused there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from flowsync.sandbox.crowd import count
from flowsync.sandbox.values import Response, answered, graphql_errors

if TYPE_CHECKING:
    from datetime import datetime

    from flowsync.model import JsonValue

MOST_TAKEN: Final = 50
"""A larger `take` is refused [obs]."""
_PREFIX: Final = "targeting:"
_ARGUMENT: Final = r'\w+\s*:\s*(?:\$\w+|\d+|"(?:[^"\\\n]|\\.)*")'
_DOCUMENT: Final = re.compile(
    rf"\s*(?:query\b[^{{}}]*)?\{{\s*getTotalUsers\s*\((?P<arguments>(?:\s*,?\s*{_ARGUMENT})+)\s*\)"
    r"\s*\{(?P<fields>[\s,\w]*)\}\s*\}\s*"
)
_FIELDS: Final = frozenset({"name", "count"})


def answer(body: Mapping[str, JsonValue], expressions: Iterable[str], now: datetime) -> Response:
    """The answer to a request whose `body` is a GraphQL one; `expressions` are those of the account's flows.

    Errors have the status 200 and one text for everything [obs].
    """
    expression = _expression(body)
    fields = _fields(body)
    if expression is None or not fields:
        return graphql_errors()
    total: dict[str, JsonValue] = {"name": "Total", "count": count(expression, expressions, now)}
    element: JsonValue = {name: total[name] for name in fields}
    return answered(HTTPStatus.OK, {"data": {"getTotalUsers": [element]}})


def _expression(body: Mapping[str, JsonValue]) -> str | None:
    """What is asked about, by the one query that is known; None for anything else."""
    arguments = _arguments(body)
    skip, take, query = (arguments.get(name) for name in ("skip", "take", "query"))
    if type(skip) is not int or type(take) is not int or not 0 < take <= MOST_TAKEN or skip < 0:
        return None
    if arguments.keys() != {"skip", "take", "query"} or not isinstance(query, str) or not query.startswith(_PREFIX):
        return None
    return query.removeprefix(_PREFIX).strip()


def _arguments(body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The arguments of getTotalUsers, with the values of variables in their places."""
    document = body.get("query")
    found = _DOCUMENT.fullmatch(document) if isinstance(document, str) else None
    given = body.get("variables")
    variables = given if isinstance(given, dict) else {}
    arguments: dict[str, JsonValue] = {}
    for argument in re.findall(_ARGUMENT, found["arguments"]) if found else ():
        name, _, value = argument.partition(":")
        value = value.strip()
        arguments[name.strip()] = variables.get(value[1:]) if value.startswith("$") else _literal(value)
    return arguments


def _literal(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return None
    return value


def _fields(body: Mapping[str, JsonValue]) -> list[str]:
    """The fields of an element that are asked for; none where one of them is not known."""
    found = _DOCUMENT.fullmatch(str(body.get("query")))
    names = re.findall(r"\w+", found["fields"]) if found else []
    return names if set(names) <= _FIELDS else []
