"""Addresses of the API: their form and spelling, and which of them may get keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from flowsync.model import JsonValue

DEFAULT_API_URL: Final = "https://api.frigade.com"
"""[doc] the API reference and the SDK's default."""
VENDOR_URLS: Final = (DEFAULT_API_URL, "https://api3.frigade.com")
"""Both are the vendor's; the second is the same service [obs]."""
SANDBOX_URL: Final = "https://sandbox.invalid"
"""The embedded emulator in plans and messages; `.invalid` can never be a real host."""
ALLOW_HOSTS_VARIABLE: Final = "FLOWSYNC_ALLOW_HOSTS"
_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NAMED_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?"
_NUMBERED_HOST: Final = r"\[[0-9A-Fa-f:.]+\]"
_PORT: Final = r"0*[1-9][0-9]{0,4}"
_PATH: Final = r'(?:/[!"$->A-\[\]-~]*)?'
_LOOPBACK: Final = r"(?:[lL][oO][cC][aA][lL][hH][oO][sS][tT]\.?|127\.0\.0\.1\.?|\[::1\])"
ADDRESS_PATTERN: Final = (
    rf"^(?:[hH][tT][tT][pP][sS]://(?:{_NAMED_HOST}|{_NUMBERED_HOST})|[hH][tT][tT][pP]://{_LOOPBACK})"
    rf"(?::(?:{_PORT})?)?{_PATH}$"
)
"""An address of the API, as editors check it."""
_ALLOWED_HOST: Final = re.compile(rf"({_NAMED_HOST}|{_NUMBERED_HOST})(?::({_PORT}))?")


def url_complaint(value: JsonValue) -> str | None:
    """Why `value` cannot be the address of an API that gets keys; None if it can."""
    if not isinstance(value, str):
        return "must be a URL"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if not set("@?#\\").isdisjoint(value):
        return "must hold no user name, query or fragment"
    if parts.scheme == "http" and host and host.removesuffix(".") not in _LOOPBACK_HOSTS:
        return "must start with https:// (http:// only to this machine), because the key is sent with every request"
    if not re.fullmatch(ADDRESS_PATTERN, value):
        return "must be a URL that starts with https://, with a host of letters, digits, hyphens and dots"
    return None


def canonical_url(url: str) -> str:
    """One spelling for each address: lower case, no dot after the host, no default port, no slash at the end."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}{parts.path}".rstrip("/")


def place_of(url: str) -> str:
    """The address as locks, plans and records name it: this machine is always `127.0.0.1`."""
    if url_complaint(url) is not None:
        return url
    parts = urlsplit(canonical_url(url))
    host = "127.0.0.1" if parts.hostname in _LOOPBACK_HOSTS else parts.netloc.removesuffix(f":{parts.port}")
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()


def is_trusted(url: str, environ: Mapping[str, str]) -> bool:
    """Whether private keys may be sent to a canonical address that flowsync.yaml names.

    They may to the vendor's hosts, to this machine, and to what the operator lists in FLOWSYNC_ALLOW_HOSTS.
    """
    parts = urlsplit(url)
    host = parts.netloc.removesuffix(f":{parts.port}")
    spellings = {(host, None), (host, parts.port or _DEFAULT_PORTS[parts.scheme])}
    return (
        f"{parts.scheme}://{parts.netloc}" in VENDOR_URLS
        or parts.hostname in _LOOPBACK_HOSTS
        or not spellings.isdisjoint(_allowed_hosts(environ))
    )


def _allowed_hosts(environ: Mapping[str, str]) -> Iterator[tuple[str, int | None]]:
    """The hosts that the operator allows, each with its only port or None for any; invalid entries are ignored."""
    for entry in environ.get(ALLOW_HOSTS_VARIABLE, "").split(","):
        if (match := _ALLOWED_HOST.fullmatch(entry.strip())) is not None:
            yield match[1].removesuffix(".").lower(), int(match[2]) if match[2] else None
