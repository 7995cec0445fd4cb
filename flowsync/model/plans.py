"""Live rows, how files differ from them, and the plan that this makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from flowsync.model.files import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model.files import FieldName, JsonValue


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
