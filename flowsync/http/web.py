"""JSON over HTTP to a service other than the API of flows: the way, not the meaning of answers.

The token is shown to the origins that the client was opened for and to no other: a next page or a
redirect elsewhere is refused. What may safely be repeated is repeated, boundedly.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from flowsync import __version__
from flowsync.errors import ApiError, UnreadableResponseError
from flowsync.frozen import dataclass, replace
from flowsync.http.answer import Arriving, parse_json, receive
from flowsync.http.call import Call, Method, origin_of
from flowsync.http.pool import Bearer, open_pool
from flowsync.http.redact import Redactor
from flowsync.http.retry import PATIENCE, Tried, delay_before_retry
from flowsync.http.timing import Timing
from flowsync.http.translate import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import httpx

    from flowsync.config import Key, Timeouts
    from flowsync.http.answer import Answer
    from flowsync.model import JsonValue

MOST_REDIRECTS: Final = 5
LONGEST_WAIT: Final = 60.0
"""Seconds: a server that asks for more is not waited for."""
MOST_ATTEMPTS_AS_TOLD: Final = 10
"""Requests in all when the server itself says when to come back."""
_ASKING_TO_WAIT: Final = frozenset({403, 429, 503})
_NEXT: Final = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?next"?')
"""The next page in a Link header (RFC 8288)."""
_CONNECTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a service answered. `value` is None where the body is no JSON; `excerpt` is safe to print."""

    shown: str
    status: int
    reason: str
    value: JsonValue
    excerpt: str
    next_url: str | None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


@contextmanager
def open_web(
    urls: Sequence[str],
    key: Key,
    *,
    timeouts: Timeouts,
    headers: Mapping[str, str],
    timing: Timing | None = None,
) -> Iterator[WebClient]:
    """A client for the origins of `urls`, closed at the end. Raises ConfigError as the pool does."""
    agent = f"flowsync/{__version__}"
    pool = open_pool(urls[0], None, auth=Bearer(key), user_agent=agent, timeouts=timeouts, most=_CONNECTIONS)
    with pool:
        pool.headers.update(headers)
        origins = frozenset(map(origin_of, urls))
        yield WebClient(pool, origins, Redactor(key.value), timeouts, timing or Timing())


class WebClient:
    """Sends requests, again where that is safe. Every status is an answer; only no answer is an error."""

    def __init__(
        self, pool: httpx.Client, origins: frozenset[str], redactor: Redactor, timeouts: Timeouts, timing: Timing
    ) -> None:
        self._pool = pool
        self._origins = origins
        self._redactor = redactor
        self._timeouts = timeouts
        self._timing = timing

    def send(self, method: str, url: str, body: JsonValue = None) -> WebAnswer:
        """Send one request, with `body` as JSON unless it is None.

        Raises ApiError when nothing usable comes back, or the request would leave the origins.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        address, _, query = url.partition("?")
        try:
            return self._followed(Call(Method(method), address, query, content))
        except ApiError as error:
            clean = self._redactor.error(error)
        raise clean

    def _followed(self, call: Call) -> WebAnswer:
        """The answer, where redirects within the origins end."""
        for _ in range(MOST_REDIRECTS + 1):
            self._check(call)
            answer, link = self._answered(call)
            if not _is_to_be_followed(call, answer):
                return self._web_answer(call, answer, link)
            url = _joined(call, answer.location or "")
            if url is None:
                raise UnreadableResponseError(f"{call.shown}: the server redirects to nowhere. It was not followed.")
            call = call.redirected(url)
        raise UnreadableResponseError(f"{call.shown}: more than {MOST_REDIRECTS} redirects in a row.")

    def _check(self, call: Call) -> None:
        try:
            is_known = call.origin in self._origins
        except ValueError:
            is_known = False
        if not is_known:
            raise UnreadableResponseError(
                f"{call.method.value}: the server named another host for the next request, where the token must "
                "not go. It was not followed."
            )

    def _answered(self, call: Call) -> tuple[Answer, str]:
        """The final answer to one URL and its Link header, after as many attempts as it takes."""
        started, attempts = self._timing.monotonic(), 0
        while True:
            outcome = self._attempt(call)
            attempts += 1
            tried = Tried(attempts, self._timing.monotonic() - started)
            delay = self._delay(call, outcome, tried)
            if delay is None:
                break
            self._timing.sleep(delay)
        if isinstance(outcome, ApiError):
            raise outcome
        return outcome

    def _delay(self, call: Call, outcome: tuple[Answer, str] | ApiError, tried: Tried) -> float | None:
        """Seconds until the next attempt, None when there is none; all but a POST may be repeated like a GET."""
        met = outcome if isinstance(outcome, ApiError) else outcome[0]
        wait = _asked_wait(met)
        if wait is not None:
            is_bearable = wait <= LONGEST_WAIT and tried.elapsed + wait <= PATIENCE
            return wait if is_bearable and tried.attempts < MOST_ATTEMPTS_AS_TOLD else None
        if call.method is Method.POST:
            return None
        return delay_before_retry(Method.GET, met, tried, self._timing.random)

    def _attempt(self, call: Call) -> tuple[Answer, str] | ApiError:
        """One request. A failure is a value here: what led to it, and holds the token, ends here."""
        try:
            with translated(call, self._timeouts):
                return self._send(call)
        except ApiError as error:
            return error

    def _send(self, call: Call) -> tuple[Answer, str]:
        headers = {} if call.content is None else {"Content-Type": "application/json"}
        with self._pool.stream(call.method.value, call.target, content=call.content, headers=headers) as response:
            head = Arriving(response.status_code, response.reason_phrase, response.headers, response.iter_raw())
            answer = receive(head, call, self._timing)
            wait = answer.wait if answer.wait is not None else self._until_reset(response.headers)
            return replace(answer, wait=wait), response.headers.get("link", "")

    def _until_reset(self, headers: Mapping[str, str]) -> float | None:
        """Seconds until a used-up rate limit starts anew, where GitHub's headers tell so."""
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") != "0" or not (reset.isascii() and reset.isdigit()):
            return None
        return max(0.0, float(reset) - self._timing.now())

    def _web_answer(self, call: Call, answer: Answer, link: str) -> WebAnswer:
        try:
            value = parse_json(answer.body) if answer.body else None
        except ValueError:
            value = None
        found = _NEXT.search(link)
        return WebAnswer(
            shown=call.shown,
            status=answer.status,
            reason=self._redactor.excerpt(answer.reason),
            value=value,
            excerpt=self._redactor.excerpt(_said(answer, value)),
            next_url=_joined(call, found[1]) if found else None,
        )


def _joined(call: Call, address: str) -> str | None:
    """The URL that an answer to `call` means by `address`; None where that is no address at all."""
    try:
        return urljoin(call.target, address)
    except ValueError:
        return None


def _asked_wait(met: Answer | ApiError) -> float | None:
    """Seconds that the server asks to be left alone. GitHub says so with 403 too [doc: secondary rate limits]."""
    return None if isinstance(met, ApiError) or met.status not in _ASKING_TO_WAIT else met.wait


def _is_to_be_followed(call: Call, answer: Answer) -> bool:
    """A redirect that keeps the method: any of a GET, the two that say so of the rest."""
    if not answer.is_redirect or not answer.location:
        return False
    return call.method is Method.GET or answer.status in {
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }


def _said(answer: Answer, value: JsonValue) -> str:
    """The message of an error document; else the body as it is."""
    match value:
        case {"message": str() as message}:
            return message
        case _:
            return answer.text
