"""How one file is indented, so that what is added to it looks like the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.document.parsing.tree import Span


@dataclass(frozen=True, slots=True)
class Style:
    """Columns that something nested stands to the right: a mapping or list below its key, a value after its dash."""

    mapping: int = 2
    sequence: int = 2
    dash: int = 2


def style_of(root: Span, text: str) -> Style:
    """The indentation that most of a file has; that of `dump` where it shows none."""
    steps = list(_steps(root, text))
    usual = Style()
    return Style(
        mapping=_most((step for kind, step in steps if kind == "mapping"), usual.mapping),
        sequence=_most((step for kind, step in steps if kind == "sequence"), usual.sequence),
        dash=_most((step for kind, step in steps if kind == "dash"), usual.dash),
    )


def _most(steps: Iterable[int], usual: int) -> int:
    counts = Counter(steps)
    return max(counts, key=lambda step: (counts[step], -step)) if counts else usual


def _steps(span: Span, text: str) -> Iterator[tuple[str, int]]:
    for entry in span.entries:
        inner = entry.span
        if inner.layout is Layout.BLOCK and span.layout is Layout.BLOCK:
            step = inner.column - span.column
            if isinstance(span.value, dict):
                yield ("mapping" if isinstance(inner.value, dict) else "sequence"), step
            elif "\n" not in text[entry.start : inner.start]:
                yield "dash", step
        yield from _steps(inner, text)
