"""Texts that look the same to a person although their characters differ."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from typing import Final

_LETTERS: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u051b\u051d"  # Cyrillic
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u03bf\u03bd\u03c1\u03b9\u03b1"  # Greek
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0131\u2018\u2019\u02bc\u201c\u201d\u2010\u2011\u2012\u2013\u2212"  # quotes and dashes
    "\u115f\u1160\u2800\u3164\uffa0",  # letters and patterns that nobody sees
    "aeopcyxijsdhlqwABEKMHOPCTYXIJSovpiaABEZHIKMNOPTYXi'''\"\"-----     ",
)
_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_MOST_SHOWN: Final = 4
_MOST_COMPARED: Final = 200
"""Characters from the first difference on: the time that difflib takes grows with the square of their number."""


def look_alike(one: str, other: str) -> bool:
    """Whether two different texts look the same, or differ only in letters of other scripts than Latin."""
    if one == other or (one.isascii() and other.isascii()):
        return False
    seen, other_seen = appearance(one), appearance(other)
    if len(seen) != len(other_seen):
        return False
    pairs = [sorted(pair) for pair in zip(seen, other_seen, strict=True) if pair[0] != pair[1]]
    is_minor = not pairs or 2 * len(pairs) < sum(map(str.isalpha, seen))
    return is_minor and all(
        ascii_letter.isascii()
        and ascii_letter.isalpha()
        and not (letter.isascii() or unicodedata.name(letter, "LATIN").startswith("LATIN"))
        for ascii_letter, letter in pairs
    )


def appearance(text: str) -> str:
    """A text with each character replaced by a plain one that looks like it."""
    plain = unicodedata.normalize("NFKC", text).translate(_LETTERS)
    return "".join(each for each in plain if each not in _SELECTORS and unicodedata.category(each) != "Cf")


def code_points_that_differ(one: str, other: str) -> str:
    """The characters in which two texts differ, first those of `one`: `U+0430 … and U+0061 …`."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    is_cut = max(len(one), len(other)) > same + _MOST_COMPARED
    one, other = one[same : same + _MOST_COMPARED], other[same : same + _MOST_COMPARED]
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    found = dict.fromkeys(
        f"{_named(one[start:end])} and {_named(other[other_start:other_end])}"
        for kind, start, end, other_start, other_end in (steps[:-1] if is_cut and len(steps) > 1 else steps)
        if kind != "equal"
    )
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return "; ".join([*found][:_MOST_SHOWN]) + more


def _named(characters: str) -> str:
    names = [f"U+{ord(each):04X} {unicodedata.name(each, '')}".strip() for each in characters[:_MOST_SHOWN]]
    return " ".join(names) or "nothing"
