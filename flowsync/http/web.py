"""JSON over HTTP to a service other than the API of flows: the way, not the meaning of answers.

The token is shown to the hosts that the client was opened for and to no other.
"""

from __future__ import annotations

import json
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from flowsync.http.answer import parse_json
from flowsync.http.call import Call, Method, Timing
from flowsync.http.client import DEFAULT_USER_AGENT
from flowsync.http.failures import Scene, said
from flowsync.http.pace import Pace
from flowsync.http.redact import Redactor
from flowsync.http.retry import Policy, Sender
from flowsync.http.transport import Terms, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.config import Key, Timeouts
    from flowsync.http.failures import Answered
    from flowsync.model import JsonValue

POLICY: Final = Policy(after_failure=frozenset(Method) - {Method.POST}, after_refusal=frozenset(Method))
PATIENCE: Final = 60.0
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
        yield WebClient(Sender(transport, POLICY, Pace(timing, _CONNECTIONS, PATIENCE), scene))


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
