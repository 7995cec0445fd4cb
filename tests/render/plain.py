"""What alignment, words and hunks did before they were made quick: pair by pair, line by line, without a short cut."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from flowsync.render.style import Span, Style
from flowsync.render.text_diff import (
    ALIKE,
    KEPT_AROUND,
    KEPT_WHOLE,
    LONG_LINE,
    shortened_line,
    yaml_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.render.style import Line

CONTEXT = 2
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯]|(?:(?![぀-ヿ㐀-鿿가-힯])\w){1,100}|\s+|[^\w\s]")


def words(text: str) -> list[str]:
    return _WORD.findall(text)


def matches(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Both indices of what stayed; for at most 200 items between equal ends."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False)
    return [
        *((index, index) for index in range(head)),
        *((head + a + i, head + b + i) for a, b, size in middle.get_matching_blocks() for i in range(size)),
        *((len(old) - left, len(new) - left) for left in range(tail, 0, -1)),
    ]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    length = min(len(old), len(new))
    return next((index for index in range(length) if old[index] != new[index]), length)


def changed_lines(old: str, new: str) -> tuple[Line, Line]:
    old_words, new_words = words(old), words(new)
    kept = _without_lone_blanks(matches(old_words, new_words), old_words)
    is_alike = _similarity(old, new, _letters("".join(old_words[was] for was, _ in kept))) >= ALIKE
    if not is_alike and old[:KEPT_WHOLE] != new[:KEPT_WHOLE]:
        return shortened_line(old, Style.REMOVED), shortened_line(new, Style.ADDED)
    cuts = _cuts(kept, (len(old_words), len(new_words)))
    went = _marked(old_words, [was for was, _ in cuts], Style.REMOVED, Style.REMOVED_WORD)
    came = _marked(new_words, [now for _, now in cuts], Style.ADDED, Style.ADDED_WORD)
    if max(len(old), len(new)) <= LONG_LINE:
        return _joined(went), _joined(came)
    tail = KEPT_AROUND if went[-1].text or came[-1].text else 0
    return _joined(_around_marks(went, tail)), _joined(_around_marks(came, tail))


def _similarity(old: str, new: str, kept: int) -> float:
    key = _letters(yaml_key(old)) if yaml_key(old) == yaml_key(new) else 0
    size = _letters(old) + _letters(new) - 2 * key
    return 2 * (kept - key) / size if size else 1.0


def _letters(text: str) -> int:
    return len("".join(text.split()))


def _without_lone_blanks(kept: list[tuple[int, int]], words: list[str]) -> list[tuple[int, int]]:
    pairs = set(kept)
    ends = {0, len(words) - 1}
    return [
        (was, now)
        for was, now in kept
        if not words[was].isspace() or was in ends or {(was - 1, now - 1), (was + 1, now + 1)} & pairs
    ]


def _cuts(kept: list[tuple[int, int]], end: tuple[int, int]) -> list[tuple[int, int]]:
    cuts = [(0, 0)]
    for was, now in kept:
        if len(cuts) > 1 and cuts[-1] == (was, now):
            cuts.pop()
        else:
            cuts.append((was, now))
        cuts.append((was + 1, now + 1))
    return [*cuts, end]


def _marked(words: list[str], cuts: list[int], style: Style, mark: Style) -> list[Span]:
    pieces = ["".join(words[start:end]) for start, end in pairwise(cuts)]
    return [Span(piece, style if position % 2 else mark) for position, piece in enumerate(pieces)]


def _around_marks(spans: list[Span], last_tail: int) -> Iterator[Span]:
    last = len(spans) - 2
    for position, span in enumerate(spans):
        if position % 2 == 0:
            yield from _shortened(span, KEPT_WHOLE, 0)
        else:
            yield from _shortened(span, KEPT_AROUND, last_tail if position == last else KEPT_AROUND)


def _shortened(span: Span, head: int, tail: int) -> Iterator[Span]:
    left_out = len(span.text) - head - tail
    if left_out <= KEPT_AROUND:
        yield span
        return
    yield Span(span.text[:head], span.style)
    yield Span(f" … {left_out:,} characters … " if tail else f" … {left_out:,} more characters", Style.MUTED)
    yield Span(span.text[len(span.text) - tail :], span.style)


def _joined(spans: Iterable[Span]) -> Line:
    styles = groupby((span for span in spans if span.text), key=lambda span: span.style)
    return tuple(Span("".join(span.text for span in group), style) for style, group in styles)


def hunks(old: Sequence[str], new: Sequence[str]) -> list[Line]:
    rows: list[tuple[str, str, Line]] = []
    start_old = start_new = 0
    for was, now in [*matches(old, new), (len(old), len(new))]:
        rows += _replaced(old[start_old:was], new[start_new:now])
        if was < len(old):
            rows.append((" ", old[was], shortened_line(old[was])))
        start_old, start_new = was + 1, now + 1
    return _lines(rows, sorted(_shown(rows)))


def _replaced(removed: Sequence[str], added: Sequence[str]) -> list[tuple[str, str, Line]]:
    partners: dict[int, int] = {}
    for index, text in enumerate(removed):
        free = [i for i, each in enumerate(added) if yaml_key(each) == yaml_key(text) and i not in partners.values()]
        if free:
            partners[index] = free[0]
    went = [("-", text, shortened_line(text, Style.REMOVED)) for text in removed]
    came = [("+", text, shortened_line(text, Style.ADDED)) for text in added]
    for was, now in partners.items():
        old_line, new_line = changed_lines(removed[was], added[now])
        went[was], came[now] = ("-", removed[was], old_line), ("+", added[now], new_line)
    is_in_order = len(partners) == len(removed) == len(added) and all(was == now for was, now in partners.items())
    if is_in_order and all(map(yaml_key, removed)):
        return [row for pair in zip(went, came, strict=True) for row in pair]
    return [*went, *came]


def _shown(rows: list[tuple[str, str, Line]]) -> set[int]:
    changed = [index for index, (mark, _, _) in enumerate(rows) if mark != " "]
    shown = {near for index in changed for near in range(index - CONTEXT, index + CONTEXT + 1) if 0 <= near < len(rows)}
    waiting = list(shown)
    while waiting:
        parent = _parent(rows, waiting.pop())
        if parent is not None and parent not in shown:
            shown.add(parent)
            waiting.append(parent)
    return shown


def _parent(rows: list[tuple[str, str, Line]], index: int) -> int | None:
    """The nearest line before that is less indented; of a blank one, the last line before that is not blank."""
    filled = [before for before in range(index - 1, -1, -1) if rows[before][1].strip(" ")]
    text = rows[index][1]
    if not text.strip(" "):
        return filled[0] if filled else None
    return next((before for before in filled if _indent(rows[before][1]) < _indent(text)), None)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _lines(rows: list[tuple[str, str, Line]], shown: list[int]) -> list[Line]:
    styles = {" ": Style.PLAIN, "-": Style.REMOVED, "+": Style.ADDED}
    marked: list[Line] = [(Span(f"{mark} ", styles[mark]), *line) for mark, _, line in rows]
    lines: list[Line] = []
    for before, index in pairwise([shown[0] - 1, *shown] if shown else []):
        gap = range(before + 1, index)
        lines += [marked[gap[0]]] if len(gap) == 1 else [(Span("  …", Style.MUTED),)] if gap else []
        lines.append(marked[index])
    return lines
