"""The frozen values that travel from room to room: files in, flows, differences, plan, outcomes.

Names are loaded from their modules when first used: making a class of values takes half a millisecond, and who only
validates needs four of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
ValuePath: TypeAlias = "tuple[str | int, ...]"
"""Mapping keys and list indices from the root of a document to one value."""

FieldName: TypeAlias = Literal["name", "type", "description", "active", "targetingLogic", "data"]
SENT_FIELDS: Final[tuple[FieldName, ...]] = ("name", "type", "description", "active", "targetingLogic", "data")
"""The fields of the PUT body [doc], in the order files, plans and bodies hold them."""


class Severity(Enum):
    """How much a problem weighs: an error stops a command, a warning is told."""

    ERROR = "error"
    WARNING = "warning"


class Target(Enum):
    """Which version of a slug is written."""

    LATEST = "latest"
    ACTIVE = "active"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; `line` and `column` count from 1, columns in characters."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one place in one file.

    `detail` are further lines that explain it, indented among themselves: the tree of a failing test.
    """

    location: Location
    severity: Severity
    code: str
    message: str
    hint: str | None = None
    detail: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[Location, str, str, str]:
        """Files, lines and columns in order; then code, message and hint, so that output is stable."""
        return (self.location, self.code, self.message, self.hint or "")


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow file, overlays applied.

    `fields` holds only what the file states of SENT_FIELDS; `data` there is the parsed value.
    `written` is how `data` is written, from which `data_text` is made: who only validates never asks for it.
    """

    slug: str
    file: str
    fields: Mapping[FieldName, JsonValue]
    written: str | Writing | None
    target: Target | None
    protected: bool
    tests: JsonValue
    source: Source

    @property
    def data_text(self) -> str | None:
        """Exactly what would be sent as `data`, None when the file states no data."""
        return self.written if self.written is None or isinstance(self.written, str) else self.written.text


class Source(Protocol):
    """The text a value was read from, as far as positions are concerned."""

    @property
    def text(self) -> str:
        """The whole text of the file."""

    @property
    def value(self) -> JsonValue:
        """The whole parsed value, before overlays."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers of JavaScript read differently."""

    def holds(self, part: str) -> bool:
        """Whether the text holds `part`."""

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts; the nearest enclosing value where `path` is absent."""

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts; as `location` for list items and the root."""

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` (from 0) of the text at `path` is written; as `location` if unknown."""


class Writing(Protocol):
    """A text that is made when it is asked for."""

    @property
    def text(self) -> str | None:
        """The text; None where there is none."""


class ListState(Enum):
    """How a live flow compares with the files."""

    IN_STEP = "in step"
    DIFFERS = "differs"
    UNVERIFIED = "unverified"
    BLOCKED = "blocked"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True, slots=True)
class ListedFlow:
    """One line of `flowsync list`: a live row, a file, or both. None means there is none."""

    slug: str
    file: str | None
    id: int | None
    version: int | None
    status: str | None
    name: str | None
    state: ListState


class FileState(Enum):
    """What becomes of a file that a project starts with."""

    CREATED = "created"
    EXTENDED = "extended"
    KEPT = "kept"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that a project starts with, named from where the command runs.

    `text` is all of it; for BY_HAND what people have to add. `note` says why, or what is added.
    """

    name: str
    state: FileState
    text: str
    note: str | None = None


class Op(Enum):
    """What happens at one path."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"
    MOVE = "move"
    RENAME = "rename"


class View(Enum):
    """Which key and which list of flows a plan was made from."""

    WHOLE = "private-list"
    PUBLIC_KEY = "public-list"
    FALLBACK = "public-list-for-private-key"


class Origin(Enum):
    """Who made a difference, where a base revision tells: this branch, the dashboard, or both."""

    BRANCH = "branch"
    DRIFT = "drift"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """One row of the API: one version of a slug.

    `fields` holds those of SENT_FIELDS that the server returned, as it returned them (`data` is
    still text); a field it left out is absent. `status` is ACTIVE, DRAFT, ARCHIVED or whatever
    else the server says. `raw` is the whole answer.
    """

    id: int
    slug: str
    version: int
    status: str
    fields: Mapping[FieldName, JsonValue]
    raw: Mapping[str, JsonValue]

    @property
    def is_published(self) -> bool:
        """Whether a write to this row is seen by users at once [doc: status]."""
        return self.status == "ACTIVE"

    @property
    def is_archived(self) -> bool:
        """Whether this row is read-only [doc]."""
        return self.status == "ARCHIVED"

    @property
    def is_gone(self) -> bool:
        """Whether the row is there in name only: the status DELETED has been reported."""
        return self.status == "DELETED"

    @property
    def has_known_status(self) -> bool:
        """Whether it is known what a write to this row does; a server may leave the status out."""
        return self.status in {"ACTIVE", "DRAFT", "ARCHIVED", ""}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference at one place.

    `path` is a JSON pointer inside the field ("" is the field itself), `label` the same for people
    (`steps[welcome].title`). For MOVE `old` and `new` are the indices before and after; for RENAME
    the ids. ADD has no `old`, REMOVE no `new` (both None).
    """

    field: FieldName
    path: str
    label: str
    op: Op
    old: JsonValue
    new: JsonValue
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class PlanWarning:
    """Something a reviewer should know about one planned change; `line` is in the flow's file."""

    code: str
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A row that will be written.

    `target` is the rule that chose the row. `is_verified` is false where no difference can be seen, because the server
    does not return a field that the file switches off: it is sent all the same. `body` is exactly what is sent. `old`
    and `new` are the managed fields' values before and after (`data` parsed), for those the server returned. `before`
    and `after` are fingerprints of the canonical values of the managed fields: "sha256:" and 64 hex digits. `shown` is
    what `old` was read from (`LiveFlow.fields`), None where it was not read from a row. `hashed` is the value of `data`
    in `new` with the fingerprint of it alone, None where that was not made.
    """

    slug: str
    file: str
    id: int
    version: int
    status: str
    live: bool
    fields: tuple[FieldChange, ...]
    unseen: tuple[FieldName, ...]
    warnings: tuple[PlanWarning, ...]
    body: Mapping[FieldName, JsonValue]
    before: str
    after: str
    old: Mapping[FieldName, JsonValue]
    new: Mapping[FieldName, JsonValue]
    target: Target = Target.LATEST
    is_verified: bool = True
    shown: Mapping[FieldName, JsonValue] | None = field(default=None, compare=False, repr=False)
    hashed: tuple[JsonValue, str] | None = field(default=None, compare=False, repr=False)

    @property
    def sent_unseen(self) -> tuple[FieldName, ...]:
        """The fields that are sent though the server does not show what they replace."""
        return tuple(name for name in self.unseen if name in self.body)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A row that already is as the file says, as far as can be seen."""

    slug: str
    file: str
    id: int
    version: int
    status: str
    unseen: tuple[FieldName, ...]
    warnings: tuple[PlanWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A file whose flow cannot be written; nothing of it is planned."""

    slug: str
    file: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live flow without a file: shown, never touched."""

    slug: str
    id: int
    name: str


Change: TypeAlias = Update
"""What a plan can hold for writing; creation and deletion join this union when commands offer them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why apply writes nothing of a plan. `slugs`: the flows it is about, empty where it is about the whole.

    `flag` is the option of apply that allows it, as one writes it.
    """

    code: str
    message: str
    flag: str
    slugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do, whole. Every tuple is sorted by slug.

    `unverified` are flows that the file switches off while the API does not say whether they are on: neither a change
    nor unchanged. `view` is how much of the account the plan was made from. `unnamed_unchanged` is how many more flows
    are unchanged: a saved plan tells only their number. `refusals` is what guards have against it, where they were
    asked.
    """

    environment: str | None
    api_url: str
    base: str | None
    changes: tuple[Change, ...]
    unchanged: tuple[Unchanged, ...]
    blocked: tuple[Blocked, ...]
    unmanaged: tuple[Unmanaged, ...]
    digest: str
    unnamed_unchanged: int = 0
    refusals: tuple[Refusal, ...] = ()
    unverified: tuple[Update, ...] = ()
    view: View = View.WHOLE

    @property
    def writes(self) -> tuple[Change, ...]:
        """Everything that apply sends, by slug: the changes, and what cannot be verified."""
        return tuple(sorted((*self.changes, *self.unverified), key=lambda change: change.slug))


@dataclass(frozen=True, slots=True)
class Applied:
    """Written, and the server's answer compared. `untaken` are fields it did not take as sent.

    `differences` are the places where what came back (`new`) is not what was sent (`old`).
    """

    change: Change
    untaken: tuple[FieldName, ...] = ()
    differences: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyApplied:
    """The fresh read showed what would have been written: nothing was sent."""

    change: Change


@dataclass(frozen=True, slots=True)
class Refused:
    """The flow is not, or no longer, as it was planned: nothing was sent, or nothing further.

    `differences` are the places where what is there (`new`) is not what was expected (`old`): what was
    planned from or, after a write whose fate is unknown (`uncertain`), what was to be written.
    """

    change: Change
    code: str
    message: str
    differences: tuple[FieldChange, ...] = ()
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The write, or the read before it, failed. `uncertain`: the write may have taken effect."""

    change: Change
    code: str
    message: str
    hint: str | None
    uncertain: bool


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was sent: the run stopped before this flow's turn."""

    change: Change
    message: str


Outcome: TypeAlias = "Applied | AlreadyApplied | Refused | Failed | NotAttempted"
