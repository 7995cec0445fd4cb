"""Two YAML texts, told as what went, what came and enough around it to see where.

Each change keeps a few lines of context, and every line keeps its parents: the less indented lines
it belongs to, so that `label:` can be seen to be of `- id: role` under `fields:`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.render.alignment import matches
from flowsync.render.style import Span, Style
from flowsync.render.words import added_line, changed_lines, kept_line, removed_line, yaml_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.render.style import Line

CONTEXT: Final = 2
"""How many unchanged lines are shown before and after a change."""


class Mark(Enum):
    """What became of a line; the values are those of a unified diff."""

    KEPT = " "
    REMOVED = "-"
    ADDED = "+"


_MARK_STYLES: Final = {Mark.KEPT: Style.PLAIN, Mark.REMOVED: Style.REMOVED, Mark.ADDED: Style.ADDED}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of either text; `text` is all of it, `shown` may be marked and shortened.

    Of what is kept, which mostly is not shown, `shown` is made when it is.
    """

    mark: Mark
    text: str
    shown: Line | None = None


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return the lines that differ with their surroundings; nothing when none do."""
    rows = list(_rows(old, new))
    return list(_lines(rows, sorted(_shown(rows))))


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    start_old = start_new = 0
    for was, now in [*matches(old, new), (len(old), len(new))]:
        if start_old < was or start_new < now:
            yield from _replaced(old[start_old:was], new[start_new:now])
        if was < len(old):
            yield Row(Mark.KEPT, old[was])
        start_old, start_new = was + 1, now + 1


def _replaced(removed: Sequence[str], added: Sequence[str]) -> Iterator[Row]:
    """Yield what went, then what came; line by line where each line has a successor of the same key."""
    partners = _partners(removed, added)
    pairs = {was: changed_lines(removed[was], added[now]) for was, now in partners.items()}
    went = [Row(Mark.REMOVED, t, pairs[i][0] if i in pairs else removed_line(t)) for i, t in enumerate(removed)]
    successors = {now: was for was, now in partners.items()}
    came = [
        Row(Mark.ADDED, t, pairs[successors[i]][1] if i in successors else added_line(t)) for i, t in enumerate(added)
    ]
    if _goes_line_by_line(removed, added, partners):
        yield from (row for pair in zip(went, came, strict=True) for row in pair)
    else:
        yield from went
        yield from came


def _partners(removed: Sequence[str], added: Sequence[str]) -> dict[int, int]:
    """Pair lines of the same key in their order; so, too, the lines without a key, which are prose."""
    waiting: Mapping[str, deque[int]] = defaultdict(deque)
    for index, text in enumerate(added):
        waiting[yaml_key(text)].append(index)
    queues = ((index, waiting[yaml_key(text)]) for index, text in enumerate(removed))
    return {index: queue.popleft() for index, queue in queues if queue}


def _goes_line_by_line(removed: Sequence[str], added: Sequence[str], partners: Mapping[int, int]) -> bool:
    in_order = len(partners) == len(removed) == len(added) and all(was == now for was, now in partners.items())
    return in_order and all(map(yaml_key, removed))


def _shown(rows: Sequence[Row]) -> set[int]:
    """Return the indices of changed rows, of those around them, and of the parents of all these."""
    near = {
        neighbour
        for index, row in enumerate(rows)
        if row.mark is not Mark.KEPT
        for neighbour in range(max(0, index - CONTEXT), min(len(rows), index + CONTEXT + 1))
    }
    parents = _parents(rows[: max(near, default=-1) + 1])
    shown: set[int] = set()
    for start in near:
        index: int | None = start
        while index is not None and index not in shown:
            shown.add(index)
            index = parents[index]
    return shown


def _parents(rows: Sequence[Row]) -> list[int | None]:
    """Return for each row the nearest row before it that is less indented; blank lines have none."""
    parents: list[int | None] = []
    open_rows: list[tuple[int, int]] = []
    for index, row in enumerate(rows):
        bare = row.text.lstrip(" ")
        indent = len(row.text) - len(bare)
        if bare:
            while open_rows and open_rows[-1][0] >= indent:
                open_rows.pop()
        parents.append(open_rows[-1][1] if open_rows else None)
        if bare:
            open_rows.append((indent, index))
    return parents


def _lines(rows: Sequence[Row], shown: Sequence[int]) -> Iterator[Line]:
    """Yield the shown rows; a gap is an ellipsis, but for a single line, which is as short."""
    following = shown[0] if shown else 0
    for index in shown:
        if index == following + 1:
            yield _line(rows[following])
        elif index > following:
            yield (Span("  …", Style.MUTED),)
        yield _line(rows[index])
        following = index + 1


def _line(row: Row) -> Line:
    shown = kept_line(row.text) if row.shown is None else row.shown
    return (Span(f"{row.mark.value} ", _MARK_STYLES[row.mark]), *shown)
