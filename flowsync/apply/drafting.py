"""The turn of a new draft: the row to copy is as planned, there is no draft, one POST, and a PUT to the copy.

A draft that somebody else made, or edited, meanwhile is not written to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import has_draft, is_absent
from flowsync.api.rows import state_of
from flowsync.apply.making import Making, shown_otherwise
from flowsync.apply.turns import Verdict, places
from flowsync.apply.updating import Match, Moved, compare_rows, row_of
from flowsync.diff.fields import changes_between, observe
from flowsync.model import SENT_FIELDS, Failed, NewDraft, Refused
from flowsync.text import end_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flowsync.errors import ApiError
    from flowsync.model import FieldName, LiveFlow, Outcome

COPIED: Final[Collection[FieldName]] = frozenset(SENT_FIELDS) - {"active"}
"""What a new draft has in common with the row that it is a copy of; whether it is switched on is not known to be."""


class DraftTurn(Making[NewDraft]):
    """One draft is made and written."""

    __slots__ = ("source",)

    @property
    def nothing(self) -> str:
        """It may come later."""
        return "there is no draft. It may be made later."

    def look(self) -> Sequence[LiveFlow]:
        """The rows of the slug."""
        return self.store.rows(self.change)

    def objection(self, rows: Sequence[LiveFlow]) -> Refused | None:
        """The row to copy must be as it was planned, and no draft may be there."""
        found = compare_rows(self.change, rows)
        if isinstance(found, Moved):
            return Refused(self.change, found.code, found.message)
        row = row_of(self.change, rows)
        assert row is not None  # noqa: S101 - else the flow is gone
        self.source = row
        if found is Match.BEFORE:
            return None
        expected = self.change.old
        differences = changes_between(expected, observe(row.fields, expected.keys()).values)
        message = f"The live flow was changed after it was planned: {places(differences)}."
        return Refused(self.change, "changed-since-planned", message, differences)

    def replaced(self, rows: Sequence[LiveFlow]) -> LiveFlow | None:
        """The row that is copied."""
        return row_of(self.change, rows)

    def post(self) -> LiveFlow | None:
        """Begin the draft."""
        return self.store.new_version(self.change.id)

    def is_refusal(self, error: ApiError) -> bool:
        """There is a draft: the status that says so is not documented."""
        return has_draft(error)

    def refused(self, error: ApiError) -> Outcome:
        """Say what to do where there is a draft, or the server makes none."""
        hint = error.hint
        if has_draft(error):
            message = f"{end_of(error.message)} Somebody began it after this was planned: plan again."
            return Refused(self.change, "draft-appeared", message)
        if is_absent(error):
            hint = "If this server has no way to make a draft, begin it in the dashboard, then plan again."
        return Failed(self.change, error.code, error.message, hint, uncertain=False)

    def candidates(self, rows: Sequence[LiveFlow]) -> Sequence[LiveFlow]:
        """The drafts: right before the POST there was none."""
        return [row for row in rows if row.status == "DRAFT"]

    def complete(self, row: LiveFlow, doubt: str) -> Verdict:
        """Keep and read back the draft, and write to it if it is an untouched copy of its source."""
        if (row.slug, row.status) != (self.change.slug, "DRAFT") or row.id == self.change.id:
            message = f"The server answered with {row.slug}, {state_of(row)}, in place of a new draft."
            return self.unknown("no-draft", f"{message} Nothing was written to it.")
        shown = self.read_back(row, self.change.new.keys())
        if edited := self._edited(shown):
            opening = f"{end_of(doubt)} Read back, there is" if doubt else "It was made, and is not an untouched copy:"
            message = (
                f"{opening} {state_of(shown)}, which differs from version {self.change.version} in {edited}. Somebody "
                "else may be at work on it: nothing was written to it."
            )
            made = None if doubt else shown
            return Verdict(
                Failed(self.change, "draft-edited", message, "Plan again.", uncertain=bool(doubt), made=made), shown
            )
        if unkept := self.keep(shown):
            return unkept
        # Whether a copy is switched on is not known to be as in its source.
        names = {*self.change.body, *(name for name in shown_otherwise(shown, self.change.new) if name == "active")}
        return self.write(shown, names, self.record)

    def _edited(self, draft: LiveFlow) -> str:
        """Where a draft is not as the row that it was made from."""
        names = [name for name in COPIED if name in self.source.fields and name in draft.fields]
        was = observe(self.source.fields, names).values
        other = shown_otherwise(draft, was)
        shown = observe(draft.fields, other).values
        return places(changes_between({name: was[name] for name in other}, shown))
