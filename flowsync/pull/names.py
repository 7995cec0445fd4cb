"""Slugs as names of files, on every system that a repository may be checked out on."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE)
"""Names of devices on Windows, whatever follows after a dot."""
_FORBIDDEN: Final = frozenset('/\\:*?"<>|')
_LONGEST: Final = 200
"""Bytes; names of 255 are allowed nearly everywhere, and a temporary name must fit too."""


def name_complaint(slug: str) -> str | None:
    """What keeps a slug from being the name of a file; None if nothing does."""
    forbidden = next((character for character in slug if character in _FORBIDDEN), "")
    complaints = {
        f"it holds the character {forbidden}": bool(forbidden),
        "it holds a character that is not seen": not slug.isprintable() or slug != slug.strip(),
        "it starts with a dot, and such files are passed over": slug.startswith("."),
        "it ends with a dot, which Windows drops": slug.endswith("."),
        "Windows keeps that name for a device": _RESERVED.fullmatch(slug) is not None,
        f"it is longer than {_LONGEST} bytes": len(slug.encode("utf-8", "surrogatepass")) > _LONGEST,
    }
    return next((complaint for complaint, holds in complaints.items() if holds), None)


def folded(slug: str) -> str:
    """The form in which two slugs are one name to a file system that does not tell upper from lower case."""
    return unicodedata.normalize("NFC", slug).casefold()


def folder_for(slug: str, taken: Collection[str]) -> str:
    """The folder below the flows directory for a new file: "" or a name and "/"; `taken` holds folded paths."""
    if folded(slug) not in taken:
        return ""
    numbers = (f"same-name-{number}/" for number in range(2, len(taken) + 3))
    return next(folder for folder in numbers if folded(folder + slug) not in taken)
