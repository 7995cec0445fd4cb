"""Keeps keys, and bytes that could trick a terminal, out of every message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.api.messages import Method, parse_json
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from flowsync.api.messages import Answer, Call
    from flowsync.config import Key
    from flowsync.errors import ApiError

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

    def __repr__(self) -> str:
        return "Redactor()"

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
        return printable(words if len(words) <= _EXCERPT_LENGTH else words[:_EXCERPT_LENGTH] + "…")


def printable(text: str) -> str:
    """`text` with control, bidirectional and other invisible characters written as escapes."""
    return text if text.isprintable() else "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


_CHECK_ADDRESS: Final = "Check the API's address (FRIGADE_API_URL, or api_url in flowsync.yaml)."
_MAYBE_WRITTEN: Final = "The write may have taken effect: run plan again to see."
_LATER: Final = "This is the API's trouble, not yours: try again in a while."
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 412, 413, 414, 415, 417, 422, 429})
"""By these the API says that it will not carry out a write. With any other status it may do so all the same."""
_FIRST_SERVER_ERROR: Final = 500
_UNAVAILABLE: Final = 503
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Scene:
    """What a message may have to say besides the answer itself."""

    key: Key
    user_agent: str
    redactor: Redactor


@dataclass(frozen=True, slots=True)
class Answered:
    """The final answer to `call`, after so many `attempts`.

    `retry_after` is for how many seconds the server asked to be left alone, if coming back is worthwhile.
    """

    call: Call
    answer: Answer
    attempts: int
    scene: Scene
    retry_after: float | None = None

    @property
    def headline(self) -> str:
        """The request and the status it met."""
        tries = f" after {self.attempts} attempts" if self.attempts > 1 else ""
        reason = self.scene.redactor.excerpt(self.answer.reason)
        return f"{self.call.shown}: {self.answer.status} {reason}".rstrip() + tries

    @property
    def quoted(self) -> str:
        """What the server itself said, if it said anything, as the rest of a sentence."""
        text = said(self.answer)
        return f' It said: "{self.scene.redactor.excerpt(text)}"' if text.strip() else ""


def failure(met: Answered) -> ApiError:
    """The error for an answer of any status but 2xx and 3xx."""
    status = met.answer.status
    is_write = met.call.method is Method.PUT
    is_refusal = status in _REFUSALS or (status < _FIRST_SERVER_ERROR and not is_write)
    error = _BY_STATUS.get(status, _rejected if is_refusal else _server_error)(met)
    if is_write and _is_of_another(met):
        error.on_the_way = True
    return error


def _is_of_another(met: Answered) -> bool:
    """Whether a refusal has not the form of the API's own: something in front may have passed the request on before.

    A limit of requests is an exception: who counts them does so first.
    """
    if met.answer.status not in _REFUSALS or met.answer.status == _TOO_MANY:
        return False
    try:
        return not isinstance(parse_json(met.answer.body), dict)
    except ValueError:
        return True


def unreadable(met: Answered) -> UnreadableResponseError:
    """The error for a success whose body is not the API's JSON."""
    found = "an HTML page" if met.answer.is_html else "something else" if met.answer.body else "nothing"
    hint = f"A proxy, a login page or another service may have answered. {_CHECK_ADDRESS}"
    return UnreadableResponseError(
        f"{met.headline}, but with {found} where the API's JSON was expected.{met.quoted}",
        status=met.answer.status,
        hint=_MAYBE_WRITTEN if met.call.method is Method.PUT else hint,
    )


def said(answer: Answer) -> str:
    """The message of the API's error document, a text or a list of them; else the body as it is."""
    try:
        document = parse_json(answer.body)
    except ValueError:
        return answer.text
    match document:
        case {"message": str() as message}:
            return message
        case {"message": list() as messages}:
            return "; ".join(message for message in messages if isinstance(message, str))
        case _:
            return answer.text


def _unauthorized(met: Answered) -> ApiError:
    return UnauthorizedError(
        f"{met.headline}: this belongs to another environment's organization.{met.quoted}",
        status=met.answer.status,
        hint=f"A key works for one environment only: check that the one from {met.scene.key.variable} belongs to "
        "the environment of this flow.",
    )


def _forbidden(met: Answered) -> ApiError:
    if met.answer.is_html:
        return _forbidden_on_the_way(met)
    key = met.scene.key
    if key.looks_public and not met.call.is_public:
        reason = f"the key from {key.variable} looks like a public one, and this needs a private one"
        hint = "Use a private key (api_private_…) of the same environment."
    else:
        reason = f"the API does not accept the key from {key.variable}: it is unknown or revoked"
        if not met.call.is_public:
            reason += ", or a public one"
        hint = f"Compare {key.variable} with the key that the Frigade dashboard shows for this environment."
    return ForbiddenError(f"{met.headline}: {reason}.{met.quoted}", status=met.answer.status, hint=hint)


def _forbidden_on_the_way(met: Answered) -> ApiError:
    return ForbiddenError(
        f"{met.headline}, as an HTML page: not the API but a proxy or firewall in front of it refused.{met.quoted}",
        status=met.answer.status,
        hint=f"It may not like the User-Agent {met.scene.user_agent!r}: set another one as user_agent in "
        "flowsync.yaml, or ask whoever runs that proxy.",
    )


def _not_found(met: Answered) -> ApiError:
    return NotFoundError(
        f"{met.headline}: no such flow for the key from {met.scene.key.variable}, or no such path on this "
        f"server.{met.quoted}",
        status=met.answer.status,
        hint=f"{_CHECK_ADDRESS} A key sees the flows of its own environment only.",
    )


def _rate_limited(met: Answered) -> ApiError:
    if met.answer.wait is None:
        reason = "without Retry-After, it means that the account's cap of monthly users is reached"
        hint = "Waiting does not help: raise the cap in Frigade's billing, or use another environment."
    else:
        reason = f"too many requests, and the API asks to wait {met.answer.wait:.0f} more seconds"
        hint = "Try again later, or with a lower --parallelism."
    return RateLimitedError(
        f"{met.headline}: {reason}.{met.quoted}", status=met.answer.status, hint=hint, retry_after=met.retry_after
    )


def _server_error(met: Answered) -> ApiError:
    if met.answer.status == _UNAVAILABLE and met.answer.wait is not None and met.retry_after is None:
        return _unavailable(met, met.answer.wait)
    page = ", as an HTML page" if met.answer.is_html else ""
    return ServerError(
        f"{met.headline}{page}: the API, or something in front of it, failed.{met.quoted}",
        status=met.answer.status,
        hint=_MAYBE_WRITTEN if met.call.method is Method.PUT else _LATER,
        retry_after=met.retry_after,
    )


def _unavailable(met: Answered, wait: float) -> ApiError:
    return UnavailableError(
        f"{met.headline}: the API asks to be left alone for {wait:.0f} more seconds.{met.quoted}",
        status=met.answer.status,
        hint=_MAYBE_WRITTEN if met.call.method is Method.PUT else _LATER,
    )


def _rejected(met: Answered) -> ApiError:
    by_api = met.call.method is Method.PUT and not _is_of_another(met)
    who = "something in front of the API" if met.answer.is_html else "the API"
    page = _CHECK_ADDRESS if met.answer.is_html else None
    return RejectedError(
        f"{met.headline}: {who} refused the request.{met.quoted}",
        status=met.answer.status,
        hint="This attempt changed nothing." if by_api else page,
    )


_BY_STATUS: Final[dict[int, Callable[[Answered], ApiError]]] = {
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    408: _server_error,
    429: _rate_limited,
    499: _server_error,
}
