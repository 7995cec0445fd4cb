"""httpx's exceptions into ours, all in one place.

An httpx exception holds its request, and the request holds the key: none may travel further than this.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.errors import UnreadableResponseError
from flowsync.http import unanswered
from flowsync.http.bare import httpx
from flowsync.http.redact import printable
from flowsync.http.unanswered import CHECK_NETWORK, Repeat, UnansweredError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.config import Timeouts
    from flowsync.errors import ApiError
    from flowsync.http.call import Call

    _Translation: TypeAlias = Callable[[Exception, Call, Timeouts], ApiError]


@contextmanager
def translated(call: Call, timeouts: Timeouts) -> Iterator[None]:
    """Turn whatever httpx raises inside into an ApiError that names the request."""
    try:
        yield
    except tuple(TRANSLATIONS) as error:
        raise _translation(error)(error, call, timeouts) from None


def _connect_error(error: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return _perhaps_the_proxy(unanswered.unreachable(_root_cause(error), call, timeouts))


def _connect_timeout(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return _perhaps_the_proxy(unanswered.unreachable(TimeoutError(), call, timeouts))


def _perhaps_the_proxy(error: ApiError) -> ApiError:
    """The same with a hint at proxies: httpx is what goes by way of one, and does not tell it from who is behind it."""
    error.hint = f"{error.hint} Where HTTPS_PROXY or ALL_PROXY names a proxy, that may be what is meant."
    return error


def _pool_timeout(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnansweredError(f"{call.shown}: no connection came free, nothing was sent.", unsent=True)


def _read_timeout(_: Exception, call: Call, timeouts: Timeouts) -> ApiError:
    return unanswered.no_answer_in_time(call, timeouts)


def _dropped(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return unanswered.broken(call)


def _proxy_refused(error: Exception, call: Call, _: Timeouts) -> ApiError:
    return UnansweredError(
        f"{call.shown}: the proxy between here and {call.origin} refused: {printable(str(error))[:200]}.",
        hint="Check HTTPS_PROXY, ALL_PROXY and NO_PROXY.",
        repeat=Repeat.NEVER,
    )


def _not_sendable(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return unanswered.unsendable(call)


def _undecodable(_: Exception, call: Call, __: Timeouts) -> ApiError:
    return UnreadableResponseError(f"{call.shown}: the answer cannot be unpacked.", hint=CHECK_NETWORK)


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
