"""A server inside this process, reached through httpx's transport interface: no socket is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from flowsync.http.bare import httpx

Handler: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""(method, target with its query, headers, body) to (status, headers, body); called from many threads.

A ConnectionError or TimeoutError that it raises is one of the connection.
"""


class HandlerTransport(httpx.BaseTransport):
    """Answers every request by calling a handler."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Hand the request over as plain values, and wrap what comes back."""
        target = request.url.raw_path.decode("ascii")
        try:
            status, headers, body = self._handler(request.method, target, dict(request.headers), request.read())
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer", request=request) from error
        except ConnectionError as error:
            raise httpx.ReadError("the connection broke", request=request) from error
        return httpx.Response(status, headers=dict(headers), stream=httpx.ByteStream(body))
