"""The ways to the API: one that can only read, and one that can write."""

from __future__ import annotations

import json
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from flowsync import __version__
from flowsync.api.endpoints import FlowReader, FlowWriter
from flowsync.api.failures import Redactor, Scene, failure, said, unreadable
from flowsync.api.messages import Call, Method, Timing, get, parse_json
from flowsync.api.retry import Pace, Policy, Sender
from flowsync.api.transport import Terms, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.api.failures import Answered
    from flowsync.api.transport import Handler
    from flowsync.config import Key, Timeouts
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"
API_POLICY: Final = Policy(after_failure=frozenset({Method.GET}), after_refusal=frozenset({Method.GET}))
"""A write is never sent again here: the flow has to be read again before, for somebody may have edited it
meanwhile. That is `apply`'s business."""


@contextmanager
def open_client(
    *,
    api_url: str,
    key: Key,
    timeouts: Timeouts,
    user_agent: str | None = None,
    parallelism: int = 8,
    handler: Handler | None = None,
    timing: Timing | None = None,
) -> Iterator[Client]:
    """A client for the API at `api_url` (trusted: config has checked it), closed at the end.

    `parallelism` connections are kept at most; with `handler` there are none, and every request goes to
    it. Raises ConfigError when the key, or proxies or certificates in the environment, cannot be used.
    """
    agent, timing = user_agent or DEFAULT_USER_AGENT, timing or Timing()
    terms = Terms((api_url,), key, agent, timeouts, parallelism, timing, headers={})
    with closing(Transport(terms, handler)) as transport:
        scene = Scene(key, agent, Redactor(key.value))
        yield Client(api_url, Sender(transport, API_POLICY, Pace(timing, parallelism), scene))


class Client:
    """Hands out the two ways to the API. Every thread may use both."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url.rstrip("/")
        self._sender = sender

    def reader(self) -> FlowReader:
        """A way to the API that can only GET."""
        return _Reader(self._api_url, self._sender)

    def writer(self) -> FlowWriter:
        """A way to the API that can write."""
        return _Writer(self._api_url, self._sender)

    @property
    def waiting(self) -> int:
        """How many requests hold off now because the server asked for it."""
        return self._sender.pace.waiting

    def stop_waiting(self) -> None:
        """Send nothing more that would have to wait for the server's rate limit; it fails instead."""
        self._sender.pace.abandon()


class _Reader(FlowReader):
    """GET and nothing else."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url
        self._sender = sender

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        return self._sender.send(get(self._api_url + path, query), _value)


class _Writer(_Reader, FlowWriter):
    """GET and PUT."""

    def put(self, path: str, body: Mapping[str, JsonValue]) -> JsonValue:
        content = json.dumps(body, allow_nan=False).encode()
        return self._sender.send(Call(Method.PUT, self._api_url + path, content=content), _value)


def _value(answered: Answered) -> JsonValue:
    """The JSON of a success; None for a PUT that was answered with nothing."""
    answer = answered.answer
    if not answer.is_success:
        raise failure(answered)
    if not answer.body and answered.call.method is Method.PUT:
        return None
    try:
        return parse_json(answer.body)
    except ValueError:
        raise unreadable(answered) from None


GITHUB_POLICY: Final = Policy(after_failure=frozenset(Method) - {Method.POST}, after_refusal=frozenset(Method))
GITHUB_PATIENCE: Final = 60.0
"""Seconds: a server that asks for more is not waited for."""
_CONNECTIONS: Final = 2
_NEXT: Final = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?next"?')
"""The next page in a Link header (RFC 8288)."""


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
    """A client for the hosts of `urls`, closed at the end. Raises ConfigError as `open_client` does."""
    timing = timing or Timing()
    terms = Terms(tuple(urls), key, DEFAULT_USER_AGENT, timeouts, _CONNECTIONS, timing, headers)
    with closing(Transport(terms)) as transport:
        scene = Scene(key, DEFAULT_USER_AGENT, Redactor(key.value))
        yield WebClient(Sender(transport, GITHUB_POLICY, Pace(timing, _CONNECTIONS, GITHUB_PATIENCE), scene))


class WebClient:
    """Sends requests, again where that is safe. Every status is an answer; only no answer is an error."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def send(self, method: str, url: str, body: JsonValue = None) -> WebAnswer:
        """Send one request, with `body` as JSON unless it is None.

        Raises ApiError when nothing usable comes back, or the request would leave the known hosts.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        address, _, query = url.partition("?")
        return self._sender.send(Call(Method(method), address, query, content), _web_answer)


def _web_answer(answered: Answered) -> WebAnswer:
    call, answer, redactor = answered.call, answered.answer, answered.scene.redactor
    try:
        value = parse_json(answer.body)
    except ValueError:
        value = None
    return WebAnswer(
        shown=call.shown,
        status=answer.status,
        reason=redactor.excerpt(answer.reason),
        value=value,
        excerpt="" if answer.is_success else redactor.excerpt(said(answer)),
        next_url=_next_url(call, answer.headers.get("link", "")),
    )


def _next_url(call: Call, link: str) -> str | None:
    """The URL of the next page; None where there is none, or it is no address."""
    found = _NEXT.search(link)
    try:
        return urljoin(call.target, found[1]) if found else None
    except ValueError:
        return None
