"""Finds the records that rollbacks put back, and the one that `rollback latest` puts back."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from flowsync.record.values import Purpose, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flowsync.record.values import Kept, Place, WrittenRow

_Undone: TypeAlias = "defaultdict[str, set[WrittenRow]]"
_Marking: TypeAlias = "Callable[[set[WrittenRow], set[WrittenRow]], None]"


def with_undone(kept: Iterable[Kept]) -> list[Kept]:
    """Each file among the records, with its rows that a later rollback put back.

    A rollback of a rollback takes that back. A record that a run was added to after its rollback counts as not rolled
    back.
    """
    found = list(kept)
    records = {each.name: each.content for each in found if isinstance(each.content, Record)}
    undone: _Undone = defaultdict(set)
    for record in sorted(records.values(), key=lambda each: each.runs[-1].time):
        rows = {write.row for write in record.writes if write.is_applied}
        _mark(record, rows, records, undone, (set.update, set.difference_update))
    return [replace(each, undone=frozenset(undone[each.name])) for each in found]


def _mark(
    rollback: Record,
    rows: set[WrittenRow],
    records: Mapping[str, Record],
    undone: _Undone,
    marking: tuple[_Marking, _Marking],
) -> None:
    """Mark `rows` as put back in the records that a rollback undid; if those are rollbacks, unmark theirs.

    Only records from before the rollback are followed, so this ends.
    """
    mark, unmark = marking
    for run in rollback.runs:
        earlier = records.get(run.undoes or "")
        if run.undoes is not None and earlier is not None and earlier.runs[-1].time < run.time:
            mark(undone[run.undoes], rows)
            _mark(earlier, rows, records, undone, (unmark, mark))


def newest(kept: Sequence[Kept], place: Place) -> Kept | None:
    """The newest record that wrote to `place`, is no rollback itself, and was not put back completely.

    One of a delete, or of a create that may have been made, is among them, though it cannot be put back: an older one
    must not be taken for the newest.
    `kept` begins with the newest.
    """
    for each in kept:
        record = each.content
        if not isinstance(record, Record) or not (part := record.at(place)).runs:
            continue
        is_rollback = part.runs[-1].purpose is Purpose.ROLLBACK
        if not is_rollback and (part.deleted or part.unknown or part.effective_rows - each.undone):
            return each
    return None
