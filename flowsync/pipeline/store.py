"""The API as applying needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync import live
from flowsync.model import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.live import Access, FlowWriter
    from flowsync.model import Change, FieldName, JsonValue, LiveFlow


@dataclass(frozen=True, slots=True)
class LiveStore:
    """The API as `apply` needs it: a FlowStore over a writer. `view` is what the plan was made from."""

    writer: FlowWriter
    access: Access
    view: View = View.WHOLE

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        """The change's slug, read afresh."""
        listed = live.Access.PRIVATE if self.view is View.WHOLE else live.Access.PUBLIC
        wanted = change.old.keys()
        return live.reread(self.writer, change.slug, change.id, access=self.access, listed=listed, wanted=wanted)

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return live.write(self.writer, row_id, {str(name): value for name, value in body.items()})
