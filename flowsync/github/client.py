"""JSON to and from GitHub, over the same client as the API."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from flowsync.api.client import open_sender
from flowsync.api.failures import server_message
from flowsync.api.messages import Request, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.api.failures import Exchange
    from flowsync.api.messages import Attempt, Timing
    from flowsync.api.retry import Sender
    from flowsync.config import Key, Timeouts
    from flowsync.model import JsonValue

_CONNECTIONS: Final = 2
_PATIENCE: Final = 60.0
"""Seconds: when GitHub asks for more, it is not waited for."""
_NEXT: Final = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?next"?')
"""The next page in a Link header (RFC 8288)."""
_LIMITING: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
_LIMIT: Final = re.compile("rate limit|secondary", re.IGNORECASE)
"""What GitHub says of requests that come too fast [doc: rate limits]."""


@dataclass(frozen=True, slots=True)
class GithubResponse:
    """What GitHub answered. `value` is None where the body is no JSON; `excerpt` is safe to print.

    `is_limited`: it was refused because requests came too fast.
    """

    shown: str
    status: int
    reason: str
    value: JsonValue
    excerpt: str
    next_url: str | None
    is_limited: bool = False

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
    observe: Callable[[Attempt], object] | None = None,
) -> Iterator[GithubClient]:
    """A client for the hosts of `urls`, closed at the end. Raises ConfigError as `open_sender` does."""
    sender = open_sender(
        urls,
        key,
        timeouts=timeouts,
        connections=_CONNECTIONS,
        headers=headers,
        patience=_PATIENCE,
        resends_writes=True,
        timing=timing,
        observe=observe,
    )
    with sender as opened:
        yield GithubClient(opened)


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
    excerpt = "" if response.is_success else redactor.excerpt(server_message(response))
    return GithubResponse(
        shown=request.shown,
        status=response.status,
        reason=redactor.excerpt(response.reason),
        value=value,
        excerpt=excerpt,
        next_url=_next_url(request, response.headers.get("link", "")),
        is_limited=response.status in _LIMITING
        and (response.headers.get("x-ratelimit-remaining") == "0" or _LIMIT.search(excerpt) is not None),
    )


def _next_url(request: Request, link: str) -> str | None:
    """The URL of the next page; None where there is none, or it is no address."""
    found = _NEXT.search(link)
    try:
        return urljoin(request.target, found[1]) if found else None
    except ValueError:
        return None
