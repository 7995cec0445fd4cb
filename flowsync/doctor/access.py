"""Facts about the address of the API and the keys: which kind, where each came from, and whether it is sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.config import API_URL_VARIABLE
from flowsync.config.address import VENDOR_URLS
from flowsync.doctor.values import Fact, Mark, note, ok
from flowsync.errors import ConfigError
from flowsync.text import excerpt

KEY_SENT: Final = "key sent"
"""The fact that the account can be asked; it is the last one then."""

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.config import Key, Settings


def access_facts(settings: Settings, environ: Mapping[str, str]) -> Iterator[Fact]:
    """Each fact about the address and the keys. Of a key only its kind and its variable are reported."""
    yield _address_fact(settings, environ)
    found = [key for key in (settings.private_key, settings.public_key) if key is not None]
    for key in found:
        yield from _key_facts(key)
    try:
        used = settings.reading_key()
    except ConfigError as error:
        mark = Mark.PROBLEM if found else Mark.NOTE
        yield Fact("key", mark, error.message, None, error.hint)
        return
    yield ok(KEY_SENT, f"the key from {excerpt(used.variable)} is sent to that address", True)  # noqa: FBT003 - a value of JSON


def _address_fact(settings: Settings, environ: Mapping[str, str]) -> Fact:
    url = settings.api_url
    if environ.get(API_URL_VARIABLE):
        text = f"{excerpt(url)}, from {API_URL_VARIABLE}"
        if settings.unused_url is not None:
            return note("address", f"{text}; flowsync.yaml names {excerpt(settings.unused_url)}", url)
        return ok("address", text, url)
    if url in VENDOR_URLS:
        return ok("address", f"{url}, Frigade's own", url)
    return ok("address", f"{excerpt(url)}, from flowsync.yaml", url)


def _key_facts(key: Key) -> Iterator[Fact]:
    try:
        key.refuse_other_forms()
    except ConfigError:
        return
    source = excerpt(key.variable)
    value = {"kind": "public" if key.looks_public else "private", "source": key.variable}
    if key.looks_public:
        yield ok("public key", f"from {source}: it can read", {**value})
    else:
        yield ok("private key", f"from {source}: it can read and write", {**value})
