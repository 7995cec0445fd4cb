"""The API as applying needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.live import protocols, writing
from flowsync.live.lookup import reread
from flowsync.model import View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.live.protocols import Access, FlowWriter
    from flowsync.model import Change, FieldName, JsonValue, LiveFlow


@dataclass(frozen=True, slots=True)
class LiveStore:
    """The API as `apply` needs it: a FlowStore over a writer. `view` is what the plan was made from."""

    writer: FlowWriter
    access: Access
    view: View = View.WHOLE

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        """The change's slug, read afresh."""
        listed = protocols.Access.PRIVATE if self.view is View.WHOLE else protocols.Access.PUBLIC
        wanted = change.old.keys()
        return reread(self.writer, change.slug, change.id, access=self.access, listed=listed, wanted=wanted)

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return writing.write(self.writer, row_id, {str(name): value for name, value in body.items()})
