"""Estimates how many users qualify for a flow, before and after a change [obs: GraphQL].

A `UserCounter` can send one fixed query to one path, with an expression as its variable, and nothing else.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum
from queue import Empty, Queue
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from flowsync.api.endpoints import is_absent
from flowsync.errors import (
    ApiError,
    ForbiddenError,
    RateLimitedError,
    TransportError,
    UnauthorizedError,
    UnreadableResponseError,
)
from flowsync.flows.expressions import as_sent
from flowsync.model import Audience, Create, NewDraft, Qualifying
from flowsync.targeting.tokens import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Change, FieldName, Flow, JsonValue, LiveFlow, Plan

GRAPHQL_PATH: Final = "/graphql"
QUERY: Final = "query TotalUsers($query: String!) { getTotalUsers(skip: 0, take: 1, query: $query) { name count } }"
"""The one document that is sent. `skip` and `take` are required, and do not change the total [obs]."""
MOST_USERS: Final = 10_000_000_000
"""More than there are people: a larger count is unreadable."""
PATIENCE: Final = 10.0
"""Seconds that all estimates of a command may take: they are slow if an expression names events or flows."""
MOST_AT_ONCE: Final = 4
EVERYONE: Final = "user.isGuest() == true || user.isGuest() == false"
"""True for every user. What the API makes of an empty expression is not known."""


class UserCounter(Protocol):
    """A client that can only ask for an estimate."""

    def total_users(self, expression: str) -> JsonValue:
        """Return the JSON of the API's answer to `QUERY` for `expression`. Raises the ApiError family."""


class NoEstimate(Enum):
    """Why there is no estimate, in one word."""

    UNSEEN = "unseen"
    TIMEOUT = "timeout"
    KEY = "key"
    ABSENT = "absent"
    LIMIT = "limit"
    FAILED = "failed"
    NETWORK = "network"
    UNREADABLE = "unreadable"


_GAPS: Final[dict[type[ApiError], NoEstimate]] = {
    UnauthorizedError: NoEstimate.KEY,
    ForbiddenError: NoEstimate.KEY,
    RateLimitedError: NoEstimate.LIMIT,
    TransportError: NoEstimate.NETWORK,
    UnreadableResponseError: NoEstimate.UNREADABLE,
}
_PASSING: Final = frozenset({NoEstimate.FAILED, NoEstimate.NETWORK})


def variables(expression: str) -> dict[str, JsonValue]:
    """The variables of `QUERY`."""
    return {"query": f"targeting: {expression}"}


def estimates(
    counter: UserCounter, expressions: Iterable[str], seconds: float = PATIENCE
) -> Mapping[str, int | NoEstimate]:
    """Estimate how many users qualify for each expression; `MOST_AT_ONCE` requests are sent at a time.

    After `seconds` in all it returns what has come. Requests that are still under way belong to daemon threads, which
    end with the client or the process. Raises nothing of the ApiError family.
    """
    wanted = tuple(dict.fromkeys(expressions))
    left = deque(wanted)
    answers: Queue[tuple[str, int | NoEstimate | Exception]] = Queue()
    is_over = threading.Event()

    def work() -> None:
        while left and not is_over.is_set():
            try:
                expression = left.popleft()
            except IndexError:  # another thread took it
                return
            try:
                answers.put((expression, _estimate(counter, expression, is_over)))
            except Exception as error:  # noqa: BLE001 - raised by the thread that waits for the answers
                answers.put((expression, error))

    for _ in range(min(len(wanted), MOST_AT_ONCE)):
        threading.Thread(target=work, name="audience", daemon=True).start()
    ends = time.monotonic() + seconds
    found: dict[str, int | NoEstimate] = {}
    try:
        while len(found) < len(wanted):
            expression, answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
            if isinstance(answer, Exception):
                raise answer
            found[expression] = answer
    except Empty:
        pass
    finally:
        is_over.set()
    return {expression: found.get(expression, NoEstimate.TIMEOUT) for expression in wanted}


def _estimate(counter: UserCounter, expression: str, is_over: threading.Event) -> int | NoEstimate:
    """Estimate for one expression; tries once more after a failure that may pass [obs: one retry]."""
    found = _ask(counter, expression)
    return _ask(counter, expression) if found in _PASSING and not is_over.is_set() else found


def _ask(counter: UserCounter, expression: str) -> int | NoEstimate:
    try:
        return _total(counter.total_users(expression))
    except ApiError as error:
        return _gap(error)


def _total(answer: JsonValue) -> int | NoEstimate:
    """The count of the element named Total. Errors come with the status 200, so they are looked for first [obs]."""
    match answer:
        case {"errors": errors} if errors:
            return NoEstimate.FAILED
        case {"data": {"getTotalUsers": list() as elements}}:
            totals = [each.get("count") for each in elements if isinstance(each, dict) and each.get("name") == "Total"]
            count = totals[0] if len(totals) == 1 else None
            # A sample that was scaled up may come with a fraction.
            if isinstance(count, int | float) and not isinstance(count, bool) and 0 <= count <= MOST_USERS:
                return round(count)
        case _:
            pass
    return NoEstimate.UNREADABLE


def _gap(error: ApiError) -> NoEstimate:
    if error.on_the_way:  # something in front of the API refused; it knows nothing of the key
        return NoEstimate.FAILED
    found = next((gap for kind, gap in _GAPS.items() if isinstance(error, kind)), None)
    return found or (NoEstimate.ABSENT if is_absent(error) else NoEstimate.FAILED)


class Nobody(Enum):
    """The reason why nobody qualifies, whatever the expression says."""

    SWITCHED_OFF = "switched off"
    NOT_PUBLISHED = "not published"
    NEW = "new"


Side: TypeAlias = "str | Nobody | NoEstimate"
"""The expression to ask about, or why there is nothing to ask."""

_DECIDING: Final = frozenset({"targetingLogic", "active"})
_LONGEST_EMPTY: Final = 1
"""An expression that is no longer than this means everyone [obs]."""


@dataclass(frozen=True, slots=True)
class Question:
    """The two sides of one flow; None for a side that does not exist. `live`: it is not about a draft."""

    slug: str
    before: Side | None
    after: Side | None
    live: bool = True


def questions_of(plan: Plan) -> tuple[Question, ...]:
    """The questions about a plan: one for each flow whose targeting or switch it changes, or that it creates."""
    return tuple(
        _question(change)
        for change in plan.changes
        if isinstance(change, Create) or any(each.field in _DECIDING for each in change.fields)
    )


def _question(change: Change) -> Question:
    if isinstance(change, Create):
        return Question(change.slug, Nobody.NEW, _side({"targetingLogic": "", **change.body}), live=True)
    before = {**(change.shown or {}), **change.old}
    is_draft = isinstance(change, NewDraft) or change.status == "DRAFT"
    return Question(change.slug, _side(before), _side({**before, **change.body}), live=not is_draft)


def question_of(slug: str, rows: Sequence[LiveFlow], flow: Flow | None) -> Question:
    """The question about one flow: who qualifies for the published row among `rows`, and who with the file."""
    live = next((row for row in rows if row.is_published), None)
    before = _side(live.fields) if live else Nobody.NOT_PUBLISHED if rows else None
    if flow is None:
        return Question(slug, before, None)
    latest = max((row for row in rows if not row.is_archived), key=lambda row: row.version, default=None)
    there: Mapping[FieldName, JsonValue] = {"targetingLogic": ""} if latest is None else latest.fields
    return Question(slug, before, _side({**there, **as_sent(flow.fields)}))


def _side(fields: Mapping[FieldName, JsonValue]) -> Side:
    """The audience of some fields; a switch that the API does not return counts as on."""
    if fields.get("active") is False:
        return Nobody.SWITCHED_OFF
    if "targetingLogic" not in fields:
        return NoEstimate.UNSEEN
    text = fields["targetingLogic"]
    return on_one_line(text or "") if text is None or isinstance(text, str) else NoEstimate.UNREADABLE


def asked(text: str) -> str:
    """The expression to send. No targeting becomes an expression that is true for every user."""
    return EVERYONE if _is_everyone(text) else text


def expressions_of(questions: Iterable[Question]) -> Iterator[str]:
    """Every expression that these questions ask about."""
    return (asked(side) for each in questions for side in (each.before, each.after) if isinstance(side, str))


def answered(question: Question, answers: Mapping[str, int | NoEstimate]) -> Audience:
    """The question with the estimates of its expressions; `answers` has all of them."""
    before, after = (None if side is None else qualifying(side, answers) for side in (question.before, question.after))
    return Audience(question.slug, before, after, question.live)


def qualifying(side: Side, answers: Mapping[str, int | NoEstimate]) -> Qualifying:
    """The number of users on one side, or why there is none."""
    if isinstance(side, Nobody):
        return Qualifying(0, side.value)
    found = answers[asked(side)] if isinstance(side, str) else side
    is_everyone = isinstance(side, str) and _is_everyone(side)
    if isinstance(found, NoEstimate):
        return Qualifying(None, found.value, is_everyone)
    return Qualifying(found, is_everyone=is_everyone)


def _is_everyone(text: str) -> bool:
    return len(text.strip()) <= _LONGEST_EMPTY
