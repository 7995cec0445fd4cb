"""Finds API keys in texts, in any spelling; masks them in output, and refuses them in what is stored.

Two things count as a key: the private keys and tokens in use, and whatever has the form of a private key. Public keys
ship with the app and are no secret. A key in use is recognised by each run of WINDOW characters of its secret part: the
prefix (`api_private_`) does not count, because every message about keys holds it. Letter case, white space,
punctuation and markup in between make no difference, nor do base64, hexadecimal digits, percent, JSON, Python and
HTML escapes (each also inside another), or reading backwards.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from bisect import bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.model import JsonValue

REDACTED: Final = "[redacted]"
WINDOW: Final = 12
_SHORTEST: Final = 6
"""Letters and digits of a secret part that is searched for without its prefix."""
_ROUNDS: Final = 4
"""Levels of nested escapes that are decoded."""
_FORM: Final = re.compile(r"api_private_(?!sandbox(?![\w-]))[A-Za-z0-9_.~+/=-]*[A-Za-z0-9_~+/=-]", re.IGNORECASE)
"""The form of a private key [obs]; the sandbox's own key is in the docs and no secret."""
_SANDBOX_KEY: Final = "api_private_sandbox"
_ENCODED_FORMS: Final = re.compile(
    r"6170695f707269766174655f[0-9a-f]{2,}"
    r"|(?-i:YXBpX3ByaXZhdGVf|FwaV9wcml2YXRlX|hcGlfcHJpdmF0ZV)[\w+/=-]{2,}"
    r"|[A-Za-z0-9_.~+/=-]{1,200}_etavirp_ipa",
    re.IGNORECASE,
)
"""The same in hexadecimal digits, in base64 (three alignments) and backwards."""
_FORM_PIECES: Final = (
    *("apiprivate", "6170695f70726976", "yxbpx3byaxzhdgvf"),
    *("fwav9wcml2yxrlx", "hcglfchjpdmf0zv", "etavirpipa"),
)
"""What a flattened text holds where one of the two patterns, which are slow, may match."""
_PREFIX: Final = re.compile(r"api_(?:private|public)_|gh[a-z]_|github_pat_")
_PLAIN_KEY: Final = re.compile(r"[\w.~-]*", re.ASCII)
_HEX_DIGIT: Final = "[0-9A-Fa-f]"
_ESCAPE: Final = re.compile(
    rf"%(?P<percent>{_HEX_DIGIT}{{2}})"
    rf"|\\(?:u(?P<unicode>{_HEX_DIGIT}{{4}})|x(?P<hex>{_HEX_DIGIT}{{2}})|(?P<blank>[nrtfv])|(?P<plain>[\"'\\/`&<>]))"
    rf"|&(?:#0*(?P<decimal>[0-9]{{2,7}})|#[xX]0*(?P<entity>{_HEX_DIGIT}{{2,6}})|(?P<name>amp|lt|gt|quot|apos));?"
    r"|<[A-Za-z/!?][^<>]*>|\x1b\[[0-9;]*[A-Za-z]"
)
_BASES: Final = {"percent": 16, "unicode": 16, "hex": 16, "entity": 16, "decimal": 10}
_NAMES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ASCII: Final = 0x7F
_LOWER: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(code for code in range(256) if not bytes([code]).isalnum())


class Secrets:
    """Keys that no text may show, and whatever has the form of a private one."""

    def __init__(self, *keys: str) -> None:
        self._keys: tuple[str, ...] = ()
        self._pieces: tuple[tuple[str, frozenset[str], int], ...] = ()
        self._echoes: tuple[re.Pattern[str], ...] = ()
        for key in keys:
            self.add(key)

    def __repr__(self) -> str:
        return "Secrets()"

    def add(self, key: str) -> None:
        """Add a key, unless it is the sandbox's own or so short that it could be a word."""
        if len(key) < _SHORTEST or key == _SANDBOX_KEY or key in self._keys:
            return
        pieces = tuple(_pieces(key))
        self._keys += (key,)
        self._pieces += pieces
        if not pieces or not _PLAIN_KEY.fullmatch(key):
            self._echoes += (re.compile("".join(_echoes(key))),)

    def masked(self, text: str) -> str:
        """`text` without keys; a JSON document stays one."""
        if not self._spans(text):
            return text
        try:
            value = json.loads(text) if text[:1] in {"{", "["} else None
        except ValueError:
            value = None
        if value is None:
            return self.mask(text)
        masked = self.mask_value(value)
        end = "\n" if text.endswith("\n") else ""
        return text if masked == value else json.dumps(masked, indent=2 if "\n" in text.strip() else None) + end

    def private_key_at(self, text: str) -> int | None:
        """The offset of the first key in `text`; None if there is none."""
        return min((start for start, _ in self._spans(text)), default=None)

    def mask(self, text: str) -> str:
        """`text` with REDACTED in place of each key."""
        masked, end = "", 0
        for start, stop in sorted(self._spans(text)):
            if start > end or not masked:
                masked += text[end:start] + REDACTED
            end = max(end, stop)
        return masked + text[end:]

    def mask_value(self, value: JsonValue) -> JsonValue:
        """A JSON value with all its texts masked."""
        match value:
            case str():
                return self.mask(value)
            case dict():
                return {self.mask(key): self.mask_value(item) for key, item in value.items()}
            case list():
                return [self.mask_value(item) for item in value]
            case _:
                return value

    def _spans(self, text: str) -> list[tuple[int, int]]:
        spans = [match.span() for pattern in self._echoes for match in pattern.finditer(text)]
        views = [text]
        while len(views) < _ROUNDS and (decoded := _ESCAPE.sub(_meant, views[-1])) != views[-1]:
            views.append(decoded)
        for depth, view in enumerate(views):
            found = [*self._found(view)]
            for earlier in reversed(views[:depth] if found else []):
                segments = _segments(earlier)
                found = [_before_decoding(span, segments) for span in found]
            spans += found
        return spans

    def _found(self, view: str) -> Iterator[tuple[int, int]]:
        flat = _flat(view)
        if any(piece in flat for piece in _FORM_PIECES):
            yield from (match.span() for pattern in (_FORM, _ENCODED_FORMS) for match in pattern.finditer(view))
        for key in self._keys:
            if _flat(key) in flat:
                yield from (match.span() for match in re.finditer(re.escape(key), view, re.IGNORECASE))
        runs = [*_runs(flat, self._pieces)]
        if runs:
            places = [index for index, character in enumerate(view) if character.isascii() and character.isalnum()]
            yield from ((places[start], places[stop - 1] + 1) for start, stop in runs)


def _flat(text: str) -> str:
    """The ASCII letters and digits of a text, in lower case."""
    return text.encode("ascii", "ignore").translate(_LOWER, _DROPPED).decode("ascii")


def _pieces(key: str) -> Iterator[tuple[str, frozenset[str], int]]:
    """(piece, runs, length of a run): every run, in each of its spellings, holds one of its short pieces."""
    secret = _PREFIX.sub("", key, count=1) if _PREFIX.match(key) else key
    flat = _flat(secret)
    if len(flat) < _SHORTEST:
        return
    raw = secret.encode()
    in_base64 = [b64encode(raw[skipped:])[: (len(raw) - skipped) * 8 // 6].decode() for skipped in range(3)]
    spellings = [(flat, WINDOW), (flat[::-1], WINDOW), (raw.hex(), 2 * WINDOW)]
    spellings += [(_flat(each), WINDOW) for each in in_base64]
    for spelling, most in spellings:
        width = min(most, len(spelling))
        if width < _SHORTEST:
            continue
        size = max(width // 2, min(width, _SHORTEST))
        runs = frozenset(spelling[start : start + width] for start in range(len(spelling) - width + 1))
        for first in range(0, len(spelling) - width + 1, width - size + 1):
            at = min(first + width - size, len(spelling) - size)
            yield spelling[at : at + size], runs, width


def _runs(flat: str, pieces: Iterable[tuple[str, frozenset[str], int]]) -> Iterator[tuple[int, int]]:
    for piece, runs, width in pieces:
        at = flat.find(piece)
        while at >= 0:
            for start in range(max(0, at + len(piece) - width), at + 1):
                if flat[start : start + width] in runs:
                    yield start, start + width
            at = flat.find(piece, at + 1)


_Segments: TypeAlias = "list[tuple[int, int, int]]"


def _segments(view: str) -> _Segments:
    """Where each part of the decoded view begins: there, in `view`, and the length of its escape in `view` or 0."""
    segments: _Segments = []
    size = position = 0
    for match in (*_ESCAPE.finditer(view), None):
        start, stop = (len(view), len(view)) if match is None else match.span()
        meant = "" if match is None else _meant(match)
        for part, origin, width in ((view[position:start], position, 0), (meant, start, stop - start)):
            if part:
                segments.append((size, origin, width))
                size += len(part)
        position = stop
    return segments


def _before_decoding(span: tuple[int, int], segments: _Segments) -> tuple[int, int]:
    """The places in the text before that a span of the decoded one comes from."""
    first, last = (segments[bisect_right(segments, at, key=itemgetter(0)) - 1] for at in (span[0], span[1] - 1))
    start = first[1] if first[2] else first[1] + span[0] - first[0]
    return start, last[1] + (last[2] or span[1] - last[0])


def _meant(match: re.Match[str]) -> str:
    """The character that an escape represents; "" for white space, markup, and characters that no key has."""
    kind = match.lastgroup
    if kind is None or kind == "blank":
        return ""
    found = match[kind]
    if kind in _BASES:
        code = int(found, _BASES[kind])
        return chr(code) if code <= _ASCII else ""
    return _NAMES[found] if kind == "name" else found


def _echoes(key: str) -> Iterator[str]:
    """Patterns of all ways to write each character of a key that is short or holds punctuation."""
    names = {meant: f"&{name};" for name, meant in _NAMES.items()}
    for char in key:
        code = ord(char)
        forms = [f"%(?i:{code:02x})", rf"\\u(?i:{code:04x})", rf"\\x(?i:{code:02x})", f"&#0*{code};"]
        forms += [f"&#[xX]0*(?i:{code:x});", *([names[char]] if char in names else [])]
        # The plain character comes last: a backslash or "&" may also begin its own escape.
        yield rf"(?:{'|'.join(forms)}|\\{{0,8}}{re.escape(char)})"


IN_USE: Final = Secrets()
"""The private keys and tokens that this process was given."""
masked: Final = IN_USE.masked
private_key_at: Final = IN_USE.private_key_at
