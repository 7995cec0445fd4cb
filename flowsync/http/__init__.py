"""Transport: the protocols of `live` over HTTP, and plain JSON to other services (`web`).

Nothing here knows what a flow is. This room holds the key, tries again where that is safe, says in
plain words what a failure means, and lets no secret out.

Requests go over a `wire`: the standard library's where the host is reached directly, httpx's where proxies
stand in between. Names are loaded from their modules when first used, for httpx is slow to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.http.client import Client, open_client
    from flowsync.http.embedded import Handler
    from flowsync.http.timing import Timing
    from flowsync.http.web import WebAnswer, WebClient, open_web

__all__ = ["Client", "Handler", "Timing", "WebAnswer", "WebClient", "open_client", "open_web"]

_HOMES: Final = {
    "Client": "client",
    "open_client": "client",
    "Handler": "embedded",
    "Timing": "timing",
    "WebAnswer": "web",
    "WebClient": "web",
    "open_web": "web",
}


__getattr__ = deferred(__name__, _HOMES)
