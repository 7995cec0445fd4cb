"""What a pull comes to for each flow."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from flowsync.load import FlowFile
    from flowsync.model import FieldName


class Scope(Enum):
    """Which fields of an existing file are brought up to date."""

    STATED = "those that the file states"
    ALL = "every one that the server returns"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A live field that was not taken into the file, and why."""

    field: FieldName
    message: str


@dataclass(frozen=True, slots=True)
class NewFile:
    """A live flow gets a file. `note` says what is unusual about its place."""

    slug: str
    file: FlowFile
    text: str
    fields: tuple[FieldName, ...]
    left_out: tuple[LeftOut, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file takes over what is live.

    `places` are the labels of what changes, `rewritten` those of parts that could not be edited where they stand.
    `failing` are the file's own tests that no longer hold: they are never sent, so they keep nothing out.
    """

    slug: str
    file: FlowFile
    before: str
    text: str
    fields: tuple[FieldName, ...]
    places: tuple[str, ...]
    rewritten: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SameFile:
    """A file that says what is live already, but for what is left out."""

    slug: str
    file: FlowFile
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A flow that was not pulled. `file` is the name of its file, if there is one."""

    slug: str
    file: str | None
    code: str
    message: str
    hint: str | None = None


Pulled: TypeAlias = "NewFile | ChangedFile | SameFile | Skipped"
