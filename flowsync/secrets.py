"""Keeps API keys out of everything that is shown or stored, however a server or a file spells them.

A text holds a key if it holds 12 characters of its secret part in a row: as they are, in other letter case, reversed,
in hexadecimal or in base64, also where white space, markup or invisible characters are in between and where characters
are escaped for a URL, JSON or HTML. Whatever has the form of a private key counts as well, whoever it belongs to. Other
encodings, and encryption, cannot be recognised.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REDACTED: Final = "[redacted]"
WINDOW: Final = 12
"""So many characters of a key in a row give it away."""
_SHORTEST: Final = 8
"""A shorter secret is looked for nowhere: too many words would be taken for it."""
_PRIVATE_KEY: Final = re.compile(r"api_private_(?!sandbox\b)[\w-]+")
"""The form of a private key [obs]; the sandbox's own is no secret."""
_BEGINNING: Final = re.compile(r"api_(?:public|private)_\[redacted\]", re.IGNORECASE)
"""What is left of a key whose secret part was taken out."""
_PREFIX: Final = re.compile(r"api_(?:public|private)_")
_BLANKS: Final = r"\s+|\\[nrt]|[\u00ad\u200b-\u200f\u2060\ufeff]"
_NOISES: Final = (_BLANKS, rf"{_BLANKS}|<[^<>]*>")
"""What may be between the characters of a key. Markup is once taken for text, for the key may be inside of a tag."""
_ESCAPE: Final = re.compile(
    r"%(?P<url>[0-9a-f]{2})|\\u(?P<u>[0-9a-f]{4})|\\x(?P<x>[0-9a-f]{2})|&\#(?P<decimal>[0-9]{1,7});"
    r"|&\#x(?P<hex>[0-9a-f]{1,6});|&(?P<name>amp|lt|gt|quot|apos);|\\(?P<plain>[\"'\\/])",
    re.IGNORECASE | re.VERBOSE,
)
_TOKENS: Final = tuple(
    re.compile(f"(?P<noise>{noise})|{_ESCAPE.pattern}|(?P<other>.)", re.IGNORECASE | re.DOTALL | re.VERBOSE)
    for noise in _NOISES
)
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_LEVELS: Final = 2
"""So often a key is looked for behind escapes, and escapes of escapes: JSON within a text of YAML, say."""
_LAST_CODE: Final = 0x10FFFF
_HTML_FORMS: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
_ORDINARY: Final = re.compile(r"[\w-]+")


class _Spelling(NamedTuple):
    """One way to write a secret; `least` characters of it in a row give it away, in any letter case if `folded`."""

    text: str
    least: int
    folded: bool


class Secrets:
    """Keys that no text may show."""

    def __init__(self, *keys: str) -> None:
        self._keys: set[str] = set()
        for key in keys:
            self.add(key)

    def __repr__(self) -> str:
        return "Secrets()"

    def add(self, key: str) -> None:
        """Count a key among them, unless it is the sandbox's own or too short to be told from a word."""
        if len(key) >= _SHORTEST and key != "api_private_sandbox":
            self._keys.add(key)

    def masked(self, text: str) -> str:
        """The text without these keys, and without whatever has the form of a private key."""
        for key in tuple(self._keys):
            if not _ORDINARY.fullmatch(key):
                text = _echo(key).sub(REDACTED, text)
            text = _masked(text, _spellings(key))
        text = _PRIVATE_KEY.sub(REDACTED, text) if "api_private_" in text else text
        return _BEGINNING.sub(REDACTED, text) if REDACTED in text else text

    def private_key_at(self, text: str) -> int | None:
        """Where the first private key in a text is: one of these, or one by its form. None where there is none."""
        form = _PRIVATE_KEY.search(text)
        places = [form.start()] if form else []
        for key in tuple(self._keys):
            echo = None if _ORDINARY.fullmatch(key) else _echo(key).search(text)
            places += [echo.start()] if echo else []
            if _is_in(text, _spellings(key)):
                places.append(min((start for start, _ in _spans(text, _spellings(key))), default=0))
        return min(places, default=None)


IN_USE: Final = Secrets()
"""The private keys and tokens that this process was given."""
masked: Final = IN_USE.masked
private_key_at: Final = IN_USE.private_key_at


@lru_cache(maxsize=32)
def _echo(key: str) -> re.Pattern[str]:
    """A pattern of a whole key of odd characters, each of them in any way in which a server may give it back."""
    return re.compile("".join(_forms(character) for character in key))


def _forms(character: str) -> str:
    code = ord(character)
    forms = [
        f"%(?i:{code:02x})",
        rf"\\u(?i:{code:04x})",
        rf"\\x(?i:{code:02x})",
        f"&#0*{code};",
        f"&#[xX]0*(?i:{code:x});",
        *([_HTML_FORMS[character]] if character in _HTML_FORMS else []),
    ]
    # The plain character comes last: a backslash or "&" may also begin its own escape.
    plain = re.escape(character)
    return rf"(?:{'|'.join(forms)}|\\{plain}|{plain})"


@lru_cache(maxsize=32)
def _spellings(key: str) -> tuple[_Spelling, ...]:
    prefix = _PREFIX.match(key)
    secret = key[prefix.end() :] if prefix else key
    if len(secret) < WINDOW:
        return (_Spelling(key.lower(), len(key), folded=True),)
    raw = secret.encode()
    return (
        _Spelling(secret.lower(), WINDOW, folded=True),
        _Spelling(secret.lower()[::-1], WINDOW, folded=True),
        _Spelling(raw.hex(), 2 * WINDOW, folded=True),
        *(_Spelling(_base64(raw, shift), WINDOW + 2, folded=False) for shift in range(3)),
    )


def _base64(raw: bytes, shift: int) -> str:
    """What base64 makes of the bytes alone, where `shift` bytes, three or none of which matter, come before them."""
    encoded = b64encode(bytes(shift) + raw).decode().rstrip("=")
    whole = encoded[: (shift + len(raw)) * 8 // 6]
    return whole[(0, 2, 3)[shift] :]


def _masked(text: str, spellings: tuple[_Spelling, ...]) -> str:
    if not _is_in(text, spellings):
        return text
    spans = sorted(_spans(text, spellings))
    if not spans:
        return REDACTED
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        if start >= end:
            pieces += [text[end:start], REDACTED]
        end = max(end, stop)
    return "".join([*pieces, text[end:]])


def _is_in(text: str, spellings: tuple[_Spelling, ...]) -> bool:
    levels = {text}
    for noise in _NOISES:
        level = text
        for _ in range(_LEVELS):
            level = _ESCAPE.sub(_unescaped, re.sub(noise, "", level))
            levels.add(level)
    return any(any(_found(level, spellings)) for level in levels)


def _spans(text: str, spellings: tuple[_Spelling, ...]) -> Iterator[tuple[int, int]]:
    """Where in the text each part of the secret begins and ends, with all that is in between."""
    for pattern in _TOKENS:
        level = text
        starts: Sequence[int] = range(len(text))
        ends: Sequence[int] = range(1, len(text) + 1)
        for _ in range(_LEVELS + 1):
            yield from ((starts[start], ends[stop - 1]) for start, stop in _found(level, spellings))
            tokens = [match for match in pattern.finditer(level) if match["noise"] is None]
            starts, ends = [starts[token.start()] for token in tokens], [ends[token.end() - 1] for token in tokens]
            level = "".join(map(_unescaped, tokens))


def _unescaped(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    value = match[kind]
    match kind:
        case "url" | "u" | "x" | "hex":
            code = int(value, 16)
        case "decimal":
            code = int(value)
        case "name":
            return _NAMED[value.lower()]
        case _:
            return value
    return chr(code) if code <= _LAST_CODE else match[0][:1]


def _found(text: str, spellings: tuple[_Spelling, ...]) -> Iterator[tuple[int, int]]:
    """Where at least `least` characters of a spelling are in the text.

    Any that many in a row hold one of the pieces of half that length that the spelling is cut into.
    """
    small = text.lower()
    folded = small if len(small) == len(text) else text.translate(_SMALL)
    standard = text.replace("-", "+").replace("_", "/")  # the alphabet of base64 for URLs to the usual one
    for spelling in spellings:
        searched = folded if spelling.folded else standard
        size = spelling.least // 2
        for offset in range(0, len(spelling.text) - size + 1, size):
            piece = spelling.text[offset : offset + size]
            at = searched.find(piece)
            while at >= 0:
                before = _common(spelling.text[:offset][::-1], searched[max(0, at - offset) : at][::-1])
                after = _common(spelling.text[offset:], searched[at : at + len(spelling.text) - offset])
                if before + after >= spelling.least:
                    yield at - before, at + after
                at = searched.find(piece, at + 1)


_SMALL: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _common(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    for position, (first, second) in enumerate(zip(one, other, strict=False)):
        if first != second:
            return position
    return min(len(one), len(other))
