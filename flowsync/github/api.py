"""GitHub's REST and GraphQL APIs, for one repository, over the same sender as Frigade's API.

A failure that GitHub answers raises GithubError; no usable answer raises ApiError.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode, urljoin

from flowsync.api.messages import Request, parse_json
from flowsync.errors import GithubError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.api.messages import Exchange
    from flowsync.api.retry import Sender
    from flowsync.model import JsonValue

HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
CONNECTIONS: Final = 2
PATIENCE: Final = 60.0
"""Seconds to wait at most where GitHub asks for a wait."""
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100
"""Pages read of one list at most: 10,000 comments or issues."""

_NEXT: Final = re.compile(r'<([^<>\s]{1,2000})>\s*;[^,<]*\brel="?next"?')
"""The next page in a Link header (RFC 8288)."""
_LIMITING: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
_LIMIT: Final = re.compile("rate limit|secondary", re.IGNORECASE)
"""How GitHub words a rate limit [doc: rate limits]."""
_PERMISSIONS: Final = (
    "The job's permissions decide what its token may do: contents: read, pull-requests: write for the comment, "
    "issues: write for drift."
)
_HINTS: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "Check the input github-token: the token is missing, wrong or expired.",
    HTTPStatus.FORBIDDEN: _PERMISSIONS,
    HTTPStatus.NOT_FOUND: _PERMISSIONS,
    HTTPStatus.TOO_MANY_REQUESTS: "GitHub limits how fast requests may come: run this again later.",
}
_UNLOCK: Final = "The conversation is locked, so nobody can comment there: unlock it."


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. `value` is None if the body is not JSON; `request` is for messages."""

    request: str
    status: int
    value: JsonValue
    next_url: str | None


class Github:
    """One repository on GitHub. Paths are below the repository unless they begin with a slash."""

    def __init__(self, sender: Sender, api_url: str, graphql_url: str, repository: str) -> None:
        self._sender = sender
        self._api_url = api_url
        self._graphql_url = graphql_url
        self.repository = repository

    def get(self, path: str, **query: str | int) -> JsonValue:
        """The value at a path."""
        return self.send("GET", self._url(path, query)).value

    def items(self, path: str, within: str = "", **query: str | int) -> Iterator[dict[str, JsonValue]]:
        """Every item of a list, page by page. With `within`, the list is at that key of each answer."""
        url: str | None = self._url(path, {**query, "per_page": PAGE_SIZE})
        for _ in range(MOST_PAGES):
            if url is None:
                return
            answer = self.send("GET", url)
            found = at(answer.value, within) if within else answer.value
            if not isinstance(found, list):
                raise GithubError(f"{answer.request}: GitHub did not answer with a list.", status=answer.status)
            yield from (item for item in found if isinstance(item, dict))
            url = answer.next_url

    def write(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        """The answer to a request that changes something."""
        return self.send(method, self._url(path, {}), body).value

    def graphql(self, query: str, **variables: JsonValue) -> JsonValue:
        """The data of a GraphQL answer; raises GithubError where it holds errors."""
        answer = self.send("POST", self._graphql_url, {"query": query, "variables": variables})
        if not isinstance(data := at(answer.value, "data"), dict) or at(answer.value, "errors"):
            raise GithubError(f"{answer.request}: GitHub could not answer the query.", status=answer.status)
        return data

    def send(self, method: str, url: str, body: JsonValue = None) -> Answer:
        """Send one request, with `body` as JSON unless it is None.

        Raises ApiError also if the request would leave the hosts that the sender was opened for.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        address, _, query = url.partition("?")
        return self._sender.send(Request(method, address, query, content), _answer)

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        place = path if path.startswith("/") else f"/repos/{quote(self.repository)}/{path}"
        return f"{self._api_url}{place}?{urlencode(query)}" if query else f"{self._api_url}{place}"


def _answer(exchange: Exchange) -> Answer:
    request, response = exchange.request, exchange.response
    if not response.is_success:
        raise _failure(exchange)
    try:
        value = parse_json(response.body)
    except ValueError:
        value = None
    return Answer(request.shown, response.status, value, _next_url(request, response.headers.get("link", "")))


def _failure(exchange: Exchange) -> GithubError:
    response, redactor = exchange.response, exchange.identity.redactor
    message = redactor.excerpt(response.message)
    # GitHub also answers 403 where it means 429 [doc: rate limits].
    is_limited = response.status in _LIMITING and (
        response.headers.get("x-ratelimit-remaining") == "0" or _LIMIT.search(message) is not None
    )
    status = HTTPStatus.TOO_MANY_REQUESTS.value if is_limited else response.status
    is_locked = status == HTTPStatus.FORBIDDEN and "locked" in message.lower()
    outcome = f"{exchange.request.shown}: {response.status} {redactor.excerpt(response.reason)}".rstrip()
    quoted = f' It said: "{message}"' if message.strip() else ""
    return GithubError(f"{outcome}.{quoted}", status=status, hint=_UNLOCK if is_locked else _HINTS.get(status))


def _next_url(request: Request, link: str) -> str | None:
    """The URL of the next page; None if there is none, or it cannot be read."""
    found = _NEXT.search(link)
    try:
        return urljoin(request.target, found[1]) if found else None
    except ValueError:
        return None


def at(value: JsonValue, *keys: str) -> JsonValue:
    """The value at `keys` inside nested mappings; None if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: JsonValue, *keys: str) -> str:
    """The text at `keys` inside nested mappings; empty if there is none."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def number(value: JsonValue, key: str) -> int:
    """The whole number at `key` of a mapping. Raises GithubError if there is none."""
    found = at(value, key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise GithubError(f"GitHub's answer lacks {key}.")
    return found
