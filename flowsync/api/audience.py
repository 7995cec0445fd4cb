"""About how many users qualify for an expression, by the API's own estimate [obs: GraphQL]. It reads, and cannot write.

Whoever holds a `UserCounter` can send one query, which is fixed here, to one path; all that varies is the expression.
"""

from __future__ import annotations

import threading
import time
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final, Protocol

from flowsync.api.endpoints import is_absent
from flowsync.errors import (
    ApiError,
    ForbiddenError,
    RateLimitedError,
    TransportError,
    UnauthorizedError,
    UnreadableResponseError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import JsonValue

GRAPHQL_PATH: Final = "/graphql"
QUERY: Final = "query TotalUsers($query: String!) { getTotalUsers(skip: 0, take: 1, query: $query) { name count } }"
"""The one document that is sent. `skip` and `take` are required, and the total comes whatever they are [obs]."""
MOST_USERS: Final = 10_000_000_000
"""More than there are people: such a count is not believed."""
PATIENCE: Final = 10.0
"""Seconds that all the estimates of a command may take: they are slow where an expression names events or flows."""
MOST_AT_ONCE: Final = 4
EVERYONE: Final = "user.isGuest() == true || user.isGuest() == false"
"""True for every user, with nothing that has to be set. What the API makes of an empty expression is not known."""
_ELEMENT: Final = "Total"


class UserCounter(Protocol):
    """A way to the API that can only ask for an estimate."""

    def total_users(self, expression: str) -> JsonValue:
        """The JSON that the API answers `QUERY` with for `expression`. Raises the ApiError family."""


class Gap(Enum):
    """Why there is no estimate, in one word."""

    UNSEEN = "unseen"
    TIMEOUT = "timeout"
    KEY = "key"
    ABSENT = "absent"
    LIMIT = "limit"
    FAILED = "failed"
    NETWORK = "network"
    UNREADABLE = "unreadable"


_GAPS: Final[dict[type[ApiError], Gap]] = {
    UnauthorizedError: Gap.KEY,
    ForbiddenError: Gap.KEY,
    RateLimitedError: Gap.LIMIT,
    TransportError: Gap.NETWORK,
    UnreadableResponseError: Gap.UNREADABLE,
}
_PASSING: Final = frozenset({Gap.FAILED, Gap.NETWORK})


def variables(expression: str) -> dict[str, JsonValue]:
    """What goes with `QUERY`."""
    return {"query": f"targeting: {expression}"}


def estimates(counter: UserCounter, expressions: Iterable[str], seconds: float = PATIENCE) -> Mapping[str, int | Gap]:
    """About how many users qualify for each expression, which is sent as it is; `MOST_AT_ONCE` are asked at a time.

    After `seconds` in all it goes on with what has come. Nobody waits for what is under way then: the threads are
    daemons, whose requests end with the client or the process. Raises nothing of the ApiError family.
    """
    wanted = list(dict.fromkeys(expressions))
    left: SimpleQueue[str] = SimpleQueue()
    answers: SimpleQueue[tuple[str, int | Gap | Exception]] = SimpleQueue()
    for expression in wanted:
        left.put(expression)
    is_over = threading.Event()
    for _ in range(min(len(wanted), MOST_AT_ONCE)):
        threading.Thread(target=_work, args=(counter, left, answers, is_over), name="audience", daemon=True).start()
    try:
        found = _collect(answers, len(wanted), seconds)
    finally:
        is_over.set()
    return {expression: found.get(expression, Gap.TIMEOUT) for expression in wanted}


def _collect(
    answers: SimpleQueue[tuple[str, int | Gap | Exception]], count: int, seconds: float
) -> dict[str, int | Gap]:
    """So many answers, or those that come in time."""
    ends = time.monotonic() + seconds
    found: dict[str, int | Gap] = {}
    while len(found) < count:
        try:
            expression, answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
        except Empty:
            break
        if isinstance(answer, Exception):
            raise answer
        found[expression] = answer
    return found


def _work(
    counter: UserCounter,
    left: SimpleQueue[str],
    answers: SimpleQueue[tuple[str, int | Gap | Exception]],
    is_over: threading.Event,
) -> None:
    """Ask one after the other, as long as there is one and somebody waits."""
    while not is_over.is_set():
        try:
            expression = left.get_nowait()
        except Empty:
            return
        try:
            answers.put((expression, _estimate(counter, expression, is_over)))
        except Exception as error:  # noqa: BLE001 - raised where the answers are awaited, if they still are
            answers.put((expression, error))


def _estimate(counter: UserCounter, expression: str, is_over: threading.Event) -> int | Gap:
    """One estimate, asked for once more after a failure that may pass [obs: one retry]."""
    found = _ask(counter, expression)
    return _ask(counter, expression) if found in _PASSING and not is_over.is_set() else found


def _ask(counter: UserCounter, expression: str) -> int | Gap:
    try:
        return _total(counter.total_users(expression))
    except ApiError as error:
        return _gap(error)


def _total(answer: JsonValue) -> int | Gap:
    """The count of the element named Total. Errors come with the status 200, so they are looked for first [obs]."""
    match answer:
        case {"errors": errors} if errors:
            return Gap.FAILED
        case {"data": {"getTotalUsers": list() as elements}}:
            totals = [each.get("count") for each in elements if isinstance(each, dict) and each.get("name") == _ELEMENT]
            return _count(totals[0]) if len(totals) == 1 else Gap.UNREADABLE
        case _:
            return Gap.UNREADABLE


def _count(value: JsonValue) -> int | Gap:
    """A number of users; a sample that was scaled up may come with a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Gap.UNREADABLE
    return round(value) if 0 <= value <= MOST_USERS else Gap.UNREADABLE


def _gap(error: ApiError) -> Gap:
    if error.on_the_way:  # what is in front of the API refused, whatever it says of the key
        return Gap.FAILED
    found = next((gap for kind, gap in _GAPS.items() if isinstance(error, kind)), None)
    if found is None and is_absent(error):
        return Gap.ABSENT
    return found or Gap.FAILED
