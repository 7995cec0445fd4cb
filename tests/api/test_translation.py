"""No exception of httpx gets out."""

from __future__ import annotations

import inspect
import socket
import ssl

import httpx
import pytest

from flowsync.api.messages import NoResponseError, Request
from flowsync.api.transport import translated
from flowsync.config import Timeouts
from flowsync.errors import ApiError, TransportError

FOREIGN = [each for _, each in inspect.getmembers(httpx, inspect.isclass) if issubclass(each, Exception)]
REQUEST = Request("GET", "https://api.example/v1/flows", "limit=1")


def made(kind: type[Exception]) -> Exception:
    """An instance, with a request that holds a secret where the class takes one."""
    request = httpx.Request("GET", REQUEST.url, headers={"Authorization": "Bearer hunter2"})
    parameters = inspect.signature(kind).parameters
    given = {"request": request, "response": httpx.Response(500)}
    arguments = {name: given[name] for name in given if name in parameters}
    return kind(*(["hunter2"] if "message" in parameters else []), **arguments)


def translation(error: Exception, request: Request = REQUEST) -> ApiError:
    with pytest.raises(ApiError) as caught, translated(request, Timeouts(5, 30)):
        raise error
    return caught.value


UNSENT = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
}
"""What httpx raises before a byte of the request went out."""


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__name__)
def test_every_exception_of_httpx_becomes_one_of_ours(kind: type[Exception]) -> None:
    assert len(FOREIGN) > 20
    error = translation(made(kind))
    assert isinstance(error, TransportError)
    assert error.unsent is (kind in UNSENT)
    assert error.message.startswith("GET https://api.example/v1/flows: ")
    if kind is not httpx.ProxyError:
        assert "hunter2" not in f"{error.message}{error.hint}"


def test_an_exception_class_of_tomorrow_is_told_as_its_nearest_relative() -> None:
    class NewTimeout(httpx.ReadTimeout):
        pass

    assert "no answer within 30 seconds" in translation(NewTimeout("new")).message


def test_what_is_not_httpx_is_left_alone() -> None:
    with pytest.raises(KeyError), translated(REQUEST, Timeouts()):
        raise KeyError


def connect_error(cause: BaseException) -> ApiError:
    """As httpx and httpcore chain it: two wrappers around the operating system's error."""
    middle, outer = OSError("middle"), httpx.ConnectError("outer")
    middle.__cause__, outer.__cause__ = cause, middle
    return translation(outer)


def certificate_error(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("cause", "said", "is_temporary"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            "cannot reach https://api.example: nothing listens there.",
            True,
        ),
        (OSError(101, "Network is unreachable"), "cannot reach https://api.example: Network is unreachable.", True),
        (OSError("odd"), "cannot reach https://api.example: no connection.", True),
        (ValueError("odd"), "cannot reach https://api.example: no connection could be made.", True),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "its name cannot be resolved.", False),
        (socket.gaierror(socket.EAI_AGAIN, "later"), "its name cannot be resolved.", True),
        (certificate_error("self-signed certificate"), "cannot prove its identity: self-signed certificate.", False),
        (ssl.SSLError(1, "wrong version"), "offers no usable TLS (no reason given).", False),
    ],
)
def test_why_a_connection_failed_is_told(cause: BaseException, said: str, *, is_temporary: bool) -> None:
    error = connect_error(cause)
    assert isinstance(error, NoResponseError)
    assert (error.message.endswith(said), error.is_temporary) == (True, is_temporary)


@pytest.mark.parametrize(
    ("kind", "is_temporary"),
    [
        (httpx.ConnectTimeout, True),
        (httpx.PoolTimeout, True),
        (httpx.ReadTimeout, True),
        (httpx.WriteTimeout, True),
        (httpx.ReadError, True),
        (httpx.WriteError, True),
        (httpx.RemoteProtocolError, True),
        (httpx.ProxyError, False),
        (httpx.LocalProtocolError, False),
        (httpx.DecodingError, False),
        (ValueError, False),
    ],
)
def test_what_may_pass_is_told_from_what_will_not(kind: type[Exception], *, is_temporary: bool) -> None:
    error = translation(made(kind) if kind in FOREIGN else kind("hunter2"))
    assert isinstance(error, NoResponseError)
    assert error.is_temporary is is_temporary


@pytest.mark.parametrize("kind", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError])
def test_only_a_write_is_said_to_have_perhaps_taken_effect(kind: type[Exception]) -> None:
    write = Request("PUT", "https://api.example/v1/flows/1", content=b"{}")
    assert "The write may have taken effect." in str(translation(made(kind), write).hint)
    assert "write" not in str(translation(made(kind)).hint)
