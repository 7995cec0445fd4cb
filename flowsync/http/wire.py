"""What carries requests: the protocol, and what every kind of it has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from flowsync.errors import ConfigError
from flowsync.frozen import dataclass

if TYPE_CHECKING:
    from flowsync.config import Key, Timeouts
    from flowsync.http.answer import Answer
    from flowsync.http.call import Call
    from flowsync.http.timing import Timing


@dataclass(frozen=True, slots=True)
class Terms:
    """How requests are made: to the host of `url`, with `key`, by `user_agent`, so many of them at once."""

    url: str
    key: Key
    user_agent: str
    timeouts: Timeouts
    parallelism: int
    timing: Timing


class Wire(Protocol):
    """One request out, one answer in; any number of threads at once. Follows no redirect and repeats nothing."""

    def send(self, call: Call) -> Answer:
        """The answer to `call`, read whole.

        Raises UnansweredError, `unsent` only where the server cannot have seen any of the request, or
        UnreadableResponseError for an answer that is too large or packed oddly.
        """

    def close(self) -> None:
        """Close the connections that are not in use."""


def unusable_environment(error: Exception) -> ConfigError:
    """The error for proxies or certificates that cannot be used; what `error` says may hold a password."""
    return ConfigError(
        f"The proxies or certificates named in the environment cannot be used ({type(error).__name__}).",
        hint="Check HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
    )
