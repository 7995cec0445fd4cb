"""Sides with the content of flows, files, live, draft, a version or git; reads and compares them.

A side is written `files`, `live`, `draft`, `v3` or `git:REV`, each with `@ENV` for another environment than the chosen
one. Ids and versions are never compared: they are different in each environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import document
from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose, newest
from flowsync.diff.fields import Observed, compare_observed, observe
from flowsync.errors import UsageError
from flowsync.flows.expressions import as_sent
from flowsync.model import SENT_FIELDS, FieldChange, Flow, Op, Target
from flowsync.text import did_you_mean, excerpt

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, LiveFlow, PlanWarning

NOT_WRITTEN: Final = ("triggerType",)
"""What rows have besides the fields that flowsync writes, and two environments may have differently."""
_VERSION: Final = re.compile(r"v([0-9]{1,9})")
_GIT: Final = "git:"
_KNOWN: Final = frozenset({"ACTIVE", "DRAFT", "ARCHIVED"})
_FORMS: Final = "A side is files, live, draft, v3 (any version) or git:REV, each with @ENV for another environment."


class Kind(Enum):
    """The kind of a side. Only TARGET cannot be named: it is the row that apply would write."""

    FILES = "files"
    LIVE = "live"
    DRAFT = "draft"
    VERSION = "v"
    GIT = "git"
    TARGET = "what apply would write"


@dataclass(frozen=True, slots=True)
class Side:
    """One side as it was named; `version` belongs to VERSION, `revision` to GIT."""

    kind: Kind
    environment: str | None = None
    version: int = 0
    revision: str = ""

    @property
    def is_of_api(self) -> bool:
        """Whether the side is read from the API."""
        return self.kind not in {Kind.FILES, Kind.GIT}

    @property
    def name(self) -> str:
        """The side as it is written, without its environment."""
        match self.kind:
            case Kind.VERSION:
                return f"v{self.version}"
            case Kind.GIT:
                return f"{_GIT}{self.revision}"
            case _:
                return str(self.kind.value)


def parse_side(text: str) -> Side:
    """Return the side that a word names. Raises UsageError, which names the valid forms."""
    word, environment = _parted(text)
    if environment == "":
        raise UsageError(f"The environment in {excerpt(text)} is empty: the variable it comes from may not be set.")
    if word.startswith(_GIT):
        if revision := word.removeprefix(_GIT):
            return Side(Kind.GIT, environment, revision=revision)
        raise UsageError(f"{excerpt(text)} names no revision.", hint="For example git:HEAD or git:origin/main.")
    if found := _VERSION.fullmatch(word):
        return Side(Kind.VERSION, environment, version=int(found[1]))
    for kind in (Kind.FILES, Kind.LIVE, Kind.DRAFT):
        if word == kind.value:
            return Side(kind, environment)
    question = did_you_mean(word, [kind.value for kind in (Kind.FILES, Kind.LIVE, Kind.DRAFT)])
    raise UsageError(f"{excerpt(text)} is not a side.{f' {question}' if question else ''}", hint=_FORMS)


def _parted(text: str) -> tuple[str, str | None]:
    """Return the part before the last @, and the environment after it; revisions may contain @ (`HEAD@{1}`)."""
    word, at, environment = text.rpartition("@")
    is_of_revision = text.startswith(_GIT) and (environment.startswith("{") or word in {_GIT, ""})
    if not at or is_of_revision:
        return text, None
    return word, environment


@dataclass(frozen=True, slots=True)
class Content:
    """A flow on one side: `observed` are its fields, `row` the live row, None for a file.

    `newer` is a later version that is not archived, if there is one.
    """

    slug: str
    observed: Observed
    row: LiveFlow | None = None
    file: str | None = None
    newer: LiveFlow | None = None

    @property
    def name(self) -> str:
        """The flow's name; empty if it is not known."""
        found = self.observed.values.get("name")
        return found if isinstance(found, str) else ""


@dataclass(frozen=True, slots=True)
class Absent:
    """The side does not have the flow; `message` may say more."""

    message: str = ""


@dataclass(frozen=True, slots=True)
class Hidden:
    """The side may have the flow, or more of it, but does not show it."""

    message: str


Found: TypeAlias = Content | Absent | Hidden


@dataclass(frozen=True, slots=True)
class Contents:
    """One side as it was read: what it has, by slug, and where it was read from.

    `environment` is the one that it was read for, `api_url` the API's address (None for files), `revision` the commit.
    `notes` are sentences about all of it.
    """

    side: Side
    environment: str | None
    api_url: str | None
    flows: Mapping[str, Found]
    revision: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The side with its environment."""
        return f"{self.side.name}@{self.environment}" if self.environment is not None else self.side.name


def content_of_flow(flow: Flow) -> Content:
    """The content of a file, as it would be sent."""
    is_unreadable = isinstance(flow.fields.get("data"), str)
    return Content(flow.slug, Observed(as_sent(flow.fields), data_is_unreadable=is_unreadable), file=flow.file)


def content_of_row(row: LiveFlow, rows: Sequence[LiveFlow]) -> Content:
    """The content of a live row; `rows` are all known rows of its slug."""
    latest = newest(rows)
    newer = latest if latest is not None and latest.version > row.version else None
    return Content(row.slug, observe(row.fields, SENT_FIELDS), row, newer=newer)


def as_file(
    slug: str,
    fields: Mapping[FieldName, JsonValue],
    name: str,
    managed: Flow | None = None,
    target: Target | None = None,
) -> Flow:
    """Return a row's content as if it was in the file `name`. `managed` is the flow's own file, if it has one."""
    text = fields.get("data")
    return Flow(
        slug=slug,
        file=name,
        fields=observe(fields, SENT_FIELDS).values,
        written=text if isinstance(text, str) else None,
        target=target,
        protected=managed is not None and managed.protected,
        tests=None,
        source=document.parse("", name),  # there is no file, so there are no places in one
    )


def without_places(warnings: Iterable[PlanWarning]) -> Iterator[PlanWarning]:
    """Yield the warnings of a plan without lines, because there is no file."""
    return (replace(each, line=None) for each in warnings)


def pick(rows: Sequence[LiveFlow], side: Side, target: Target, *, is_whole: bool) -> Found:
    """Return the row that `side` names among the `rows` of one slug. `target` is for TARGET.

    `is_whole`: there are no rows that the server did not show.
    """
    if side.kind is Kind.VERSION:
        return _version(rows, side.version, is_whole=is_whole)
    wanted = {Kind.LIVE: Target.ACTIVE, Kind.DRAFT: Target.DRAFT}.get(side.kind, target)
    match choose(rows, wanted):
        case Chosen(row):
            return content_of_row(row, rows)
        case UnknownStatus(row):
            return Hidden(f"Version {row.version} has the status {excerpt(row.status)}, which is not known.")
        case OnlyArchived(row):
            return Absent(f"Every version is archived; the newest is {row.version}.")
        case NoSuchFlow():
            return Absent() if is_whole else Hidden("No such flow is shown, but drafts and old versions may be hidden.")
        case NoSuchTarget():
            return _without_target(rows, wanted, is_whole=is_whole)


def _without_target(rows: Sequence[LiveFlow], wanted: Target, *, is_whole: bool) -> Found:
    unknown = next((row for row in rows if not row.is_gone and row.status not in _KNOWN), None)
    if unknown is not None:
        return Hidden(f"The server does not say what version {unknown.version} is (status {excerpt(unknown.status)}).")
    if wanted is Target.ACTIVE:
        return Absent("There is a draft, and nothing is published.")
    return Absent("There is no draft.") if is_whole else Hidden("No draft is shown, but drafts may be hidden.")


def _version(rows: Sequence[LiveFlow], version: int, *, is_whole: bool) -> Found:
    found = [row for row in rows if row.version == version and not row.is_gone]
    if found:
        return content_of_row(max(found, key=lambda row: row.id), rows)
    if not is_whole:
        return Hidden(f"Version {version} is not shown, but the server does not show every version.")
    known = ", ".join(str(each) for each in sorted({row.version for row in rows if not row.is_gone}))
    return Absent(f"There is no version {version}; there {'are' if ',' in known else 'is'} {known}." if known else "")


@dataclass(frozen=True, slots=True)
class OtherValue:
    """A difference in what flowsync does not write, such as `triggerType`."""

    name: str
    old: JsonValue
    new: JsonValue


@dataclass(frozen=True, slots=True)
class Difference:
    """A flow that both sides have, differently; `old` and `new` hold the values of the fields that were compared.

    `unseen` are fields that one side has and the other, a live row, does not show.
    """

    slug: str
    before: Content
    after: Content
    fields: tuple[FieldChange, ...]
    unseen: tuple[FieldName, ...]
    old: Mapping[FieldName, JsonValue]
    new: Mapping[FieldName, JsonValue]
    others: tuple[OtherValue, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether nothing differs."""
        return not self.fields and not self.others


@dataclass(frozen=True, slots=True)
class OnlyOneSide:
    """A flow that only one side has; `message` is what is known of it on the other."""

    content: Content
    message: str


@dataclass(frozen=True, slots=True)
class NotCompared:
    """A flow that cannot be compared, and which side is why."""

    slug: str
    side: str
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sides compared; every tuple is sorted by slug. `same` are those without a visible difference."""

    before: Contents
    after: Contents
    differing: tuple[Difference, ...] = ()
    same: tuple[Difference, ...] = ()
    only_before: tuple[OnlyOneSide, ...] = ()
    only_after: tuple[OnlyOneSide, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()

    @property
    def has_differences(self) -> bool:
        """Whether there is a visible difference."""
        return bool(self.differing or self.only_before or self.only_after)


def compare_sides(before: Contents, after: Contents, slugs: Collection[str]) -> Comparison:
    """Compare what two sides have of these slugs. What neither has is left out."""
    compared: list[Difference] = []
    only_before: list[OnlyOneSide] = []
    only_after: list[OnlyOneSide] = []
    not_compared: list[NotCompared] = []
    for slug in sorted(slugs):
        match before.flows.get(slug, Absent()), after.flows.get(slug, Absent()):
            case Hidden(message), _:
                not_compared.append(NotCompared(slug, before.name, message))
            case _, Hidden(message):
                not_compared.append(NotCompared(slug, after.name, message))
            case Content() as old, Content() as new:
                compared.append(difference(old, new))
            case Content() as old, Absent(message):
                only_before.append(OnlyOneSide(old, message))
            case Absent(message), Content() as new:
                only_after.append(OnlyOneSide(new, message))
            case _:  # neither has it
                pass
    return Comparison(
        before,
        after,
        tuple(each for each in compared if not each.is_none),
        tuple(each for each in compared if each.is_none),
        tuple(only_before),
        tuple(only_after),
        tuple(not_compared),
    )


def difference(before: Content, after: Content) -> Difference:
    """Compare a flow on two sides.

    Fields that a file does not set are not compared with a row. Between two files a field
    that only one sets is a difference.
    """
    found = compare_observed(before.observed, after.observed)
    old, new = before.observed.values, after.observed.values
    fields = found.changes
    unseen: tuple[FieldName, ...] = ()
    of_one = [name for name in SENT_FIELDS if (name in old) is not (name in new)]
    if before.row is None and after.row is None:
        fields += tuple(_of_one(name, old, new) for name in of_one)
    else:  # a row shows nothing of what only the other side has
        unseen = tuple(name for name in of_one if (after.row if name in old else before.row) is not None)
    return Difference(before.slug, before, after, fields, unseen, found.old, found.new, _other_values(before, after))


def _of_one(name: FieldName, old: Mapping[FieldName, JsonValue], new: Mapping[FieldName, JsonValue]) -> FieldChange:
    op = Op.ADD if name in new else Op.REMOVE
    return FieldChange(name, "", name, op, old.get(name), new.get(name))


def _other_values(before: Content, after: Content) -> tuple[OtherValue, ...]:
    if before.row is None or after.row is None:
        return ()
    old, new = before.row.raw, after.row.raw
    shown = (name for name in NOT_WRITTEN if name in old and name in new)
    return tuple(OtherValue(name, old[name], new[name]) for name in shown if old[name] != new[name])
