"""What an author probably meant by a word that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.closeness import closest, folded

if TYPE_CHECKING:
    from collections.abc import Collection

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


def meant(word: str, known: Collection[str]) -> str | None:
    """The one of `known` that is close to `word`, or is what other tools call by it; None when there is none."""
    return closest(word, known) or _other_word(folded(word), known)


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """The hint for an unknown word, where one of `known` is near."""
    match = meant(word, known)
    return None if match is None else f"Did you mean `{match}`?"


def _other_word(folded: str, known: Collection[str]) -> str | None:
    word = OTHER_WORDS.get(folded)
    return word if word in known else None
