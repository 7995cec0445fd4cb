"""HTTP over httpx: the protocols of `live`, and plain JSON to GitHub.

Nothing here knows what a flow is. This room holds the key, tries again where that is safe, says in
plain words what a failure means, and lets no secret out. It takes 0.1 s to import: import it late.
"""

from flowsync.http.call import Timing
from flowsync.http.client import Client, open_client
from flowsync.http.transport import Handler
from flowsync.http.web import WebAnswer, WebClient, open_web

__all__ = ["Client", "Handler", "Timing", "WebAnswer", "WebClient", "open_client", "open_web"]
