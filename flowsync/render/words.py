"""Two versions of one line: the changed words marked, and long stretches of the rest left out."""

from __future__ import annotations

import re
from itertools import cycle, pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.render.alignment import runs
from flowsync.render.style import Span, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.render.alignment import Run
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
