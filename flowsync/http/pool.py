"""The connection pool: where httpx is set up, and the key is added to each request."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flowsync.http.bare import httpx
from flowsync.http.embedded import HandlerTransport
from flowsync.http.wire import unusable_environment

if TYPE_CHECKING:
    from collections.abc import Generator

    from flowsync.config import Key, Timeouts
    from flowsync.http.embedded import Handler


_KEEP_ALIVE: Final = 30.0
"""Seconds that an idle connection is kept: longer than any pause between two waves of requests."""


class Bearer(httpx.Auth):
    """The key, added to each request on its way out; given as `auth`, nothing else can take its place."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Set the header, whatever was there before."""
        request.headers["Authorization"] = f"Bearer {self._key.value}"
        yield request


def open_pool(
    url: str,
    handler: Handler | None,
    *,
    auth: httpx.Auth,
    user_agent: str,
    timeouts: Timeouts,
    most: int,
) -> httpx.Client:
    """An httpx.Client with `most` connections that follows no redirect by itself.

    Raises ConfigError when proxies or certificates in the environment cannot be used.
    """
    is_local = urlsplit(url).scheme == "http"
    try:
        return httpx.Client(
            auth=auth,
            headers={"User-Agent": user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=None),
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=_KEEP_ALIVE),
            transport=None if handler is None else HandlerTransport(handler),
            verify=_nobody() if is_local or handler else httpx.create_ssl_context(),
            # Unencrypted requests go to this machine only, and not by way of a proxy: it would see the key.
            trust_env=not is_local,
            follow_redirects=False,
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        raise unusable_environment(error) from None


def _nobody() -> ssl.SSLContext:
    """A context that trusts no one, for where no TLS is spoken; loading the authorities costs 17 ms."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
