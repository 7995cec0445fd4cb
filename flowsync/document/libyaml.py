"""Prepares a text for libyaml, with stand-ins for characters that it reads differently; returns libyaml's events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from flowsync.document.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

_BYTE_ORDER_MARK: Final = "\ufeff"
_LONE_RETURN: Final = re.compile(r"\r(?!\n)")
_KEEPING_BLOCK: Final = re.compile(r"[|>][1-9]?\+")

_USUAL: Final = b"\n" + bytes(range(0x20, 0x7F))
"""The ASCII characters that libyaml and npm `yaml` read alike."""
_MISREAD: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_BLANKS: Final = r"(?:[ \t]*(?:#[^\n]*)?\n)*"
_DIRECTIVE: Final = re.compile(rf"{_BLANKS}(%)YAML[ \t]+1\.2[ \t]*(?:(?<=[ \t])#[^\n]*)?\n(?={_BLANKS}---[ \t\n])")
_BLANK_TAB_LINE: Final = re.compile(r"^[ \t]+(?=\n|#)", re.MULTILINE)
_MARK_AT_LINE_START: Final = re.compile("^[ \t]*\ufeff", re.MULTILINE)
_HALF_ESCAPE: Final = re.compile(r"\\u[dD]([89a-fA-F])")
_FIRST_STAND_IN: Final = 0xF0000
_STAND_IN: Final = re.compile("[\U000f0000-\U000f1fff]|\\\\U000[fF]0")
_HALVES: Final = 0xD800
_HALF_COUNT: Final = 0x800
_BLOCKS: Final = (0xE000, 0xE800, 0xF000)
"""Where in the private-use area stand-ins for escaped halves of characters may be."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as libyaml gets it, exactly as long as the original, and the way back."""

    text: str
    originals: dict[int, int]
    escape_of_half: re.Pattern[str] | None = None

    def restored(self, value: str, offset: int) -> str:
        """A value from libyaml, in the characters of the original. Raises Refusal."""
        if not self.originals:
            return value
        value = value.translate(self.originals)
        if self.escape_of_half is None:
            return value
        if self.escape_of_half.search(value):
            raise Refusal(
                offset,
                "yaml-escape",
                "This text holds the escape of half a character outside of double quotes, or behind a backslash.",
                "Write the character itself.",
            )
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def normalised(text: str) -> str:
    """The text without a byte order mark, every line ended by a line feed. Raises Refusal."""
    if text.startswith(_BYTE_ORDER_MARK):
        text = text[1:]
        if text.startswith((" ", "\t", "- ")):
            raise Refusal(
                0,
                "indentation",
                "A file that begins with a byte order mark begins with an indented line or a list.",
                "Save the file without a byte order mark.",
            )
    lone = _LONE_RETURN.search(text) if "\r" in text else None
    if lone:
        raise Refusal(
            lone.start(),
            "yaml-syntax",
            "A carriage return without a line feed is a line end to some parsers and text to others.",
            r"Save the file with LF line ends; inside double quotes write \r.",
        )
    text = text.replace("\r\n", "\n")
    if text.endswith("\n"):
        return text
    last = text[text.rfind("\n") + 1 :]
    if last.isspace() and ("\t" in last or _KEEPING_BLOCK.search(text)):
        raise Refusal(
            len(text), "yaml-syntax", "The last line holds only spaces, and may or may not be text.", "Remove them."
        )
    return f"{text}\n"


def without_directive(text: str) -> str:
    """A normalised text with a comment in place of a `%YAML 1.2` before `---`, which changes nothing."""
    directive = _DIRECTIVE.match(text) if "%YAML" in text else None
    return f"{text[: directive.start(1)]}#{text[directive.end(1) :]}" if directive else text


def shown(text: str) -> Shown:
    """A normalised text as libyaml gets it.

    libyaml takes some characters for line ends or refuses them, and knows no surrogate pairs in escapes. Characters
    from the private-use area stand in for them; a text that holds such characters itself is refused.
    """
    unusual = text.encode("utf-8", "surrogatepass").translate(None, _USUAL)
    misread = sorted(set(_MISREAD.findall(unusual.decode("utf-8", "surrogatepass")))) if unusual else []
    has_halves = "\\u" in text and _HALF_ESCAPE.search(text) is not None
    seen = _BLANK_TAB_LINE.sub(lambda line: " " * len(line[0]), text) if b"\t" in unusual else text
    if not misread and not has_halves:
        return Shown(seen, {})
    mark = _MARK_AT_LINE_START.search(text)
    if mark:
        raise Refusal(mark.end() - 1, "tab", "An invisible mark (U+FEFF) begins this line.", "Remove it.")
    if misread and _STAND_IN.search(text):
        raise _no_stand_in(text, _STAND_IN)
    stand_ins = {ord(character): _FIRST_STAND_IN + at for at, character in enumerate(misread)}
    originals = {stand_in: original for original, stand_in in stand_ins.items()}
    seen = seen.translate(stand_ins)
    return _with_halves(seen, originals) if has_halves else Shown(seen, originals)


def _with_halves(text: str, originals: dict[int, int]) -> Shown:
    """A text with stand-ins for escapes of halves of characters as well."""
    for block in _BLOCKS:
        escape = re.compile(rf"\\u(?:{'|'.join(f'{(block >> 8) + high:x}' for high in range(8))})", re.IGNORECASE)
        if not escape.search(text) and not any(block <= ord(each) < block + _HALF_COUNT for each in set(text)):
            halves = {block + at: _HALVES + at for at in range(_HALF_COUNT)}
            shown_text = _HALF_ESCAPE.sub(lambda half: f"\\u{(block >> 8) + int(half[1], 16) - 8:x}", text)  # noqa: B023
            return Shown(shown_text, originals | halves, escape)
    raise _no_stand_in(text, re.compile("[\ue000-\uf7ff]|\\\\u[eEfF]"))


def _no_stand_in(text: str, pattern: re.Pattern[str]) -> Refusal:
    found = pattern.search(text)
    return Refusal(
        found.start() if found else 0,
        "yaml-syntax",
        "A private-use character, in a file with control characters, unusual line ends or halves of characters.",
        "Remove one of the two.",
    )


try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # PyYAML without libyaml: its own parser refuses more, and takes ten times as long
    from yaml.error import MarkedYAMLError
    from yaml.parser import Parser as _PureParser
    from yaml.reader import Reader as _PureReader
    from yaml.scanner import Scanner as _PureScanner

    class _Parser(_PureReader, _PureScanner, _PureParser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            _PureReader.__init__(self, text)
            _PureScanner.__init__(self)
            _PureParser.__init__(self)

        def get_event(self) -> Any:  # noqa: ANN401 - one of PyYAML's classes
            try:
                return super().get_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs
            except ValueError as error:  # an escape of no character: libyaml refuses it
                raise MarkedYAMLError(None, None, "found an unknown escape", self.get_mark()) from error


HAS_LIBYAML: Final = not _Parser.__module__.startswith("flowsync")
"""Whether PyYAML comes with libyaml here; else its own parser takes the place of it."""


class Mark(Protocol):
    """A place in the text: characters from its start, and from that of the line."""

    index: int
    column: int


class Event(Protocol):
    """Any event of PyYAML: its class says which one, and which of these attributes it has."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    flow_style: bool
    explicit: bool


def events_of(text: str) -> Callable[[], Event]:
    """A function that returns the next event of a text, beginning with the one after the start of the stream.

    It raises yaml.YAMLError for a text that is not YAML.
    """
    next_event: Callable[[], Any] = _Parser(text).get_event
    next_event()
    return next_event
