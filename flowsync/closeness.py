"""Words that are close: those somebody meant by one that is not known, and those that only look the same."""

from __future__ import annotations

import unicodedata
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

CLOSENESS: Final = 0.7
"""The least share of letters in common that counts as a slip of the fingers."""
_LONGEST: Final = 100
"""So many letters are compared, so that a huge word costs nothing."""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` is most likely meant to be; None when none is near.

    Case, hyphens, underscores and blanks do not count; then letters may differ a little.
    """
    by_form = {folded(name): name for name in known}
    wanted = folded(word[:_LONGEST])
    close = [wanted] if wanted in by_form else get_close_matches(wanted, by_form, n=1, cutoff=CLOSENESS)
    return by_form[close[0]] if close else None


def folded(word: str) -> str:
    """The word without what does not count."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


_LETTERS: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u04cf\u051b\u051d"  # Cyrillic
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u03bf\u03bd\u03c1\u03b9\u03b1"  # Greek
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0131\u2018\u2019\u02bc\u201c\u201d\u2010\u2011\u2012\u2013\u2212",  # quotes and dashes
    "aeopcyxijsdhlqwABEKMHOPCTYXIJSovpiaABEZHIKMNOPTYXi'''\"\"-----",
)
_SELECTORS: Final = frozenset(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
_BLANKS: Final = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
"""Letters and patterns that nobody sees."""
_MOST_SHOWN: Final = 4
_MOST_COMPARED: Final = 200
"""Characters from the first difference on: finding all in long texts takes time with the square of their length."""


def look_alike(one: str, other: str) -> bool:
    """Whether two different texts look the same to a person."""
    if one == other or (one.isascii() and other.isascii()):
        return False
    seen, other_seen = appearance(one), appearance(other)
    return seen == other_seen or _is_in_two_scripts(seen, other_seen)


def _is_in_two_scripts(one: str, other: str) -> bool:
    """Whether two texts differ in less than half of their letters only, each from another alphabet than ASCII's."""
    if len(one) != len(other):
        return False
    pairs = [pair for pair in zip(one, other, strict=True) if pair[0] != pair[1]]
    return 2 * len(pairs) < sum(map(str.isalpha, one)) and all(map(_is_of_two_scripts, pairs))


def _is_of_two_scripts(letters: tuple[str, str]) -> bool:
    ascii_letter, letter = sorted(letters)
    name = unicodedata.name(letter, "LATIN")
    return ascii_letter.isascii() and not letter.isascii() and ascii_letter.isalpha() and not name.startswith("LATIN")


def code_points_that_differ(one: str, other: str) -> str:
    """Name the characters in which two texts differ, first those of `one`: `U+0430 … for U+0061 …`."""
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    is_cut = max(len(one), len(other)) > same + _MOST_COMPARED
    one, other = one[same : same + _MOST_COMPARED], other[same : same + _MOST_COMPARED]
    steps = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    found: list[str] = []
    for kind, start, end, new_start, new_end in steps[:-1] if is_cut and len(steps) > 1 else steps:
        if kind != "equal":
            found.append(f"{_named(one[start:end])} and {_named(other[new_start:new_end])}")
    shown = list(dict.fromkeys(found))
    more = f" and {len(shown) - _MOST_SHOWN} more" if len(shown) > _MOST_SHOWN else ""
    return f"{'; '.join(shown[:_MOST_SHOWN])}{more}"


def appearance(text: str) -> str:
    """What a text looks like: the same for texts that look alike."""
    plain = unicodedata.normalize("NFKC", text).translate(_BLANKS).translate(_LETTERS)
    return "".join(
        character for character in plain if character not in _SELECTORS and unicodedata.category(character) != "Cf"
    )


def _named(characters: str) -> str:
    names = [f"U+{ord(each):04X} {unicodedata.name(each, '')}".strip() for each in characters[:_MOST_SHOWN]]
    return " ".join(names) or "nothing"
