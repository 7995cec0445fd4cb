"""What creating a flow and creating a draft share: a POST that creates a row, sent once.

POST is not idempotent. It is sent again only after an answer that shows that nothing came of it: the request was
certainly never sent, or the server refused it and named a time to come back (429). After every other failure, and after
an answer that shows no row, the row is looked for. If it is not found the change has failed, and it is not known
whether the row will be there after all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar

from flowsync.api.rows import state_of
from flowsync.apply.turns import MOST_WAITS, RETRY_PAUSE, WRITE_ATTEMPTS, Verdict
from flowsync.apply.updating import update
from flowsync.diff.fields import form, observe
from flowsync.errors import ApiError, FlowsyncError, RecordError
from flowsync.model import (
    SENT_FIELDS,
    AlreadyApplied,
    Applied,
    Create,
    Failed,
    NewDraft,
    NotAttempted,
    Refused,
    Target,
    Update,
)
from flowsync.text import end_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from flowsync.apply.turns import ApplyRecord, FlowStore
    from flowsync.model import FieldName, JsonValue, LiveFlow, Outcome

LOOKS: Final = 3
"""How often a row is looked for that may have been made: what is read may lag behind what was written."""
LEFT: Final = "Plan again: that shows what is left to write."
NOT_SHOWN: Final = "The server accepted the request and did not show what it made."

Made = TypeVar("Made", Create, NewDraft)


@dataclass(slots=True)
class PostTurn(ABC, Generic[Made]):
    """Creates a row for one change.

    `source` is the row that it is a copy of, if it is one. `nothing` says what became of a row that may have been made
    and is not found.
    """

    nothing: ClassVar[str]
    change: Made
    store: FlowStore
    record: ApplyRecord
    pause: Callable[[float], None]
    failures: int = 0
    waits: int = 0
    is_kept: bool = False
    source: LiveFlow | None = None

    @abstractmethod
    def look(self) -> Sequence[LiveFlow]:
        """The rows of the slug, read now."""

    @abstractmethod
    def objection(self, rows: Sequence[LiveFlow]) -> Refused | None:
        """The reason why the row may not be created, given the existing rows."""

    @abstractmethod
    def post(self) -> LiveFlow | None:
        """Send the POST."""

    def is_refusal(self, error: ApiError) -> bool:  # noqa: ARG002 - most failures do not say so
        """Whether a failure means that nothing was created, whatever its status."""
        return False

    @abstractmethod
    def refused(self, error: ApiError) -> Outcome:
        """The outcome of a POST that certainly created nothing."""

    @abstractmethod
    def candidates(self, rows: Sequence[LiveFlow]) -> Sequence[LiveFlow]:
        """The rows, read after a POST with an unknown outcome, that it may have created."""

    @abstractmethod
    def complete(self, row: LiveFlow, doubt: str) -> Verdict:
        """Write the remaining fields of the row that was created.

        `doubt`: why it is not known for certain that it was made here, empty if it is.
        """

    def turn(self) -> Verdict:
        """Create the row and complete it."""
        while (verdict := self._try()) is None:
            pass
        return verdict

    def _try(self) -> Verdict | None:
        """Look and send; None if it may be tried again."""
        try:
            rows = self.look()
        except ApiError as error:
            return self._failed(error)
        if objection := self.objection(rows):
            return Verdict(objection)
        try:
            if not self.is_kept:
                self.record.before(self.change, self.source)
                self.is_kept = True
            row = self.post()
        except RecordError as error:
            return self._failed(error)
        except ApiError as error:
            return self._after_failure(error)
        return self._find(NOT_SHOWN, "not-shown") if row is None else self.complete(row, "")

    def _failed(self, error: FlowsyncError) -> Verdict:
        return Verdict(Failed(self.change, error.code, error.message, error.hint, uncertain=False))

    def _after_failure(self, error: ApiError) -> Verdict | None:
        if error.may_have_effect and not self.is_refusal(error):
            return self._find(error.message, error.code)
        if error.retry_after is not None and self.waits < MOST_WAITS:
            self.waits += 1  # the next read waits as long as the server asks
            return None
        if error.unsent and self.failures + 1 < WRITE_ATTEMPTS:
            self.failures += 1
            self.pause(RETRY_PAUSE * 2 ** (self.failures - 1))
            return None
        return Verdict(self.refused(error))

    def _find(self, reason: str, code: str) -> Verdict:
        """Look for the row after a POST that may have created it; the POST is never sent again."""
        for number in range(LOOKS):
            self.pause(RETRY_PAUSE * number)
            try:
                found = self.candidates(self.look())
            except ApiError as error:
                return self.unknown(code, f"{end_of(reason)} Reading back failed too. {error.message}")
            if len(found) == 1:
                return self.complete(found[0], reason)
            if found:
                several = " and ".join(state_of(row) for row in found)
                return self.unknown("several-found", f"{end_of(reason)} Read back, there are {several}.")
        return self.unknown(code, f"{end_of(reason)} Read back {LOOKS} times, {self.nothing}")

    def unknown(self, code: str, message: str) -> Verdict:
        """The outcome if it is not known whether the row was created."""
        hint = "Plan again later: the plan shows whether it exists, and creates it if it does not."
        return Verdict(Failed(self.change, code, message, hint, uncertain=True))

    def keep(self, row: LiveFlow) -> Verdict | None:
        """Record the created row; return the outcome of the turn if that fails."""
        try:
            self.record.made(self.change, row)
        except RecordError as error:
            message = f"It was made: {state_of(row)}. {error.message}"
            return Verdict(Failed(self.change, error.code, message, error.hint, uncertain=False, made=row), row)
        return None

    def read_back(self, row: LiveFlow, wanted: Collection[FieldName]) -> LiveFlow:
        """The row as a read shows it; as the POST returned it if no read does."""
        for number in range(LOOKS):
            self.pause(RETRY_PAUSE * number)
            try:
                rows = self.store.find(row.slug, row.id, wanted)
            except ApiError:
                break
            if found := next((each for each in rows if each.id == row.id), None):
                return found
        return row

    def write(self, row: LiveFlow, names: Collection[FieldName], *, is_kept: bool) -> Verdict:
        """Update these fields of the created row, as any update does, and report it as this change."""
        planned = update_of(self.change, row, names)
        for number in range(LOOKS):
            self.pause(RETRY_PAUSE * number)
            verdict = update(planned, self.store, self.record, self.pause, is_kept=is_kept)
            if not (isinstance(verdict.outcome, Refused) and verdict.outcome.code == "gone"):
                break
        last = verdict.row or row
        match verdict.outcome:
            case Applied(_, untaken, differences):
                return Verdict(Applied(self.change, untaken, differences, made=last), last)
            case AlreadyApplied():
                return Verdict(Applied(self.change, made=last), last)
            case Refused(_, code, reason, _, uncertain):
                hint = LEFT
            case Failed(_, code, reason, advice, uncertain):
                hint = LEFT if advice is None else f"{end_of(advice)} {LEFT}"
            case NotAttempted():  # pragma: no cover - a turn is always taken
                raise AssertionError
        message = f"It was made: {state_of(last)}. But the remaining fields were not written: {reason}"
        return Verdict(Failed(self.change, code, message, hint, uncertain=uncertain, made=last), last)


def update_of(change: Create | NewDraft, row: LiveFlow, names: Collection[FieldName]) -> Update:
    """The update of a newly created row that sends the fields `names` of the change."""
    values = {**change.new, **change.body}
    body = {name: values[name] for name in SENT_FIELDS if name in names}
    old = observe(row.fields, change.new.keys()).values
    target = Target.ACTIVE if row.is_published else Target.DRAFT if row.status == "DRAFT" else Target.LATEST
    return Update(
        slug=row.slug,
        file=change.file,
        id=row.id,
        version=row.version,
        status=row.status,
        live=row.is_published,
        fields=change.fields,
        unseen=tuple(name for name in body if name not in old),
        warnings=(),
        body=body,
        before="",
        after=change.after,
        old=old,
        new={**old, **{name: change.new[name] for name in body if name in old and name in change.new}},
        target=target,
        shown=row.fields,
    )


def shown_otherwise(row: LiveFlow, wanted: Mapping[FieldName, JsonValue]) -> list[FieldName]:
    """The fields that the row shows with another meaning than `wanted`, whose `data` is parsed."""
    shown = observe(row.fields, wanted.keys()).values
    return [name for name in shown if form(name, shown[name]) != form(name, wanted[name])]
