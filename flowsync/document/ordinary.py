"""The quick way to the value of an ordinary text: one pattern cuts it into rows, one loop puts them together.

It reads by allow-list. What it returns is exactly what `reader` returns, `reader` would not warn, and of a text that
UTF-8 can hold JSON can hold the value; at anything else, and at every fault, it gives up, and `reader` reads the text
from its start.

Measured on files of 2.6 kB, beside PyYAML's CSafeLoader: `reader` takes 1.3 times as long, this 0.21. libyaml takes
longer to hand over its events before a value is built from them, so nothing is to be won there. Half of the time goes
into the rows, less by their text than by the groups of the pattern: each group that is empty costs 20 ns a row.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from json import JSONDecoder
from sys import intern
from typing import TYPE_CHECKING, Any, Final

from flowsync.document.pieces import fits_utf8, join_surrogates
from flowsync.document.scalars import TYPED_STARTS, WORDS, ambiguity, core_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from flowsync.model import JsonValue

    _Token: TypeAlias = tuple[str, str, str, str]
    _Tokens: TypeAlias = Iterator[_Token]


class NotOrdinary(Exception):  # noqa: N818 - no fault of the text: `reader` is to read it
    """Something in a text is not for the quick way."""


_KEY: Final = r"[A-Za-z_$][A-Za-z0-9_$./ -]{0,200}(?<! )|\"[^\"\\\n]{1,200}\"|'[^'\n]{1,200}'"
"""A key that is text, unless it is one of a few words."""

_GAPS: Final = r"(?:\n| *#[^\n]*\n| +\n)*"
_END: Final = rf"(?:\n(?= *[^ #\n])|(?: *| +#[^\n]*)\n{_GAPS})"
"""The end of a line, and the blank lines and comments below it; first as it is mostly: with none of them."""

_MARGIN: Final = r"(?P=indent)(?(gap) (?P=gap))"
"""The indentation of a row's key, or of its dash where it has no key."""

_FOLD: Final = rf"\n+{_MARGIN} +(?![ \n])"
"""From the end of one line of a value to the next, which is deeper than the key."""

_RUN: Final = r"[^:#\n]*(?:(?::(?![ \n])|(?<! )#)[^:#\n]*)*(?<! )"
_TEXT_START: Final = r"[^-?:,\[\]{}#&*!|>'\"%@`\s]"
_LINE: Final = rf"{_TEXT_START}[^:#\n]*(?<! )(?=\n(?!{_MARGIN} |\n))"
"""A plain scalar as it is mostly: one line, and below it nothing that it could go on with."""
_PLAIN: Final = rf"(?:-(?=[0-9.])|{_TEXT_START}){_RUN}(?:{_FOLD}(?![:#]){_RUN})*"
_DOUBLE: Final = rf'"[^"\\\n]*(?:(?:\\[^\n]|\\?{_FOLD})[^"\\\n]*)*"'
_SINGLE: Final = rf"'[^'\n]*(?:(?:''|{_FOLD})[^'\n]*)*'"
_NO_COMMENT: Final = r"[^#\n]*(?:(?<! )#[^#\n]*)*"
_FLOW: Final = rf"[\[{{]{_NO_COMMENT}(?:{_FOLD}(?!#){_NO_COMMENT})*(?:\n{_MARGIN}[\]}}])?(?<=[\]}}])"
_BLOCK: Final = (
    rf"[|>]-?(?: *| +#[^\n]*)\n(?P<body_margin>{_MARGIN} +)(?=[^ \n])[^\n]*"
    r"(?:\n+(?P=body_margin)[^\n]*)*(?=\n(?!\n*(?:(?P=body_margin)| +\n)))"
)

_ROW: Final = re.compile(
    rf"(?P<indent> *)(?:(?:-(?P<gap>   | )|)(?P<key>{_KEY}):|-)"
    rf"(?:(?: +|{_FOLD}(?![A-Za-z0-9_$-]*:|- ))"
    rf"(?P<value>{_LINE}|{_PLAIN}|{_DOUBLE}|{_SINGLE}|{_FLOW}|{_BLOCK}){_END}|{_END})"
    r"|[\s\S]+"
)
"""A key, an item or both, with all lines of a scalar, and the blank lines and comments below; else all the rest."""

_START: Final = re.compile(rf"{_GAPS}(?:---\n{_GAPS})?")

_FLOW_SCALAR: Final = (
    r"(?P<scalar>(?:-(?=[0-9.])|[^-?:,\[\]{}#&*!|>'\"%@`\s])"
    r"[^:#,\[\]{}\n]*(?:(?::(?![ \n,\[\]{}])|(?<! )#)[^:#,\[\]{}\n]*)*(?<! )"
    r'|"(?:[^"\\\n]|\\[^\n])*"'
    r"|'(?:[^'\n]|'')*')"
)
_FLOW_TOKEN: Final = re.compile(
    rf"[ \n]*(?:(?P<mark>[\[\]{{}},])|(?P<key>{_KEY}):(?=[ \n])|{_FLOW_SCALAR}|(?P<rest>[\s\S]+))"
)
_FLAT_PAIR: Final = re.compile(rf"[{{,] *(?P<key>{_KEY}): +{_FLOW_SCALAR} *(?:(?=,)|}}\Z)|[\s\S]+")
"""A key with a scalar in `{…}` on one line, as most are; else all the rest."""
_FOLDED: Final = re.compile(r"\n+ *")
_LINE_FEEDS: Final = re.compile(r"\n+")
_SPACES_ONLY: Final = re.compile(r"\n +(?:\n|\Z)")
_MEANT: Final = TYPED_STARTS | frozenset("\"'[{|>")
_TYPED_LETTERS: Final = frozenset("nNtTfF")
"""What begins a word that may be no text; no number does."""
_JSON: Final = JSONDecoder(strict=False)
_QUOTES: Final = frozenset("\"'")
_NO_TOKEN: Final = ("", "", "", "")
_DEEPEST_RANK: Final = 60
_DEEPEST_FLOW: Final = 10


def ordinary_value(text: str) -> JsonValue:
    """The value of a text that `normalised` gave.

    Raises NotOrdinary where `reader` is to read it.
    """
    start = _START.match(text)
    if start is None or "\t" in text:
        raise NotOrdinary
    rows = _ROW.findall(text, start.end())
    if not rows or not any(rows[-1]):
        raise NotOrdinary
    return _assembled(rows)


def _assembled(rows: list[tuple[str, ...]]) -> JsonValue:
    """The value that rows make together.

    Twice its column, and one more for an item, ranks a row: equal ranks are of one collection, a higher one
    begins a collection inside the key or item above. So a list may stand at the column of its key.
    """
    root: list[JsonValue] = [None]
    here: Any = root
    at = -1
    empty: str | int | None = 0
    open_at: dict[int, Any] = {}
    around: dict[int, int] = {}
    for indent, gap, key, value, margin in rows:
        rank = 2 * len(indent) + (1 if gap or not key else 0)
        if rank > at:
            if empty is None or rank > _DEEPEST_RANK:
                raise NotOrdinary
            around[rank] = at
            at = rank
            here[empty] = open_at[at] = here = [] if rank % 2 else {}
        elif rank < at or empty == -1:
            at = _ended(at, rank, around, empty)
            here = open_at[at]
        if gap:
            rank += 2 * len(gap) + 1
            around[rank] = at
            at = rank
            item = open_at[at] = {}
            here.append(item)
            here = item
        meant = (_meaning(value, margin) if value[0] in _MEANT or "\n" in value else value) if value else None
        if not key:
            here.append(meant)
            empty = None if value else -1
            continue
        name = _name(key)
        if name in here:
            raise NotOrdinary
        here[name] = meant
        empty = None if value else name
    return root[0]


def _ended(at: int, rank: int, around: dict[int, int], empty: str | int | None) -> int:
    """The rank of a row, which goes on with a collection around that of the row above."""
    while rank < at:
        at = around[at]
    if rank != at or empty == -1:
        raise NotOrdinary
    return at


@lru_cache(maxsize=1024)
def _name(key: str) -> str:
    """What a key as it is written says; the same few are in every file."""
    if key in WORDS:
        raise NotOrdinary
    return intern(key[1:-1] if key[0] in _QUOTES else key)


def _meaning(raw: str, margin: str = "") -> JsonValue:
    """The value of a scalar or flow collection as it is written; `margin` is that of a block's lines."""
    mark = raw[0]
    if mark in _TYPED_LETTERS and "\n" not in raw:
        return WORDS.get(raw, raw)
    if mark == '"':
        return _double_quoted(raw) if "\\" in raw or "\n" in raw else raw[1:-1]
    if mark == "'":
        return _scalar(raw) if "\n" in raw else raw[1:-1].replace("''", "'")
    if mark in "[{":
        return _flow_value(raw)
    if mark in "|>":
        return _block_text(raw, margin)
    return _plain(join_surrogates(_FOLDED.sub(_fold, raw)) if "\n" in raw else raw)


@lru_cache(maxsize=512)
def _plain(raw: str) -> JsonValue:
    value = core_value(raw)
    if ambiguity(raw) or (isinstance(value, float) and not math.isfinite(value)):
        raise NotOrdinary
    return value


def _fold(breaks: re.Match[str]) -> str:
    return "\n" * (breaks[0].count("\n") - 1) or " "


def _double_quoted(raw: str) -> str:
    """The text of double quotes with escapes in them; JSON's escapes mean the same in YAML."""
    try:
        text, end = _JSON.raw_decode(raw)
    except ValueError:
        return _scalar(raw)
    if end != len(raw) or "\n" in raw:
        return _scalar(raw)
    joined = join_surrogates(str(text))
    if "\\u" in raw and not fits_utf8(joined):
        raise NotOrdinary
    return joined


def _scalar(raw: str) -> str:
    """A scalar as `reader` reads it."""
    from flowsync.document.alone import scalar  # noqa: PLC0415 - what needs it is rare

    text = scalar(raw)
    if text is None or not fits_utf8(text):
        raise NotOrdinary
    return text


def _block_text(raw: str, margin: str) -> str:
    """The text of a block scalar."""
    style = raw[0]
    end = "" if raw[1] == "-" else "\n"
    start = raw.index("\n") + 1
    text = raw[start + len(margin) :].replace(f"\n{margin}", "\n").rstrip("\n")
    if "\n " in text and (style == ">" or _SPACES_ONLY.search(text)):
        return _scalar(f"{style}{'' if end else '-'}\n{raw[start:]}")
    if style == ">":
        text = _LINE_FEEDS.sub(_fold, text) if "\n\n" in text else text.replace("\n", " ")
    return join_surrogates(f"{text}{end}")


def _flow_value(raw: str) -> JsonValue:
    """The value of `[…]` or `{…}`: read here where it is simple, else as `reader` reads it."""
    flat = _flat_mapping(raw) if raw[0] == "{" else None
    if flat is not None:
        return flat.copy()
    tokens: _Tokens = iter(_FLOW_TOKEN.findall(raw))
    try:
        value = _flow_part(next(tokens), tokens, 0)
    except NotOrdinary:
        return _any_flow(raw)
    return value if next(tokens, None) is None else _any_flow(raw)


@lru_cache(maxsize=512)
def _flat_mapping(raw: str) -> dict[str, JsonValue] | None:
    """A mapping of scalars on one line; None for anything else. Buttons and options are alike in many files."""
    pairs = _FLAT_PAIR.findall(raw)
    if not pairs[-1][0]:
        return None
    values = {_name(key): _meaning(scalar) if scalar[0] in _MEANT else scalar for key, scalar in pairs}
    return values if len(values) == len(pairs) else None


def _flow_part(token: _Token, tokens: _Tokens, depth: int) -> JsonValue:
    mark, _, scalar, _ = token
    if scalar:
        return _meaning(scalar) if scalar[0] in _MEANT else scalar
    if depth < _DEEPEST_FLOW:
        if mark == "{":
            return _flow_mapping(tokens, depth + 1)
        if mark == "[":
            return _flow_sequence(tokens, depth + 1)
    raise NotOrdinary


def _flow_mapping(tokens: _Tokens, depth: int) -> JsonValue:
    values: dict[str, JsonValue] = {}
    for mark, key, _, _ in tokens:
        if mark == "}":
            return values
        if not key or (name := _name(key)) in values:
            raise NotOrdinary
        values[name] = _flow_part(next(tokens, _NO_TOKEN), tokens, depth)
        mark = next(tokens, _NO_TOKEN)[0]  # noqa: PLW2901 - the mark after the value
        if mark == "}":
            return values
        if mark != ",":
            break
    raise NotOrdinary


def _flow_sequence(tokens: _Tokens, depth: int) -> JsonValue:
    items: list[JsonValue] = []
    for token in tokens:
        if token[0] == "]":
            return items
        items.append(_flow_part(token, tokens, depth))
        mark = next(tokens, _NO_TOKEN)[0]
        if mark == "]":
            return items
        if mark != ",":
            break
    raise NotOrdinary


def _any_flow(raw: str) -> JsonValue:
    """A flow collection as `reader` reads it."""
    from flowsync.document.alone import collection  # noqa: PLC0415 - what needs it is rare

    value = collection(raw, _DEEPEST_RANK + 2)
    if value is None:
        raise NotOrdinary
    return value
