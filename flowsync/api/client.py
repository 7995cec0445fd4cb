"""The clients: one for Frigade's API, which gives a reader and a writer, and one for GitHub."""

from __future__ import annotations

import json
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urljoin

from flowsync import __version__
from flowsync.api.endpoints import FlowReader, FlowWriter
from flowsync.api.failures import Identity, Redactor, failure, server_message, unreadable
from flowsync.api.messages import Request, Timing, parse_json
from flowsync.api.retry import Sender, Throttle
from flowsync.api.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.api.failures import Exchange
    from flowsync.api.transport import Handler
    from flowsync.config import Key, Timeouts
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"
_GITHUB_CONNECTIONS: Final = 2
_GITHUB_PATIENCE: Final = 60.0
"""Seconds: when GitHub asks for more, it is not waited for."""
_NEXT: Final = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?next"?')
"""The next page in a Link header (RFC 8288)."""


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
    identity = Identity(key, user_agent or DEFAULT_USER_AGENT, Redactor(key.value))
    timing = timing or Timing()
    transport = Transport(
        (api_url,), identity, timeouts=timeouts, connections=parallelism, timing=timing, handler=handler
    )
    with closing(transport):
        yield Client(api_url, Sender(transport, Throttle(timing, parallelism), identity))


class Client:
    """Gives readers and writers of the API, for use by any thread."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url.rstrip("/")
        self._sender = sender

    def reader(self) -> FlowReader:
        """A client that can only GET."""
        return _Reader(self._api_url, self._sender)

    def writer(self) -> FlowWriter:
        """A client that can write."""
        return _Writer(self._api_url, self._sender)

    @property
    def waiting(self) -> int:
        """How many requests hold off now because the server asked for it."""
        return self._sender.throttle.waiting

    def stop_waiting(self) -> None:
        """Send nothing more that would have to wait for the server's rate limit; it fails instead."""
        self._sender.throttle.abandon()


class _Reader(FlowReader):
    """GET and nothing else."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url
        self._sender = sender

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        return self._sender.send(Request("GET", self._api_url + path, urlencode(query)), _value)


class _Writer(_Reader, FlowWriter):
    """GET and PUT."""

    def put(self, path: str, body: Mapping[str, JsonValue]) -> JsonValue:
        content = json.dumps(body, allow_nan=False).encode()
        return self._sender.send(Request("PUT", self._api_url + path, content=content), _value)


def _value(exchange: Exchange) -> JsonValue:
    """The JSON of a success; None for a write that was answered with nothing. Raises ApiError for a failure."""
    response = exchange.response
    if not response.is_success:
        raise failure(exchange)
    if not response.body and exchange.request.is_write:
        return None
    try:
        return parse_json(response.body)
    except ValueError:
        raise unreadable(exchange) from None


@dataclass(frozen=True, slots=True)
class GithubResponse:
    """What GitHub answered. `value` is None where the body is no JSON; `excerpt` is safe to print."""

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
def open_github(
    urls: Sequence[str],
    key: Key,
    *,
    timeouts: Timeouts,
    headers: Mapping[str, str],
    timing: Timing | None = None,
) -> Iterator[GithubClient]:
    """A client for the hosts of `urls`, closed at the end. Raises ConfigError as `open_client` does."""
    identity = Identity(key, DEFAULT_USER_AGENT, Redactor(key.value))
    timing = timing or Timing()
    transport = Transport(
        urls, identity, timeouts=timeouts, connections=_GITHUB_CONNECTIONS, timing=timing, headers=headers
    )
    with closing(transport):
        throttle = Throttle(timing, _GITHUB_CONNECTIONS, _GITHUB_PATIENCE)
        yield GithubClient(Sender(transport, throttle, identity, resends_writes=True))


class GithubClient:
    """Sends JSON to GitHub. A response of any status is returned; only the lack of one is an error."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def send(self, method: str, url: str, body: JsonValue = None) -> GithubResponse:
        """Send one request, with `body` as JSON unless it is None.

        Raises ApiError when nothing usable comes back, or the request would leave the known hosts.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        address, _, query = url.partition("?")
        return self._sender.send(Request(method, address, query, content), _github_response)


def _github_response(exchange: Exchange) -> GithubResponse:
    request, response, redactor = exchange.request, exchange.response, exchange.identity.redactor
    try:
        value = parse_json(response.body)
    except ValueError:
        value = None
    return GithubResponse(
        shown=request.shown,
        status=response.status,
        reason=redactor.excerpt(response.reason),
        value=value,
        excerpt="" if response.is_success else redactor.excerpt(server_message(response)),
        next_url=_next_url(request, response.headers.get("link", "")),
    )


def _next_url(request: Request, link: str) -> str | None:
    """The URL of the next page; None where there is none, or it is no address."""
    found = _NEXT.search(link)
    try:
        return urljoin(request.target, found[1]) if found else None
    except ValueError:
        return None
