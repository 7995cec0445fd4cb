"""Two sequences of strings (lines of a text, words of a line): which items stayed.

Close to linear on any input: equal ends are set aside, items that occur once on both sides divide
what is long, and only short stretches between those are searched in full.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict, deque
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.lists import longest_increasing
from flowsync.ends import equal_ends
from flowsync.lookalikes import code_points_that_differ, look_alike
from flowsync.render.style import Span, Style, paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.render.style import Line, Screen

Run: TypeAlias = "tuple[int, int, int]"
"""Where equal items begin in the old sequence and in the new one, and how many they are."""

SEARCHED_AT_MOST: Final = 200
"""Stretches longer than this are divided, or told as replaced whole: searching is quadratic and worse."""


def runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """Return what stayed, in order on both sides, each run as long as it can be."""
    head, tail = equal_ends(old, new)
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    found = [
        (0, 0, head),
        *[(head + was, head + now, size) for was, now, size in middle],
        (len(old) - tail, len(new) - tail, tail),
    ]
    return [run for run in found if run[2]]


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterable[Run]:
    if set(old).isdisjoint(new):
        return ()
    return _searched(old, new) if _is_short(old, new) else _merged(_divided(old, new))


def _divided(old: Sequence[str], new: Sequence[str]) -> Iterator[Run]:
    start_old = start_new = 0
    for was, now in [*_anchors(old, new), (len(old), len(new))]:
        gap_old, gap_new = old[start_old:was], new[start_new:now]
        if _is_short(gap_old, gap_new):
            yield from ((start_old + i, start_new + j, size) for i, j, size in _searched(gap_old, gap_new))
        if was < len(old):
            yield was, now, 1
        start_old, start_new = was + 1, now + 1


def _merged(found: Iterable[Run]) -> list[Run]:
    """Return each run with those that begin where it ends."""
    merged: list[Run] = []
    for was, now, size in found:
        before = merged[-1] if merged else (0, 0, 0)
        if (was, now) == (before[0] + before[2], before[1] + before[2]) and merged:
            merged[-1] = (before[0], before[1], before[2] + size)
        else:
            merged.append((was, now, size))
    return merged


def _is_short(old: Sequence[str], new: Sequence[str]) -> bool:
    return max(len(old), len(new)) <= SEARCHED_AT_MOST


def _searched(old: Sequence[str], new: Sequence[str]) -> Sequence[Run]:
    from difflib import SequenceMatcher  # noqa: PLC0415 - mostly nothing but what changed is between equal ends

    return SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return both indices of the most items, in order on both sides, that each side holds once."""
    once = _single(old) & _single(new)
    places = {item: index for index, item in enumerate(old) if item in once}
    pairs = [(places[item], index) for index, item in enumerate(new) if item in once]
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs])]


def _single(items: Iterable[str]) -> frozenset[str]:
    return frozenset(item for item, count in Counter(items).items() if count == 1)


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.render.style import Line

    Part: TypeAlias = tuple[str, Style]

ALIKE: Final = 0.4
"""From this similarity on (0 nothing, 1 everything; keys aside), the words that differ are marked."""
LONG_LINE: Final = 120
"""Lines of up to this many characters are shown whole."""
KEPT_AROUND: Final = 40
"""How many unchanged characters of a long line are shown on each side of a changed word."""
KEPT_WHOLE: Final = 1_000
"""How many characters are shown of one stretch that is new, gone or not compared by words."""

_YAML_KEY: Final = re.compile(r"\s*(?:- )*[^\s:]+:(?=\s|$)")
_WORD: Final = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W぀-ヿ㐀-鿿가-힯]{1,100}|\s+|[^\w\s]")
"""A word, or a piece of one that is so long that what differs in it could be behind what is shown of it."""


def removed_line(text: str) -> Line:
    """Return a line that is gone, nothing marked."""
    return _beginning(text, Style.REMOVED, KEPT_WHOLE)


def added_line(text: str) -> Line:
    """Return a line that is new, nothing marked."""
    return _beginning(text, Style.ADDED, KEPT_WHOLE)


def kept_line(text: str) -> Line:
    """Return a line of context; only its beginning, when it is long."""
    return _beginning(text, Style.PLAIN, LONG_LINE)


def _beginning(text: str, style: Style, length: int) -> Line:
    if 0 < len(text) <= length:
        return (Span(text, style),)
    return _joined(_shortened(text, style, length, 0))


def changed_lines(old: str, new: str) -> tuple[Line, Line]:
    """Return both versions of a line, with the words marked that differ, if it is the same line at all."""
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    kept = [run for run in runs(old_words, new_words) if not _is_lone_blank(run, old_words)]
    stayed = [word for was, _, size in kept for word in old_words[was : was + size]]
    # Lines that begin alike for as long as is shown of them are told by where they differ, however little they share.
    if old[:KEPT_WHOLE] != new[:KEPT_WHOLE] and _similarity(old, new, _letters("".join(stayed))) < ALIKE:
        return removed_line(old), added_line(new)
    cuts = _cuts(kept, (len(old_words), len(new_words)))
    went = _marked(old_words, [was for was, _ in cuts], Style.REMOVED, Style.REMOVED_WORD)
    came = _marked(new_words, [now for _, now in cuts], Style.ADDED, Style.ADDED_WORD)
    if max(len(old), len(new)) <= LONG_LINE:
        return _joined(went), _joined(came)
    tail = KEPT_AROUND if went[-1][0] or came[-1][0] else 0
    return _joined(_around_marks(went, tail)), _joined(_around_marks(came, tail))


def yaml_key(text: str) -> str:
    """Return what a line of YAML starts with up to its key's colon; empty for prose."""
    match = _YAML_KEY.match(text)
    return match.group() if match else ""


def _similarity(old: str, new: str, kept: int) -> float:
    """Return how much two lines share, besides the YAML key if both start with it."""
    old_key = yaml_key(old)
    key = _letters(old_key) if old_key == yaml_key(new) else 0
    size = _letters(old) + _letters(new) - 2 * key
    return 2 * (kept - key) / size if size else 1.0


def _letters(text: str) -> int:
    """Count the characters that are not blank."""
    return len("".join(text.split()))


def _is_lone_blank(run: Run, words: Sequence[str]) -> bool:
    """Whether a run is a blank between two changed words, which counts as changed too: they read as one change."""
    was, _, size = run
    return size == 1 and 0 < was < len(words) - 1 and words[was].isspace()


def _cuts(kept: Iterable[Run], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Return where both lines are cut into what changed, what stayed, what changed, and so on in turn."""
    cuts = [(0, 0)]
    for was, now, size in kept:
        cuts += [(was, now), (was + size, now + size)]
    return [*cuts, end]


def _marked(words: Sequence[str], cuts: Sequence[int], style: Style, mark: Style) -> list[Part]:
    """Return the pieces, marked and not in turn; one that is empty is where only the other line has something."""
    pieces = ["".join(words[start:end]) for start, end in pairwise(cuts)]
    return list(zip(pieces, cycle((mark, style)), strict=False))


def _around_marks(parts: Sequence[Part], last_tail: int) -> Iterator[Part]:
    """Yield the marked pieces, at even places, and of the others what is next to a marked one."""
    last = len(parts) - 2
    for position, (text, style) in enumerate(parts):
        if position % 2 == 0:
            yield from _shortened(text, style, KEPT_WHOLE, 0)
        else:
            yield from _shortened(text, style, KEPT_AROUND, last_tail if position == last else KEPT_AROUND)


def _shortened(text: str, style: Style, head: int, tail: int) -> Iterator[Part]:
    """Leave out the middle of `text`, and say how much that was; never just a few characters."""
    left_out = len(text) - head - tail
    if left_out <= KEPT_AROUND:
        yield text, style
        return
    yield text[:head], style
    yield f" … {left_out:,} characters … " if tail else f" … {left_out:,} more characters", Style.MUTED
    yield text[len(text) - tail :], style


def _joined(parts: Iterable[Part]) -> Line:
    """Return the parts as a line: none of them empty, neighbours of one style as one."""
    joined: list[tuple[list[str], Style]] = []
    for text, style in parts:
        if not text:
            continue
        if joined and joined[-1][1] is style:
            joined[-1][0].append(text)
        else:
            joined.append(([text], style))
    return tuple([Span("".join(texts), style) for texts, style in joined])


CONTEXT: Final = 2
"""How many unchanged lines are shown before and after a change."""

_KEPT: Final = Span("  ")
_REMOVED: Final = Span("- ", Style.REMOVED)
_ADDED: Final = Span("+ ", Style.ADDED)


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return the lines that differ with their surroundings; nothing when none do."""
    texts, changed = _told(old, new)
    return list(_hunks_lines(texts, changed, sorted(_hunks_shown(texts, changed))))


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


def _hunks_shown(texts: Sequence[str], changed: Iterable[int]) -> set[int]:
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


def _hunks_lines(texts: Sequence[str], changed: Mapping[int, Line], shown: Sequence[int]) -> Iterator[Line]:
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


_STYLES: Final = {"+": Style.ADDED, "-": Style.REMOVED, "@": Style.HINT}
_NO_END: Final = "\\ No newline at end of file"


def unified(file: str, before: str, after: str, screen: Screen) -> str:
    """The difference with three lines around each change; nothing for texts that are the same."""
    lines = difflib.unified_diff(_text_diff_lines(before), _text_diff_lines(after), file, file, lineterm="")
    return paint((line for each in lines for line in _text_diff_shown(each)), screen.colour)


def _text_diff_lines(text: str) -> list[str]:
    """The lines of a text; one without a line feed at its end says so, and so differs from one with."""
    *whole, rest = text.split("\n")
    return [*whole, f"{rest}\n"] if rest else whole


def _text_diff_shown(line: str) -> Iterator[Line]:
    style = Style.HEADING if line.startswith(("--- ", "+++ ")) else _STYLES.get(line[:1], Style.PLAIN)
    yield (Span(line.removesuffix("\n"), style),)
    if line.endswith("\n"):
        yield (Span(_NO_END, Style.MUTED),)
