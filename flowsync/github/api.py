"""GitHub's two APIs as far as flowsync speaks them: one repository, REST and GraphQL.

Raises GithubError for every answer that is a failure, and ApiError when none came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from flowsync.errors import GithubError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.github.client import GithubClient, GithubResponse
    from flowsync.model import JsonValue

HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100
"""Pages of one list that are read at most: 10,000 comments or issues."""

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


class Github:
    """One repository on GitHub. Paths are below the repository unless they begin with a slash."""

    def __init__(self, client: GithubClient, api_url: str, graphql_url: str, repository: str) -> None:
        self._client = client
        self._api_url = api_url
        self._graphql_url = graphql_url
        self.repository = repository

    def get(self, path: str, **query: str | int) -> JsonValue:
        """The value at a path."""
        return self._checked(self._client.send("GET", self._url(path, query))).value

    def items(self, path: str, **query: str | int) -> Iterator[dict[str, JsonValue]]:
        """Every item of a list, page after page."""
        url: str | None = self._url(path, {**query, "per_page": PAGE_SIZE})
        for _ in range(MOST_PAGES):
            if url is None:
                return
            answer = self._checked(self._client.send("GET", url))
            if not isinstance(answer.value, list):
                raise GithubError(f"{answer.shown}: GitHub answered with no list.", status=answer.status)
            yield from (item for item in answer.value if isinstance(item, dict))
            url = answer.next_url

    def write(self, method: str, path: str, body: JsonValue = None) -> JsonValue:
        """What a request that changes something is answered with."""
        return self._checked(self._client.send(method, self._url(path, {}), body)).value

    def graphql(self, query: str, **variables: JsonValue) -> JsonValue:
        """The data of a GraphQL answer; raises GithubError where it holds errors."""
        answer = self._checked(self._client.send("POST", self._graphql_url, {"query": query, "variables": variables}))
        if not isinstance(data := at(answer.value, "data"), dict) or at(answer.value, "errors"):
            raise GithubError(f"{answer.shown}: GitHub could not answer the query.", status=answer.status)
        return data

    def _url(self, path: str, query: Mapping[str, str | int]) -> str:
        place = path if path.startswith("/") else f"/repos/{quote(self.repository)}/{path}"
        return f"{self._api_url}{place}?{urlencode(query)}" if query else f"{self._api_url}{place}"

    def _checked(self, answer: GithubResponse) -> GithubResponse:
        if answer.is_success:
            return answer
        said = f' It said: "{answer.excerpt}"' if answer.excerpt.strip() else ""
        raise GithubError(
            f"{answer.shown}: {answer.status} {answer.reason}".rstrip() + f".{said}",
            status=answer.status,
            hint=_HINTS.get(answer.status),
        )


def at(value: JsonValue, *keys: str) -> JsonValue:
    """What is at `keys` inside mappings; None where there is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: JsonValue, *keys: str) -> str:
    """The text at `keys` inside mappings; empty where there is none."""
    found = at(value, *keys)
    return found if isinstance(found, str) else ""


def number(value: JsonValue, key: str) -> int:
    """The whole number at `key` of a mapping. Raises GithubError where there is none."""
    found = at(value, key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise GithubError(f"GitHub's answer lacks {key}.")
    return found


PART_LENGTH: Final = 16
"""Hexadecimal digits of one part's hash."""
MOST_PARTS: Final = 1_000
"""More are not listed."""
NO_PLAN: Final = "0" * 64
"""Stands for the digest where no plan is shown."""
_HEAD: Final = r"<!-- flowsync:v1 key=([0-9a-f]{16}) head=([0-9a-f]{40,64}) digest=([0-9a-f]{64})"
_LINE: Final = re.compile(
    rf"{_HEAD} truncated=([01]) base=((?:[0-9a-f]{{40,64}})?) parts=((?:[0-9a-f]{{16}})*)"
    r"(?: applied=([0-9a-f]{40,64}))? -->(?:\r?\n|$)"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the first line says. `key` names environment and configuration; `head` is the commit planned for.

    `digest` is the plan's, without its algorithm; `parts` are the hashes of what the plan would write, and
    `base` is the commit it was compared with, None where it was with none. `applied` is the commit whose apply
    wrote all that was planned for it, None before.
    """

    key: str
    head: str
    digest: str
    truncated: bool = False
    base: str | None = None
    parts: frozenset[str] = frozenset()
    applied: str | None = None

    def line(self) -> str:
        """The marker as the line to begin with."""
        listed = sorted(self.parts) if len(self.parts) <= MOST_PARTS else []
        fields = f"key={self.key} head={self.head} digest={self.digest} truncated={int(self.truncated)}"
        applied = f" applied={self.applied}" if self.applied else ""
        return f"<!-- flowsync:v1 {fields} base={self.base or ''} parts={''.join(listed)}{applied} -->"


def read_marker(body: str) -> Marker | None:
    """The marker a text begins with; None where it begins otherwise."""
    found = _LINE.match(body)
    if found is None:
        return None
    key, head, digest, truncated, base, parts, applied = found.groups()
    hashes = (parts[at : at + PART_LENGTH] for at in range(0, len(parts), PART_LENGTH))
    return Marker(key, head, digest, truncated == "1", base or None, frozenset(hashes), applied)


def key_of(kind: str, environment: str | None, config: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file.

    `config` is the file's path from the top of the repository.
    """
    return sha256("\0".join((kind, environment or "", config)).encode()).hexdigest()[:16]
