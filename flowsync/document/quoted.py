"""Single- and double-quoted scalars."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.document.pieces import Piece, Scalar, unfolded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.reading import Reading

_SINGLE: Final = re.compile(r"'[^']*(?:''[^']*)*'")
_DOUBLE: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_DOUBLED: Final = re.compile("''")
_SPECIAL: Final = re.compile(
    r"\\(?:\n[ \t]*|u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
    r"|[ \t]*\n(?:[ \t]*\n)*[ \t]*|[ \t]+"
)
_NEXT_LINE: Final = re.compile(r"\n( *)(?!\n)")
_TRAILING_SPACES: Final = re.compile(r"[ \t]+\n")
_ESCAPES: Final = {
    **dict(zip('0abefnrtv"/\\ \t', '\0\a\b\x1b\f\n\r\t\v"/\\ \t', strict=True)),
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_LARGEST_CODE_POINT: Final = 0x10FFFF


def single_quoted(reading: Reading, start: int, indent: int) -> Scalar:
    """The scalar whose `'` stands at `start`; its further lines are deeper than `indent`."""
    end = _closed(reading, _SINGLE, start, indent)
    pieces = [
        part
        for piece in unfolded(reading.text, start + 1, end - 1)
        for part in (_undoubled(piece) if "''" in piece.text else (piece,))
    ]
    return Scalar(pieces, end)


def double_quoted(reading: Reading, start: int, indent: int) -> Scalar:
    """The scalar whose `"` stands at `start`; its further lines are deeper than `indent`."""
    end = _closed(reading, _DOUBLE, start, indent)
    return Scalar(list(_unescaped(reading, start + 1, end - 1)), end)


def _closed(reading: Reading, pattern: re.Pattern[str], start: int, indent: int) -> int:
    found = pattern.match(reading.text, start)
    if found is None:
        raise reading.fail(
            start,
            "unclosed-quote",
            f"The quote {reading.text[start]} that opens here is never closed.",
            'Close it, or, where the quote is part of the text, put the whole text in quotes: "It\'s \\"new\\"".',
        )
    for line in _NEXT_LINE.finditer(reading.text, start, found.end()):
        if len(line[1]) <= indent or (indent < 0 and _is_marker(reading, line.end())):
            raise reading.fail(
                line.end(),
                "indentation",
                f"This line belongs to the quoted text from line {reading.locate(start).line}, "
                "but is not indented deeper than its key.",
                "Close the quote above, or indent this line.",
            )
    _warn_of_trailing_spaces(reading, start, found.end())
    return found.end()


def _warn_of_trailing_spaces(reading: Reading, start: int, end: int) -> None:
    if spaces := _TRAILING_SPACES.search(reading.text, start, end):
        reading.warn(
            spaces.start(),
            "yaml-ambiguous",
            "npm yaml drops the spaces at the end of this line, js-yaml 4.1.0 keeps them in the text.",
            "Remove the spaces.",
        )


def _is_marker(reading: Reading, offset: int) -> bool:
    return reading.text.startswith(("---", "..."), offset) and reading.is_white(offset + 3)


def _undoubled(piece: Piece) -> Iterator[Piece]:
    begin = 0
    for found in _DOUBLED.finditer(piece.text):
        yield Piece(piece.text[begin : found.start()], piece.start + begin, piece.start + found.start())
        yield Piece("'", piece.start + found.start(), piece.start + found.end())
        begin = found.end()
    yield Piece(piece.text[begin:], piece.start + begin, piece.end)


def _unescaped(reading: Reading, start: int, end: int) -> Iterator[Piece]:
    text = reading.text
    for found in _SPECIAL.finditer(text, start, end):
        yield Piece(text[start : found.start()], start, found.start())
        yield Piece(_meaning(reading, found), *found.span())
        start = found.end()
    yield Piece(text[start:end], start, end)


def _meaning(reading: Reading, found: re.Match[str]) -> str:
    source = found[0]
    if source[0] == "\\":
        return _escaped(reading, found.start(), source)
    breaks = source.count("\n")
    if breaks == 0:
        return source
    return " " if breaks == 1 else "\n" * (breaks - 1)


def _warn_of_blank_line(reading: Reading, offset: int) -> None:
    if reading.text[offset] == "\n":
        reading.warn(
            offset,
            "yaml-ambiguous",
            "After a line that ends with a backslash, npm yaml reads this blank line as a space, js-yaml as nothing.",
            "Remove the blank line, or the backslash.",
        )


def _escaped(reading: Reading, offset: int, source: str) -> str:
    if source[1] == "\n":
        _warn_of_blank_line(reading, offset + len(source))
        return ""
    if source[1] in _ESCAPES:
        return _ESCAPES[source[1]]
    codes = [int(digits, 16) for digits in re.findall(r"\\[xuU]([0-9a-fA-F]+)", source)]
    if not codes or codes[0] > _LARGEST_CODE_POINT:
        raise reading.fail(
            offset,
            "yaml-escape",
            f"{ascii(source)[1:-1].replace(2 * chr(92), chr(92))} is no escape that YAML knows.",
            "Write \\\\ for a backslash, or use single quotes, where a backslash is just a character.",
        )
    return "".join(map(chr, codes)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
