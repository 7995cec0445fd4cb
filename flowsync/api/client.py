"""The client for Frigade's API; and `open_sender`, which GitHub and npm use too."""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlencode

from flowsync import __version__
from flowsync.api.audience import GRAPHQL_PATH, QUERY, UserCounter, variables
from flowsync.api.endpoints import FlowReader, FlowWriter, Method
from flowsync.api.messages import CHECK_ADDRESS, Identity, Redactor, Request, Timing, failure, parse_json, unreadable
from flowsync.api.retry import RATE_LIMIT_PATIENCE, Sender, Throttle
from flowsync.api.rows import Organizations
from flowsync.api.transport import Transport
from flowsync.errors import ApiError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.api.messages import Attempt, Exchange
    from flowsync.api.transport import Handler
    from flowsync.config import Key, Timeouts
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"


@contextmanager
def open_sender(
    urls: Sequence[str],
    key: Key,
    *,
    timeouts: Timeouts,
    connections: int,
    user_agent: str = DEFAULT_USER_AGENT,
    headers: Mapping[str, str] | None = None,
    patience: float = RATE_LIMIT_PATIENCE,
    resends_writes: bool = False,
    handler: Handler | None = None,
    timing: Timing | None = None,
    observe: Callable[[Attempt], object] | None = None,
) -> Iterator[Sender]:
    """Open a sender of requests with `key` to the hosts of `urls`; closed when the block ends.

    With `handler` there are no connections, and every request goes to it. `observe` is called after each request.
    Raises ConfigError when the key, or proxies or certificates in the environment, cannot be used.
    """
    timing = timing or Timing()
    identity = Identity(key, user_agent, Redactor(key.value))
    transport = Transport(
        urls, identity, timeouts=timeouts, connections=connections, timing=timing, headers=headers, handler=handler
    )
    with closing(transport):
        throttle = Throttle(timing, connections, patience)
        yield Sender(transport, throttle, identity, resends_writes=resends_writes, observe=observe)


@contextmanager
def open_client(
    *,
    api_url: str,
    key: Key,
    timeouts: Timeouts,
    user_agent: str | None = None,
    parallelism: int = 8,
    organizations: Organizations | None = None,
    handler: Handler | None = None,
    timing: Timing | None = None,
    observe: Callable[[Attempt], object] | None = None,
) -> Iterator[Client]:
    """Open a client for the API at `api_url`, which config has checked. Raises ConfigError as `open_sender` does.

    `organizations` checks every answer to a GET, and may refuse it.
    """
    sender = open_sender(
        (api_url,),
        key,
        timeouts=timeouts,
        connections=parallelism,
        user_agent=user_agent or DEFAULT_USER_AGENT,
        handler=handler,
        timing=timing,
        observe=observe,
    )
    with sender as opened:
        yield Client(api_url, opened, organizations)


class Client:
    """Gives readers, writers and user counters. Threads may share it."""

    def __init__(self, api_url: str, sender: Sender, organizations: Organizations | None = None) -> None:
        self._api_url = api_url.rstrip("/")
        self._sender = sender
        self.organizations = organizations or Organizations()

    def reader(self) -> FlowReader:
        """A client that can only GET."""
        return _Reader(self._api_url, self._sender, self.organizations)

    def writer(self) -> FlowWriter:
        """A client that can write."""
        return _Writer(self._api_url, self._sender, self.organizations)

    def user_counter(self) -> UserCounter:
        """A client that can only ask how many users qualify for an expression."""
        return _UserCounter(self._api_url, self._sender)

    def prober(self) -> Prober:
        """A client that can only GET, once each, and reports every outcome; the organization is not checked."""
        return SingleRequests(self._api_url, self._sender)

    @property
    def waiting(self) -> int:
        """How many requests wait now for the server's rate limit."""
        return self._sender.throttle.waiting

    def stop_waiting(self) -> None:
        """Make requests fail that would have to wait for the server's rate limit."""
        self._sender.throttle.abandon()


class _Reader(FlowReader):
    """Can only GET. Checks the organization of every row, so no command can forget to."""

    def __init__(self, api_url: str, sender: Sender, organizations: Organizations) -> None:
        self._api_url = api_url
        self._sender = sender
        self._organizations = organizations

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        answer = self._sender.send(Request("GET", self._api_url + path, urlencode(query)), _value)
        self._organizations.check(answer)
        return answer


class _Writer(_Reader, FlowWriter):
    """Can send every kind of request."""

    def send(self, method: Method, path: str, body: Mapping[str, JsonValue] | None = None) -> JsonValue:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        return self._sender.send(Request(method.value, self._api_url + path, content=content), _value)


class _UserCounter(UserCounter):
    """Can only send one fixed query, a POST that changes nothing."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url
        self._sender = sender

    def total_users(self, expression: str) -> JsonValue:
        content = json.dumps({"query": QUERY, "variables": variables(expression)}).encode()
        return self._sender.send(Request("POST", self._api_url + GRAPHQL_PATH, content=content), _value)


def _value(exchange: Exchange) -> JsonValue:
    """The JSON of a successful answer; None for a write with an empty answer. Raises ApiError for a failure."""
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
class Answer:
    """The outcome of one GET: its JSON, or the `error` that a command would report for it, without keys.

    `status` is None if no answer came. Names of `headers` are in lower case; `seconds` is how long it took, `at` the
    time of this machine's clock then.
    """

    path: str
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    value: JsonValue = None
    error: ApiError | None = None
    seconds: float = 0.0
    at: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether the answer holds JSON."""
        return self.error is None


class Prober(Protocol):
    """A client that can only GET, and returns every outcome as an answer."""

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """The server's first answer: nothing is sent again, and no redirect is followed."""


class SingleRequests(Prober):
    """Asks with the connections of a Sender, but without its retries."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url
        self._sender = sender

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """Send one GET."""
        started = time.monotonic()

        def read(exchange: Exchange) -> Answer:
            response, value, error = exchange.response, None, None
            try:
                if response.is_redirect:
                    rest = ", a redirect, which was not followed"
                    error = exchange.error(UnreadableResponseError, rest, CHECK_ADDRESS)
                else:
                    value = _value(exchange)
            except ApiError as failed:
                error = failed
            headers = {name.lower(): text for name, text in response.headers.items()}
            error = error and exchange.identity.redactor.error(error)
            return Answer(path, response.status, headers, value, error, time.monotonic() - started, time.time())

        try:
            return self._sender.send_once(Request("GET", self._api_url + path, urlencode(query)), read)
        except ApiError as error:
            return Answer(path, error.status, error=error, seconds=time.monotonic() - started)
