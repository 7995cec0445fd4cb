"""Keeps keys, and bytes that could trick a terminal, out of every message."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.errors import ApiError

REDACTED: Final = "[redacted]"
_ANY_KEY: Final = re.compile(r"api_(?:public|private)_[\w-]+")
"""The form of every key [obs], whoever it belongs to."""
_EXCERPT_LENGTH: Final = 200
_EXCERPT_SOURCE: Final = 16_384
"""Characters of a body that are looked at for an excerpt; a hostile one may be very long."""
_TAG: Final = re.compile(r"<(?:script|style)\b[^<]*</|<[^<>]*>", re.IGNORECASE)
_HTML_FORMS: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


class Redactor:
    """Removes one key, and whatever looks like a key, from texts."""

    __slots__ = ("_own",)

    def __init__(self, key: str) -> None:
        self._own = re.compile("".join(_echoes(key))) if key else _ANY_KEY

    def __repr__(self) -> str:
        return "Redactor()"

    def text(self, text: str) -> str:
        """`text` without keys, also where one was echoed percent-, JSON- or HTML-escaped."""
        return _ANY_KEY.sub(REDACTED, self._own.sub(REDACTED, text))

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
        )

    def excerpt(self, text: str) -> str:
        """The beginning of a foreign text, as a person would read it, on one line, safe to print."""
        # Cut after the keys are out: half a key would not be known for one.
        head = self.text(text[: 2 * _EXCERPT_SOURCE])[:_EXCERPT_SOURCE]
        words = self.text(" ".join(_TAG.sub(" ", head).split()))
        return printable(words if len(words) <= _EXCERPT_LENGTH else words[:_EXCERPT_LENGTH] + "…")


def printable(text: str) -> str:
    """`text` with control, bidirectional and other invisible characters written as escapes."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _echoes(key: str) -> Iterator[str]:
    """For each character of the key a pattern of all the ways in which a server may give it back."""
    for char in key:
        code = ord(char)
        forms = [
            f"%(?i:{code:02x})",
            rf"\\u(?i:{code:04x})",
            rf"\\x(?i:{code:02x})",
            f"&#0*{code};",
            f"&#[xX]0*(?i:{code:x});",
        ]
        if char in _HTML_FORMS:
            forms.append(_HTML_FORMS[char])
        # The plain character comes last: a backslash or "&" may also begin its own escape.
        plain = re.escape(char)
        yield rf"(?:{'|'.join(forms)}|\\{plain}|{plain})"
