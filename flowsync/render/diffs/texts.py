"""Compares two texts: the lines that differ with their context, and the words that differ within a line.

The time is close to linear on any input: equal ends are set aside, items that occur once on both sides divide
what is long, and only short stretches between those are searched in full.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, TypeAlias

from flowsync.diff.lists import longest_increasing
from flowsync.document.rewriting import equal_ends
from flowsync.render.style import MARKED, Line, Screen, Span, Style, paint
from flowsync.text import code_points_that_differ, look_alike

Run: TypeAlias = "tuple[int, int, int]"
"""Where equal items begin in the old sequence and in the new one, and how many they are."""

SEARCHED_AT_MOST: Final = 200
"""Stretches longer than this are divided, or shown as replaced whole: searching is quadratic and worse."""
CONTEXT: Final = 2
"""How many unchanged lines are shown before and after a change."""
ALIKE: Final = 0.4
"""From this similarity on (0 nothing, 1 everything; keys aside), the words that differ are marked."""
LONG_LINE: Final = 120
"""Lines of up to this many characters are shown whole."""
KEPT_AROUND: Final = 40
"""How many unchanged characters of a long line are shown on each side of a changed word."""
UNCUT_LENGTH: Final = 1_000
"""How many characters are shown of one stretch that is new, gone or not compared by words."""

LONG_WORD: Final = 100
"""In a word of this many characters only the differing part is marked."""

_YAML_KEY: Final = re.compile(r"\s*(?:- )*[^\s:]+:(?=\s|$)")
_WORD: Final = re.compile(r"[぀-ヿ㐀-鿿가-힯]|[^\W぀-ヿ㐀-鿿가-힯]{1,100}|\s+|[^\w\s]")
"""A word, or a piece of one that is so long that what differs in it could be behind what is shown of it."""
_LETTERS: Final = re.compile(r"[^\W぀-ヿ㐀-鿿가-힯]*")
_KEPT: Final = Span("  ")
_REMOVED: Final = Span("- ", Style.REMOVED)
_ADDED: Final = Span("+ ", Style.ADDED)
_UNIFIED_STYLES: Final = {"+": Style.ADDED, "-": Style.REMOVED, "@": Style.HINT}
_NO_END: Final = "\\ No newline at end of file"


def runs(old: Sequence[str], new: Sequence[str]) -> list[Run]:
    """Return the runs that two sequences share, in order on both sides, each as long as possible."""
    head, tail = equal_ends(old, new)
    end = len(old) - tail, len(new) - tail
    start_old = start_new = head
    found = [(0, 0, head)]
    for was, now in [*_anchors(old[: end[0]], new[: end[1]], head), end]:
        gap_old, gap_new = old[start_old:was], new[start_new:now]
        if max(len(gap_old), len(gap_new)) <= SEARCHED_AT_MOST:
            blocks = difflib.SequenceMatcher(None, gap_old, gap_new, autojunk=False).get_matching_blocks()
            found += [(start_old + block.a, start_new + block.b, block.size) for block in blocks]
        found.append((was, now, 1))
        start_old, start_new = was + 1, now + 1
    found[-1] = (*end, tail)
    merged: list[Run] = []
    for was, now, size in found:
        before = merged[-1] if merged else (0, 0, 0)
        if merged and (was, now) == (before[0] + before[2], before[1] + before[2]):
            merged[-1] = (before[0], before[1], before[2] + size)
        elif size:
            merged.append((was, now, size))
    return merged


def _anchors(old: Sequence[str], new: Sequence[str], start: int) -> list[tuple[int, int]]:
    """Return where to divide long sequences: at items that each side holds exactly once, in order on both.

    What is before `start` is left aside.
    """
    if max(len(old), len(new)) - start <= SEARCHED_AT_MOST:
        return []
    counts = [Counter(items[start:]) for items in (old, new)]
    places = {
        item: index for index, item in enumerate(old) if index >= start and counts[0][item] == counts[1][item] == 1
    }
    pairs = [(places[item], index) for index, item in enumerate(new) if index >= start and item in places]
    return [pairs[index] for index in longest_increasing([was for was, _ in pairs])]


def shortened_line(text: str, style: Style = Style.PLAIN) -> Line:
    """Return a line in one style; of a long one only its beginning, less for context than for changes."""
    return _joined(_shortened(Span(text, style), LONG_LINE if style is Style.PLAIN else UNCUT_LENGTH, 0))


def changed_lines(old: str, new: str) -> tuple[Line, Line]:
    """Return both versions of a line, with the differing words marked, if the lines are similar enough."""
    old_words, new_words = _words(old, new)
    kept = [run for run in runs(old_words, new_words) if not _is_single_blank(run, old_words)]
    stayed = "".join(word for was, _, size in kept for word in old_words[was : was + size])
    # Where lines begin alike for as long as is shown of them, only the words that differ can show the difference.
    if old[:UNCUT_LENGTH] != new[:UNCUT_LENGTH] and _similarity(old, new, stayed) < ALIKE:
        return shortened_line(old, Style.REMOVED), shortened_line(new, Style.ADDED)
    went: list[Span] = []
    came: list[Span] = []
    start_old = start_new = 0
    for was, now, size in [*kept, (len(old_words), len(new_words), 0)]:
        same = "".join(old_words[was : was + size])
        went += [Span("".join(old_words[start_old:was]), Style.REMOVED_WORD), Span(same, Style.REMOVED)]
        came += [Span("".join(new_words[start_new:now]), Style.ADDED_WORD), Span(same, Style.ADDED)]
        start_old, start_new = was + size, now + size
    if max(len(old), len(new)) <= LONG_LINE:
        return _joined(went), _joined(came)
    tail = KEPT_AROUND if went[-2].text or came[-2].text else 0
    return _joined(_around_marks(went, tail)), _joined(_around_marks(came, tail))


def _words(old: str, new: str) -> tuple[list[str], list[str]]:
    """The words of both versions; a word that is too long to be shown is split where the difference begins and ends."""
    head, tail = equal_ends(old, new)
    head = head if any(_is_in_long_word(text, head) for text in (old, new)) else 0
    tail = tail if any(_is_in_long_word(text, len(text) - tail) for text in (old, new)) else 0
    cuts = ((text[:head], text[head : len(text) - tail], text[len(text) - tail :]) for text in (old, new))
    old_words, new_words = ([word for part in parts for word in _WORD.findall(part)] for parts in cuts)
    return old_words, new_words


def _is_in_long_word(text: str, place: int) -> bool:
    before = _LETTERS.match(text[max(place - LONG_WORD, 0) : place][::-1])
    after = _LETTERS.match(text[place : place + LONG_WORD])
    return sum(len(found.group()) for found in (before, after) if found) >= LONG_WORD


def yaml_key(text: str) -> str:
    """Return the beginning of a line of YAML up to its key's colon; empty for prose."""
    match = _YAML_KEY.match(text)
    return match.group() if match else ""


def _similarity(old: str, new: str, stayed: str) -> float:
    """Return how much two lines share, besides the YAML key if both start with it; blanks do not count."""
    key = yaml_key(old) if yaml_key(old) == yaml_key(new) else ""
    sizes = ["".join(text.split()) for text in (old, new, stayed, key)]
    old_size, new_size, kept, shared_key = map(len, sizes)
    size = old_size + new_size - 2 * shared_key
    return 2 * (kept - shared_key) / size if size else 1.0


def _is_single_blank(run: Run, words: Sequence[str]) -> bool:
    """Whether a run is a blank between two changed words; it counts as changed, so that they read as one."""
    was, _, size = run
    return size == 1 and 0 < was < len(words) - 1 and words[was].isspace()


def _around_marks(spans: Sequence[Span], last_tail: int) -> Iterator[Span]:
    """Yield the marked spans, at even places, and of those between them what is next to a marked one."""
    for position, span in enumerate(spans):
        if span.style in MARKED:
            yield from _shortened(span, UNCUT_LENGTH, 0)
        else:
            yield from _shortened(span, KEPT_AROUND, last_tail if position == len(spans) - 3 else KEPT_AROUND)


def _shortened(span: Span, head: int, tail: int) -> Iterator[Span]:
    """Replace the middle of a long span by its length; never just a few characters."""
    left_out = len(span.text) - head - tail
    if left_out <= KEPT_AROUND:
        yield span
        return
    yield Span(span.text[:head], span.style)
    yield Span(f" … {left_out:,} characters … " if tail else f" … {left_out:,} more characters", Style.MUTED)
    yield Span(span.text[len(span.text) - tail :], span.style)


def _joined(spans: Iterable[Span]) -> Line:
    styles = groupby((span for span in spans if span.text), lambda span: span.style)
    return tuple(Span("".join(span.text for span in group), style) for style, group in styles)


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    """Return the differing lines with their context; nothing if there are none."""
    texts: list[str] = []
    changed: dict[int, Line] = {}
    start_old = start_new = 0
    for was, now, size in [*runs(old, new), (len(old), len(new), 0)]:
        for text, shown in _replaced(old[start_old:was], new[start_new:now]):
            changed[len(texts)] = shown
            texts.append(text)
        start_old, start_new = was + size, now + size
        texts += old[was:start_old]
    lines: list[Line] = []
    following: int | None = None
    for index in _shown(texts, changed):
        if following is not None and index == following + 1:  # an ellipsis would be as long
            lines.append((_KEPT, *shortened_line(texts[following])))
        elif following is not None and index > following:
            lines.append((Span("  …", Style.MUTED),))
        lines.append(changed.get(index) or (_KEPT, *shortened_line(texts[index])))
        following = index + 1
    return lines


def _replaced(removed: Sequence[str], added: Sequence[str]) -> Iterator[tuple[str, Line]]:
    """Yield removed lines, then added ones; line by line if each has a successor with the same key."""
    old_keys, new_keys = list(map(yaml_key, removed)), list(map(yaml_key, added))
    if old_keys == new_keys and all(old_keys):
        for old, new in zip(removed, added, strict=True):
            went, came = changed_lines(old, new)
            yield old, (_REMOVED, *went)
            yield new, (_ADDED, *came)
            yield from ((old, note) for note in differing(old, new))
        return
    # Lines of the same key are paired in their order; so are those without a key, which are prose.
    waiting: Mapping[str, deque[int]] = defaultdict(deque)
    for index, key in enumerate(new_keys):
        waiting[key].append(index)
    successors: dict[int, tuple[str, Line]] = {}
    for old, key in zip(removed, old_keys, strict=True):
        went = shortened_line(old, Style.REMOVED)
        if waiting[key]:
            now = waiting[key].popleft()
            went, came = changed_lines(old, added[now])
            successors[now] = old, came
        yield old, (_REMOVED, *went)
    for index, text in enumerate(added):
        if index in successors:
            old, came = successors[index]
            yield text, (_ADDED, *came)
            yield from ((text, note) for note in differing(old, text))
        else:
            yield text, (_ADDED, *shortened_line(text, Style.ADDED))


def differing(old: str, new: str) -> Iterator[Line]:
    """Yield a line that names the differing characters of two texts, if a person could not see them."""
    if look_alike(old, new):
        yield (Span(f"  these two differ in {code_points_that_differ(old, new)}", Style.WARNING),)


def _shown(texts: Sequence[str], changed: Iterable[int]) -> list[int]:
    """Return the indices of changed lines, their context, and the less indented parents of all these."""
    near = {index + offset for index in changed for offset in range(-CONTEXT, CONTEXT + 1)}
    shown: set[int] = set()
    parents: list[tuple[int, int]] = []
    for index, text in enumerate(texts):
        bare = text.lstrip(" ")
        indent = len(text) - len(bare)
        while bare and parents and parents[-1][1] >= indent:
            parents.pop()
        if index in near:
            shown |= {index, *(parent for parent, _ in parents)}
        if bare:
            parents.append((index, indent))
    return sorted(shown)


def unified(file: str, before: str, after: str, screen: Screen) -> str:
    """The difference with three lines of context; nothing for equal texts."""
    lines: list[Line] = []
    for text in difflib.unified_diff(_ended_lines(before), _ended_lines(after), file, file, lineterm=""):
        style = Style.HEADING if text.startswith(("--- ", "+++ ")) else _UNIFIED_STYLES.get(text[:1], Style.PLAIN)
        lines.append((Span(text.removesuffix("\n"), style),))
        if text.endswith("\n"):
            lines.append((Span(_NO_END, Style.MUTED),))
    return paint(lines, screen.colour)


def _ended_lines(text: str) -> list[str]:
    """Return the lines of a text; one without a line feed at its end says so, and so differs from one with."""
    *lines, rest = text.split("\n")
    return [*lines, f"{rest}\n"] if rest else lines
