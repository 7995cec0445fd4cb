"""Texts that look the same and are not: accents written in two ways, other scripts, selectors that nobody sees."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher
from typing import Final

_LETTERS: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u051b\u051d"  # Cyrillic
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u03bf\u03bd\u03c1\u03b9\u03b1"  # Greek
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u2018\u2019\u02bc\u201c\u201d\u2010\u2011\u2012\u2013\u2212",  # quotes and dashes
    "aeopcyxijsdhlqwABEKMHOPCTYXIJSovpiaABEZHIKMNOPTYX'''\"\"-----",
)
_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_MOST_SHOWN: Final = 4


def look_alike(one: str, other: str) -> bool:
    """Whether two different texts look the same to a person."""
    return one != other and not (one.isascii() and other.isascii()) and appearance(one) == appearance(other)


def code_points_that_differ(one: str, other: str) -> str:
    """Name the characters in which two texts differ, first those of `one`: `U+0430 … for U+0061 …`."""
    found: list[str] = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind != "equal":
            found.append(f"{_named(one[start:end])} and {_named(other[new_start:new_end])}")
    shown = list(dict.fromkeys(found))
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return f"{'; '.join(shown[:_MOST_SHOWN])}{more}"


def appearance(text: str) -> str:
    """What a text looks like: the same for texts that look alike."""
    plain = unicodedata.normalize("NFKC", text).translate(_LETTERS)
    return "".join(
        character for character in plain if character not in _SELECTORS and unicodedata.category(character) != "Cf"
    )


def _named(characters: str) -> str:
    names = [f"U+{ord(each):04X} {unicodedata.name(each, '')}".strip() for each in characters[:_MOST_SHOWN]]
    return " ".join(names) or "nothing"
