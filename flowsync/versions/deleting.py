"""The deletion of a flow: the order of its versions, and what prevents it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.flows.expressions import referenced_slugs
from flowsync.versions.publishing import content_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow, LiveFlow

_ORDER: Final = {"DRAFT": 0, "ARCHIVED": 1}
"""Which versions go first; the one that is live goes last."""
_NEVER: Final = "which is false for everyone once it is gone."


@dataclass(frozen=True, slots=True)
class Deletion:
    """A flow to delete, with all its versions in the order of deletion.

    What users see goes last: up to then a deletion that breaks off has changed nothing for them. `has_versions`: the
    server listed the versions of the flow; else the list of flows did.
    """

    slug: str
    rows: tuple[LiveFlow, ...]
    has_versions: bool = True


class Ending(Enum):
    """How the deletion of a flow ended; the values are those of the JSON document."""

    DELETED = "deleted"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_ATTEMPTED = "not-attempted"

    @property
    def words(self) -> str:
        """The words for people."""
        return self.value.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Deleted:
    """The result for one flow. `left` are the versions that the last read showed.

    `uncertain`: a request was sent of which it is not known whether it was, or still will be, carried out.
    """

    deletion: Deletion
    ending: Ending
    left: tuple[LiveFlow, ...] = ()
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    uncertain: bool = False

    @property
    def is_half_done(self) -> bool:
        """Whether some versions are gone and others are not."""
        return bool(self.left) and len(self.left) < len(self.deletion.rows)


def deletion_of(slug: str, rows: Iterable[LiveFlow], *, has_versions: bool = True) -> Deletion:
    """Return the deletion of these versions, without those that are already gone."""
    there = (row for row in rows if not row.is_gone)
    return Deletion(
        slug, tuple(sorted(there, key=lambda row: (_ORDER.get(row.status, 2), row.version, row.id))), has_versions
    )


def objections(
    deletion: Deletion, files: Sequence[Flow], live: Mapping[str, Sequence[LiveFlow]], going: Collection[str]
) -> Iterator[str]:
    """Yield why a flow must not be deleted, one sentence per reason.

    `files` are all there are, `live` the rows of every slug. The flows that are `going` too may name this one.
    """
    yield from _shown(deletion)
    named_by = {flow.slug for flow in files if deletion.slug in referenced_slugs(flow)} - {*going, deletion.slug}
    for flow in files:
        if flow.slug == deletion.slug:
            yield f"{flow.file} is its file: delete the file and merge that first."
        elif flow.slug in named_by:
            yield f"{flow.file} refers to it in its targeting or in a step, {_NEVER}"
    for slug in sorted(live.keys() - named_by - {*going, deletion.slug}):
        rows = [row for row in live[slug] if not row.is_archived and not row.is_gone]
        if any(deletion.slug in referenced_slugs(content_of(row, None)) for row in rows):
            yield f"The flow {slug}, as it is in Frigade, refers to it in its targeting or in a step, {_NEVER}"


def _shown(deletion: Deletion) -> Iterator[str]:
    """Yield why a version that users may see must not be deleted."""
    for row in deletion.rows:
        if row.is_archived or row.status == "DRAFT":
            continue
        active = row.fields.get("active")
        version = f"Version {row.version} (id {row.id})"
        if not row.has_known_status:
            yield f"{version} has a status that flowsync does not know: users may see it."
        elif active not in (True, False):
            yield f"{version} is live, and the API does not say whether it is switched on. Delete it in the dashboard."
        elif active:
            yield f"{version} is live and switched on. Switch it off first: active: false, or in the dashboard."
