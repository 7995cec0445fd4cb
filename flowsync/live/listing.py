"""Every flow that the API lists, whatever it makes of `offset`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.errors import ApiError, NotFoundError, UnreadableResponseError
from flowsync.live.protocols import Access
from flowsync.live.rows import live_flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.live.protocols import FlowReader, Map
    from flowsync.model import JsonValue, LiveFlow

LIST_PATHS: Final = {Access.PRIVATE: "/v1/flows", Access.PUBLIC: "/v1/public/flows"}
PAGE_SIZE: Final = 100
"""Rows asked for at a time: the documented default [doc]."""
MOST_PAGES: Final = 1_000
"""No account is this large; a server that always finds one more page is not believed."""
FIRST_WAVE: Final = 4
LARGEST_WAVE: Final = 16
"""Pages asked for at once after a full one: few at first, for most accounts have one page or two."""
_METHOD_NOT_ALLOWED: Final = 405


@dataclass(frozen=True, slots=True)
class Listing:
    """Every row that could be read, in the API's order, and which of its lists answered."""

    rows: tuple[LiveFlow, ...]
    access: Access


@dataclass(frozen=True, slots=True)
class _Page:
    """One page as it came; `limit` is what the server says a full page holds."""

    rows: tuple[LiveFlow, ...]
    limit: int

    @property
    def is_full(self) -> bool:
        """Whether further rows may follow; an empty page is the end, whatever its limit."""
        return 0 < self.limit <= len(self.rows)


def list_flows(reader: FlowReader, access: Access, map_: Map = map, expected: int = 0) -> Listing:
    """Every listed flow: of the private list [obs], or of the public one [doc] where there is no other.

    Further pages are asked for only while a page is full, in waves through `map_`: the first as large as so many
    `expected` flows make likely. A page without a new id ends the list, for some servers ignore `offset`. Raises the
    ApiError family; an answer that is no list is UnreadableResponseError, never an empty listing.
    """
    if access is Access.PRIVATE:
        try:
            return Listing(_all_rows(reader, LIST_PATHS[Access.PRIVATE], map_, expected), Access.PRIVATE)
        except ApiError as error:
            if not is_absent(error):
                raise
    return Listing(_all_rows(reader, LIST_PATHS[Access.PUBLIC], map_, expected), Access.PUBLIC)


def rows_by_slug(rows: Iterable[LiveFlow]) -> dict[str, tuple[LiveFlow, ...]]:
    """The rows (versions) of each slug, both in the order they came."""
    grouped: dict[str, list[LiveFlow]] = {}
    for row in rows:
        grouped.setdefault(row.slug, []).append(row)
    return {slug: tuple(group) for slug, group in grouped.items()}


def parse_rows(answer: JsonValue, path: str) -> tuple[LiveFlow, ...]:
    """The rows of an envelope `{"data": […]}` [doc] or of a bare list; else UnreadableResponseError."""
    match answer:
        case list() as items:
            pass
        case {"data": list() as items}:
            pass
        case _:
            raise UnreadableResponseError(
                f"The API's answer cannot be read: GET {path} gave no list of flows.",
                hint="Check that the API's address is Frigade's.",
            )
    return tuple(live_flow(item, f"row {number} of GET {path}") for number, item in enumerate(items, start=1))


def is_absent(error: ApiError) -> bool:
    """Whether the server says that there is nothing at this path, or nothing to GET."""
    return isinstance(error, NotFoundError) or error.status == _METHOD_NOT_ALLOWED


def _all_rows(reader: FlowReader, path: str, map_: Map, expected: int) -> tuple[LiveFlow, ...]:
    """Rows of every page, the first of each id."""
    found: dict[int, LiveFlow] = {}
    for page in _pages(reader, path, map_, expected):
        known = len(found)
        for row in page.rows:
            found.setdefault(row.id, row)
        if len(found) == known:
            break
    return tuple(found.values())


def _pages(reader: FlowReader, path: str, map_: Map, expected: int) -> Iterator[_Page]:
    """Page after page up to the first that is not full; a lazy `map_` asks for no page beyond it."""
    first = _page(reader, path, 0)
    yield first
    if not first.is_full:
        return
    step = len(first.rows)
    for wave in _waves(expected // step):
        for page in map_(lambda number: _page(reader, path, number * step), wave):
            yield page
            if not page.is_full:
                return
    raise UnreadableResponseError(f"GET {path} has no end: {MOST_PAGES} pages were full, and another one follows.")


def _waves(likely: int) -> Iterator[range]:
    """Numbers of the pages after the first: 4 or as many as are `likely`, then twice as many, 16 at a time at most."""
    start, size = 1, min(max(likely, FIRST_WAVE), LARGEST_WAVE)
    while start < MOST_PAGES:
        yield range(start, min(start + size, MOST_PAGES))
        start, size = start + size, min(size * 2, LARGEST_WAVE)


def _page(reader: FlowReader, path: str, offset: int) -> _Page:
    answer = reader.get(path, {"offset": str(offset), "limit": str(PAGE_SIZE)})
    limit = answer.get("limit") if isinstance(answer, dict) else None
    # A server may cut its pages shorter than it was asked to, and then says so in the envelope [doc].
    told = limit if isinstance(limit, int) and 0 < limit < PAGE_SIZE else PAGE_SIZE
    return _Page(parse_rows(answer, path), told)
