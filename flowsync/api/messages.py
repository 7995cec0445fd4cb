"""HTTP requests and responses as plain values, and failed responses as errors: what each status means, without keys."""

from __future__ import annotations

import json
import random
import re
import time
from codecs import BOM_UTF8
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

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
    from collections.abc import Callable, Mapping

    from flowsync.config import Key
    from flowsync.errors import ApiError
    from flowsync.model import JsonValue

CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."
CHECK_ADDRESS: Final = "Check the API's address (FRIGADE_API_URL)."
_MAYBE_WRITTEN: Final = "The write may have taken effect: run plan again to see."
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414, 415, 417, 422, 429})
"""With these the API says that it will not carry out a write. With any other status it may do so all the same."""
_ANY_KEY: Final = re.compile(r"api_(?:public|private)_[\w-]+")
"""The form of every key [obs], whoever it belongs to."""
_EXCERPT_LENGTH: Final = 200
_EXCERPT_SOURCE: Final = 16_384
"""Characters of a body that are looked at for an excerpt; a hostile one may be very long."""
_EXCERPT_MARGIN: Final = 2_048
"""More than the longest spelling of a key takes."""
_TAG: Final = re.compile(r"<(?:script|style)\b[^<]*</|<[^<>]*>", re.IGNORECASE)
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Request:
    """A request to `url`, which has no query; `query` is encoded, "" when there is none."""

    method: str
    url: str
    query: str = ""
    content: bytes | None = None

    @property
    def target(self) -> str:
        """The URL to send to."""
        return f"{self.url}?{self.query}" if self.query else self.url

    @property
    def shown(self) -> str:
        """The request for messages, without its query, which may hold a secret."""
        return f"{self.method} {self.url}"

    @property
    def traced(self) -> str:
        """The URL for `-v`: of its query only the names, and the values that are numbers."""
        shown = [
            f"{name}={value if re.fullmatch('[0-9]{1,9}', value) else '…'}"
            for name, value in parse_qsl(self.query, keep_blank_values=True)
            if re.fullmatch("[A-Za-z_]{1,30}", name)
        ]
        return f"{self.url}?{'&'.join(shown)}" if shown else self.url

    @property
    def is_write(self) -> bool:
        """Whether the request may change something."""
        return self.method != "GET"

    @property
    def is_public(self) -> bool:
        """Whether a public key is enough for this path [doc]."""
        return "/v1/public/" in self.url

    def redirected(self, url: str) -> Request:
        """The same request to another URL."""
        path, _, query = url.partition("#")[0].partition("?")
        return replace(self, url=path, query=query)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, in one spelling. Raises ValueError if it is not an http or https URL."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("not an address of the web")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORTS[scheme]
    return f"{scheme}://{host}" if port == _PORTS[scheme] else f"{scheme}://{host}:{port}"


@dataclass(frozen=True, slots=True)
class Response:
    """A response, read to its end. `headers` ignore case; `wait` is how many seconds the server asks to wait."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    wait: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST

    @property
    def is_html(self) -> bool:
        """Whether the body is a web page: the API itself never sends one."""
        return "html" in self.headers.get("content-type", "").lower() or self.body[:64].lstrip()[:1] == b"<"

    @property
    def message(self) -> str:
        """The message of the API's error document, a text or a list; else the beginning of the body."""
        try:
            document = parse_json(self.body)
        except ValueError:
            document = None
        match document:
            case {"message": str() as message}:
                return message
            case {"message": list() as messages}:
                return "; ".join(message for message in messages if isinstance(message, str))
            case _:
                return self.body[: 4 * _EXCERPT_SOURCE].decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as it was sent, for the `number`th time, and its status, or why there is none. Holds no key."""

    method: str
    url: str
    outcome: int | str
    seconds: float
    number: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks, the sleep and the random numbers; tests bring their own. `sleep` may return early."""

    sleep: Callable[[float], object] = time.sleep
    random: Callable[[], float] = random.random
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


class NoResponseError(TransportError):
    """No response, or not all of one. `is_temporary`: the same request may well succeed later."""

    def __init__(
        self, message: str, *, hint: str | None = CHECK_NETWORK, is_temporary: bool = True, unsent: bool = False
    ) -> None:
        super().__init__(message, hint=hint, unsent=unsent)
        self.is_temporary = is_temporary


def _refuse_constant(name: str) -> JsonValue:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def parse_json(body: bytes) -> JsonValue:
    """The JSON value of a body. Raises ValueError for anything else, however strange.

    Half of a surrogate pair, which JSON can escape but no text can hold, becomes U+FFFD.
    """
    try:
        value: JsonValue = _DECODER.decode(body.removeprefix(BOM_UTF8).decode())
        if _SURROGATE_ESCAPE.search(body):
            text = json.dumps(value, ensure_ascii=False)
            value = json.loads(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


class Redactor:
    """Removes one key, and whatever looks like a key, from texts."""

    __slots__ = ("_secrets",)

    def __init__(self, key: str) -> None:
        self._secrets = Secrets(key)

    def text(self, text: str) -> str:
        """`text` without keys, in whatever spelling."""
        return _ANY_KEY.sub(REDACTED, self._secrets.masked(text))

    def error(self, error: ApiError) -> ApiError:
        """The same error without keys, and without the exceptions and frames that led to it."""
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
        """The beginning of a foreign text on one line, safe to print."""
        # Keys are masked before the cut, for half a key would not be recognised; nothing near the cut is shown.
        head = self.text(text[:_EXCERPT_SOURCE])
        head = head if len(text) <= _EXCERPT_SOURCE else head[:-_EXCERPT_MARGIN]
        words = self.text(" ".join(_TAG.sub(" ", head).split()))
        return excerpt(words, _EXCERPT_LENGTH)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who makes the requests: the key, which `redactor` removes from messages, and the user agent."""

    key: Key
    user_agent: str
    redactor: Redactor


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its final response, after `attempts` requests.

    `retry_after` is for how many seconds the server asked to wait, if it is worth coming back.
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
        """An error: the headline, the `rest` of the sentence, and the server's message, if any."""
        text = self.response.message
        quote = f' It said: "{self.identity.redactor.excerpt(text)}"' if text.strip() else ""
        return kind(f"{self.headline}{rest}.{quote}", status=self.response.status, hint=hint)


def failure(exchange: Exchange) -> ApiError:
    """The error for a response with any status except 2xx and 3xx."""
    status = exchange.response.status
    is_refusal = status in _REFUSALS or (status < HTTPStatus.INTERNAL_SERVER_ERROR and not exchange.request.is_write)
    error = _BY_STATUS.get(status, _rejected if is_refusal else _server_error)(exchange)
    error.on_the_way = exchange.request.is_write and _is_from_proxy(exchange.response)
    return error


def _is_from_proxy(response: Response) -> bool:
    """Whether a refusal does not have the API's form: a proxy may have passed the request on before it refused.

    429 is an exception: a proxy counts requests before it passes them on.
    """
    if response.status not in _REFUSALS or response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return False
    try:
        return not isinstance(parse_json(response.body), dict)
    except ValueError:
        return True


def unreadable(exchange: Exchange) -> ApiError:
    """The error for a success whose body is not the API's JSON."""
    response = exchange.response
    found = "an HTML page" if response.is_html else "something else" if response.body else "nothing"
    hint = f"A proxy, a login page or another service may have answered. {CHECK_ADDRESS}"
    return exchange.error(
        UnreadableResponseError,
        f", but with {found} instead of the API's JSON",
        _MAYBE_WRITTEN if exchange.request.is_write else hint,
    )


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
            ", as an HTML page: a proxy or firewall in front of the API refused the request",
            f"It may reject the User-Agent {exchange.identity.user_agent!r}: set another one as user_agent in "
            "flowsync.yaml, or ask whoever runs that proxy.",
        )
    key = exchange.identity.key
    reason = f"the API does not accept the key from {key.variable}: it is unknown or revoked"
    hint = f"Compare {key.variable} with the key that the Frigade dashboard shows for this environment."
    if key.looks_public and not exchange.request.is_public:
        reason = f"the key from {key.variable} looks like a public key, and this needs a private one"
        hint = "Use a private key (api_private_…) of the same environment."
    elif not exchange.request.is_public:
        reason += ", or a public one"
    return exchange.error(ForbiddenError, f": {reason}", hint)


def _not_found(exchange: Exchange) -> ApiError:
    return exchange.error(
        NotFoundError,
        f": no such flow for the key from {exchange.identity.key.variable}, or no such path on this server",
        f"{CHECK_ADDRESS} A key sees the flows of its own environment only.",
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
    hint = _MAYBE_WRITTEN if exchange.request.is_write else "The API failed, not your files: try again in a while."
    is_unavailable = response.status == HTTPStatus.SERVICE_UNAVAILABLE
    if is_unavailable and response.wait is not None and exchange.retry_after is None:
        reason = f": the API asks to wait {response.wait:.0f} more seconds"
        return exchange.error(UnavailableError, reason, hint)
    page = ", as an HTML page" if response.is_html else ""
    error = exchange.error(ServerError, f"{page}: the API, or something in front of it, failed", hint)
    error.retry_after = exchange.retry_after
    return error


def _rejected(exchange: Exchange) -> ApiError:
    is_html = exchange.response.is_html
    who = "something in front of the API" if is_html else "the API"
    hint = CHECK_ADDRESS if is_html else None
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
