"""httpx's exceptions into ours, all in one place.

An httpx exception holds its request, and the request holds the key: none may travel further than this.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

import httpx

from flowsync.errors import TransportError, UnreadableResponseError
from flowsync.http.redact import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.config import Timeouts
    from flowsync.errors import ApiError
    from flowsync.http.call import Call

    _Translation: TypeAlias = Callable[[Exception, Call, Timeouts], ApiError]

_CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."
_MAYBE: Final = "A write that ends so may have taken effect."


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
        hint: str | None = _CHECK_NETWORK,
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
        raise _translation(error)(error, call, timeouts) from None


def _connect_error(error: Exception, call: Call, _: Timeouts) -> ApiError:
    """The connection never came to be, for one of several reasons."""
    cause = _root_cause(error)
    match cause:
        case ssl.SSLCertVerificationError():
            return _bad_certificate(cause, call)
        case ssl.SSLError():
            return _no_tls(cause, call)
        case socket.gaierror():
            return _unknown_host(cause, call)
        case ConnectionRefusedError():
            reason = "nothing listens there"
        case OSError():
            reason = printable(cause.strerror or "no connection")
        case _:
            reason = "no connection could be made"
    return UnansweredError(f"{call.shown}: cannot reach {call.origin}: {reason}.", unsent=True)


def _bad_certificate(cause: ssl.SSLCertVerificationError, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: {call.origin} does not prove who it is: {printable(cause.verify_message)}.",
        hint="A company's proxy may sign with an authority of its own: name that in SSL_CERT_FILE.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _no_tls(cause: ssl.SSLError, call: Call) -> ApiError:
    reason = printable(getattr(cause, "reason", None) or "no reason given")
    return UnansweredError(
        f"{call.shown}: {call.origin} speaks no TLS that can be used ({reason}).",
        hint="Check that the API's address and port are right, and what stands in between.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _unknown_host(cause: socket.gaierror, call: Call) -> ApiError:
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: its name cannot be resolved.",
        hint="Check the network, and the spelling of the API's address.",
        repeat=Repeat.LATER if cause.errno == socket.EAI_AGAIN else Repeat.NEVER,
        unsent=True,
    )


def _connect_timeout(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: cannot reach {call.origin}: no connection within {timeouts.connect:g} seconds.",
        unsent=True,
    )


def _pool_timeout(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(f"{call.shown}: no connection came free, nothing was sent.", unsent=True)


def _read_timeout(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: no answer within {timeouts.read:g} seconds.",
        hint=f"{_CHECK_NETWORK} {_MAYBE} timeouts.read in flowsync.yaml sets how long to wait.",
    )


def _dropped(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: the connection broke before the whole answer was there.", hint=f"{_CHECK_NETWORK} {_MAYBE}"
    )


def _proxy_refused(error: Exception, call: Call, _: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: the proxy between here and {call.origin} refused: {printable(str(error))[:200]}.",
        hint="Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
        repeat=Repeat.NEVER,
    )


def _not_sendable(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: this request cannot be sent.",
        hint="Check the API's address, the key and user_agent for characters that do not belong there.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


def _undecodable(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnreadableResponseError(f"{call.shown}: the answer cannot be unpacked.", hint=_CHECK_NETWORK)


def _unexpected(error: Exception, call: Call, _: Timeouts) -> ApiError:
    return UnansweredError(f"{call.shown}: no usable answer ({type(error).__name__}).", repeat=Repeat.NEVER)


def _translation(error: Exception) -> _Translation:
    return next(TRANSLATIONS[kind] for kind in type(error).__mro__ if kind in TRANSLATIONS)


def _root_cause(error: Exception) -> BaseException:
    """The operating system's or TLS's own error at the end of the chain."""
    cause: BaseException = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    return cause


TRANSLATIONS: Final[dict[type[Exception], _Translation]] = {
    httpx.ConnectError: _connect_error,
    httpx.ConnectTimeout: _connect_timeout,
    httpx.PoolTimeout: _pool_timeout,
    httpx.ReadTimeout: _read_timeout,
    httpx.WriteTimeout: _read_timeout,
    httpx.TimeoutException: _read_timeout,
    httpx.ReadError: _dropped,
    httpx.WriteError: _dropped,
    httpx.CloseError: _dropped,
    httpx.NetworkError: _dropped,
    httpx.RemoteProtocolError: _dropped,
    httpx.ProtocolError: _dropped,
    httpx.ProxyError: _proxy_refused,
    httpx.LocalProtocolError: _not_sendable,
    httpx.UnsupportedProtocol: _not_sendable,
    httpx.InvalidURL: _not_sendable,
    httpx.DecodingError: _undecodable,
    httpx.TransportError: _unexpected,
    httpx.RequestError: _unexpected,
    httpx.HTTPError: _unexpected,
    httpx.HTTPStatusError: _unexpected,
    httpx.TooManyRedirects: _unexpected,
    httpx.CookieConflict: _unexpected,
    httpx.StreamError: _unexpected,
    httpx.StreamConsumed: _unexpected,
    httpx.StreamClosed: _unexpected,
    httpx.ResponseNotRead: _unexpected,
    httpx.RequestNotRead: _unexpected,
}
"""Every exception class that httpx has; a test holds the table to that."""
