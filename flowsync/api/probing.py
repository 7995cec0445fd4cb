"""One GET and whatever came back for it, to see how a server behaves: every status is an answer here, not a failure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlencode

from flowsync.api.failures import failure, unreadable
from flowsync.api.messages import Request, parse_json
from flowsync.errors import ApiError, UnreadableResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.api.failures import Exchange
    from flowsync.api.retry import Sender
    from flowsync.model import JsonValue


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one GET: its JSON, or the `error` that a command would report for it, without keys.

    `status` is None where nothing came back. Names of `headers` are in lower case; `seconds` is how long it took, `at`
    the time of this machine's clock then.
    """

    path: str
    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    value: JsonValue = None
    error: ApiError | None = None
    seconds: float = 0.0
    at: float = 0.0

    @property
    def is_success(self) -> bool:
        """Whether there is JSON to look at."""
        return self.error is None


class Prober(Protocol):
    """A way to the API that can only GET, and reports every outcome as an answer."""

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """What the server answers, the first time: nothing is asked again, and no redirect is followed."""


class SingleRequests(Prober):
    """Asks with the connections of a Sender, past its retries."""

    def __init__(self, api_url: str, sender: Sender) -> None:
        self._api_url = api_url
        self._sender = sender

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        """One GET."""
        started = time.monotonic()

        def read(exchange: Exchange) -> Answer:
            response = exchange.response
            value, error = _outcome(exchange)
            headers = {name.lower(): text for name, text in response.headers.items()}
            return Answer(path, response.status, headers, value, error, time.monotonic() - started, time.time())

        try:
            return self._sender.send_once(Request("GET", self._api_url + path, urlencode(query)), read)
        except ApiError as error:
            return Answer(path, error.status, error=error, seconds=time.monotonic() - started)


def _outcome(exchange: Exchange) -> tuple[JsonValue, ApiError | None]:
    """The JSON of a success, and the error of anything else."""
    response = exchange.response
    try:
        if response.is_success:
            return parse_json(response.body), None
        error = failure(exchange)
        if response.is_redirect:
            hint = "Check the API's address (FRIGADE_API_URL)."
            error = exchange.error(UnreadableResponseError, ", a redirect, which was not followed", hint)
    except ValueError:
        error = unreadable(exchange)
    return None, exchange.identity.redactor.error(error)
