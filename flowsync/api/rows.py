"""The rows of a flow, one for each version: reads them from JSON, chooses the one to write, checks the organization."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.errors import OrganizationError, UnreadableResponseError
from flowsync.model import SENT_FIELDS, LiveFlow, Target
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.model import JsonValue

_Scalar = TypeVar("_Scalar", int, str)
_KINDS: Final = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def live_flow(raw: JsonValue, source: str = "the answer") -> LiveFlow:
    """The row in `raw`. Unknown fields, types and statuses are kept, never fatal.

    A missing version counts as 0 and a missing status as "". Raises UnreadableResponseError, which names `source` and
    the fault, if there is no usable id or slug.
    """
    if not isinstance(raw, dict):
        raise _unreadable(source, f"is {_kind(raw)} where a flow was expected")
    status = raw.get("status")
    return LiveFlow(
        id=_required(raw, "id", int, source),
        slug=_required(raw, "slug", str, source),
        version=0 if raw.get("version") is None else _required(raw, "version", int, source),
        status="" if status is None or status == "" else _required(raw, "status", str, source),
        fields={name: raw[name] for name in SENT_FIELDS if name in raw},
        raw=raw,
    )


def _required(raw: Mapping[str, JsonValue], name: str, kind: type[_Scalar], source: str) -> _Scalar:
    value = raw.get(name)
    if type(value) is kind and value != "":
        return value
    if name not in raw:
        raise _unreadable(source, f"has no {name}{_named(raw)}")
    wanted = "a text" if kind is str else "a whole number"
    raise _unreadable(source, f"has {_kind(value)} as its {name}, not {wanted}{_named(raw)}")


def _named(raw: Mapping[str, JsonValue]) -> str:
    for name in ("slug", "id", "name"):
        value = raw.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return f" ({name} '{excerpt(str(value))}')"
    return ""


def _kind(value: JsonValue) -> str:
    return "an empty text" if value == "" else _KINDS[type(value)]


def _unreadable(source: str, complaint: str) -> UnreadableResponseError:
    return UnreadableResponseError(
        f"The API's answer cannot be read: {source} {complaint}.",
        hint="Check that the API's address is Frigade's; if it is, please report this to flowsync.",
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """The row to write; `published` is the ACTIVE row that users see, if that is another one."""

    row: LiveFlow
    published: LiveFlow | None


@dataclass(frozen=True, slots=True)
class NoSuchFlow:
    """The slug has no row at all."""


@dataclass(frozen=True, slots=True)
class OnlyArchived:
    """Every row of the slug is archived, so read-only [doc]; `newest` is the latest of them."""

    newest: LiveFlow


@dataclass(frozen=True, slots=True)
class NoSuchTarget:
    """The slug has rows that can be written, but none that the target names."""

    target: Target


@dataclass(frozen=True, slots=True)
class UnknownStatus:
    """The row to write has an unknown status, so a write could have any effect."""

    row: LiveFlow


Choice: TypeAlias = Chosen | NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus


def choose(rows: Sequence[LiveFlow], target: Target) -> Choice:
    """The row that `target` names among the `rows` of one slug. An archived row is never chosen.

    The latest is the highest version, then the highest id. A row with the status DELETED counts as gone. `active` and
    `draft` are the latest with that status.
    """
    there = [row for row in rows if not row.is_gone]
    if not there:
        return NoSuchFlow()
    writable = [row for row in there if not row.is_archived]
    if not writable:
        return OnlyArchived(max(there, key=_age))
    published = _latest(row for row in writable if row.is_published)
    draft = _latest(row for row in writable if row.status == "DRAFT")
    row = {Target.LATEST: _latest(writable), Target.ACTIVE: published, Target.DRAFT: draft}[target]
    if row is None:
        return NoSuchTarget(target)
    if not row.has_known_status:
        return UnknownStatus(row)
    return Chosen(row, None if row is published else published)


def newest(rows: Iterable[LiveFlow]) -> LiveFlow | None:
    """The latest of the `rows` of one slug that is not archived, whatever its status; None if there is none."""
    return _latest(row for row in rows if not row.is_archived and not row.is_gone)


def _latest(rows: Iterable[LiveFlow]) -> LiveFlow | None:
    return max(rows, key=_age, default=None)


def _age(row: LiveFlow) -> tuple[int, int]:
    return (row.version, row.id)


def state_of(row: LiveFlow) -> str:
    """A row in words: its status, version and id, and whether it is switched on, if the API returns that."""
    active = row.fields.get("active")
    switch = "" if not isinstance(active, bool) else ", switched on" if active else ", switched off"
    return f"{row.status or 'without a status'} version {row.version} (id {row.id}){switch}"


@dataclass(frozen=True, slots=True)
class ExpectedOrganization:
    """The organization that flowsync.yaml names; `key_variable` is where the key came from."""

    number: int
    environment: str | None
    key_variable: str

    @property
    def refuse_hint(self) -> str:
        """The hint for a key of another organization."""
        variable = excerpt(self.key_variable)
        if self.environment is None:
            return f"Set {variable} to a key of organization {self.number}, or correct the number in flowsync.yaml."
        name = excerpt(self.environment)
        return f"Set {variable} to a key of {name}, or correct the organization of {name} in flowsync.yaml."


@dataclass(slots=True)
class Organizations:
    """The organizations of the rows read so far: the guard against a key of another environment.

    Rows that are read with a private key carry the number [obs]. Used by any thread. Without `expected` nothing is
    refused.
    """

    expected: ExpectedOrganization | None = None
    seen: set[int] = field(default_factory=set)
    has_read: bool = False

    def check(self, answer: JsonValue) -> None:
        """Check the rows of an answer to a GET. Raises OrganizationError if one belongs to another organization."""
        self.has_read = True
        found = set(_numbers(answer))
        self.seen |= found
        if self.expected is not None and (strange := sorted(found - {self.expected.number})):
            raise _refusal(self.expected, strange, is_mixed=self.expected.number in found)

    @property
    def is_unknown(self) -> bool:
        """Whether an organization was expected, and no row that was read carries one."""
        return self.expected is not None and self.has_read and not self.seen


def _numbers(answer: JsonValue) -> Iterator[int]:
    rows = answer.get("data", answer) if isinstance(answer, dict) else answer
    for row in rows if isinstance(rows, list) else [answer]:
        number = row.get("organizationId") if isinstance(row, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            yield number


def _refusal(expected: ExpectedOrganization, strange: list[int], *, is_mixed: bool) -> OrganizationError:
    found = f"organization{'s' if len(strange) > 1 else ''} {', '.join(map(str, strange))}"
    whose = "this project" if expected.environment is None else excerpt(expected.environment)
    also = " also" if is_mixed else ""
    return OrganizationError(
        f"The key in {excerpt(expected.key_variable)}{also} opens {found}, but flowsync.yaml says that {whose} is "
        f"organization {expected.number}.",
        hint=expected.refuse_hint,
    )
