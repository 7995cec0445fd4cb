"""The versions of one flow: who sees each, which one apply would write, and the changes between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from flowsync.api.rows import Chosen, choose
from flowsync.flows.expressions import parsed
from flowsync.plan.warnings import is_for_everyone
from flowsync.versions.sides import content_of_row, difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.api.rows import Choice
    from flowsync.model import LiveFlow, Target
    from flowsync.record.values import Place
    from flowsync.versions.sides import Difference


class Seen(Enum):
    """Whether users see a version. The values are those of the JSON document."""

    YES = "yes"
    UNLESS_OFF = "unless-switched-off"
    SWITCHED_OFF = "switched-off"
    BROKEN = "broken-targeting"
    ONE_OF_SEVERAL = "one-of-several"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Version:
    """One version. `change` leads from the version before to it; None if that one is not returned."""

    row: LiveFlow
    seen: Seen
    is_target: bool
    change: Difference | None


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a flow, the newest first. `is_whole`: there are no others. `notes` are about all of them.

    `choice` is what `target` leads apply to.
    """

    slug: str
    place: Place
    versions: tuple[Version, ...]
    choice: Choice
    is_whole: bool
    notes: tuple[str, ...] = ()


def history(
    slug: str, rows: Sequence[LiveFlow], target: Target, *, place: Place, is_whole: bool, notes: Sequence[str]
) -> History:
    """Return the history in the rows of a slug; `target` chooses the one that apply would write."""
    ordered = sorted((row for row in rows if not row.is_gone), key=lambda row: (row.version, row.id))
    choice = choose(ordered, target)
    written = choice.row.id if isinstance(choice, Chosen) else None
    contents = [content_of_row(row, ordered) for row in ordered]
    changes = [None, *(difference(before, after) for before, after in pairwise(contents))]
    published = sum(row.is_published for row in ordered)
    versions = [
        Version(row, _seen(row, published), row.id == written, change)
        for row, change in zip(ordered, changes, strict=True)
    ]
    return History(slug, place, tuple(reversed(versions)), choice, is_whole, tuple(notes))


def _seen(row: LiveFlow, published: int) -> Seen:
    """Whether users see a version, given how many versions are published: one, except during a publish."""
    if not row.is_published:
        return Seen.NO if row.is_archived or row.status == "DRAFT" else Seen.UNKNOWN
    active, targeting = row.fields.get("active"), row.fields.get("targetingLogic")
    if active is False:
        return Seen.SWITCHED_OFF
    if isinstance(targeting, str) and not is_for_everyone(targeting) and parsed(targeting) is None:
        return Seen.BROKEN
    if published > 1:
        return Seen.ONE_OF_SEVERAL
    return Seen.YES if active is True else Seen.UNLESS_OFF
