"""What is listed: live rows beside files, and the files that a project starts with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ListState(Enum):
    """How a live flow stands to the files."""

    IN_STEP = "in step"
    DIFFERS = "differs"
    UNVERIFIED = "unverified"
    BLOCKED = "blocked"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class ListedFlow:
    """One line of `flowsync list`: a live row, a file, or both. None means there is none."""

    slug: str
    file: str | None
    id: int | None
    version: int | None
    status: str | None
    name: str | None
    state: ListState


class FileState(Enum):
    """What becomes of a file that a project starts with."""

    CREATED = "created"
    EXTENDED = "extended"
    KEPT = "kept"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that a project starts with, named from where the command runs.

    `text` is all of it; for BY_HAND what people have to add. `note` says why, or what is added.
    """

    name: str
    state: FileState
    text: str
    note: str | None = None
