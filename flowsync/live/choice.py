"""Which row of a slug a file is compared with and written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from flowsync.model import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flowsync.model import LiveFlow


@dataclass(frozen=True, slots=True)
class Chosen:
    """The row to write; `published` is the ACTIVE row that users see, where that is another one."""

    row: LiveFlow
    published: LiveFlow | None


@dataclass(frozen=True, slots=True)
class NoSuchFlow:
    """The slug has no row at all."""


@dataclass(frozen=True, slots=True)
class OnlyArchived:
    """Every row of the slug is archived, so read-only [doc]; `newest` is the latest of them."""

    newest: LiveFlow


@dataclass(frozen=True, slots=True)
class NoSuchTarget:
    """The slug has rows that can be written, but none of the kind that was asked for."""

    target: Target


@dataclass(frozen=True, slots=True)
class UnknownStatus:
    """The row to write has a status that nobody knows, so nobody knows what a write to it does."""

    row: LiveFlow


Choice: TypeAlias = Chosen | NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus


def choose(rows: Sequence[LiveFlow], target: Target) -> Choice:
    """The row that `target` names among the `rows` of one slug. An archived row is never chosen.

    The latest is the highest version, then the highest id. A row with the status DELETED counts as gone. `active` and
    `draft` are the latest with that status.
    """
    there = [row for row in rows if not row.is_gone]
    if not there:
        return NoSuchFlow()
    writable = [row for row in there if not row.is_archived]
    if not writable:
        return OnlyArchived(max(there, key=_age))
    published = _latest(row for row in writable if row.is_published)
    row = _targeted(writable, target, published)
    if row is None:
        return NoSuchTarget(target)
    if not row.has_known_status:
        return UnknownStatus(row)
    return Chosen(row, None if row is published else published)


def newest(rows: Iterable[LiveFlow]) -> LiveFlow | None:
    """The latest of the `rows` of one slug that is not archived, whatever its status; None if there is none."""
    return _latest(row for row in rows if not row.is_archived and not row.is_gone)


def _targeted(writable: Sequence[LiveFlow], target: Target, published: LiveFlow | None) -> LiveFlow | None:
    match target:
        case Target.LATEST:
            return _latest(writable)
        case Target.ACTIVE:
            return published
        case Target.DRAFT:
            return _latest(row for row in writable if row.status == "DRAFT")


def _latest(rows: Iterable[LiveFlow]) -> LiveFlow | None:
    return max(rows, key=_age, default=None)


def _age(row: LiveFlow) -> tuple[int, int]:
    return (row.version, row.id)
