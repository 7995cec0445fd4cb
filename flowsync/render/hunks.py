"""Two YAML texts, told as what went, what came and enough around it to see where.

Each change keeps a few lines of context, and every line keeps its parents: the less indented lines
it belongs to, so that `label:` can be seen to be of `- id: role` under `fields:`.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Final

from flowsync.closeness import code_points_that_differ, look_alike
from flowsync.render.alignment import runs
from flowsync.render.style import Span, Style
from flowsync.render.words import added_line, changed_lines, kept_line, removed_line, yaml_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.render.style import Line

CONTEXT: Final = 2
"""How many unchanged lines are shown before and after a change."""

_KEPT: Final = Span("  ")
_REMOVED: Final = Span("- ", Style.REMOVED)
_ADDED: Final = Span("+ ", Style.ADDED)


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return the lines that differ with their surroundings; nothing when none do."""
    texts, changed = _told(old, new)
    return list(_lines(texts, changed, sorted(_shown(texts, changed))))


def _told(old: Sequence[str], new: Sequence[str]) -> tuple[list[str], dict[int, Line]]:
    """Return the lines of both texts in one order, and by index how those are shown that are not in both."""
    texts: list[str] = []
    changed: dict[int, Line] = {}
    start_old = start_new = 0
    for was, now, size in [*runs(old, new), (len(old), len(new), 0)]:
        if start_old < was or start_new < now:
            for text, shown in _replaced(old[start_old:was], new[start_new:now]):
                changed[len(texts)] = shown
                texts.append(text)
        start_old, start_new = was + size, now + size
        texts += old[was:start_old]
    return texts, changed


def _replaced(removed: Sequence[str], added: Sequence[str]) -> Iterator[tuple[str, Line]]:
    """Yield what went, then what came; line by line where each line has a successor of the same key."""
    old_keys, new_keys = list(map(yaml_key, removed)), list(map(yaml_key, added))
    if old_keys == new_keys and all(old_keys):
        for old, new in zip(removed, added, strict=True):
            went, came = changed_lines(old, new)
            yield old, (_REMOVED, *went)
            yield new, (_ADDED, *came)
            yield from ((old, note) for note in differing(old, new))
        return
    partners = _partners(old_keys, new_keys)
    pairs = {was: changed_lines(removed[was], added[now]) for was, now in partners.items()}
    successors = {now: was for was, now in partners.items()}
    for index, text in enumerate(removed):
        yield text, (_REMOVED, *(pairs[index][0] if index in pairs else removed_line(text)))
    for index, text in enumerate(added):
        yield text, (_ADDED, *(pairs[successors[index]][1] if index in successors else added_line(text)))
        if index in successors:
            yield from ((text, note) for note in differing(removed[successors[index]], text))


def differing(old: str, new: str) -> Iterator[Line]:
    """Yield a line that names the characters in which two texts differ, where a person could not see it."""
    if look_alike(old, new):
        yield (Span(f"  these two differ in {code_points_that_differ(old, new)}", Style.WARNING),)


def _partners(old_keys: Sequence[str], new_keys: Sequence[str]) -> dict[int, int]:
    """Pair lines of the same key in their order; so, too, the lines without a key, which are prose."""
    waiting: Mapping[str, deque[int]] = defaultdict(deque)
    for index, key in enumerate(new_keys):
        waiting[key].append(index)
    queues = ((index, waiting[key]) for index, key in enumerate(old_keys))
    return {index: queue.popleft() for index, queue in queues if queue}


def _shown(texts: Sequence[str], changed: Iterable[int]) -> set[int]:
    """Return the indices of changed lines, of those around them, and of the parents of all these."""
    near = {
        neighbour
        for index in changed
        for neighbour in range(max(0, index - CONTEXT), min(len(texts), index + CONTEXT + 1))
    }
    parents = _parents(texts[: max(near, default=-1) + 1])
    shown: set[int] = set()
    for start in near:
        index: int | None = start
        while index is not None and index not in shown:
            shown.add(index)
            index = parents[index]
    return shown


def _parents(texts: Sequence[str]) -> list[int | None]:
    """Return for each line the nearest one before it that is less indented; blank lines have none."""
    parents: list[int | None] = []
    open_lines: list[tuple[int, int]] = []
    for index, text in enumerate(texts):
        bare = text.lstrip(" ")
        indent = len(text) - len(bare)
        if bare:
            while open_lines and open_lines[-1][0] >= indent:
                open_lines.pop()
        parents.append(open_lines[-1][1] if open_lines else None)
        if bare:
            open_lines.append((indent, index))
    return parents


def _lines(texts: Sequence[str], changed: Mapping[int, Line], shown: Sequence[int]) -> Iterator[Line]:
    """Yield the shown lines; a gap is an ellipsis, but for a single line, which is as short."""
    following = shown[0] if shown else 0
    for index in shown:
        if index == following + 1:
            yield _line(following, texts, changed)
        elif index > following:
            yield (Span("  …", Style.MUTED),)
        yield _line(index, texts, changed)
        following = index + 1


def _line(index: int, texts: Sequence[str], changed: Mapping[int, Line]) -> Line:
    return changed.get(index) or (_KEPT, *kept_line(texts[index]))
