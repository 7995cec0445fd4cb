"""What the rest of flowsync asks of a way to the API."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from flowsync.model import JsonValue

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Access(Enum):
    """How much of the API a key, or the list that answered, opens."""

    PRIVATE = "private"
    PUBLIC = "public"


class FlowReader(Protocol):
    """A way to the API that can only GET: whoever holds it cannot write."""

    def get(self, path: str, query: Mapping[str, str]) -> JsonValue:
        """The JSON at `path` (from the API's root, percent-encoded). Raises the ApiError family."""


class FlowWriter(FlowReader, Protocol):
    """A way to the API that can change a flow as well."""

    def put(self, path: str, body: Mapping[str, JsonValue]) -> JsonValue:
        """PUT `body` as JSON; the JSON that came back, None for an empty answer.

        Raises the ApiError family. After ServerError, TransportError and UnreadableResponseError the
        write may have taken effect: only a fresh read can tell.
        """


class Map(Protocol):
    """The shape of the built-in `map` and of `Executor.map`: results in the order of the items."""

    def __call__(self, function: Callable[[_Item], _Result], items: Iterable[_Item], /) -> Iterable[_Result]:
        """Call `function` on every item, perhaps several at a time."""
