"""Whether JavaScript would compile a regular expression, in one pass and linear time.

Python's `re` is another dialect, differs between versions and can take long on hostile patterns, so nothing is
compiled. This knows the grammar of ECMAScript's patterns without flags: groups, classes, quantifiers, escapes. What
only fails on finer points (a back-reference to a group that does not exist) passes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

TOKEN: Final = re.compile(
    r"""
      (?P<escape>\\.) | (?P<dangling>\\)
    | (?P<set>\[\^?(?:\\.|[^\]\\])*\]) | (?P<unclosed>\[)
    | (?P<look>\(\?(?:=|!|<=|<!)) | (?P<group>\(\?(?:[a-z]*(?:-[a-z]*)?:|<[^\s<>=!][^\s<>]*>)) | (?P<odd>\(\?)
    | (?P<open>\() | (?P<close>\))
    | (?P<range>\{[0-9]+(?:,[0-9]*)?\}\??) | (?P<quantifier>[*+?]\??)
    | (?P<anchor>[\^$|]) | (?P<atom>.)
    """,
    re.VERBOSE | re.DOTALL,
)
SET_ITEM: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|.)|[^\\]", re.DOTALL)
NOTHING_TO_REPEAT: Final = frozenset({"start", "look", "group", "open", "anchor", "quantifier", "range"})
DEPTH: Final = {"look": 1, "group": 1, "open": 1, "close": -1}


@lru_cache(maxsize=256)
def complaint(pattern: str) -> str | None:
    """What keeps JavaScript from compiling `pattern`, as a clause; None when nothing does."""
    depth = 0
    previous = "start"
    for token in TOKEN.finditer(pattern):
        kind = str(token.lastgroup)
        depth += DEPTH.get(kind, 0)
        wrong = _wrong_token(kind, token[0], previous, depth)
        if wrong is not None:
            return wrong
        previous = kind
    return "a parenthesis ( is never closed" if depth else None


def _wrong_token(kind: str, text: str, previous: str, depth: int) -> str | None:
    if kind in _ALWAYS_WRONG:
        return _ALWAYS_WRONG[kind]
    if depth < 0:
        return "a parenthesis ) closes nothing"
    if kind in {"quantifier", "range"} and previous in NOTHING_TO_REPEAT:
        return f"there is nothing before {text[:20]} that could be repeated"
    if kind == "range":
        return _wrong_count(text)
    return _wrong_set(SET_ITEM.findall(text, 1, len(text) - 1)) if kind == "set" else None


_ALWAYS_WRONG: Final = {
    "dangling": "it ends in a backslash",
    "unclosed": "a bracket [ is never closed",
    "odd": "(? is followed by nothing that JavaScript knows",
}


def _wrong_count(text: str) -> str | None:
    """Compared as digits, for such numbers may be too long to be converted."""
    least, _, most = text.rstrip("?").strip("{}").partition(",")
    low, high = least.lstrip("0"), most.lstrip("0")
    is_reversed = bool(most) and (len(high), high) < (len(low), low)
    return f"the numbers in {text[:20]} are in the wrong order" if is_reversed else None


def _wrong_set(items: list[str]) -> str | None:
    """A range such as z-a; only plain characters are compared."""
    index = 1 if items[:1] == ["^"] else 0
    while index + 2 < len(items):
        low, dash, high = items[index : index + 3]
        if dash == "-" and len(low) == len(high) == 1 and low > high:
            return f"the range {low}-{high} is in the wrong order"
        index += 3 if dash == "-" else 1
    return None
