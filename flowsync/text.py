"""Foreign texts: makes them printable, cuts them, compares their looks, finds similar words; and formats numbers."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import Decimal
from difflib import SequenceMatcher, get_close_matches
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ELLIPSIS: Final = "…"
_UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\xa0\xad"  # controls, no-break space, soft hyphen
    r"\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2"  # a joiner, Arabic and Syriac format characters
    r"\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f"  # Hangul fillers, Ogham space, Khmer vowels, Mongolian selectors
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f"  # blanks, zero-width characters, directional marks and isolates
    r"\u2800\u3000\u3164\ud800-\uf8ff"  # blank Braille pattern, ideographic space, a filler, surrogates, private use
    r"\ufdd0-\ufdef\ufe00-\ufe0e\ufeff"  # no characters, variation selectors but the emoji one, byte order mark
    r"\uffa0\ufff0-\ufffb\ufffe-\uffff"  # a filler, what marks annotations, no characters
    r"\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"  # signs that join or group others
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical controls, tags and further variation selectors
    rf"\U000f0000-\U0010ffff{''.join(chr(plane << 16 | last) for plane in range(1, 15) for last in (0xFFFE, 0xFFFF))}]"
)
"""What cannot be seen, moves or joins others, or acts on a terminal.

A fixed list, not `str.isprintable`: what is shown of an emoji does not depend on which ones this Python knows.
"""
_SHORT_ESCAPES: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_LAST_OF_FOUR_DIGITS: Final = 0xFFFF


def end_of(sentence: str) -> str:
    """A sentence with its full stop, ready for another one; it may end with a foreign sentence."""
    return sentence if sentence.rstrip('"').endswith((".", "!", "?")) else f"{sentence}."


def printable(text: str) -> str:
    r"""A text on one line, in which every invisible character is an escape: `\n`, `\u202e`, `\U000e0041`."""
    return _UNSEEN.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return _SHORT_ESCAPES.get(found[0]) or (f"\\u{code:04x}" if code <= _LAST_OF_FOUR_DIGITS else f"\\U{code:08x}")


def shortened(text: str, length: int) -> str:
    """A text of at most `length` characters, with an ellipsis for what was cut off."""
    return text if len(text) <= length else text[: length - 1] + ELLIPSIS


def excerpt(text: str, length: int = 60) -> str:
    """The beginning of a foreign text for a message: `printable`, at most `length` characters before that."""
    return printable(shortened(text, length))


_LONGEST: Final = 100
"""Letters that are compared: the time that difflib takes grows with the square of the length."""


def closest(word: str, known: Iterable[str], nearness: float = 0.7) -> str | None:
    """The one of `known` that `word` most likely means, by its `folded` form; None if none is similar.

    `nearness` is how much of the letters both must have, from 0 to 1.
    """
    by_form = {folded(name): name for name in known}
    close = get_close_matches(folded(word[:_LONGEST]), by_form, n=1, cutoff=nearness)
    return by_form[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The question for the one of `known` that was most likely meant; None if none is similar."""
    close = closest(word, known)
    return None if close is None else f"Did you mean {excerpt(close)}?"


def folded(word: str) -> str:
    """The word without letter case, hyphens, underscores and spaces."""
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


def number_text(number: int | float) -> str:  # noqa: PYI041 - mypy is to tell them apart
    """Return a number as JavaScript's `String()` writes it (ECMAScript, Number::toString)."""
    sign = "-" if number < 0 else ""
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else f"{sign}Infinity"
    if number == 0:
        return "0"
    shortest = Decimal(repr(abs(float(number)))).as_tuple()
    digits = "".join(map(str, shortest.digits)).rstrip("0")
    point = len(shortest.digits) + int(shortest.exponent)
    if 0 < point <= 21:  # noqa: PLR2004 - ECMAScript's limit, as is the next
        whole, fraction = digits[:point].ljust(point, "0"), digits[point:]
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"
    if -6 < point <= 0:  # noqa: PLR2004
        return f"{sign}0.{'0' * -point}{digits}"
    return f"{sign}{digits[0]}{'.' if digits[1:] else ''}{digits[1:]}e{point - 1:+d}"


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
    """Whether two different texts look the same, or differ only in non-Latin letters."""
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
