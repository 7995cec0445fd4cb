"""One slug at a time: what a list lacks, and the fresh read before a write."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import quote

from flowsync.errors import ApiError
from flowsync.live.listing import Listing, is_absent, list_flows, parse_rows, rows_by_slug
from flowsync.live.protocols import Access
from flowsync.live.rows import live_flow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.live.protocols import FlowReader, Map
    from flowsync.model import FieldName, JsonValue, LiveFlow


class PathMemo:
    """Which of the undocumented paths this server turned out not to have; threads may share it.

    A 404 for one slug proves nothing about a path. It is put down to the path only once a documented
    one finds that very slug.
    """

    def __init__(self) -> None:
        self._versions = Event()
        self._private_slug = Event()

    @property
    def lacks_versions(self) -> bool:
        """Whether GET /v1/flows/{slug}/versions [obs] is known not to exist."""
        return self._versions.is_set()

    @property
    def lacks_private_slug(self) -> bool:
        """Whether GET /v1/flows/{slug} [obs] is known not to exist."""
        return self._private_slug.is_set()

    def note_no_versions(self) -> None:
        """A slug that was found otherwise gave 404 there."""
        self._versions.set()

    def note_no_private_slug(self) -> None:
        """A slug that the public path knows gave 404 there."""
        self._private_slug.set()


def find_missing(reader: FlowReader, listing: Listing, slugs: Iterable[str], map_: Map = map) -> Listing:
    """`listing` and the rows of those `slugs` that it lacks, or of which it has only archived rows.

    Lists may leave flows out [obs], so every such slug is asked for by itself, through `map_`. Only a
    404 on every path that could know it means that it does not exist; any other failure is raised.
    """
    grouped = rows_by_slug(listing.rows)
    wanted = [slug for slug in dict.fromkeys(slugs) if _is_wanting(grouped.get(slug, ()))]
    look_up = partial(_look_up, reader, access=listing.access, memo=PathMemo())
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
    memo: PathMemo | None = None,
    wanted: Collection[FieldName] = (),
) -> tuple[LiveFlow, ...]:
    """The rows of `slug` as they are now, that with `row_id` among them if it still exists.

    `access` is what kind of key is held. Asked first is …/versions, for it knows every row. Where that path is
    absent, or gives the row without its data or one of the fields `wanted`, an answer by slug does if it is that very
    row; else, for a row without data, the list is read anew. The other versions count all the same. A deleted flow
    gives an empty tuple. Raises the ApiError family.
    """
    memo = memo or PathMemo()
    rows = _versions(reader, slug, access, memo)
    if rows and _show(rows, row_id, {"data", *wanted}):
        return rows
    row = _by_slug(reader, slug, access, memo)
    if rows is None and row is not None:
        memo.note_no_versions()
    others = tuple(other for other in rows or () if other.id != row_id)
    if row is not None and row.id == row_id:
        return (row, *others)
    if rows and _show(rows, row_id, {"data"}):
        return rows
    listed = rows_by_slug(list_flows(reader, access).rows).get(slug, ())
    known = {row.id for row in listed}
    return (*listed, *(other for other in others if other.id not in known))


def _look_up(reader: FlowReader, slug: str, *, access: Access, memo: PathMemo) -> tuple[LiveFlow, ...]:
    """Every row of `slug` that can be found without the list; empty if there is none.

    Where the versions leave out the data of one that can be written, the answer by slug may show it.
    """
    rows = _versions(reader, slug, access, memo)
    if rows and all("data" in row.fields for row in rows if not row.is_archived):
        return rows
    row = _by_slug(reader, slug, access, memo)
    if row is None:
        return rows or ()
    if rows is None:
        memo.note_no_versions()
    return (row, *(other for other in rows or () if other.id != row.id))


def _is_wanting(rows: tuple[LiveFlow, ...]) -> bool:
    return all(row.is_archived for row in rows)


def _show(rows: tuple[LiveFlow, ...], row_id: int, names: Collection[FieldName]) -> bool:
    """Whether `rows` answer the question: the row is gone, or is there with these fields."""
    return all(row.fields.keys() >= set(names) for row in rows if row.id == row_id)


def _versions(reader: FlowReader, slug: str, access: Access, memo: PathMemo) -> tuple[LiveFlow, ...] | None:
    """Every version of `slug` [obs]; None where the path, or the slug, is not known."""
    if access is Access.PUBLIC or memo.lacks_versions:
        return None
    path = f"/v1/flows/{_segment(slug)}/versions"
    answer = _get(reader, path)
    return None if answer is None else _of_slug(parse_rows(answer[0], path), slug)


def _by_slug(reader: FlowReader, slug: str, access: Access, memo: PathMemo) -> LiveFlow | None:
    """The one row that the API gives for `slug`, of its private path [obs] if there is one."""
    ask_private = access is Access.PRIVATE and not memo.lacks_private_slug
    if ask_private and (row := _row_at(reader, f"/v1/flows/{_segment(slug)}", slug)):
        return row
    row = _row_at(reader, f"/v1/public/flows/{_segment(slug)}", slug)
    if ask_private and row is not None:
        memo.note_no_private_slug()
    return row


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
