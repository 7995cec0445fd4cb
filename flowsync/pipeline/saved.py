"""Saved plans: read, held against where they are to be applied, and against what is live now."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.apply import Moved, stand
from flowsync.config import place_of
from flowsync.errors import PlanFileError, RefusedError, UsageError
from flowsync.live.listing import rows_by_slug
from flowsync.plan.saved import AsPlanned, AsWritten, Edited, Stale, from_text, restored
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flowsync.live.listing import Listing
    from flowsync.model import LiveFlow, Plan, Update

ENDING: Final = ".json"
"""What the name of a saved plan ends in, as an argument of apply."""
_BEGINNING: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"format"\s*:\s*"flowsync-plan/')
_BEGINNING_LENGTH: Final = 200
_MOST_READ: Final = 256 * 1024 * 1024
Standing: TypeAlias = AsPlanned | AsWritten | Stale


@dataclass(frozen=True, slots=True)
class Checked:
    """A saved plan beside what is live: `plan` with the values of every managed field, as far as they are known.

    `stale` are the changes that may not be carried out any more; `done` those that are there already.
    """

    plan: Plan
    done: tuple[Update, ...]
    stale: tuple[Stale, ...]

    @property
    def is_done(self) -> bool:
        """Whether all of it is there already."""
        return len(self.done) == len(self.plan.writes)


def find_saved(base: Path, arguments: Sequence[str]) -> Path | None:
    """Return the saved plan that the arguments of apply name: an existing file that ends in .json, or is a plan.

    None when they name flows. Raises UsageError for a plan beside other arguments, and for a missing one.
    """
    named = [argument for argument in arguments if argument.endswith(ENDING) or _is_plan(base / argument)]
    files = [base / argument for argument in named if (base / argument).is_file()]
    if not named:
        return None
    if not files:
        raise UsageError(f"There is no file {named[0]}.", hint="flowsync plan --out FILE.json saves a plan.")
    if len(arguments) > 1:
        raise UsageError("A saved plan is applied by itself and as a whole: name nothing else beside it.")
    return files[0]


def _is_plan(path: Path) -> bool:
    """Whether a file begins as a saved plan does, whatever its name."""
    try:
        return path.is_file() and _BEGINNING.match(_content(path, _BEGINNING_LENGTH)) is not None
    except (OSError, ValueError):
        return False


def _content(path: Path, most: int) -> bytes:
    return workspace(path.parent).read_named(path, most)


def read_saved(path: Path) -> Plan:
    """Read a saved plan. Raises PlanFileError when it is not what flowsync wrote."""
    try:
        text = _content(path, _MOST_READ).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PlanFileError(
            "This file is not a plan of flowsync.", hint="flowsync plan --out FILE saves one."
        ) from None
    except OSError as error:
        raise PlanFileError(f"The saved plan cannot be read: {error.strerror}.") from None
    return from_text(text)


def refuse_elsewhere(saved: Plan, environment: str | None, api_url: str) -> None:
    """Raise RefusedError when a saved plan is for another API or environment than it is to be applied to."""
    reasons = []
    if place_of(saved.api_url) != place_of(api_url):
        reasons.append(f"It was made for {saved.api_url}; this is {api_url}.")
    if saved.environment != environment:
        reasons.append(f"It was made for {_environment(saved.environment)}; this is {_environment(environment)}.")
    if reasons:
        raise RefusedError(
            "Nothing was written: the saved plan is for another place.",
            reasons=reasons,
            hint="-e names the environment, --sandbox the sandbox; or plan again for this one.",
        )


def check_saved(saved: Plan, listing: Listing) -> Checked:
    """Hold every change of a saved plan against the live rows.

    One that sends a field which the API does not return is never done: nobody can see that it is.
    """
    rows = rows_by_slug(listing.rows)
    standings = [_standing(change, rows.get(change.slug, ())) for change in saved.writes]
    changes = [each.change for each in standings]
    return Checked(
        replace(
            saved,
            changes=tuple(each for each in changes if each.is_verified),
            unverified=tuple(each for each in changes if not each.is_verified),
        ),
        tuple(each.change for each in standings if isinstance(each, AsWritten) and not each.change.sent_unseen),
        tuple(each for each in standings if isinstance(each, Stale)),
    )


def _standing(change: Update, rows: Sequence[LiveFlow]) -> Standing:
    found = stand(change, rows)
    if isinstance(found, Moved):
        return Stale(change, found.message)
    as_restored = restored(change, next(row for row in rows if row.id == change.id))
    return Stale(change, as_restored) if isinstance(as_restored, Edited) else as_restored


def _environment(name: str | None) -> str:
    return "no environment" if name is None else f"the environment {name}"
