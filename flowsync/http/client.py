"""The ways to the API: one that can only read, and one that can write."""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

from flowsync import __version__
from flowsync.http.answer import parse_json
from flowsync.http.call import Call, Method, Timing, get
from flowsync.http.failures import Scene, failure, unreadable
from flowsync.http.pace import Pace
from flowsync.http.redact import Redactor
from flowsync.http.retry import Policy, Sender
from flowsync.http.transport import Terms, Transport
from flowsync.live.protocols import FlowReader, FlowWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.config import Key, Timeouts
    from flowsync.http.failures import Answered
    from flowsync.http.transport import Handler
    from flowsync.model import JsonValue

DEFAULT_USER_AGENT: Final = f"flowsync/{__version__}"
POLICY: Final = Policy(after_failure=frozenset({Method.GET}), after_refusal=frozenset({Method.GET}))
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
        yield Client(api_url, Sender(transport, POLICY, Pace(timing, parallelism), scene))


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
