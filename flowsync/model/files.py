"""What files hold: flows, places in a text, and what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model.sources import Source, Writing


JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
ValuePath: TypeAlias = "tuple[str | int, ...]"
"""Mapping keys and list indices from the root of a document to one value."""

FieldName: TypeAlias = Literal["name", "type", "description", "active", "targetingLogic", "data"]
SENT_FIELDS: Final[tuple[FieldName, ...]] = ("name", "type", "description", "active", "targetingLogic", "data")
"""The fields of the PUT body [doc], in the order files, plans and bodies hold them."""


class Severity(Enum):
    """How much a problem weighs: an error stops a command, a warning is told."""

    ERROR = "error"
    WARNING = "warning"


class Target(Enum):
    """Which version of a slug is written."""

    LATEST = "latest"
    ACTIVE = "active"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; `line` and `column` count from 1, columns in characters."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one place in one file.

    `detail` are further lines that explain it, indented among themselves: the tree of a failing test.
    """

    location: Location
    severity: Severity
    code: str
    message: str
    hint: str | None = None
    detail: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[Location, str, str, str]:
        """Files, lines and columns in order; then code, message and hint, so that output is stable."""
        return (self.location, self.code, self.message, self.hint or "")


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow file, overlays applied.

    `fields` holds only what the file states of SENT_FIELDS; `data` there is the parsed value.
    `written` is how `data` is written, from which `data_text` is made: who only validates never asks for it.
    """

    slug: str
    file: str
    fields: Mapping[FieldName, JsonValue]
    written: str | Writing | None
    target: Target | None
    protected: bool
    tests: JsonValue
    source: Source

    @property
    def data_text(self) -> str | None:
        """Exactly what would be sent as `data`, None when the file states no data."""
        return self.written if self.written is None or isinstance(self.written, str) else self.written.text
