"""Transport: the protocols of `live` over one `httpx.Client`, and plain JSON to other services (`web`).

Nothing here knows what a flow is. This room holds the key, tries again where that is safe, says in
plain words what a failure means, and lets no secret out.
"""

from __future__ import annotations

import flowsync.http.bare  # noqa: F401 - before httpx is imported
from flowsync.http.client import Client, open_client
from flowsync.http.embedded import Handler
from flowsync.http.timing import Timing
from flowsync.http.web import WebAnswer, WebClient, open_web

__all__ = ["Client", "Handler", "Timing", "WebAnswer", "WebClient", "open_client", "open_web"]
