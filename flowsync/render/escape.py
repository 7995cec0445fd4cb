"""Makes foreign text harmless: for a terminal and a CI log, for Markdown, as JSON; and measures its width.

Also how wide a text is. Wide and full-width characters take two columns, combining marks none, all else one. Terminals
disagree about emoji sequences, so a caret under a line that holds one may be off by a column.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Final

from flowsync.model import JsonValue
from flowsync.text import ELLIPSIS, printable

LONGEST_VALUE: Final = 300
"""How many columns of a value are shown."""
_SHARED: Final = 20
"""How many characters are shown of what two values share, if they differ only further on."""

_KEY: Final = re.compile(r"(api_(?:public|private)_)([A-Za-z0-9_.~+/=-]+)")
LOG_COMMAND: Final = re.compile(r"##(?:vso)?\[")
"""What CI runners take for a command anywhere in a line."""
_BACKTICKS: Final = re.compile(r"`+")
_QUOTED: Final = re.compile(r"""(?<![^\s(])(?<!\w\()("(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`)(?!\w)""")
"""A name in quotes at the beginning of a word: those of `user.property('plan')` are in the midst of one."""
_SAFE_WORD: Final = re.compile(r"\(?(?:[A-Za-z]+(?:'[a-z]{1,2})?|\d{1,6}%?|%)?[,;:.?!)]{0,2}")
_ENDING: Final = re.compile(r"(?<=[\w\])])[,;:.?!]\Z")
"""What ends a clause, not the name before it."""
_NUMBERED: Final = re.compile(r"\A\d+[.)](?!\S)")
"""What makes a list of a line that starts with it."""
_LIKE_A_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")
_SHORTEST_FENCE: Final = 3


def columns(text: str) -> int:
    """Return the number of terminal columns that `text` (one visible line) takes."""
    if text.isascii():
        return len(text)
    seen = [each for each in text if unicodedata.category(each) not in {"Mn", "Me", "Cf"}]
    return len(seen) + sum(unicodedata.east_asian_width(each) in {"W", "F"} for each in seen)


def padded(text: str, width: int) -> str:
    """Return `text` filled up with spaces to `width` columns."""
    return text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """Return `text`; if it takes more than `width` columns, an ellipsis replaces its end."""
    if columns(text) <= width:
        return text
    return text[: count_fitting(text, width - 1)] + ELLIPSIS


def count_fitting(pieces: Iterable[str], width: int) -> int:
    """Return how many of the first `pieces` (a text's characters, or escapes) fit `width` columns."""
    count = 0
    for piece in pieces:
        width -= columns(piece)
        if width < 0:
            break
        count += 1
    return count


def mask_keys(text: str) -> str:
    """Return `text` with API keys starred out [obs: `api_public_…`, `api_private_…`], as long as before."""
    return _KEY.sub(lambda match: match[1] + "*" * len(match[2]), text)


def shown(text: str) -> str:
    """Return `text` as one visible line without keys, and without commands to a CI log in its midst."""
    return LOG_COMMAND.sub(lambda match: match.group()[:-1] + r"\u005b", mask_keys(printable(text)))


def visible_characters(text: str) -> list[str]:
    """Return the visible form of each character of `text`, for texts in which positions count."""
    characters = [printable(character) for character in text]
    for command in LOG_COMMAND.finditer(text):
        characters[command.end() - 1] = r"\u005b"
    return characters


def code_span(text: str) -> str:
    """Return `text` as inline code in Markdown, outside of tables.

    A real code span, not `<code>`: between raw tags Markdown is still parsed, and GitHub's parser
    makes a link of an address there even when its characters are written as entities.
    """
    inside = shown(text) or '""'
    fence = "`" * (_longest_backtick_run(inside) + 1)
    pad = " " if inside.strip(" ") and (inside[0] in "` " or inside[-1] in "` ") else ""
    return f"{fence}{pad}{inside}{pad}{fence}"


def cell_code(text: str) -> str:
    """Return `text` as inline code for a cell of a Markdown table."""
    return code_span(text).replace("|", r"\|")


def html_code(text: str) -> str:
    """Return `text` as a `<code>` element for a block of raw HTML, where Markdown is not parsed."""
    return f"<code>{html.escape(shown(text))}</code>"


def prose(text: str) -> str:
    """Return a sentence for Markdown: plain English words as they are, everything else as inline code.

    Identifiers, quoted names and whatever might mean something to Markdown or GitHub (links,
    mentions, references to issues and commits) thereby end up inside code.
    """
    pieces: list[_Piece] = []
    for position, part in enumerate(_QUOTED.split(shown(text))):
        opens = bool(pieces) and not pieces[-1].is_code and pieces[-1].text.endswith("(")
        is_apart = not opens and not (part and _continues(part))
        found = [_Piece(part, is_code=True)] if position % 2 else [*_words(part)]
        for piece in [replace(first, is_apart=is_apart and first.is_apart) for first in found[:1]] + found[1:]:
            if pieces and piece.is_apart and piece.is_code and pieces[-1].is_code:
                pieces[-1] = replace(pieces[-1], text=f"{pieces[-1].text} {piece.text}")
            else:
                pieces.append(piece)
    spaced = (
        f" {piece.markdown}" if piece.is_apart and place else piece.markdown for place, piece in enumerate(pieces)
    )
    return _NUMBERED.sub(lambda found: code_span(found[0]), "".join(spaced))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a sentence: inline code or plain English, and whether a space is between it and what is before it."""

    text: str
    is_code: bool
    is_apart: bool = True

    @property
    def markdown(self) -> str:
        return code_span(self.text) if self.is_code else self.text


def _continues(text: str) -> bool:
    """Whether `text` starts with punctuation that belongs to the quotation before it."""
    return text[0] in ",;:.?!)" and _is_safe(text.split(maxsplit=1)[0])


def cell_prose(text: str) -> str:
    """Return a sentence for a cell of a Markdown table; as `prose`."""
    return prose(text).replace("|", r"\|")


def _words(text: str) -> Iterator[_Piece]:
    """Yield runs of words that are plain English, and of others as names; what ends a clause is no part of a name."""
    for is_safe, words in groupby(text.split(), _is_safe):
        run = " ".join(words)
        name = run if is_safe else _ENDING.sub("", run)
        yield _Piece(name, is_code=not is_safe)
        if name != run:
            yield _Piece(run[len(name) :], is_code=False, is_apart=False)


def _is_safe(word: str) -> bool:
    return bool(_SAFE_WORD.fullmatch(word)) and not _LIKE_A_COMMIT.fullmatch(word.strip("(,;:.?!)"))


def fenced(text: str, language: str) -> str:
    """Return `text`, whose lines are inert already, in a fence longer than any run of backticks in it."""
    fence = "`" * max(_SHORTEST_FENCE, _longest_backtick_run(text) + 1)
    return f"{fence}{language}\n{text.rstrip(chr(10))}\n{fence}"


def _longest_backtick_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0)


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; the cells are inert already."""
    heading = " ".join(f"| {title}".rstrip() for title in titles) + " |"
    return [heading, *(f"| {' | '.join(cells)} |" for cells in (["---"] * len(titles), *rows))]


def json_text(document: Mapping[str, JsonValue]) -> str:
    """Return `document` (whose numbers are finite), indented, with a line feed at its end."""
    shown = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    return shown.replace("\x7f", r"\u007f").replace("##[", r"##\u005b").replace("##vso[", r"##vso\u005b") + "\n"


def masked_json(document: Mapping[str, JsonValue]) -> str:
    """Return `document` as `json_text` does, with API keys starred out of every text in it."""
    return json_text({key: _masked(value) for key, value in document.items()})


def _masked(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return mask_keys(value)
        case list():
            return [_masked(item) for item in value]
        case dict():
            return {key: _masked(item) for key, item in value.items()}
        case _:
            return value


def compact(value: JsonValue, width: int = LONGEST_VALUE) -> str:
    """Return `value` as JSON on one line, cut if it takes more than `width` columns."""
    return cut(_line(value), width)


def compact_pair(one: JsonValue, other: JsonValue, width: int = LONGEST_VALUE) -> tuple[str, str]:
    """Return both as `compact` does; if the cut would hide the difference, from where they differ on."""
    return cut_pair(_line(one), _line(other), width)


def cut_pair(one: str, other: str, width: int) -> tuple[str, str]:
    """Return two texts without keys, cut to `width` columns; if that hid the difference, from where they differ on."""
    pair = cut(one, width), cut(other, width)
    if pair[0] != pair[1] or one == other:
        return pair
    first = next(at for at, (one_char, other_char) in enumerate(zip_longest(one, other)) if one_char != other_char)
    start = max(first - _SHARED, 0)
    return cut(ELLIPSIS + one[start:], width), cut(ELLIPSIS + other[start:], width)


def _line(value: JsonValue) -> str:
    return mask_keys(json.dumps(value, ensure_ascii=False))


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 flow`, `2,000 flows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def with_hint(message: str, hint: str | None) -> str:
    """Return a message and what to do about it as one text."""
    return f"{message} {hint or ''}".rstrip()
