"""One request as plain values, and the clocks that requests are made by."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Method(Enum):
    """What flowsync does to a URL."""

    GET = "GET"
    PUT = "PUT"
    POST = "POST"
    PATCH = "PATCH"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to `url`, which holds no query; `query` is encoded, "" when there is none."""

    method: Method
    url: str
    query: str = ""
    content: bytes | None = None

    @property
    def target(self) -> str:
        """The URL to send to."""
        return f"{self.url}?{self.query}" if self.query else self.url

    @property
    def shown(self) -> str:
        """The request for messages: a query could hold what nobody should read, so it is left out."""
        return f"{self.method.value} {self.url}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: whom the key is shown to. Raises ValueError for a URL that has none."""
        return origin_of(self.url)

    @property
    def is_public(self) -> bool:
        """Whether a public key is enough for this path [doc]."""
        return "/v1/public/" in self.url

    def redirected(self, url: str) -> Call:
        """The same request to another URL."""
        path, _, query = url.partition("#")[0].partition("?")
        return replace(self, url=path, query=query)


def get(url: str, query: Mapping[str, str]) -> Call:
    """A GET request with `query` encoded."""
    return Call(Method.GET, url, urlencode(query) if query else "")


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling. Raises ValueError when it has none."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("not an address of the web")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORTS[scheme]
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the sleep and the dice; tests bring their own. `sleep` may return early to hurry up."""

    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
