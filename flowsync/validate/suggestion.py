"""What an author probably meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_WORD: Final = 40
"""Longer words are never compared letter by letter, so that a huge key costs nothing."""
CLOSENESS: Final = 0.74
"""The least share of letters in common that counts as a slip of the fingers."""

OTHER_WORDS: Final = {
    "body": "subtitle",
    "button": "primaryButton",
    "content": "subtitle",
    "cta": "primaryButton",
    "description": "subtitle",
    "element": "selector",
    "heading": "title",
    "headline": "title",
    "href": "uri",
    "icon": "iconUri",
    "image": "imageUri",
    "img": "imageUri",
    "link": "uri",
    "maximumlength": "maxLength",
    "name": "id",
    "question": "label",
    "regex": "value",
    "targeting": "targetingLogic",
    "text": "subtitle",
    "url": "uri",
    "video": "videoUri",
}
"""Words of other tools, without regard to case and separators, and what they are called here."""


def closest(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that `word` most likely stands for; None when none is near.

    Case, hyphens and underscores do not count; then letters may differ a little; then come words of other tools.
    """
    if len(word) > LONGEST_WORD:
        return None
    by_fold = {_folded(candidate): candidate for candidate in known}
    folded = _folded(word)
    return by_fold.get(folded) or _nearest(folded, by_fold) or _other_word(folded, known)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word, where one of `known` is near."""
    match = closest(word, known)
    return None if match is None else f"Did you mean `{match}`?"


def _folded(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "").replace(" ", "")


def _nearest(folded: str, by_fold: dict[str, str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only problems need it

    matches = get_close_matches(folded, by_fold, n=1, cutoff=CLOSENESS)
    return by_fold[matches[0]] if matches else None


def _other_word(folded: str, known: Collection[str]) -> str | None:
    word = OTHER_WORDS.get(folded)
    return word if word in known else None
