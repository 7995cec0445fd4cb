"""Every comment of a text, so that none gets lost."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

from flowsync.document.parsing.tree import Layout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.parsing.tree import Span, Tree

_COMMENT: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)


def comments_of(spanned: Tree) -> Counter[str]:
    """How often each comment stands in a text; blanks at its end do not count."""
    found: Counter[str] = Counter()
    at = 0
    for start, end in _said(spanned.text, spanned.root):
        found.update(_comments(spanned.text, at, start))
        at = end
    found.update(_comments(spanned.text, at, len(spanned.text)))
    return found


def _comments(text: str, start: int, end: int) -> Iterator[str]:
    return (each[0].rstrip() for each in _COMMENT.finditer(text, start, end))


def _said(text: str, span: Span) -> Iterator[tuple[int, int]]:
    """The stretches of keys and values, in the order of the text: where no comment can be."""
    match span.layout:
        case Layout.SCALAR if is_block_scalar(text, span):
            yield text.index("\n", span.start), span.end
        case Layout.SCALAR | Layout.ALIAS:
            yield span.start, span.end
        case _:
            for entry in span.entries:
                yield entry.start, max(entry.start, entry.after_mark)
                yield from _said(text, entry.span)


def is_block_scalar(text: str, span: Span) -> bool:
    """Whether a text is written after `|` or `>`."""
    return span.layout is Layout.SCALAR and not span.in_flow and text[span.start] in "|>"
