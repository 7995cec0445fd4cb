"""A wire over httpx: what goes by way of proxies, and to the emulator inside this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.http.answer import Arriving, receive
from flowsync.http.pool import Bearer, open_pool
from flowsync.http.translate import translated

if TYPE_CHECKING:
    from flowsync.http.answer import Answer
    from flowsync.http.call import Call
    from flowsync.http.embedded import Handler
    from flowsync.http.wire import Terms


class PooledWire:
    """One httpx.Client, shared by all threads; with a handler, every request goes to it."""

    def __init__(self, terms: Terms, handler: Handler | None = None) -> None:
        self._terms = terms
        self._pool = open_pool(
            terms.url,
            handler,
            auth=Bearer(terms.key),
            user_agent=terms.user_agent,
            timeouts=terms.timeouts,
            most=terms.parallelism,
        )

    def send(self, call: Call) -> Answer:
        """See Wire."""
        headers = {} if call.content is None else {"Content-Type": "application/json"}
        with (
            translated(call, self._terms.timeouts),
            self._pool.stream(call.method.value, call.target, content=call.content, headers=headers) as response,
        ):
            arriving = Arriving(response.status_code, response.reason_phrase, response.headers, response.iter_raw())
            return receive(arriving, call, self._terms.timing)

    def close(self) -> None:
        """See Wire."""
        self._pool.close()
