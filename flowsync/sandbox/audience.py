"""POST /graphql: the estimate of users [obs], for 1,000 made-up users; every other query is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from flowsync.flows.expressions import parsed
from flowsync.model import JsonValue
from flowsync.sandbox.server import Response, answered
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
    Term,
    chain_parts,
    formatted,
    sources,
)

USERS: Final = 1_000
_SCALE: Final = 4
"""One user in this many is in the evaluated sample, whose count is scaled up as by the vendor [obs]."""
_MOST_TAKEN: Final = 50
"""A larger `take` is refused [obs]."""
_PREFIX: Final = "targeting:"
_ARGUMENT: Final = r'(\w+)\s*:\s*(\$\w+|\d+|"(?:[^"\\\n]|\\.)*")'
_DOCUMENT: Final = re.compile(
    rf"\s*(?:query\b[^{{}}]*)?\{{\s*getTotalUsers\s*\((?P<arguments>(?:\s*,?\s*{_ARGUMENT})+)\s*\)"
    r"\s*\{(?P<fields>[\s,\w]+)\}\s*\}\s*"
)
_COMPLEMENTS: Final = {Operator.NOT_EQUAL, Operator.LESS, Operator.AT_MOST, Operator.IS_NOT_SET}


def graphql_errors() -> Response:
    """The answer of GraphQL to any fault: 200, and always the same text [obs]."""
    error: JsonValue = {"message": "Internal server error", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
    return answered(HTTPStatus.OK, {"errors": [error], "data": None})


def answer(body: Mapping[str, JsonValue]) -> Response:
    """Answer a GraphQL request."""
    query, given = body.get("query"), body.get("variables")
    found = _DOCUMENT.fullmatch(query) if isinstance(query, str) else None
    names = re.findall(r"\w+", found["fields"]) if found else []
    expression = _expression(found["arguments"], given if isinstance(given, dict) else {}) if found else None
    if expression is None or not set(names) <= {"name", "count"}:
        return graphql_errors()
    total: dict[str, JsonValue] = {"name": "Total", "count": count(expression)}
    return answered(HTTPStatus.OK, {"data": {"getTotalUsers": [{name: total[name] for name in names}]}})


def _expression(text: str, variables: Mapping[str, JsonValue]) -> str | None:
    """The expression among the arguments of getTotalUsers; None if the vendor would not accept them."""
    try:
        arguments = {
            name: variables.get(value[1:]) if value.startswith("$") else json.loads(value)
            for name, value in re.findall(_ARGUMENT, text)
        }
    except ValueError:  # a text with an unknown escape
        return None
    match arguments:
        case {"skip": int(), "take": int(take), "query": str(query), **others} if not others:
            is_accepted = 0 < take <= _MOST_TAKEN and query.startswith(_PREFIX)
            return query.removeprefix(_PREFIX).strip() if is_accepted else None
        case _:
            return None


def count(expression: str) -> int:
    """Estimate how many users qualify; none if the expression cannot be read [obs: malformed is false]."""
    tree = parsed(expression)
    if tree is None:
        return 0
    return _SCALE * sum(_qualifies(number, tree) for number in range(0, USERS, _SCALE))


def _qualifies(number: int, expression: Expression) -> bool:
    """Whether a user qualifies. Each term is true for certain users, the same ones in every expression."""
    match expression:
        case Everyone():
            return True
        case Or(parts):
            return any(_qualifies(number, part) for part in parts)
        case And() | Group():
            return all(_qualifies(number, part) for part in chain_parts(expression))
        case term if {source.kind for source in sources(term)} <= {SourceKind.USER_CURRENT_URL}:  # no browser is open
            return False
        case Condition(left, operator, right) if operator.is_negative or operator in _COMPLEMENTS:
            return not _qualifies(number, Condition(left, operator.opposite, right))
        case term:
            return _is_true(number, term)


def _is_true(number: int, term: Term) -> bool:
    if SourceKind.USER_IS_GUEST in {source.kind for source in sources(term)}:
        is_guest = number // _SCALE % 10 == 0
        return is_guest is not (isinstance(term, Condition) and term.right == Boolean(value=False))
    match term:
        case Condition(Source() as source, Operator.GREATER | Operator.AT_LEAST, Number() as bound):
            # The higher the bound, the fewer users are above it: half of them are above 10.
            return 10 * (share := _share(number, formatted(source))) > float(bound.text) * (1 - share)
        case _:
            return _share(number, formatted(term)) < 0.4  # noqa: PLR2004 - of the users


def _share(number: int, text: str) -> float:
    """A number from 0 to 1, always the same for a user and a text."""
    digest = blake2b(f"{text}\0{number}".encode(errors="replace"), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
