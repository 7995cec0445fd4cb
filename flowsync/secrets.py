"""Keys in texts: recognised however they are written, masked in what is shown, refused in what is stored.

Two things count as a key: the private keys and tokens in use, and whatever has the form of a private key. Public keys
ship with the app and are no secret. A key in use is recognised by each run of WINDOW characters of its secret part, the
prefix (`api_private_`) not counted, for that alone occurs in every message about keys. Upper and lower case, white
space, punctuation and markup in between make no difference, nor do base64, hexadecimal digits, percent, JSON, Python
and HTML escapes (each also inside another), or reading backwards.

A text without a key, nearly every one, is compared with a few short pieces only: each run holds one of them.
"""

from __future__ import annotations

import json
import re
import string
from base64 import b64encode
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.model import JsonValue

REDACTED: Final = "[redacted]"
WINDOW: Final = 12
_SHORTEST: Final = 6
"""Letters and digits of a secret part that is looked for by itself; a shorter one only together with its prefix."""
_ROUNDS: Final = 4
"""How many escapes inside one another are undone."""
_FORM: Final = re.compile(r"api_private_(?!sandbox(?![\w-]))[A-Za-z0-9_.~+/=-]*[A-Za-z0-9_~+/=-]", re.IGNORECASE)
"""[obs]; the sandbox's own key is in the docs, and opens nothing else."""
_SANDBOX_KEY: Final = "api_private_sandbox"
_ENCODED_FORMS: Final = re.compile(
    r"6170695f707269766174655f[0-9a-f]{2,}"
    r"|(?-i:YXBpX3ByaXZhdGVf|FwaV9wcml2YXRlX|hcGlfcHJpdmF0ZV)[\w+/=-]{2,}"
    r"|[A-Za-z0-9_.~+/=-]{1,200}_etavirp_ipa",
    re.IGNORECASE,
)
"""The same in hexadecimal digits, in base64 (one for each place in a group of three) and backwards."""
_FORM_PIECES: Final = (
    *("apiprivate", "6170695f70726976", "yxbpx3byaxzhdgvf"),
    *("fwav9wcml2yxrlx", "hcglfchjpdmf0zv", "etavirpipa"),
)
_PREFIX: Final = re.compile(r"api_(?:private|public)_|gh[a-z]_|github_pat_")
_ORDINARY: Final = re.compile(r"[\w.~-]*", re.ASCII)
_HEX_DIGIT: Final = "[0-9A-Fa-f]"
_ESCAPE: Final = re.compile(
    rf"%(?P<percent>{_HEX_DIGIT}{{2}})"
    rf"|\\(?:u(?P<unicode>{_HEX_DIGIT}{{4}})|x(?P<hex>{_HEX_DIGIT}{{2}})|(?P<blank>[nrtfv])|(?P<plain>[\"'\\/`&<>]))"
    rf"|&(?:#0*(?P<decimal>[0-9]{{2,7}})|#[xX]0*(?P<entity>{_HEX_DIGIT}{{2,6}})|(?P<name>amp|lt|gt|quot|apos));?"
    r"|<[A-Za-z/!?][^<>]*>|(?:\x1b|\\u001b)\[[0-9;]*[A-Za-z]"
)
_ASIDE: Final = re.compile(
    r"(<[A-Za-z/!?][^<>]*>|(?:\x1b|\\u001b)\[[0-9;]*[A-Za-z]|\\(?:[nrtfv]|u(?!00[2-7])[0-9A-Fa-f]{4})"
    r"|&(?:amp|lt|gt|quot|apos);)"
)
"""What may come between two characters of a key, and is no character of it or, as `&amp;`, none of its letters."""
_MARKS: Final = ("<", "\\", "&", "\x1b")
_NUMERIC: Final = re.compile(r"%[2-7][0-9A-Fa-f]|\\(?:u00|x)[2-7]|&#|&lt;[A-Za-z/!?]|&amp;(?:#|lt;|amp;)")
"""What makes it worthwhile to undo all escapes."""
_BASES: Final = {"percent": 16, "unicode": 16, "hex": 16, "entity": 16, "decimal": 10}
_NAMES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ASCII: Final = 0x7F
_KEPT: Final = frozenset((string.ascii_letters + string.digits).encode())
_LOWER: Final = bytes(range(256)).lower()
_DROPPED: Final = bytes(code for code in range(256) if code not in _KEPT)


class Secrets:
    """Keys that no text may show, and whatever has the form of a private one."""

    def __init__(self, *keys: str) -> None:
        self._keys: tuple[str, ...] = ()
        self._pieces: tuple[tuple[str, frozenset[str], int], ...] = ()
        self._echoes: tuple[re.Pattern[str], ...] = ()
        self._probes: tuple[str, ...] = _FORM_PIECES
        self._clean = ""
        for key in keys:
            self.add(key)

    def __repr__(self) -> str:
        return "Secrets()"

    def add(self, key: str) -> None:
        """Count a key among them, unless it is the sandbox's own or too short to be told from a word."""
        if len(key) < _SHORTEST or key == _SANDBOX_KEY or key in self._keys:
            return
        pieces = tuple(_pieces(key))
        self._keys += (key,)
        self._pieces += pieces
        self._probes += tuple(piece for piece, _, _ in pieces)
        if not pieces or not _ORDINARY.fullmatch(key):
            self._echoes += (re.compile("".join(_echoes(key))),)
        self._clean = ""

    def masked(self, text: str) -> str:
        """The text without keys; what is a JSON document stays one."""
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
        """Where the first key in a text is; None where there is none."""
        return min((start for start, _ in self._spans(text)), default=None)

    def mask(self, text: str) -> str:
        """`text` without keys."""
        parts, end = [], 0
        for start, stop in _merged(self._spans(text)):
            parts += [text[end:start], REDACTED]
            end = stop
        return "".join(parts) + text[end:] if parts else text

    def mask_value(self, value: JsonValue) -> JsonValue:
        """A JSON value whose texts hold no keys; the same object where none did."""
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
        """Where keys are. Their places are worked out only in a text that seems to hold one.

        The last text without a key is remembered: a long document is looked through before it is shown, and then again.
        """
        if text == self._clean:
            return []
        spans = [match.span() for pattern in self._echoes for match in pattern.finditer(text)]
        if _seems_to_hold(text, self._probes):
            starts: Sequence[int] = range(len(text))
            ends: Sequence[int] = range(1, len(text) + 1)
            view = text
            for _ in range(_ROUNDS):
                spans += [(starts[start], ends[stop - 1]) for start, stop in self._found(view)]
                if _ESCAPE.search(view) is None:
                    break
                view, starts, ends = _decoded(view, starts, ends)
        if not spans:
            self._clean = text
        return spans

    def _found(self, view: str) -> Iterator[tuple[int, int]]:
        for pattern in (_FORM, _ENCODED_FORMS):
            yield from (match.span() for match in pattern.finditer(view))
        for key in self._keys:
            yield from (match.span() for match in re.finditer(re.escape(key), view, re.IGNORECASE))
        flat = _flat(view)
        places = [index for index, character in enumerate(view) if character.isascii() and character.isalnum()]
        for start, stop in _runs(flat, self._pieces):
            yield places[start], places[stop - 1] + 1


def _secret(key: str) -> str:
    """The part of a key that is not its prefix."""
    return _PREFIX.sub("", key, count=1) if _PREFIX.match(key) else key


def _flat(text: str) -> str:
    """Nothing but the letters and digits of ASCII, in lower case."""
    return text.encode("ascii", "ignore").translate(_LOWER, _DROPPED).decode("ascii")


def _pieces(key: str) -> Iterator[tuple[str, frozenset[str], int]]:
    """Short pieces of which every run holds one, with the runs that are meant and their length."""
    secret = _secret(key)
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


def _seems_to_hold(text: str, pieces: Iterable[str]) -> bool:
    """Whether one of the pieces is in a text, or in what its escapes stand for; both ways markup is put aside."""
    for _ in range(_ROUNDS):
        parts = _ASIDE.split(text) if any(mark in text for mark in _MARKS) else [text]
        flat = _flat("".join((*parts[::2], " ", *parts[1::2])))
        if any(piece in flat for piece in pieces):
            return True
        if _NUMERIC.search(text) is None:
            return False
        text = _ESCAPE.sub(_meant, text)
    return False


def _decoded(view: str, starts: Sequence[int], ends: Sequence[int]) -> tuple[str, list[int], list[int]]:
    """The next view, with the places in the text that each of its characters comes from."""
    characters: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    position = 0
    for match in (*_ESCAPE.finditer(view), None):
        upto = len(view) if match is None else match.start()
        characters += view[position:upto]
        new_starts += starts[position:upto]
        new_ends += ends[position:upto]
        if match is None:
            break
        meant = _meant(match)
        if meant:
            characters.append(meant)
            new_starts.append(starts[match.start()])
            new_ends.append(ends[match.end() - 1])
        position = match.end()
    return "".join(characters), new_starts, new_ends


def _meant(match: re.Match[str]) -> str:
    """The character that an escape stands for; nothing for a blank, markup, and what no key holds."""
    kind = match.lastgroup
    found = "" if kind is None else match[kind]
    if kind in _BASES:
        code = int(found, _BASES[kind])
        return chr(code) if code <= _ASCII else ""
    return {"name": _NAMES.get(found, ""), "plain": found}.get(kind or "", "")


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged


def _echoes(key: str) -> Iterator[str]:
    """For each character of a key with punctuation in it, a pattern of all the ways to write it."""
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
