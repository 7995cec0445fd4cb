"""GitHub's two APIs as far as flowsync speaks them: one repository, REST and GraphQL.

Raises GithubError for every answer that is a failure, and ApiError when none came.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
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
_UNLOCK: Final = "The conversation is locked, and nobody may comment there: unlock it."


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

    def items(self, path: str, within: str = "", **query: str | int) -> Iterator[dict[str, JsonValue]]:
        """Every item of a list, page after page; where `within` is given, of the list at that key of each answer."""
        url: str | None = self._url(path, {**query, "per_page": PAGE_SIZE})
        for _ in range(MOST_PAGES):
            if url is None:
                return
            answer = self._checked(self._client.send("GET", url))
            found = at(answer.value, within) if within else answer.value
            if not isinstance(found, list):
                raise GithubError(f"{answer.shown}: GitHub answered with no list.", status=answer.status)
            yield from (item for item in found if isinstance(item, dict))
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
        # GitHub answers 403, too, where it means 429 [doc: rate limits].
        status = HTTPStatus.TOO_MANY_REQUESTS.value if answer.is_limited else answer.status
        is_locked = status == HTTPStatus.FORBIDDEN and "locked" in answer.excerpt.lower()
        raise GithubError(
            f"{answer.shown}: {answer.status} {answer.reason}".rstrip() + f".{said}",
            status=status,
            hint=_UNLOCK if is_locked else _HINTS.get(status),
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
_HEX: Final = r"[0-9a-f]{16}"
_SHA: Final = r"[0-9a-f]{40,64}"
_LINE: Final = re.compile(
    rf"<!-- flowsync:v1 key=({_HEX}) head=({_SHA}) digest=([0-9a-f]{{64}}) truncated=([01]) base=((?:{_SHA})?)"
    rf" parts=((?:{_HEX})*)(?: run=([0-9]{{1,20}}))?(?: used=((?:{_HEX})*) by=({_SHA}))?(?: applied=({_SHA}))?"
    rf"(?: conflicts=((?:{_HEX})*))?"
    r" -->(?:\r?\n|$)"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the first line says. `key` names environment and configuration; `head` is the commit planned for.

    `digest` is the plan's, without its algorithm; `parts` are the hashes of what the plan would write, and
    `base` is the commit it was compared with, None where it was with none. `run` is the id of the run that made the
    plan. `used` are the parts that an apply has written, or is about to: a review counts once. `by` is the commit whose
    apply used them last, None while none did. `conflicts` are the marks (`conflicts.marks`) of flows edited in
    the dashboard too, and that no apply has written since.
    """

    key: str
    head: str
    digest: str
    truncated: bool = False
    base: str | None = None
    parts: frozenset[str] = frozenset()
    run: str | None = None
    used: frozenset[str] = frozenset()
    by: str | None = None
    conflicts: frozenset[str] = frozenset()

    @property
    def unused(self) -> frozenset[str]:
        """What may still be applied."""
        return self.parts - self.used

    @property
    def seal(self) -> str:
        """A short hash of all that was planned: 16 hexadecimal digits. The artefact of its run is named after it."""
        planned = (self.key, self.head, self.digest, self.base or "", *sorted(self.parts))
        return sha256("\0".join(planned).encode()).hexdigest()[:PART_LENGTH]

    @property
    def most_used(self) -> Marker:
        """The longest marker that this one may become."""
        return replace(self, used=self.parts, by=self.by or self.head, conflicts=self.conflicts | self.parts)

    def line(self) -> str:
        """The marker as the line to begin with."""
        fields = f"key={self.key} head={self.head} digest={self.digest} truncated={int(self.truncated)}"
        run = f" run={self.run}" if self.run else ""
        used = f" used={_listed(self.used)} by={self.by}" if self.by else ""
        open_ = f" conflicts={_listed(self.conflicts)}" if self.conflicts else ""
        return f"<!-- flowsync:v1 {fields} base={self.base or ''} parts={_listed(self.parts)}{run}{used}{open_} -->"


def _listed(parts: frozenset[str]) -> str:
    return "".join(sorted(parts)) if len(parts) <= MOST_PARTS else ""


def read_marker(body: str) -> Marker | None:
    """The marker a text begins with; None where it begins otherwise.

    A former version wrote `applied` where all parts were used.
    """
    found = _LINE.match(body)
    if found is None:
        return None
    key, head, digest, truncated, base, listed, run, used, by, applied, conflicts = found.groups()
    parts = _parts(listed)
    used_parts = parts if applied else _parts(used or "")
    open_ = _parts(conflicts or "")
    return Marker(key, head, digest, truncated == "1", base or None, parts, run, used_parts, by or applied, open_)


def _parts(listed: str) -> frozenset[str]:
    return frozenset(listed[at : at + PART_LENGTH] for at in range(0, len(listed), PART_LENGTH))


def after_marker(body: str) -> str:
    """What follows the marker's line; all of a text that begins with none."""
    found = _LINE.match(body)
    return body[found.end() :] if found else body


def key_of(kind: str, environment: str | None, config: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file.

    `config` is the file's path from the top of the repository.
    """
    return sha256("\0".join((kind, environment or "", config)).encode()).hexdigest()[:16]
