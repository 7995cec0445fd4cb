"""One flow file beside the live row that it would be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.model import View

if TYPE_CHECKING:
    from flowsync.diff import FieldComparison
    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, Target
    from flowsync.plan.base import Told


@dataclass(frozen=True, slots=True)
class Subject:
    """What there is to judge of one flow.

    `row` is the row to write, as `target` chose it, and `told` how the file stands to it; `published` is
    another row, the one users see, None where none is; `latest` is the newest row that is not archived,
    mostly `row` itself. `view` is what the rows were read from.
    `data_text` is the flow's own, which is made anew for each who asks it.
    """

    flow: Flow
    target: Target
    row: LiveFlow
    published: LiveFlow | None
    latest: LiveFlow
    told: Told
    data_text: str | None
    view: View = View.WHOLE

    @property
    def comparison(self) -> FieldComparison:
        """How the file stands to the row, as far as it is to be written."""
        return self.told.comparison

    @property
    def was_on(self) -> bool:
        """Whether the row is shown before the write; one of which the server tells nothing counts as shown."""
        return not _is_off(self.row.fields.get("active"))

    @property
    def will_be_on(self) -> bool:
        """Whether the row is shown after the write."""
        return not _is_off(self.flow.fields.get("active", self.row.fields.get("active")))

    def sends_unseen(self, field: FieldName) -> bool:
        """Whether a field is sent that the API does not return: by itself, or with what else changes."""
        is_written = self.comparison.changes or self.told.sent_unseen
        return field in self.comparison.unseen and bool(is_written or self.must_be_switched_off)

    @property
    def must_be_switched_off(self) -> bool:
        """Whether the file switches the flow off, and neither the API nor a base shows that it is off.

        A base shows it: there the file said the same, so the apply of that commit sent it.
        """
        is_off = _is_off(self.flow.fields.get("active")) and "active" in self.comparison.unseen
        return is_off and not self.told.has_base

    @property
    def is_felt_at_once(self) -> bool:
        """Whether users notice the write: the row is published, and shown before or after it."""
        return self.row.is_published and (self.was_on or self.will_be_on)


def _is_off(active: JsonValue) -> bool:
    return isinstance(active, int | float) and not active
