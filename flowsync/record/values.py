"""The content of a record, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.config import place_of
from flowsync.diff.fields import fingerprint, observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, LiveFlow, Target

FORMAT: Final = "flowsync-record/1"
SUFFIX: Final = ".jsonl"
"""What the name of a record's file ends in."""
_WITHOUT_EFFECT: Final = frozenset({"failed", "refused", "not-attempted"})


class Purpose(Enum):
    """The command that wrote."""

    APPLY = "apply"
    ROLLBACK = "rollback"
    RESTORE = "restore"
    PUBLISH = "publish"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run writes to: the environment's name, if it has one, and the address of the API."""

    environment: str | None
    api_url: str


WrittenRow: TypeAlias = "tuple[Place, int]"
"""A row that was written to: the same id is another flow in another place."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command that writes: where to, what, with which flowsync, from when on.

    `changes` is how many flows were planned, `time` ISO 8601 in UTC. `undoes` is the record that a rollback puts back,
    as a path from the folder of the records.
    """

    purpose: Purpose
    environment: str | None
    api_url: str
    digest: str
    tool: str
    time: str
    changes: int
    undoes: str | None = None

    @property
    def place(self) -> Place:
        """The place that it wrote to."""
        return Place(self.environment, place_of(self.api_url))


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one write; `outcome` is a word of the ledger (`applied`, `failed`, …).

    `after` are the written fields as the server showed them afterwards, None if it did not.
    `uncertain`: whether it took effect is not known.
    """

    outcome: str
    uncertain: bool
    after: Mapping[FieldName, JsonValue] | None


@dataclass(frozen=True, slots=True)
class Write:
    """One row that was written to, or was about to be.

    `before` is the row as the server showed it right before; `earlier` holds those of the written fields
    that only the plan's own read had shown. `body` is what was sent. `withheld` names the fields that the
    record leaves out because they held what looks like a key. `result` is None when the record broke off
    before it was known; `place` is that of the run.

    Several writes of one row in one record are one (`combined`): `before` is from before the first, `body` adds up,
    `result` is that of the last, and `before_last` are the written fields as they were before that one.
    `edited_between`: between two of them somebody else changed the row. `is_verified` as in `Update`.

    `replaced` is for a publish, which is kept as a write over the row that is live after it: the version that was live
    before, 0 if none was.

    `is_created`: the row was made by it. What `before` then says is not what was there, but what the way back leads to:
    the flow, switched off.
    """

    slug: str
    file: str
    target: Target
    before: LiveFlow
    earlier: Mapping[FieldName, JsonValue]
    body: Mapping[FieldName, JsonValue]
    withheld: tuple[str, ...]
    result: Result | None
    place: Place
    before_last: Mapping[FieldName, JsonValue] = field(default_factory=dict)
    edited_between: bool = False
    is_verified: bool = True
    replaced: int | None = None
    is_created: bool = False

    @property
    def id(self) -> int:
        """The numeric id of the row."""
        return self.before.id

    @property
    def row(self) -> WrittenRow:
        """The row, among those of all places."""
        return (self.place, self.id)

    @property
    def seen(self) -> Mapping[FieldName, JsonValue]:
        """The written fields as they were before, as far as they were returned."""
        known = {**self.earlier, **self.before.fields}
        return {name: known[name] for name in self.body if name in known}

    @property
    def is_applied(self) -> bool:
        """Whether it is known that it took effect."""
        return self.result is not None and self.result.outcome == "applied"

    @property
    def written(self) -> Mapping[FieldName, JsonValue]:
        """The written fields as they were afterwards: as the server returned them, else as they were sent.

        What was seen after a write that failed, or was refused, may be somebody else's.
        """
        answered = self.result.after if self.is_applied and self.result else None
        return {**self.body, **(answered or {})}

    @property
    def possible_states(self) -> tuple[Mapping[FieldName, JsonValue], ...]:
        """Each state of the fields that this may have led to: one, unless the last of several is in doubt."""
        return (self.written,) if self.is_applied or not self.before_last else (self.written, self.before_last)

    @property
    def is_without_effect(self) -> bool:
        """Whether it certainly had no effect: it failed or was refused."""
        return self.result is not None and not self.result.uncertain and self.result.outcome in _WITHOUT_EFFECT


@dataclass(frozen=True, slots=True)
class Deleted:
    """A flow that was deleted, or was about to be, with its versions. The record holds their rows for people to read.

    `is_done`: all of them are gone, as far as the record knows.
    """

    slug: str
    versions: tuple[int, ...]
    place: Place
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Creating:
    """A create whose result the record does not know."""

    slug: str
    file: str
    place: Place


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read. `writes` are sorted by slug, one for each row of a place, over all runs.

    `is_complete`: the last run came to its end; else it was cut off, or is still under way. `unknown` are the creates
    that may have made a flow, and of which no row is known.
    """

    runs: tuple[Run, ...]
    writes: tuple[Write, ...]
    is_complete: bool
    deleted: tuple[Deleted, ...] = ()
    unknown: tuple[Creating, ...] = ()

    def at(self, place: Place) -> Record:
        """The part that was written to `place`; without runs when nothing was."""
        runs = tuple(run for run in self.runs if run.place == place)
        writes = tuple(write for write in self.writes if write.place == place)
        deleted = tuple(each for each in self.deleted if each.place == place)
        unknown = tuple(each for each in self.unknown if each.place == place)
        return replace(self, runs=runs, writes=writes, deleted=deleted, unknown=unknown)

    @property
    def effective_rows(self) -> frozenset[WrittenRow]:
        """The rows that were written to, or may have been."""
        return frozenset(write.row for write in self.writes if not write.is_without_effect)

    @property
    def uncertain(self) -> int:
        """How many writes may or may not have taken effect, as far as the record knows."""
        written = sum(1 for write in self.writes if write.result is None or write.result.uncertain)
        return written + len(self.unknown)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file among the records could not be read."""

    message: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One file among the records; `name` is what rollback takes. `undone` are the rows that a rollback put back."""

    name: str
    content: Record | Unreadable
    undone: frozenset[WrittenRow] = frozenset()

    @property
    def stem(self) -> str:
        """The name as people type it."""
        return self.name.removesuffix(SUFFIX)

    @property
    def can_be_rolled_back(self) -> bool:
        """Whether rollback can put back what is left of it; it cannot undo a delete."""
        return isinstance(self.content, Record) and bool(self.content.effective_rows - self.undone)

    def at(self, place: Place) -> Kept | None:
        """The part of it that was written to `place`, if any; what cannot be read may be of any place."""
        if isinstance(self.content, Unreadable):
            return self
        part = self.content.at(place)
        return replace(self, content=part) if part.runs else None


@dataclass(frozen=True, slots=True)
class RecordList:
    """Records to show, the newest first; `newest` is the one that `rollback latest` puts back, if there is one.

    `elsewhere` counts those of other places, which are left out.
    """

    kept: tuple[Kept, ...]
    newest: Kept | None
    elsewhere: int = 0


def combined(writes: Sequence[Write]) -> Write:
    """The combined effect of the writes to one row, in their order. Those without effect do not count."""
    return reduce(_combine, [write for write in writes if not write.is_without_effect] or writes[-1:])


def _combine(first: Write, then: Write) -> Write:
    """Combine two writes to one row.

    A first write whose effect the second did not find does not count. If the second found neither what the
    first found nor what it wrote, somebody else had edited the row: that is noted, as there is no way back past it.
    """
    found = then.before.fields
    was_written = any(_is_alike(found, state) for state in first.possible_states)
    if _is_alike(found, first.seen) and not was_written:
        return replace(then, edited_between=first.edited_between)
    before_last = {**first.written, **then.seen, **{name: found[name] for name in first.body if name in found}}
    return replace(
        then,
        before=replace(then.before, fields={**found, **first.seen}),
        earlier={**then.earlier, **first.earlier},
        body={**{name: before_last[name] for name in first.body}, **then.body},
        withheld=tuple(dict.fromkeys((*first.withheld, *then.withheld))),
        before_last=before_last,
        edited_between=first.edited_between or not was_written,
        is_verified=first.is_verified or then.is_verified,
        is_created=first.is_created,
    )


def _is_alike(live: Mapping[FieldName, JsonValue], other: Mapping[FieldName, JsonValue]) -> bool:
    """Whether the fields that both show mean the same; `data` is text in both."""
    names = [name for name in other if name in live]
    return fingerprint(observe(live, names).values) == fingerprint(observe(other, names).values)
