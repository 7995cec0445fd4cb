"""Bytes of a file to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.document.failure import failure, locate
from flowsync.document.limits import MAXIMUM_BYTES
from flowsync.model import Location

if TYPE_CHECKING:
    from flowsync.errors import DocumentError

_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
"""Byte order marks of other encodings, the longer ones first: that of UTF-32 may begin as that of UTF-16 does."""


def decode(raw: bytes, name: str) -> str:
    """The text of a UTF-8 file; a byte order mark stays, for `parse` to drop as npm yaml does.

    Raises DocumentError `too-large` over 1 MiB, and `not-utf8` at the first byte that is not UTF-8.
    """
    if len(raw) > MAXIMUM_BYTES:
        raise too_large(name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _not_utf8(raw, name, error.start) from None


def require_size(text: str, name: str) -> None:
    """Raise DocumentError `too-large` for a text over 1 MiB of UTF-8."""
    if len(text) * 4 > MAXIMUM_BYTES and len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise too_large(name)


def too_large(name: str) -> DocumentError:
    """The error for a text over the limit."""
    return failure(
        Location(name, 1, 1),
        "too-large",
        "The text is larger than 1 MiB, the most that is read as one document.",
        "A flow is a few kilobytes: is this the right file? Host images and videos elsewhere and link to them.",
    )


def _not_utf8(raw: bytes, name: str, start: int) -> DocumentError:
    before = raw[:start].decode("utf-8")
    encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None)
    return failure(
        locate(name, before, len(before)),
        "not-utf8",
        f"The byte 0x{raw[start]:02x} here is not UTF-8.",
        f"The file is {encoding}: save it as UTF-8." if encoding else "Save the file as UTF-8.",
    )
