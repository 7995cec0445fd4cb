"""Requests that show how an API behaves: at most eight GETs, each chosen by the answers before it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.api.endpoints import LIST_PATHS, PAGE_SIZE, Access

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.api.client import Answer, Prober
    from flowsync.model import JsonValue

Row = dict[str, "JsonValue"]
MOST_REQUESTS: Final = 8
_FLOWS_WITH_VERSIONS: Final = 2
"""Flows whose versions are requested: the list may omit drafts, and not every flow has one."""
_SLUG_PREFIX: Final = "flow"
"""Prefix of a slug that every server accepts as one [obs]."""
_LONGEST_SLUG: Final = 200
"""Characters; a longer slug is not requested."""


class Question(Enum):
    """What a request finds out."""

    PRIVATE_LIST = "private list"
    PUBLIC_LIST = "public list"
    PAGE = "page"
    VERSIONS = "versions"
    BY_SLUG = "by slug"
    BY_OTHER_SLUG = "by another slug"
    BY_VERSION = "by version"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its answer, and the flow and version that it was about, if any."""

    question: Question
    answer: Answer
    slug: str | None = None
    version: int | None = None


def ask_all(prober: Prober, access: Access) -> Iterator[Asked]:
    """Make the requests in order, until a list gets no answer."""
    lists = [Question.PRIVATE_LIST, Question.PUBLIC_LIST] if access is Access.PRIVATE else [Question.PUBLIC_LIST]
    listed: Answer | None = None
    for question in lists:
        answer = prober.ask(_PATHS[question], {"offset": "0", "limit": str(PAGE_SIZE)})
        yield Asked(question, answer)
        if answer.status is None:
            return
        listed = answer if listed is None and answer.is_success else listed
    rows = [] if listed is None else rows_of(listed.value)
    if listed is None or not rows:
        return
    # After a full page, request the next one; else only the second row of the list.
    offset, limit = (len(rows), PAGE_SIZE) if is_full(listed.value) else (1, 1)
    if len(rows) > 1:
        yield Asked(Question.PAGE, prober.ask(listed.path, {"offset": str(offset), "limit": str(limit)}))
    yield from _about_flows(prober, access, rows)


def _about_flows(prober: Prober, access: Access, rows: Sequence[Row]) -> Iterator[Asked]:
    newest = _newest_versions(rows)
    slugs = sorted(newest, key=lambda slug: (-newest[slug], slug))
    usual = [slug for slug in slugs if slug.startswith(_SLUG_PREFIX)]
    other = [slug for slug in slugs if not slug.startswith(_SLUG_PREFIX)]
    if access is Access.PRIVATE:
        for slug in slugs[:_FLOWS_WITH_VERSIONS]:
            yield Asked(Question.VERSIONS, prober.ask(f"{_flow_path(access, slug)}/versions", {}), slug)
    for question, slugs in ((Question.BY_SLUG, usual), (Question.BY_OTHER_SLUG, other)):
        for slug in slugs[:1]:
            yield Asked(question, prober.ask(_flow_path(access, slug), {}), slug)
    for slug in usual[:1] if access is Access.PRIVATE else ():
        if newest[slug] > 1:
            yield Asked(Question.BY_VERSION, prober.ask(_flow_path(access, slug), {"version": "1"}), slug, 1)


def rows_of(value: JsonValue) -> list[Row]:
    """The rows of a list, in an envelope or bare, without items that are not objects."""
    items = value.get("data") if isinstance(value, dict) else value
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def is_full(value: JsonValue) -> bool:
    """Whether a list is a full page, so that more may follow; its own `limit` may be smaller than a page."""
    limit = value.get("limit") if isinstance(value, dict) else None
    size = limit if type(limit) is int and 0 < limit < PAGE_SIZE else PAGE_SIZE
    return len(rows_of(value)) >= size


def _newest_versions(rows: Sequence[Row]) -> Mapping[str, int]:
    """The highest version of each slug that can be requested."""
    newest: dict[str, int] = {}
    for row in rows:
        slug, version = row.get("slug"), row.get("version")
        if isinstance(slug, str) and slug.strip(".") and len(slug) <= _LONGEST_SLUG:
            newest[slug] = max(newest.get(slug, 0), version if isinstance(version, int) else 0)
    return newest


def _flow_path(access: Access, slug: str) -> str:
    return f"{LIST_PATHS[access]}/{quote(slug, safe='', errors='replace')}"


_PATHS: Final = {
    Question.PRIVATE_LIST: LIST_PATHS[Access.PRIVATE],
    Question.PUBLIC_LIST: LIST_PATHS[Access.PUBLIC],
}
