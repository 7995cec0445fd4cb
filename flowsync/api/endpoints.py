"""The endpoints for flows: read every listed row or those of one slug, and write one row.

A write is one request, sent once: POST is not idempotent, so after an ambiguous answer the flow must be read first.
All writes but the update are only observed [obs]. Every function raises the ApiError family.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, TypeVar
from urllib.parse import quote

from flowsync.api.rows import live_flow
from flowsync.errors import ApiError, NotFoundError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, LiveFlow

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Access(Enum):
    """The kind of a key, or of the list that answered."""

    PRIVATE = "private"
    PUBLIC = "public"


class FlowReader(Protocol):
    """A client that can only GET."""

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        """The JSON at `path` (from the API's root, percent-encoded). Raises the ApiError family."""


class Method(Enum):
    """The HTTP method of a write."""

    PUT = "PUT"
    POST = "POST"
    DELETE = "DELETE"


class FlowWriter(FlowReader, Protocol):
    """A client that can also change flows."""

    def send(self, method: Method, path: str, body: Mapping[str, JsonValue] | None = None) -> JsonValue:
        """Send one write, with `body` as JSON if there is one; returns the JSON of the answer, None for an empty one.

        Nothing is ever sent again. Raises the ApiError family; if the error's `may_have_effect` is true, the write may
        have taken effect, and only a fresh read can tell.
        """


class Map(Protocol):
    """The shape of the built-in `map` and of `Executor.map`: results in the order of the items."""

    def __call__(self, function: Callable[[_Item], _Result], items: Iterable[_Item], /) -> Iterable[_Result]:
        """Call `function` on every item, perhaps several at a time."""


LIST_PATHS: Final = {Access.PRIVATE: "/v1/flows", Access.PUBLIC: "/v1/public/flows"}
PAGE_SIZE: Final = 100
"""Rows in one request: the documented default [doc]."""
MOST_PAGES: Final = 1_000
"""No account is this large: a server with more pages is not the API."""
FIRST_WAVE: Final = 4
LARGEST_WAVE: Final = 16
"""Pages that are requested at once after a full one: few at first, because most accounts have one page or two."""
FIRST_ASKED: Final = 40
"""Flows whose versions are always read: if the list hides nothing of them, it probably hides nothing at all."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every listed row, in the API's order, and which of the two lists it is from."""

    rows: tuple[LiveFlow, ...]
    access: Access


def list_flows(reader: FlowReader, access: Access, map_: Map = map, expected: int = 0) -> Listing:
    """Every listed flow: of the private list [obs], or of the public one [doc] if there is no private one.

    Further pages are requested only while a page is full, in waves through `map_`; `expected` flows make the first wave
    as large as is likely to be needed. A page without a new id ends the list, because some servers ignore `offset`. An
    answer that is no list is an UnreadableResponseError, never an empty listing.
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
    """Whether an error means that the server has nothing at this path, or nothing to GET."""
    return isinstance(error, NotFoundError) or error.status == HTTPStatus.METHOD_NOT_ALLOWED


def _all_rows(reader: FlowReader, path: str, map_: Map, expected: int) -> tuple[LiveFlow, ...]:
    found: dict[int, LiveFlow] = {}
    for rows in _pages(reader, path, map_, expected):
        known = len(found)
        for row in rows:
            found.setdefault(row.id, row)
        if len(found) == known:
            break
    return tuple(found.values())


def _pages(reader: FlowReader, path: str, map_: Map, expected: int) -> Iterator[tuple[LiveFlow, ...]]:
    """Yield pages up to the first that is not full; a lazy `map_` requests no page after it."""
    first, is_full = _page(reader, path, 0)
    yield first
    if not is_full:
        return
    step = len(first)
    for wave in _waves(expected // step):
        for rows, is_full in map_(lambda number: _page(reader, path, number * step), wave):
            yield rows
            if not is_full:
                return
    raise UnreadableResponseError(f"GET {path} has no end: {MOST_PAGES} pages were full, and another one follows.")


def _waves(likely: int) -> Iterator[range]:
    """Numbers of the pages after the first: 4 or as many as are `likely`, then twice as many, 16 at a time at most."""
    start, size = 1, min(max(likely, FIRST_WAVE), LARGEST_WAVE)
    while start < MOST_PAGES:
        yield range(start, min(start + size, MOST_PAGES))
        start, size = start + size, min(size * 2, LARGEST_WAVE)


def _page(reader: FlowReader, path: str, offset: int) -> tuple[tuple[LiveFlow, ...], bool]:
    """The rows of one page, and whether it is full, so that another may follow."""
    answer = reader.get(path, {"offset": str(offset), "limit": str(PAGE_SIZE)})
    limit = answer.get("limit") if isinstance(answer, dict) else None
    # A server may send shorter pages than requested; the envelope says so [doc].
    size = limit if isinstance(limit, int) and 0 < limit < PAGE_SIZE else PAGE_SIZE
    rows = parse_rows(answer, path)
    # A server that sends more rows than requested, and than its envelope says, has no pages: these are all.
    has_pages = not isinstance(limit, int) or len(rows) <= max(limit, PAGE_SIZE)
    return rows, has_pages and len(rows) >= size


def find_missing(reader: FlowReader, listing: Listing, slugs: Iterable[str], map_: Map = map) -> Listing:
    """`listing` with the rows of those `slugs` that it lacks, or of which it has only archived or deleted rows.

    Lists may leave flows out [obs], so every such slug is looked up, through `map_`. A flow does not exist only if
    every path that could know it answers 404; any other failure is raised.
    """
    found_slugs = {row.slug for row in listing.rows if not row.is_archived and not row.is_gone}
    missing = [slug for slug in dict.fromkeys(slugs) if slug not in found_slugs]
    rows = {row.id: row for row in listing.rows}
    for found in map_(lambda slug: _look_up(reader, slug, listing.access), missing):
        rows.update((row.id, row) for row in found)
    return Listing(tuple(rows.values()), listing.access)


def find_drafts(reader: FlowReader, listing: Listing, slugs: Iterable[str], access: Access, map_: Map = map) -> Listing:
    """`listing` with the rows of those `slugs` that it hides and that can be written, such as drafts.

    They are read from …/versions [obs] through `map_`, with a key of this `access`; not for a slug whose draft is
    listed, because there is one at most [doc]. After FIRST_ASKED slugs the others are read only if the list hides
    something of the first. Without hidden rows the result is `listing` itself.
    """
    drafted = {row.slug for row in listing.rows if row.status == "DRAFT"}
    asked = [slug for slug in dict.fromkeys(slugs) if slug not in drafted]
    known = {row.id for row in listing.rows}
    hidden: list[LiveFlow] = []
    for part in (asked[:FIRST_ASKED], asked[FIRST_ASKED:]):
        hidden += [row for rows in map_(lambda slug: _hidden(reader, slug, access, known), part) for row in rows]
        if not hidden:
            break
    return replace(listing, rows=(*listing.rows, *hidden)) if hidden else listing


@dataclass(frozen=True, slots=True)
class Versions:
    """The rows of one slug. `is_whole`: the server listed all versions; else there may be hidden rows."""

    rows: tuple[LiveFlow, ...]
    is_whole: bool


def versions(reader: FlowReader, slug: str, access: Access, listed: Sequence[LiveFlow] | None = None) -> Versions:
    """Every row of `slug`, archived ones included, from …/versions [obs].

    If that answers 404 or with nothing, the rows come from the list: `listed`, or the list read now. If a row lacks its
    data, or there is no row, GET by slug completes them. A row of another slug is never among them.
    """
    rows = _versions(reader, slug, access)
    is_whole = bool(rows)
    if not rows:
        every = list_flows(reader, access).rows if listed is None else listed
        rows = tuple(row for row in every if row.slug == slug)
    if not rows or any("data" not in row.fields for row in rows if not row.is_gone):
        rows = _merged(_by_slug(reader, slug, access), rows)
    return Versions(rows, is_whole)


def with_version(reader: FlowReader, slug: str, number: int, access: Access, known: Versions) -> Versions:
    """`known` with one version of `slug`, read by its number [obs] if it is missing or lacks its data.

    A server that does not know `?version` answers with another version, which is ignored.
    """
    is_there = any(row.version == number and "data" in row.fields for row in known.rows)
    if is_there or access is Access.PUBLIC:
        return known
    found = _rows_at(reader, f"/v1/flows/{_segment(slug)}", slug, version=number)
    return replace(known, rows=_merged(known.rows, tuple(row for row in found if row.version == number)))


def reread(
    reader: FlowReader,
    slug: str,
    row_id: int | None,
    *,
    access: Access,
    listed: Access = Access.PUBLIC,
    wanted: Collection[FieldName] = (),
) -> tuple[LiveFlow, ...]:
    """The rows of `slug` as they are now, with that of `row_id` if it still exists (None: whatever there is).

    `access` is the kind of the key, `listed` the list that the plan was made from: the public list cannot replace the
    private one, because it may hide a newer draft. …/versions [obs], which has every row, is read first. If it answers
    404 or with nothing, the list is read, every time: a newer draft may have appeared. If neither has the row with its
    data and the fields `wanted`, GET by slug completes them. A deleted flow gives an empty tuple.
    """
    rows = _versions(reader, slug, access)
    has_versions = bool(rows)
    rows = rows or _listed(reader, slug, access, listed)
    if rows and _show(rows, row_id, {"data", *wanted}):
        return rows
    rows = _merged(_by_slug(reader, slug, access), rows)
    if not has_versions or _show(rows, row_id, {"data"}):
        return rows
    return _merged(_listed(reader, slug, access, Access.PUBLIC), rows)


def _listed(reader: FlowReader, slug: str, access: Access, least: Access) -> tuple[LiveFlow, ...]:
    found = list_flows(reader, access)
    if least is Access.PRIVATE and found.access is not Access.PRIVATE:
        raise NotFoundError(
            f"GET {LIST_PATHS[Access.PRIVATE]} worked when the plan was made and answers 404 now, so a newer "
            f"draft of {slug!r} would stay hidden.",
            hint="Plan again.",
        )
    return rows_by_slug(found.rows).get(slug, ())


def _merged(rows: tuple[LiveFlow, ...], others: tuple[LiveFlow, ...]) -> tuple[LiveFlow, ...]:
    """All rows. Of two with the same id, the one with more fields; the first if they have equally many."""
    found = {row.id: row for row in rows}
    for other in others:
        row = found.get(other.id)
        if row is None or len(other.fields) > len(row.fields):
            found[other.id] = other
    return tuple(found.values())


def _look_up(reader: FlowReader, slug: str, access: Access) -> tuple[LiveFlow, ...]:
    """Every row of `slug` that can be found without the list; empty if there is none.

    If a version that can be written lacks its data, GET by slug may have it.
    """
    rows = _versions(reader, slug, access)
    if rows and all("data" in row.fields for row in rows if not row.is_archived and not row.is_gone):
        return rows
    return _merged(_by_slug(reader, slug, access), rows)


def _hidden(reader: FlowReader, slug: str, access: Access, known: Collection[int]) -> tuple[LiveFlow, ...]:
    """The versions of `slug` with data that are not `known` and can be written to."""
    rows = [row for row in _versions(reader, slug, access) if not row.is_archived and not row.is_gone]
    return tuple(row for row in rows if row.id not in known and "data" in row.fields)


def _show(rows: tuple[LiveFlow, ...], row_id: int | None, names: Collection[FieldName]) -> bool:
    """Whether these rows show that the row is gone, or show its `wanted` fields."""
    return all(row.fields.keys() >= set(names) for row in rows if row.id == row_id)


def _versions(reader: FlowReader, slug: str, access: Access) -> tuple[LiveFlow, ...]:
    """Every version of `slug` [obs]; empty if the path, or the slug, is unknown."""
    return _rows_at(reader, f"/v1/flows/{_segment(slug)}/versions", slug) if access is Access.PRIVATE else ()


def _by_slug(reader: FlowReader, slug: str, access: Access) -> tuple[LiveFlow, ...]:
    """The one row of `slug` that the API returns, of its private path [obs] if there is one; empty if there is none."""
    paths = [f"/v1/flows/{_segment(slug)}"] if access is Access.PRIVATE else []
    paths.append(f"/v1/public/flows/{_segment(slug)}")
    return next(filter(None, (_rows_at(reader, path, slug) for path in paths)), ())


def _rows_at(reader: FlowReader, path: str, slug: str, version: int | None = None) -> tuple[LiveFlow, ...]:
    """The rows of `slug` at the path of its versions, or of one row; empty if the path is unknown."""
    try:
        answer = reader.get(path, {} if version is None else {"version": str(version)})
    except ApiError as error:
        if is_absent(error):
            return ()
        raise
    rows = parse_rows(answer, path) if path.endswith("/versions") else (live_flow(answer, f"GET {path}"),)
    return tuple(row for row in rows if row.slug == slug)  # the API may take a slug of digits for another flow's id


def _segment(slug: str) -> str:
    """`slug` as one segment of a path, percent-encoded."""
    quoted = quote(slug, safe="", errors="replace")
    return quoted.replace(".", "%2E") if slug in {".", ".."} else quoted


class ArchiveBehavior(Enum):
    """What happens to users who are in the version that a published draft replaces [doc]."""

    EXIT = "EXIT_EXISTING_USERS"
    RESTART_EXISTING = "RESTART_EXISTING_USERS"
    RESTART_ALL = "RESTART_ALL_USERS"


def write(writer: FlowWriter, row_id: int, body: Mapping[str, JsonValue]) -> LiveFlow | None:
    """PUT `body` to the row with the numeric `row_id` [doc]; the row as the server then has it.

    None, here and below, when the answer is empty, `null` or no flow: most likely nothing was written [obs], and only
    a fresh read can tell.
    """
    return _shown(writer.send(Method.PUT, f"/v1/flows/{row_id}", body))


def create(writer: FlowWriter, body: Mapping[str, JsonValue]) -> LiveFlow | None:
    """POST a new flow; its row as the server made it, perhaps with another slug than `body` asks for."""
    return _shown(writer.send(Method.POST, LIST_PATHS[Access.PRIVATE], body))


def new_version(writer: FlowWriter, row_id: int) -> LiveFlow | None:
    """POST a new draft that starts as a copy of the row with the numeric `row_id`; the draft's row."""
    return _shown(writer.send(Method.POST, f"/v1/flows/{row_id}/versions", {}))


def activate(writer: FlowWriter, row_id: int, behavior: ArchiveBehavior) -> LiveFlow | None:
    """Publish the draft with the numeric `row_id`; its row. The row that was published becomes ARCHIVED."""
    return _shown(writer.send(Method.PUT, f"/v1/flows/{row_id}/activate", {"archiveBehavior": behavior.value}))


def delete(writer: FlowWriter, row_id: int) -> None:
    """Delete the row with the numeric `row_id`, for good; other versions of its slug stay."""
    writer.send(Method.DELETE, f"/v1/flows/{row_id}")


def is_taken(error: ApiError) -> bool:
    """Whether `create` failed because the slug exists; always a 400 [obs]."""
    return error.status == HTTPStatus.BAD_REQUEST and "already exists" in error.message.lower()


def has_draft(error: ApiError) -> bool:
    """Whether `new_version` failed because the slug has a draft; the status is not documented."""
    return error.status is not None and "draft already exists" in error.message.lower()


def _shown(answer: JsonValue) -> LiveFlow | None:
    try:
        return live_flow(answer)
    except UnreadableResponseError:
        return None
