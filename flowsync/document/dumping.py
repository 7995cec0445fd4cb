"""Values to block-style YAML that every JavaScript parser reads back as the same value."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.document.refusals import MAXIMUM_DEPTH, MAXIMUM_KEY_LENGTH, failure
from flowsync.model import Location
from flowsync.numbers import number_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.document.rewriting import Style
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

_BLANK_LINE: Final = re.compile(r"^[ \t]+$", re.MULTILINE)
_FOLD: Final = re.compile(r"(?<![ \t]) (?![ \t])")
"""Where a long line may be broken: a line end between two words is read as the one space it stands for."""

WIDTH: Final = 100
"""Columns after which text without line ends is folded onto several lines, where it has spaces to fold at."""
UNFOLDED: Final = 2**31
"""A width that no text reaches: each text without line ends stays on one line."""
_NARROWEST: Final = 40
"""Columns that a folded text gets, however deep it stands."""
_SHORT_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_DIGITS_OF_LARGEST: Final = len(str(2**53))
_LARGEST_BYTE: Final = 0xFF
_LARGEST_SHORT: Final = 0xFFFF
_DOUBLE_DIGITS: Final = 53
_LARGEST_EXPONENT: Final = 1023


class _Output(NamedTuple):
    """The lines written so far, and the columns after which text is folded."""

    lines: list[str]
    width: int


def dump(value: JsonValue, width: int = WIDTH) -> str:
    """The value as YAML in block style, keys in their order, ended by a newline.

    Text without line ends that is longer than `width` columns is folded.

    Raises DocumentError `unsafe-integer` for an integer that a double cannot hold, `yaml-key` for a key
    longer than YAML allows, `nesting` below 100 levels of collections.
    """
    output = _Output([], width)
    _write(output, value, "", "")
    return "\n".join([*output.lines, ""])


def _write(output: _Output, value: JsonValue, margin: str, lead: str) -> None:
    """Append a value whose lines begin with `margin`, its first one with `lead`."""
    if len(margin) > 2 * MAXIMUM_DEPTH:
        raise _refusal("nesting", f"More than {MAXIMUM_DEPTH} lists and mappings are nested.", "Flatten the value.")
    if isinstance(value, dict) and value:
        _write_mapping(output, value, margin, lead)
    elif isinstance(value, list) and value:
        _write_sequence(output, value, margin, lead)
    else:
        output.lines.append(f"{lead}{_scalar(value, f'{margin}  ', output.width)}")


def _write_mapping(output: _Output, mapping: dict[str, JsonValue], margin: str, lead: str) -> None:
    deeper = f"{margin}  "
    for key, child in mapping.items():
        name = _key(key)
        if isinstance(child, (dict, list)) and child:
            output.lines.append(f"{lead}{name}:")
            _write(output, child, deeper, deeper)
        else:
            output.lines.append(f"{lead}{name}: {_scalar(child, deeper, output.width)}")
        lead = margin


def _write_sequence(output: _Output, items: list[JsonValue], margin: str, lead: str) -> None:
    for child in items:
        if isinstance(child, (dict, list)) and child:
            _write(output, child, f"{margin}  ", f"{lead}- ")
        else:
            output.lines.append(f"{lead}- {_scalar(child, f'{margin}  ', output.width)}")
        lead = margin


@lru_cache(maxsize=512)
def _key(key: str) -> str:
    name = _one_line(key)
    if len(name.encode("utf-16-le")) // 2 > MAXIMUM_KEY_LENGTH:
        raise _refusal(
            "yaml-key",
            f"A key of {len(key)} characters is longer than the {MAXIMUM_KEY_LENGTH} that YAML allows.",
            "Shorten the key.",
        )
    return name


def _scalar(value: JsonValue, margin: str, width: int) -> str:
    if isinstance(value, str):
        return _text(value, margin, width)
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _number(value)


def _number(number: float) -> str:
    if isinstance(number, int):
        return _integer(number)
    if math.isfinite(number):
        text = number_text(number)
        # Digits alone would be an integer beyond 2^53, which a file must not hold: `1e+20`, not a one and 20 zeros.
        return repr(number) if number.is_integer() and len(text) >= _DIGITS_OF_LARGEST and "e" not in text else text
    return ".nan" if math.isnan(number) else f"{'-' if number < 0 else ''}.inf"


def _integer(number: int) -> str:
    digits = number.bit_length()
    if digits > _DOUBLE_DIGITS and (digits > _LARGEST_EXPONENT or int(float(number)) != number):
        raise _refusal(
            "unsafe-integer",
            "An integer is too large for JavaScript, which would round it.",
            "Make it text: put it in quotes.",
        )
    return str(number)


def _text(text: str, margin: str, width: int) -> str:
    """A block scalar for text of several lines, or of one long line, that is safe in one; else one line."""
    is_long = len(margin) + len(text) > width
    if not (is_long or "\n" in text) or not fits_block(text):
        return _one_line(text)
    if "\n" in text:
        return _literal(text, margin)
    if is_long and text[-1] not in " \t" and _FOLD.search(text):
        return "\n".join([">-", *_folded(text, margin, width)])
    return _one_line(text)


def _folded(text: str, margin: str, width: int) -> Iterator[str]:
    """The lines of a folded block, each as many words as fit."""
    room = max(width - len(margin), _NARROWEST)
    line, *words = _FOLD.split(text)
    for word in words:
        if len(line) + 1 + len(word) > room:
            yield f"{margin}{line}"
            line = word
        else:
            line = f"{line} {word}"
    yield f"{margin}{line}"


def _literal(text: str, margin: str) -> str:
    body = text.removesuffix("\n")
    chomping = "-" if body == text else "+" if body.endswith("\n") else ""
    lines = [f"{margin}{line}" if line else "" for line in body.split("\n")]
    return "\n".join([f"|{chomping}", *lines])


def is_printable(text: str) -> bool:
    """Whether a text holds only what can be seen in a file: tabs and line ends are, other controls are not."""
    return _SPECIAL.search(text) is None


def fits_block(text: str) -> bool:
    """Whether every reader of YAML reads this text alike after `|` or `>`."""
    return text[:1] not in {"", " ", "\t", "\n"} and is_printable(text) and not _BLANK_LINE.search(text)


@lru_cache(maxsize=1024)
def _one_line(text: str) -> str:
    """Text as it is where no reader takes it for anything else, else in quotes."""
    if _PLAIN_START.match(text) and not needs_quotes(text):
        return text
    if '"' in text and "'" not in text and not _SPECIAL.search(text) and "\n" not in text and "\t" not in text:
        return f"'{text}'"
    return double_quoted(text)


def double_quoted(text: str) -> str:
    """Text in double quotes, on one line, with all escaped that does not print."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def needs_quotes(text: str) -> bool:
    """Whether some reader of YAML takes this text, without quotes, for anything else, wherever it starts."""
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


_FLOW_PLAIN: Final = re.compile(r"[A-Za-z_/$(][^,\[\]{}:#'\"\\\n\t]*(?<! )")
_DIGIT: Final = re.compile(r"[|>][+-]?[1-9]")


def is_collection(value: JsonValue) -> bool:
    """Whether a value takes lines of its own: a list or mapping that holds something."""
    return isinstance(value, (dict, list)) and bool(value)


def entry_lines(mark: str, value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of `key: value` or `- value` in a block collection at `column`; the first one without its margin.

    `mark` is the dash, or the key with its colon, and whatever anchor follows.
    """
    if not is_collection(value):
        first, *more = scalar_lines(value, column, style)
        return [f"{mark} {first}", *more]
    if mark == "-":
        first, *more = collection_lines(value, column + style.dash, style)
        return [f"-{' ' * (style.dash - 1)}{first}", *more]
    below = column_below(mark, value, column, style)
    first, *more = collection_lines(value, below, style)
    return [mark, f"{' ' * below}{first}", *more]


def column_below(mark: str, value: JsonValue, column: int, style: Style) -> int:
    """The column of a collection that begins on the line below its mark."""
    if mark.startswith("- ") or mark == "-":
        return column + style.dash
    return column + (style.mapping if isinstance(value, dict) else style.sequence)


def collection_lines(value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of a filled collection at `column`, the first one without its margin."""
    entries = [(f"{key_text(key)}:", item) for key, item in value.items()] if isinstance(value, dict) else []
    entries = entries or [("-", item) for item in (value if isinstance(value, list) else [])]
    margin = " " * column
    lines: list[str] = []
    for mark, item in entries:
        first, *more = entry_lines(mark, item, column, style)
        lines += [f"{margin if lines else ''}{first}", *more]
    return lines


def scalar_lines(value: JsonValue, column: int, style: Style) -> list[str]:
    """The lines of a scalar or empty collection in a block collection at `column` (-1: the root)."""
    first, *more = dump(value, WIDTH - max(column, 0)).split("\n")[:-1]
    if not more:
        return [first]
    step = 2 if _DIGIT.match(first) else max(style.mapping, 2)
    margin = " " * (max(column, 0) + step)
    return [first, *(f"{margin}{line[2:]}" if line else "" for line in more)]


def key_text(key: str) -> str:
    """A key of a block mapping."""
    return dump({key: None}).removesuffix(": null\n")


def flow_text(value: JsonValue, *, like_json: bool) -> str:
    """A value on one line, for inside of brackets; `like_json`: keys and texts all in double quotes."""
    if isinstance(value, dict):
        entries = (flow_entry(key, item, like_json=like_json) for key, item in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item, like_json=like_json) for item in value) + "]"
    if isinstance(value, str):
        return _flow_string(value, like_json=like_json)
    return dump(value).rstrip("\n")


def flow_entry(key: str, value: JsonValue, *, like_json: bool) -> str:
    """One key and its value, for inside of braces."""
    return f"{_flow_string(key, like_json=like_json)}: {flow_text(value, like_json=like_json)}"


def _flow_string(text: str, *, like_json: bool) -> str:
    if not like_json and _FLOW_PLAIN.fullmatch(text) and not needs_quotes(text):
        return text
    return double_quoted(text)
