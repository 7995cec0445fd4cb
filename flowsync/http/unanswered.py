"""Why a request got no answer, told the same way whatever carried it."""

from __future__ import annotations

import socket
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.errors import TransportError
from flowsync.http.redact import printable

if TYPE_CHECKING:
    import ssl

    from flowsync.config import Timeouts
    from flowsync.errors import ApiError
    from flowsync.http.call import Call

CHECK_NETWORK: Final = "Check the network, a VPN or proxy in between, and the API's address."
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
        hint: str | None = CHECK_NETWORK,
        repeat: Repeat = Repeat.LATER,
        unsent: bool = False,
    ) -> None:
        super().__init__(message, hint=hint, unsent=unsent)
        self.repeat = repeat


def unreachable(cause: BaseException, call: Call, timeouts: Timeouts) -> ApiError:
    """The connection never came to be, for one of several reasons that the operating system or TLS gave."""
    import ssl  # noqa: PLC0415 - slow to import, and only failures need it

    match cause:
        case TimeoutError():
            reason = f"no connection within {timeouts.connect:g} seconds"
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


def no_answer_in_time(call: Call, timeouts: Timeouts) -> ApiError:
    """Nothing came for as long as was to be waited."""
    return UnansweredError(
        f"{call.shown}: no answer within {timeouts.read:g} seconds.",
        hint=f"{CHECK_NETWORK} {_MAYBE} timeouts.read in flowsync.yaml sets how long to wait.",
    )


def without_end(call: Call, seconds: float) -> ApiError:
    """The answer went on and on."""
    return UnansweredError(f"{call.shown}: the answer did not end within {seconds:.0f} seconds.", repeat=Repeat.NEVER)


def broken(call: Call) -> ApiError:
    """The connection broke, or what came over it was no answer."""
    return UnansweredError(
        f"{call.shown}: the connection broke before the whole answer was there.", hint=f"{CHECK_NETWORK} {_MAYBE}"
    )


def closed(call: Call) -> ApiError:
    """Nobody wants an answer any more."""
    return UnansweredError(f"{call.shown}: not sent: the run is over.", hint=None, repeat=Repeat.NEVER, unsent=True)


def unsendable(call: Call) -> ApiError:
    """The request cannot be put into words that HTTP allows."""
    return UnansweredError(
        f"{call.shown}: this request cannot be sent.",
        hint="Check the API's address, the key and user_agent for characters that do not belong there.",
        repeat=Repeat.NEVER,
        unsent=True,
    )


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
