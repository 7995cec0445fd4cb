"""Transport: the protocols of `live` over one `httpx.Client`.

Nothing here knows what a flow is. This room holds the key, tries again where that is safe, says in
plain words what a failure means, and lets no secret out.
"""

from __future__ import annotations

from flowsync.http.client import Client, open_client
from flowsync.http.embedded import Handler
from flowsync.http.timing import Timing

__all__ = ["Client", "Handler", "Timing", "open_client"]
