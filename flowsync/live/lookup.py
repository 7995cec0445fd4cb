"""One slug at a time: what a list lacks, and the fresh read before a write."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from flowsync.errors import ApiError, NotFoundError
from flowsync.live.listing import LIST_PATHS, Listing, is_absent, list_flows, parse_rows, rows_by_slug
from flowsync.live.protocols import Access
from flowsync.live.rows import live_flow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.live.protocols import FlowReader, Map
    from flowsync.model import FieldName, JsonValue, LiveFlow


def find_missing(reader: FlowReader, listing: Listing, slugs: Iterable[str], map_: Map = map) -> Listing:
    """`listing` and the rows of those `slugs` that it lacks, or of which it has only archived or deleted rows.

    Lists may leave flows out [obs], so every such slug is asked for by itself, through `map_`. Only a
    404 on every path that could know it means that it does not exist; any other failure is raised.
    """
    grouped = rows_by_slug(listing.rows)
    wanted = [slug for slug in dict.fromkeys(slugs) if _is_wanting(grouped.get(slug, ()))]
    look_up = partial(_look_up, reader, access=listing.access)
    rows = {row.id: row for row in listing.rows}
    for found in map_(look_up, wanted):
        rows.update((row.id, row) for row in found)
    return Listing(tuple(rows.values()), listing.access)


def reread(
    reader: FlowReader,
    slug: str,
    row_id: int,
    *,
    access: Access,
    listed: Access = Access.PUBLIC,
    wanted: Collection[FieldName] = (),
) -> tuple[LiveFlow, ...]:
    """The rows of `slug` as they are now, that with `row_id` among them if it still exists.

    `access` is what kind of key is held, `listed` which list the plan was made from: after the private one the public
    one is no substitute, for it may hide a newer draft. …/versions [obs] is asked first, for it knows every row. Where
    it answers 404 or with nothing, the list is read, every time: a newer draft may have appeared since. Where neither
    shows the row with its data and the fields `wanted`, the answer by slug completes them. A deleted flow gives an
    empty tuple.
    Raises the ApiError family.
    """
    rows = _versions(reader, slug, access)
    has_versions = bool(rows)
    rows = rows or _listed(reader, slug, access, listed)
    if rows and _show(rows, row_id, {"data", *wanted}):
        return rows
    row = _by_slug(reader, slug, access)
    rows = rows if row is None else _merged((row,), rows)
    if not has_versions or _show(rows, row_id, {"data"}):
        return rows
    return _merged(_listed(reader, slug, access, Access.PUBLIC), rows)


def _listed(reader: FlowReader, slug: str, access: Access, least: Access) -> tuple[LiveFlow, ...]:
    found = list_flows(reader, access)
    if least is Access.PRIVATE and found.access is not Access.PRIVATE:
        raise NotFoundError(
            f"GET {LIST_PATHS[Access.PRIVATE]} was answered when this was planned, and is not found now: whether "
            f"{slug!r} has a newer draft cannot be seen.",
            hint="Plan again.",
        )
    return rows_by_slug(found.rows).get(slug, ())


def _merged(rows: tuple[LiveFlow, ...], others: tuple[LiveFlow, ...]) -> tuple[LiveFlow, ...]:
    """All rows; of two with one id the one that shows more fields, the first where they show as many."""
    found = {row.id: row for row in rows}
    for other in others:
        row = found.get(other.id)
        if row is None or len(other.fields) > len(row.fields):
            found[other.id] = other
    return tuple(found.values())


def _look_up(reader: FlowReader, slug: str, *, access: Access) -> tuple[LiveFlow, ...]:
    """Every row of `slug` that can be found without the list; empty if there is none.

    Where the versions leave out the data of one that can be written, the answer by slug may show it.
    """
    rows = _versions(reader, slug, access) or ()
    if rows and all("data" in row.fields for row in rows if not row.is_archived and not row.is_gone):
        return rows
    row = _by_slug(reader, slug, access)
    return rows if row is None else _merged((row,), rows)


def _is_wanting(rows: tuple[LiveFlow, ...]) -> bool:
    return all(row.is_archived or row.is_gone for row in rows)


def _show(rows: tuple[LiveFlow, ...], row_id: int, names: Collection[FieldName]) -> bool:
    """Whether `rows` answer the question: the row is gone, or is there with these fields."""
    return all(row.fields.keys() >= set(names) for row in rows if row.id == row_id)


def _versions(reader: FlowReader, slug: str, access: Access) -> tuple[LiveFlow, ...] | None:
    """Every version of `slug` [obs]; None where the path, or the slug, is not known."""
    if access is Access.PUBLIC:
        return None
    path = f"/v1/flows/{_segment(slug)}/versions"
    answer = _get(reader, path)
    return None if answer is None else _of_slug(parse_rows(answer[0], path), slug)


def _by_slug(reader: FlowReader, slug: str, access: Access) -> LiveFlow | None:
    """The one row that the API gives for `slug`, of its private path [obs] if there is one."""
    private = _row_at(reader, f"/v1/flows/{_segment(slug)}", slug) if access is Access.PRIVATE else None
    return private or _row_at(reader, f"/v1/public/flows/{_segment(slug)}", slug)


def _row_at(reader: FlowReader, path: str, slug: str) -> LiveFlow | None:
    answer = _get(reader, path)
    if answer is None:
        return None
    # A slug of digits could be taken for an id, and another flow come back.
    return next(iter(_of_slug((live_flow(answer[0], f"GET {path}"),), slug)), None)


def _of_slug(rows: tuple[LiveFlow, ...], slug: str) -> tuple[LiveFlow, ...]:
    return tuple(row for row in rows if row.slug == slug)


def _get(reader: FlowReader, path: str) -> tuple[JsonValue] | None:
    """The answer, wrapped so that a JSON null is told from nothing; None where there is nothing."""
    try:
        return (reader.get(path, _NO_QUERY),)
    except ApiError as error:
        if is_absent(error):
            return None
        raise


def _segment(slug: str) -> str:
    """`slug` as one segment of a path: never a step up, a query or a further segment."""
    quoted = quote(slug, safe="", errors="replace")
    return quoted.replace(".", "%2E") if slug in {".", ".."} else quoted


_NO_QUERY: Mapping[str, str] = {}
