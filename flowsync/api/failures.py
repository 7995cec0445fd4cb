"""Failed responses as errors: what each status means and what to do about it, without keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.api.messages import parse_json
from flowsync.errors import (
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    ServerError,
    TransportError,
    UnauthorizedError,
    UnavailableError,
    UnreadableResponseError,
)
from flowsync.secrets import REDACTED, Secrets
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.api.messages import Request, Response
    from flowsync.config import Key
    from flowsync.errors import ApiError

_CHECK_ADDRESS: Final = "Check the API's address (FRIGADE_API_URL)."
_MAYBE_WRITTEN: Final = "The write may have taken effect: run plan again to see."
_LATER: Final = "This is the API's trouble, not yours: try again in a while."
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414, 415, 417, 422, 429})
"""With these the API says that it will not carry out a write. With any other status it may do so all the same."""
_FIRST_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_TOO_MANY: Final = 429
_ANY_KEY: Final = re.compile(r"api_(?:public|private)_[\w-]+")
"""The form of every key [obs], whoever it belongs to."""
_EXCERPT_LENGTH: Final = 200
_EXCERPT_SOURCE: Final = 16_384
"""Characters of a body that are looked at for an excerpt; a hostile one may be very long."""
_EXCERPT_MARGIN: Final = 2_048
"""More than the longest spelling of a key takes."""
_TAG: Final = re.compile(r"<(?:script|style)\b[^<]*</|<[^<>]*>", re.IGNORECASE)


class Redactor:
    """Removes one key, and whatever looks like a key, from texts."""

    __slots__ = ("_secrets",)

    def __init__(self, key: str) -> None:
        self._secrets = Secrets(key)

    def text(self, text: str) -> str:
        """`text` without keys, however they are spelled."""
        return _ANY_KEY.sub(REDACTED, self._secrets.masked(text))

    def error(self, error: ApiError) -> ApiError:
        """The same failure without keys, and without the exceptions and frames that led to it."""
        kind = TransportError if isinstance(error, TransportError) else type(error)
        hint = None if error.hint is None else self.text(error.hint)
        return kind(
            self.text(error.message),
            status=error.status,
            hint=hint,
            retry_after=error.retry_after,
            unsent=error.unsent,
            on_the_way=error.on_the_way,
        )

    def excerpt(self, text: str) -> str:
        """The beginning of a foreign text, as a person would read it, on one line, safe to print."""
        # Cut only after the keys are out: half a key would not be known for one. So nothing near a cut is shown.
        head = self.text(text[:_EXCERPT_SOURCE])
        head = head if len(text) <= _EXCERPT_SOURCE else head[:-_EXCERPT_MARGIN]
        words = self.text(" ".join(_TAG.sub(" ", head).split()))
        return excerpt(words, _EXCERPT_LENGTH)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes the requests, for messages about the key and the user agent, and what removes the key from them."""

    key: Key
    user_agent: str
    redactor: Redactor


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its final response, after so many `attempts`.

    `retry_after` is for how many seconds the server asked to be left alone, if it is worth coming back.
    """

    request: Request
    response: Response
    attempts: int
    identity: Identity
    retry_after: float | None = None

    @property
    def headline(self) -> str:
        """The request and the status of its response."""
        tries = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        reason = self.identity.redactor.excerpt(self.response.reason)
        return f"{self.request.shown}: {self.response.status} {reason}".rstrip() + tries

    def error(self, kind: type[ApiError], rest: str, hint: str | None) -> ApiError:
        """An error: the headline, the `rest` of the sentence, and the server's own words if it said anything."""
        text = server_message(self.response)
        quote = f' It said: "{self.identity.redactor.excerpt(text)}"' if text.strip() else ""
        return kind(f"{self.headline}{rest}.{quote}", status=self.response.status, hint=hint)


def failure(exchange: Exchange) -> ApiError:
    """The error for a response of any status but 2xx and 3xx."""
    status = exchange.response.status
    is_refusal = status in _REFUSALS or (status < _FIRST_SERVER_ERROR and not exchange.request.is_write)
    error = _BY_STATUS.get(status, _rejected if is_refusal else _server_error)(exchange)
    error.on_the_way = exchange.request.is_write and _is_from_proxy(exchange.response)
    return error


def _is_from_proxy(response: Response) -> bool:
    """Whether a refusal has not the form of the API's own: a proxy may have passed the request on before it refused.

    A limit of requests is an exception: who counts them does so first.
    """
    if response.status not in _REFUSALS or response.status == _TOO_MANY:
        return False
    try:
        return not isinstance(parse_json(response.body), dict)
    except ValueError:
        return True


def unreadable(exchange: Exchange) -> ApiError:
    """The error for a success whose body is not the API's JSON."""
    response = exchange.response
    found = "an HTML page" if response.is_html else "something else" if response.body else "nothing"
    hint = f"A proxy, a login page or another service may have answered. {_CHECK_ADDRESS}"
    return exchange.error(
        UnreadableResponseError,
        f", but with {found} where the API's JSON was expected",
        _MAYBE_WRITTEN if exchange.request.is_write else hint,
    )


def server_message(response: Response) -> str:
    """The message of the API's error document, a text or a list of them; else the body as it is."""
    try:
        document = parse_json(response.body)
    except ValueError:
        return response.text
    match document:
        case {"message": str() as message}:
            return message
        case {"message": list() as messages}:
            return "; ".join(message for message in messages if isinstance(message, str))
        case _:
            return response.text


def _unauthorized(exchange: Exchange) -> ApiError:
    return exchange.error(
        UnauthorizedError,
        ": the API does not accept the key, or this belongs to another environment's organization",
        f"A key works for one environment only: check that the one from {exchange.identity.key.variable} is valid, and "
        "of the environment of this flow.",
    )


def _forbidden(exchange: Exchange) -> ApiError:
    if exchange.response.is_html:
        return exchange.error(
            ForbiddenError,
            ", as an HTML page: not the API but a proxy or firewall in front of it refused",
            f"It may not like the User-Agent {exchange.identity.user_agent!r}: set another one as user_agent in "
            "flowsync.yaml, or ask whoever runs that proxy.",
        )
    key = exchange.identity.key
    if key.looks_public and not exchange.request.is_public:
        reason = f"the key from {key.variable} looks like a public one, and this needs a private one"
        return exchange.error(
            ForbiddenError, f": {reason}", "Use a private key (api_private_…) of the same environment."
        )
    reason = f"the API does not accept the key from {key.variable}: it is unknown or revoked"
    if not exchange.request.is_public:
        reason += ", or a public one"
    hint = f"Compare {key.variable} with the key that the Frigade dashboard shows for this environment."
    return exchange.error(ForbiddenError, f": {reason}", hint)


def _not_found(exchange: Exchange) -> ApiError:
    return exchange.error(
        NotFoundError,
        f": no such flow for the key from {exchange.identity.key.variable}, or no such path on this server",
        f"{_CHECK_ADDRESS} A key sees the flows of its own environment only.",
    )


def _rate_limited(exchange: Exchange) -> ApiError:
    wait = exchange.response.wait
    if wait is None:
        reason = "without Retry-After, it means that the account's cap of monthly users is reached"
        hint = "Waiting does not help: raise the cap in Frigade's billing, or use another environment."
    else:
        reason = f"too many requests, and the API asks to wait {wait:.0f} more seconds"
        hint = "Try again later, or with a lower --parallelism."
    error = exchange.error(RateLimitedError, f": {reason}", hint)
    error.retry_after = exchange.retry_after
    return error


def _server_error(exchange: Exchange) -> ApiError:
    response = exchange.response
    hint = _MAYBE_WRITTEN if exchange.request.is_write else _LATER
    if response.status == _UNAVAILABLE and response.wait is not None and exchange.retry_after is None:
        reason = f": the API asks to be left alone for {response.wait:.0f} more seconds"
        return exchange.error(UnavailableError, reason, hint)
    page = ", as an HTML page" if response.is_html else ""
    error = exchange.error(ServerError, f"{page}: the API, or something in front of it, failed", hint)
    error.retry_after = exchange.retry_after
    return error


def _rejected(exchange: Exchange) -> ApiError:
    is_html = exchange.response.is_html
    who = "something in front of the API" if is_html else "the API"
    hint = _CHECK_ADDRESS if is_html else None
    if exchange.request.is_write and not _is_from_proxy(exchange.response):
        hint = "This attempt changed nothing."
    return exchange.error(RejectedError, f": {who} refused the request", hint)


_BY_STATUS: Final[dict[int, Callable[[Exchange], ApiError]]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    408: _server_error,
    429: _rate_limited,
    499: _server_error,
}
