"""Writes values as block-style YAML that every JavaScript parser reads back as the same value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.document.refusals import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH, failure
from flowsync.model import Location
from flowsync.text import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.errors import DocumentError
    from flowsync.model import JsonValue

_UNPRINTABLE: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\uffff"
)
"""Controls, line ends of YAML 1.1, marks without width, bidirectional marks, lone surrogates, noncharacters."""

_ESCAPED: Final = re.compile(rf"[\"\\\t\n{_UNPRINTABLE}\U000e0000-\U000e0fff]")
_SPECIAL: Final = re.compile(rf"[{_UNPRINTABLE}\U000e0000-\U000e0fff]")
_PLAIN_START: Final = re.compile(r"[A-Za-z_/$(]|<(?!<)|[^\x00-\xa0]")
_NOT_PLAIN: Final = re.compile(r":(?: |\Z)| (?:#|\Z)|[\t\n]")
_WORDS: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that are no text to YAML 1.2 or 1.1, in any case."""

_FLOW_PLAIN: Final = re.compile(r"[A-Za-z_/$(][^,\[\]{}:#'\"\\\n\t]*(?<! )")
_BLANK_LINE: Final = re.compile(r"^[ \t]+$", re.MULTILINE)
_FOLD: Final = re.compile(r"(?<=[^ \t]) (?=[^ \t])")
"""Where a long line may be broken: a line end between two words is read as the one space it stands for."""

WIDTH: Final = 100
"""Columns after which text without line ends is folded onto several lines, at its spaces."""
UNFOLDED: Final = 2**31
"""A width that no text reaches: each text without line ends stays on one line."""
_NARROWEST: Final = 40
"""Columns that a folded text gets, however deep it is nested."""
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_DIGITS_OF_LARGEST: Final = len(str(2**53))
_LARGEST_BYTE: Final = 0xFF
_LARGEST_SHORT: Final = 0xFFFF
_DOUBLE_DIGITS: Final = 53
_LARGEST_EXPONENT: Final = 1023


@dataclass(frozen=True, slots=True)
class Style:
    """The indentation, in columns: of a mapping or list below its key, and of a value after its dash."""

    mapping: int = 2
    sequence: int = 2
    dash: int = 2


USUAL: Final = Style()


def dump(value: JsonValue, width: int = WIDTH) -> str:
    """The value as YAML in block style, keys in their order, ended by a newline.

    Text without line ends that is longer than `width` columns is folded.

    Raises DocumentError `unsafe-integer` for an integer that a double cannot hold, `yaml-key` for a key
    longer than YAML allows, `nesting` below 100 levels of collections.
    """
    lines = _collection_lines(value, 0, USUAL, width) if is_collection(value) else scalar_lines(value, 0, USUAL, width)
    return "\n".join([*lines, ""])


def is_collection(value: JsonValue) -> bool:
    """Whether a value takes lines of its own: a list or mapping that is not empty."""
    return isinstance(value, (dict, list)) and bool(value)


def entry_lines(  # noqa: PLR0917 - where an entry is, and how it is written
    mark: str, value: JsonValue, column: int, style: Style, comment: str = "", width: int = WIDTH
) -> list[str]:
    """The lines of `key: value` or `- value` in a block collection at `column`; the first one without its margin.

    `mark` is the dash, or the key with its colon, and whatever anchor follows; `comment` ends its line.
    """
    if not is_collection(value):
        first, *more = scalar_lines(value, column, style, width)
        return [f"{mark} {first}{comment}", *more]
    nested = style.dash if mark[:2] in {"-", "- "} else style.mapping if isinstance(value, dict) else style.sequence
    first, *more = _collection_lines(value, column + nested, style, width)
    if mark == "-" and not comment:
        return [f"{mark.ljust(nested)}{first}", *more]
    return [f"{mark}{comment}", f"{' ' * (column + nested)}{first}", *more]


def _collection_lines(value: JsonValue, column: int, style: Style, width: int) -> list[str]:
    """The lines of a filled collection at `column`, the first one without its margin."""
    if column > MAXIMUM_DEPTH * max(style.mapping, style.sequence, style.dash):
        raise _refusal("nesting", f"More than {MAXIMUM_DEPTH} lists and mappings are nested.", "Flatten the value.")
    lines: list[str] = []
    entries = value.items() if isinstance(value, dict) else ((None, item) for item in value)  # type: ignore[union-attr]
    for key, item in entries:
        mark = "-" if key is None else f"{key_text(key)}:"
        first, *more = entry_lines(mark, item, column, style, width=width)
        lines += [f"{' ' * column if lines else ''}{first}", *more]
    return lines


def scalar_lines(value: JsonValue, column: int, style: Style, width: int = WIDTH) -> list[str]:
    """The lines of a scalar or empty collection in a block collection at `column` (-1: the root)."""
    if not isinstance(value, str):
        return [_constant(value)]
    first, *more = _text_lines(value, width - max(column, 0) - 2)
    margin = " " * (max(column, 0) + max(style.mapping, 2))
    return [first, *(f"{margin}{line}" if line else "" for line in more)]


def key_text(key: str) -> str:
    """A key of a block mapping."""
    name = _one_line(key)
    if len(name.encode("utf-16-le")) // 2 > MAXIMUM_KEY_LENGTH:
        raise _refusal(
            "yaml-key",
            f"A key of {len(key)} characters is longer than the {MAXIMUM_KEY_LENGTH} that YAML allows.",
            "Shorten the key.",
        )
    return name


def _constant(value: JsonValue) -> str:
    """A value that is neither a text nor a filled collection, on one line."""
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    assert isinstance(value, (int, float))  # noqa: S101 - texts are written elsewhere
    if isinstance(value, int):
        bits = value.bit_length()
        if bits > _DOUBLE_DIGITS and (bits > _LARGEST_EXPONENT or int(float(value)) != value):
            raise _refusal(
                "unsafe-integer",
                "An integer is too large for JavaScript, which would round it.",
                "Make it text: put it in quotes.",
            )
        return str(value)
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    text = number_text(value)
    # Digits alone would be an integer beyond 2^53, which a file must not hold: `1e+20`, not a one and 20 zeros.
    return repr(value) if value.is_integer() and len(text) >= _DIGITS_OF_LARGEST and "e" not in text else text


def _text_lines(text: str, room: int) -> list[str]:
    """A block scalar for text of several lines, or longer than `room`, if that is safe; else one line."""
    if not (len(text) > room or "\n" in text) or not fits_block(text):
        return [_one_line(text)]
    if "\n" in text:
        body = text.removesuffix("\n")
        chomping = "-" if body == text else "+" if body.endswith("\n") else ""
        return [f"|{chomping}", *body.split("\n")]
    if text[-1] not in " \t" and _FOLD.search(text):
        return [">-", *wrapped(text, max(room, _NARROWEST))]
    return [_one_line(text)]


def wrapped(text: str, room: int) -> Iterator[str]:
    """Lines with as many words as fit, for folded text."""
    line, *words = _FOLD.split(text)
    for word in words:
        if len(line) + 1 + len(word) > room:
            yield line
            line = word
        else:
            line = f"{line} {word}"
    yield line


def is_printable(text: str) -> bool:
    """Whether all characters of a text are visible in a file: tabs and line ends count, other controls do not."""
    return _SPECIAL.search(text) is None


def fits_block(text: str) -> bool:
    """Whether every reader of YAML reads this text alike after `|` or `>`."""
    return text[:1] not in {"", " ", "\t", "\n"} and is_printable(text) and not _BLANK_LINE.search(text)


def _one_line(text: str) -> str:
    """Text without quotes if every reader takes it for itself, else in quotes."""
    if _PLAIN_START.match(text) and not needs_quotes(text):
        return text
    if '"' in text and "'" not in text and not _SPECIAL.search(text) and "\n" not in text and "\t" not in text:
        return f"'{text}'"
    return double_quoted(text)


def double_quoted(text: str) -> str:
    """Text in double quotes, on one line, with all escaped that does not print."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def needs_quotes(text: str) -> bool:
    """Whether some reader of YAML would read this text, without quotes, as something else, wherever it starts."""
    is_seen = text.isascii() and text.isprintable()
    return text.lower() in _WORDS or bool(_NOT_PLAIN.search(text) or not (is_seen or is_printable(text)))


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if code <= _LARGEST_BYTE:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _LARGEST_SHORT else f"\\U{code:08x}"


def _refusal(code: str, message: str, hint: str) -> DocumentError:
    return failure(Location("<value>", 1, 1), code, message, hint)


def flow_text(value: JsonValue, *, like_json: bool) -> str:
    """A value on one line, for use inside brackets; `like_json`: all keys and texts in double quotes."""
    if isinstance(value, dict):
        entries = [
            f"{flow_text(key, like_json=like_json)}: {flow_text(value[key], like_json=like_json)}" for key in value
        ]
        return f"{{{', '.join(entries)}}}"
    if isinstance(value, list):
        return f"[{', '.join(flow_text(item, like_json=like_json) for item in value)}]"
    if not isinstance(value, str):
        return _constant(value)
    is_plain = not like_json and _FLOW_PLAIN.fullmatch(value) and not needs_quotes(value)
    return value if is_plain else double_quoted(value)
