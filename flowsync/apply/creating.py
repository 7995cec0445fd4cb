"""Creates one row, a flow or a draft: checks that it may, sends a POST, then a PUT for what the POST does not set.

A flow is created if no other has its slug. A draft is a copy of a row that is as planned; a draft that
somebody else made, or edited, meanwhile is not written to.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import has_draft, is_absent, is_taken
from flowsync.api.rows import state_of
from flowsync.apply.posting import PostTurn, shown_otherwise
from flowsync.apply.turns import Verdict, read_back
from flowsync.apply.updating import Match, Moved, compare_rows, row_of
from flowsync.diff.data import quoted
from flowsync.diff.fields import changes_between, observe, places
from flowsync.errors import ApiError
from flowsync.model import SENT_FIELDS, Applied, Create, Failed, NewDraft, Refused
from flowsync.text import end_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flowsync.model import FieldName, LiveFlow, Outcome

LATER: Final[tuple[FieldName, ...]] = ("description",)
"""What a create does not take [obs]: it is sent afterwards."""
COPIED: Final[Collection[FieldName]] = frozenset(SENT_FIELDS) - {"active"}
"""What a new draft has in common with the row that it is a copy of; whether it is switched on is not known to be."""


class CreateTurn(PostTurn[Create]):
    """Creates one flow, unless it exists."""

    __slots__ = ("has_deleted",)
    nothing = "no flow has this slug. It may appear later, or Frigade made it under another slug."

    def look(self) -> Sequence[LiveFlow]:
        """The rows of the slug that are not deleted."""
        rows = self.store.find(self.change.slug)
        self.has_deleted = any(row.is_gone for row in rows)
        return [row for row in rows if not row.is_gone]

    def objection(self, rows: Sequence[LiveFlow]) -> Refused | None:
        """Refuse if the slug has a row."""
        if not rows:
            return None
        there = " and ".join(state_of(row) for row in rows)
        return Refused(self.change, "appeared", f"It did not exist when the plan was made, and does now: {there}.")

    def post(self) -> LiveFlow | None:
        """Create the flow."""
        body = {name: value for name, value in self.change.body.items() if name not in LATER}
        return self.store.create(self.change.slug, body)

    def refused(self, error: ApiError) -> Outcome:
        """The outcome if the slug is taken, or the server cannot create flows."""
        hint = error.hint
        if is_taken(error):
            return self._taken(error)
        if is_absent(error):
            hint = "This server has no way to create flows: create it in the dashboard, then plan again."
        return Failed(self.change, error.code, error.message, hint, uncertain=False)

    def _taken(self, error: ApiError) -> Outcome:
        """The outcome for a taken slug; names the flow that has it, if a read shows one."""
        with suppress(ApiError):
            if appeared := self.objection(self.look()):
                return appeared
        only = "Only a deleted flow with this slug is shown: Frigade may keep its slug taken."
        shown = only if self.has_deleted else "This key can see no such flow."
        message = f"{end_of(error.message)} {shown}"
        return Refused(self.change, "appeared", f"{message} Plan again; if it stays so, rename the file.")

    def candidates(self, rows: Sequence[LiveFlow]) -> Sequence[LiveFlow]:
        """The rows with the first version: somebody may have begun a draft since."""
        first = min((row.version for row in rows), default=0)
        return [row for row in rows if row.version == first]

    def complete(self, row: LiveFlow, doubt: str) -> Verdict:
        """Record, read back and complete the row, unless its slug differs or it may be somebody else's."""
        if row.slug != self.change.slug:
            return self.keep(row) or self._under_another_slug(self.read_back(row, ()))
        if doubt and (other := self._differences(row)):
            message = f"{end_of(doubt)} Read back, a flow with this slug exists, but it is a different one: {other}."
            return self.unknown("appeared", message)
        if unkept := self.keep(row):
            return unkept
        shown = self.read_back(row, self.change.body.keys())
        # Where a read shows something else than the answer did, somebody edited it meanwhile: that is not put right.
        made = replace(shown, fields={**shown.fields, **row.fields})
        left = self._left(made)
        if left:
            return self.write(made, left, is_kept=True)
        verdict = read_back(self.change, shown)
        assert isinstance(verdict.outcome, Applied)  # noqa: S101 - it was made
        return Verdict(replace(verdict.outcome, made=shown), verdict.row)

    def _under_another_slug(self, row: LiveFlow) -> Verdict:
        slug = quoted(row.slug)
        sight = " Users may see it now." if row.is_published and row.fields.get("active") is not False else ""
        message = f"Frigade made this flow as {slug} instead: {state_of(row)}.{sight} Nothing more was written to it."
        hint = (
            f"To keep it, rename the file to {row.slug}.yaml and plan again. Or: flowsync delete {row.slug}. Then "
            "give the file another name, for instance one that begins with flow_."
        )
        return Verdict(Failed(self.change, "another-slug", message, hint, uncertain=False, made=row), row)

    def _differences(self, row: LiveFlow) -> str:
        """The differences between a row and what the POST should have created."""
        wanted = {name: value for name, value in self.change.new.items() if name not in LATER}
        names = shown_otherwise(row, wanted)
        shown = observe(row.fields, names).values
        return places(changes_between({name: wanted[name] for name in names}, shown))

    def _left(self, row: LiveFlow) -> list[FieldName]:
        """The fields for a PUT: those that differ from the plan, and those not shown that may differ."""
        new = self.change.new
        shown = observe(row.fields, new.keys()).values
        hidden = [name for name in LATER if name not in shown and new.get(name)]
        if "active" not in shown and new.get("active") is False:
            hidden.append("active")  # a server that did not take it would show the flow to users
        return [*shown_otherwise(row, new), *hidden]


class DraftTurn(PostTurn[NewDraft]):
    """Creates one draft and writes to it."""

    __slots__ = ()
    nothing = "there is no draft. It may be made later."

    def look(self) -> Sequence[LiveFlow]:
        """The rows of the slug."""
        return self.store.rows(self.change)

    def objection(self, rows: Sequence[LiveFlow]) -> Refused | None:
        """Refuse unless the row to copy is as planned and no draft exists."""
        found = compare_rows(self.change, rows)
        if isinstance(found, Moved):
            return Refused(self.change, found.code, found.message)
        self.source = row = row_of(self.change, rows)
        assert row is not None  # noqa: S101 - else the flow is gone
        if found is Match.BEFORE:
            return None
        expected = self.change.old
        differences = changes_between(expected, observe(row.fields, expected.keys()).values)
        message = f"The live flow was changed after it was planned: {places(differences)}."
        return Refused(self.change, "changed-since-planned", message, differences)

    def post(self) -> LiveFlow | None:
        """Create the draft."""
        return self.store.new_version(self.change.id)

    def is_refusal(self, error: ApiError) -> bool:
        """Whether a draft exists already: the status that says so is not documented."""
        return has_draft(error)

    def refused(self, error: ApiError) -> Outcome:
        """The outcome if there is a draft, or the server cannot create one."""
        hint = error.hint
        if has_draft(error):
            message = f"{end_of(error.message)} Somebody made one after this was planned: plan again."
            return Refused(self.change, "draft-appeared", message)
        if is_absent(error):
            hint = "If this server has no way to make a draft, begin it in the dashboard, then plan again."
        return Failed(self.change, error.code, error.message, hint, uncertain=False)

    def candidates(self, rows: Sequence[LiveFlow]) -> Sequence[LiveFlow]:
        """The drafts: right before the POST there was none."""
        return [row for row in rows if row.status == "DRAFT"]

    def complete(self, row: LiveFlow, doubt: str) -> Verdict:
        """Record and read back the draft, and write to it if it is an unchanged copy of its source."""
        if (row.slug, row.status) != (self.change.slug, "DRAFT") or row.id == self.change.id:
            message = f"The server answered with {row.slug}, {state_of(row)}, instead of a new draft."
            return self.unknown("no-draft", f"{message} Nothing was written to it.")
        shown = self.read_back(row, self.change.new.keys())
        if edited := self._edited(shown):
            opening = f"{end_of(doubt)} Read back, there is" if doubt else "It was made, but is not an unchanged copy:"
            message = (
                f"{opening} {state_of(shown)}, which differs from version {self.change.version} in {edited}. Somebody "
                "else may be editing it: nothing was written to it."
            )
            made = None if doubt else shown
            return Verdict(
                Failed(self.change, "draft-edited", message, "Plan again.", uncertain=bool(doubt), made=made), shown
            )
        if unkept := self.keep(shown):
            return unkept
        # Whether a copy is switched on is not known to be as in its source.
        names = {*self.change.body, *(name for name in shown_otherwise(shown, self.change.new) if name == "active")}
        return self.write(shown, names, is_kept=False)

    def _edited(self, draft: LiveFlow) -> str:
        """The fields in which a draft differs from the row that it was made from."""
        source = {} if self.source is None else self.source.fields
        names = [name for name in COPIED if name in source and name in draft.fields]
        was = observe(source, names).values
        other = shown_otherwise(draft, was)
        shown = observe(draft.fields, other).values
        return places(changes_between({name: was[name] for name in other}, shown))
