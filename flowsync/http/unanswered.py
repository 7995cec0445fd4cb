"""Why a request got no answer: httpx's exceptions into ours, all in one place.

An httpx exception holds its request, and the request holds the key: none may travel further than this.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx

from flowsync.errors import TransportError
from flowsync.http.redact import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.config import Timeouts
    from flowsync.errors import ApiError
    from flowsync.http.call import Call

    _Translation: TypeAlias = Callable[[Exception, Call, Timeouts], ApiError]

CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."
_MAYBE: Final = "A write that ends so may have taken effect."
_PROXY: Final = "Where HTTPS_PROXY or ALL_PROXY names a proxy, that may be what is meant."


class Repeat(Enum):
    """Whether it makes sense to make a failed request again."""

    NEVER = "never"
    LATER = "later"


class UnansweredError(TransportError):
    """A TransportError that knows whether the request may be made again."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = CHECK_NETWORK,
        repeat: Repeat = Repeat.LATER,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, unsent=unsent)
        self.repeat = repeat


@contextmanager
def translated(call: Call, timeouts: Timeouts) -> Iterator[None]:
    """Turn whatever httpx raises inside into an ApiError that names the request."""
    try:
        yield
    except tuple(TRANSLATIONS) as error:
        translation = next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)
        raise translation(error, call, timeouts) from None


def without_end(call: Call, seconds: float) -> ApiError:
    """The error for a request that takes longer than any may."""
    return UnansweredError(f"{call.shown}: the answer did not end within {seconds:.0f} seconds.", repeat=Repeat.NEVER)


def closed(call: Call) -> ApiError:
    """The error for a request after the client was closed."""
    return UnansweredError(f"{call.shown}: not sent: the run is over.", hint=None, repeat=Repeat.NEVER, unsent=True)


def _unreachable(error: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    """No connection, for one of several reasons that the operating system or TLS gave. Nothing was sent."""
    match _root_cause(error):
        case httpx.ConnectTimeout() | TimeoutError():
            reason = f"no connection within {timeouts.connect:g} seconds"
        case ssl.SSLCertVerificationError() as cause:
            return _bad_certificate(cause, call)
        case ssl.SSLError() as cause:
            return _no_tls(cause, call)
        case socket.gaierror() as cause:
            return _unknown_host(cause, call)
        case ConnectionRefusedError():
            reason = "nothing listens there"
        case OSError() as cause:
            reason = printable(cause.strerror or "no connection")
        case _:
            reason = "no connection could be made"
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: {reason}.", hint=f"{CHECK_NETWORK} {_PROXY}", unsent=True
    )


def _bad_certificate(cause: ssl.SSLCertVerificationError, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: {call.origin} does not prove who it is: {printable(cause.verify_message)}.",
        hint=f"A company's proxy may sign with an authority of its own: name that in SSL_CERT_FILE. {_PROXY}",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _no_tls(cause: ssl.SSLError, call: Call) -> ApiError:
    reason = printable(getattr(cause, "reason", None) or "no reason given")
    return UnansweredError(
        f"{call.shown}: {call.origin} speaks no TLS that can be used ({reason}).",
        hint=f"Check that the API's address and port are right, and what stands in between. {_PROXY}",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _unknown_host(cause: socket.gaierror, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: its name cannot be resolved.",
        hint=f"Check the network, and the spelling of the API's address. {_PROXY}",
        repeat=Repeat.LATER if cause.errno == socket.EAI_AGAIN else Repeat.NEVER,
        unsent=True,
    )


def _root_cause(error: Exception) -> BaseException:
    """The operating system's or TLS's own error at the end of the chain."""
    cause: BaseException = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    return cause


def _proxy_refused(error: Exception, call: Call, _: Timeouts) -> ApiError:
    """The proxy answered CONNECT with a refusal, so that no connection to the host came to be."""
    return UnansweredError(
        f"{call.shown}: the proxy between here and {call.origin} refused: {printable(str(error))[:200]}.",
        hint="Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _no_address(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: this request cannot be sent.",
        hint="Check the API's address for characters that do not belong there.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _not_in_time(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: no answer within {timeouts.read:g} seconds.",
        hint=f"{CHECK_NETWORK} {_MAYBE} timeouts.read in flowsync.yaml sets how long to wait.",
    )


def _broken(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: the connection broke before the whole answer was there.", hint=f"{CHECK_NETWORK} {_MAYBE}"
    )


def _unexpected(error: Exception, call: Call, _: Timeouts) -> ApiError:
    return UnansweredError(f"{call.shown}: no usable answer ({type(error).__name__}).", repeat=Repeat.NEVER)


TRANSLATIONS: Final[Mapping[type[Exception], _Translation]] = {
    # Before a byte of the request went out. Only these are called unsent.
    httpx.ConnectError: _unreachable,
    httpx.ConnectTimeout: _unreachable,
    httpx.PoolTimeout: _unreachable,
    httpx.ProxyError: _proxy_refused,
    httpx.UnsupportedProtocol: _no_address,
    httpx.InvalidURL: _no_address,
    # From the first byte on, nobody knows what the server made of the request.
    httpx.TimeoutException: _not_in_time,
    httpx.NetworkError: _broken,
    httpx.RemoteProtocolError: _broken,
    # Whatever else httpx raises, and a host name that Python cannot encode.
    httpx.HTTPError: _unexpected,
    httpx.StreamError: _unexpected,
    httpx.CookieConflict: _unexpected,
    ValueError: _unexpected,
}
"""The nearest class that an exception inherits from decides. A test holds this to all that httpx has."""
