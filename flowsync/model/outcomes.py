"""What became of each change of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from flowsync.model.files import FieldName
    from flowsync.model.plans import Change, FieldChange


@dataclass(frozen=True, slots=True)
class Applied:
    """Written, and the server's answer compared. `untaken` are fields it did not take as sent.

    `differences` are the places where what came back (`new`) is not what was sent (`old`).
    """

    change: Change
    untaken: tuple[FieldName, ...] = ()
    differences: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyApplied:
    """The fresh read showed what would have been written: nothing was sent."""

    change: Change


@dataclass(frozen=True, slots=True)
class Refused:
    """The flow is not, or no longer, as it was planned: nothing was sent, or nothing further.

    `differences` are the places where what is there (`new`) is not what was expected (`old`): what was
    planned from or, after a write whose fate is unknown (`uncertain`), what was to be written.
    """

    change: Change
    code: str
    message: str
    differences: tuple[FieldChange, ...] = ()
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The write, or the read before it, failed. `uncertain`: the write may have taken effect."""

    change: Change
    code: str
    message: str
    hint: str | None
    uncertain: bool


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was sent: the run stopped before this flow's turn."""

    change: Change
    message: str


Outcome: TypeAlias = "Applied | AlreadyApplied | Refused | Failed | NotAttempted"
