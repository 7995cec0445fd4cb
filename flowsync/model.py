"""The frozen values that modules pass to each other: problems, flows, live rows, differences, plans, outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
ValuePath: TypeAlias = "tuple[str | int, ...]"
"""Mapping keys and list indices from the root of a document to one value."""

FieldName: TypeAlias = Literal["name", "type", "description", "active", "targetingLogic", "data"]
SENT_FIELDS: Final[tuple[FieldName, ...]] = ("name", "type", "description", "active", "targetingLogic", "data")
"""The fields of the PUT body [doc], in the order files, plans and bodies hold them."""


class Severity(Enum):
    """How serious a problem is: an error stops a command, a warning is only reported."""

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
    """One finding about one place in one file. `detail` holds further lines, such as the tree of a failing test."""

    location: Location
    severity: Severity
    code: str
    message: str
    hint: str | None = None
    detail: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[Location, str, str, str]:
        """By file, line and column; then by code, message and hint, so that output is stable."""
        return (self.location, self.code, self.message, self.hint or "")


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow file with the overlay of an environment applied.

    `fields` holds those of SENT_FIELDS that the file sets; `data` is the parsed value. `written` is the text of
    `data`, or what makes it when a command needs it.
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
        """Exactly what would be sent as `data`; None when the file sets no data."""
        return self.written if self.written is None or isinstance(self.written, str) else self.written.text


class Source(Protocol):
    """The file of a value, and the places of its parts."""

    @property
    def text(self) -> str:
        """The whole text of the file."""

    @property
    def value(self) -> JsonValue:
        """The whole parsed value, before overlays."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What JavaScript's parsers read differently."""

    def location(self, path: ValuePath) -> Location:
        """Where the value at `path` starts; where `path` is absent, the nearest enclosing value."""

    def key_location(self, path: ValuePath) -> Location:
        """Where the key of `path`'s last part starts; as `location` for list items and the root."""

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """Where the character at `offset` (from 0) of the text at `path` is written; as `location` if unknown."""


class Writing(Protocol):
    """A text that is made on demand; `original` is the text that it is made from, if the file has one."""

    @property
    def original(self) -> str | None:
        """The text as its author wrote it; None if it was not a text."""

    @property
    def text(self) -> str | None:
        """The text; None if there is none."""


class Op(Enum):
    """Kind of a difference."""

    ADD = "add"
    REMOVE = "remove"
    REPLACE = "replace"
    MOVE = "move"
    RENAME = "rename"


class View(Enum):
    """Which list of flows a plan was made from, with which key."""

    WHOLE = "private-list"
    PUBLIC_KEY = "public-list"
    FALLBACK = "public-list-for-private-key"


class Origin(Enum):
    """Who made a difference, according to a base revision: this branch, the dashboard, or both.

    WAITING: live is what an earlier commit of the file said, so a merge was not applied yet and nobody edited anything.
    """

    BRANCH = "branch"
    WAITING = "waiting"
    DRIFT = "drift"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """One row of the API: one version of a slug.

    `fields` holds those of SENT_FIELDS that the server returned, unchanged (`data` is a text). `status` is ACTIVE,
    DRAFT, ARCHIVED or whatever else the server says. `raw` is the whole answer.
    """

    id: int
    slug: str
    version: int
    status: str
    fields: Mapping[FieldName, JsonValue]
    raw: Mapping[str, JsonValue]

    @property
    def is_published(self) -> bool:
        """Whether users see a write to this row at once [doc: status]."""
        return self.status == "ACTIVE"

    @property
    def is_archived(self) -> bool:
        """Whether this row is read-only [doc]."""
        return self.status == "ARCHIVED"

    @property
    def is_gone(self) -> bool:
        """Whether the row was deleted: the status DELETED has been reported."""
        return self.status == "DELETED"

    @property
    def has_known_status(self) -> bool:
        """Whether the effect of a write to this row is known; a server may leave the status out."""
        return self.status in {"ACTIVE", "DRAFT", "ARCHIVED", ""}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One difference at one place.

    `path` is a JSON pointer inside the field ("" is the field itself), `label` the same for people, such as
    `steps[welcome].title`. `old` and `new` are values; for MOVE, indices; for RENAME, ids; None if ADD and REMOVE
    have none.
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
class RowChange:
    """A change of a flow that has a row: an Update of the row, or a NewDraft made from it.

    `target` is the rule that chose the row. `is_verified` is false if a field is sent although no difference is
    known, because the server does not return it. `body` is exactly what is sent. `old` and `new` are the values of the
    managed fields that the server returned, before and after (`data` parsed); `before` and `after` are fingerprints of
    their canonical values: "sha256:" and 64 hex digits. `shown` is the row's `LiveFlow.fields`, where `old` was read
    from a row.
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

    @property
    def sent_unseen(self) -> tuple[FieldName, ...]:
        """The fields that are sent although the server does not return what they replace."""
        return tuple(name for name in self.unseen if name in self.body)


@dataclass(frozen=True, slots=True)
class Update(RowChange):
    """A row that will be written."""


@dataclass(frozen=True, slots=True)
class NewDraft(RowChange):
    """A draft to be created and then written; nobody sees it until it is published, so `live` is false.

    `id`, `version` and `status` are those of the row that the server copies, and the differences lead from that row to
    the draft. `body` is what is sent to the draft.
    """


@dataclass(frozen=True, slots=True)
class Create:
    """A flow to be created, because its slug has no row.

    `body` is all that is sent, by POST and by a PUT afterwards; its `active` is false if the file does not set it.
    `new` holds the same values (`data` parsed), `after` is their fingerprint. The rest is as a `RowChange` has it.
    """

    slug: str
    file: str
    fields: tuple[FieldChange, ...]
    warnings: tuple[PlanWarning, ...]
    body: Mapping[FieldName, JsonValue]
    after: str
    new: Mapping[FieldName, JsonValue]
    target: Target = Target.LATEST

    # What a row has, and a flow lacks that is still to be made.
    id: ClassVar[None] = None
    version: ClassVar[None] = None
    status: ClassVar[None] = None
    before: ClassVar[None] = None
    shown: ClassVar[None] = None
    old: ClassVar[Mapping[FieldName, JsonValue]] = {}
    unseen: ClassVar[tuple[FieldName, ...]] = ()
    sent_unseen: ClassVar[tuple[FieldName, ...]] = ()
    is_verified: ClassVar[bool] = True

    @property
    def live(self) -> bool:
        """Whether users may see the flow as soon as it is made."""
        return self.body.get("active") is True


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A row that has no visible difference from its file."""

    slug: str
    file: str
    id: int
    version: int
    status: str
    unseen: tuple[FieldName, ...]
    warnings: tuple[PlanWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A file whose flow cannot be written; it is left out of the plan. `line` and `column`: the place in it, if any."""

    slug: str
    file: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live flow without a file: shown, never written."""

    slug: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A flow whose file existed at the base and no longer does; it stays as it is, unmanaged.

    `file` is the file's former name, `name` the flow's name as it is live. `renamed_to` is the slug of a new file with
    the same content, None if there is none. Of a flow that is not there, `id`, `version` and `status` are None.
    """

    slug: str
    file: str
    id: int | None
    name: str
    version: int | None
    status: str | None
    renamed_to: str | None = None

    @property
    def is_there(self) -> bool:
        """Whether a version is left that is not archived."""
        return self.id is not None and self.status != "ARCHIVED"


class DroppedKind(Enum):
    """What a flow file can lose without a difference to what is live."""

    FIELD = "field"
    TEST = "test"
    TESTS = "tests"
    PROTECTED = "protected"
    TARGET = "target"
    ENVIRONMENT = "environment"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that a flow file had at the base and no longer has; nothing is sent for it.

    `name` is the field, test, target, environment or rule that it was; of all tests, their number. Of a field, `status`
    is that of the row, and `live` its value there, if the API returns it (`is_shown`); of `data`, a few words.
    """

    slug: str
    file: str
    kind: DroppedKind
    name: str
    status: str | None = None
    live: JsonValue = None
    is_shown: bool = False


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A setting of flowsync.yaml that a branch changes, which decides what is written, where to, or past which guard.

    `place` is its dotted path, such as `environments.production.api_url`; the values are as YAML in one line, None
    if the setting is missing.
    """

    place: str
    old: str | None
    new: str | None


Change: TypeAlias = "Update | NewDraft | Create"
"""What a plan can write."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a guard refuses a plan. `flag` is apply's option that allows it; `slugs`: the flows it is about, or none."""

    code: str
    message: str
    flag: str
    slugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Qualifying:
    """How many users qualify, by the API's estimate; None if it is not available.

    `reason` is why there is none, or why there are none, in a few words. `is_everyone`: there is no targeting.
    """

    users: int | None
    reason: str = ""
    is_everyone: bool = False


@dataclass(frozen=True, slots=True)
class Audience:
    """How many users qualify for a flow before a change and after it; `before` or `after` is None if there is none.

    `live`: they are not those of a draft, which count only once it is published.
    """

    slug: str
    before: Qualifying | None
    after: Qualifying | None
    live: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do. Every tuple is sorted by slug.

    `unverified` flows are switched off in their file, and the API does not return whether they are on. A saved plan
    names no unchanged flows, only their number: `unnamed_unchanged`. `refusals` are those of the guards, if asked.
    `removed` and `dropped` are known only if the plan was compared with a base. `audiences` are estimates for
    people, and no part of the digest; None if nobody asked for them.
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
    removed: tuple[Removed, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    audiences: tuple[Audience, ...] | None = field(default=None, compare=False)

    @property
    def writes(self) -> tuple[Change, ...]:
        """Everything that apply writes, by slug: `changes` and `unverified`."""
        return tuple(sorted((*self.changes, *self.unverified), key=lambda change: change.slug))


@dataclass(frozen=True, slots=True)
class Applied:
    """Written. `untaken`: fields not stored as sent. `differences`: `old` is what was sent, `new` what came back.

    `made` is the row that a Create or a NewDraft led to, as it was shown last; None for an update.
    """

    change: Change
    untaken: tuple[FieldName, ...] = ()
    differences: tuple[FieldChange, ...] = ()
    made: LiveFlow | None = None


@dataclass(frozen=True, slots=True)
class AlreadyApplied:
    """The flow was already as planned: nothing was sent."""

    change: Change


@dataclass(frozen=True, slots=True)
class Refused:
    """The flow is not, or no longer, as it was when the plan was made: nothing, or nothing more, was sent.

    `differences`: `old` is what was expected, `new` what is there. Expected is the state before the write, or after a
    write whose result is unknown (`uncertain`) the state after it.
    """

    change: Change
    code: str
    message: str
    differences: tuple[FieldChange, ...] = ()
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The write, or the read before it, failed. `uncertain`: the write may have taken effect.

    `made` is the row that a Create or a NewDraft led to before it failed, and that stays.
    """

    change: Change
    code: str
    message: str
    hint: str | None
    uncertain: bool
    made: LiveFlow | None = None


@dataclass(frozen=True, slots=True)
class NotAttempted:
    """Nothing was sent: the run stopped before this flow, or a flow that it names could not be created."""

    change: Change
    message: str


Outcome: TypeAlias = "Applied | AlreadyApplied | Refused | Failed | NotAttempted"
