"""Keeps keys, and bytes that could trick a terminal, out of every message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.errors import TransportError
from flowsync.secrets import REDACTED, Secrets

if TYPE_CHECKING:
    from flowsync.errors import ApiError

_ANY_KEY: Final = re.compile(r"api_(?:public|private)_[\w-]+")
"""The form of every key [obs], whoever it belongs to."""
_EXCERPT_LENGTH: Final = 200
_EXCERPT_SOURCE: Final = 16_384
"""Characters of a body that are looked at for an excerpt; a hostile one may be very long."""
_EXCERPT_MARGIN: Final = 2_048
"""More than the longest spelling of a key takes."""
_TAG: Final = re.compile(r"<(?:script|style)\b[^<]*</|<[^<>]*>", re.IGNORECASE)


class Redactor:
    """Removes one key, and whatever looks like a key, from texts."""

    __slots__ = ("_secrets",)

    def __init__(self, key: str) -> None:
        self._secrets = Secrets(key)

    def __repr__(self) -> str:
        return "Redactor()"

    def text(self, text: str) -> str:
        """`text` without keys, however they are spelled."""
        return _ANY_KEY.sub(REDACTED, self._secrets.masked(text))

    def error(self, error: ApiError) -> ApiError:
        """The same failure without keys, and without the exceptions and frames that led to it."""
        kind = TransportError if isinstance(error, TransportError) else type(error)
        hint = None if error.hint is None else self.text(error.hint)
        return kind(
            self.text(error.message),
            status=error.status,
            hint=hint,
            retry_after=error.retry_after,
            unsent=error.unsent,
            on_the_way=error.on_the_way,
        )

    def excerpt(self, text: str) -> str:
        """The beginning of a foreign text, as a person would read it, on one line, safe to print."""
        # Cut only after the keys are out: half a key would not be known for one. So nothing near a cut is shown.
        head = self.text(text[:_EXCERPT_SOURCE])
        head = head if len(text) <= _EXCERPT_SOURCE else head[:-_EXCERPT_MARGIN]
        words = self.text(" ".join(_TAG.sub(" ", head).split()))
        return printable(words if len(words) <= _EXCERPT_LENGTH else words[:_EXCERPT_LENGTH] + "…")


def printable(text: str) -> str:
    """`text` with control, bidirectional and other invisible characters written as escapes."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
