"""The state of each flow in one environment: whether it matches its file, and whether users see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.errors import TargetingError
from flowsync.flows.expressions import parse_result
from flowsync.model import Origin, RowChange, View
from flowsync.plan.base import EDITS
from flowsync.plan.warnings import HISTORY_CUT
from flowsync.targeting import rules
from flowsync.targeting.checks import check
from flowsync.targeting.nodes import Boolean, Or, simplified, walk

if TYPE_CHECKING:
    from flowsync.model import JsonValue, LiveFlow, Plan

_MEANS_EVERYONE: Final = 1
"""Targeting of so few characters is no targeting [doc]."""


class State(Enum):
    """How a live flow compares with its file."""

    IN_STEP = "in step"
    DIFFERS = "differs"
    WAITING = "waiting"
    EDITED = "edited"
    UNVERIFIED = "unverified"
    NOT_LIVE = "not live"
    NOT_SHOWN = "not shown"
    BLOCKED = "blocked"
    NOT_MANAGED = "not managed"


PENDING: Final = frozenset(State) - {State.IN_STEP, State.NOT_MANAGED}
"""The states in which the live flow may differ from the file."""


class Users(Enum):
    """Whether users can see a flow, as far as that is known."""

    ON = "on"
    OFF = "switched off"
    NOBODY = "targets nobody"
    DRAFT = "draft only"
    ARCHIVED = "archived only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class FlowStatus:
    """One flow in one environment.

    `row` is the row that was compared with the file, or that is live without one; None if there is none. `users` is
    None if no version is there. `published` is the version that users are given, `draft` one that is newer; None
    if there is none. `message` says why a flow is blocked.
    """

    slug: str
    state: State
    users: Users | None
    file: str | None
    name: str | None = None
    row: LiveFlow | None = None
    published: int | None = None
    draft: int | None = None
    message: str = ""

    @property
    def is_of_draft(self) -> bool:
        """Whether a draft was compared with the file."""
        return self.file is not None and self.row is not None and self.row.status == "DRAFT"


def statuses(plan: Plan, rows: Mapping[str, Sequence[LiveFlow]]) -> tuple[FlowStatus, ...]:
    """Return the state of the flows of a plan, by slug. `rows` are all versions that were read, by slug."""
    found = (_with_rows(flow, row_id, rows.get(flow.slug, ()), plan.view) for flow, row_id in _compared(plan, rows))
    return tuple(sorted(found, key=lambda flow: flow.slug))


def _compared(plan: Plan, rows: Mapping[str, Sequence[LiveFlow]]) -> Iterator[tuple[FlowStatus, int | None]]:
    """Yield each flow with only its state and file, and the id of the row that it was compared with."""
    missing = State.NOT_LIVE if plan.view is View.WHOLE else State.NOT_SHOWN
    for change in plan.changes:
        state = _state_of(change) if isinstance(change, RowChange) else missing
        yield FlowStatus(change.slug, state, None, change.file), change.id
    for update in plan.unverified:
        yield FlowStatus(update.slug, State.UNVERIFIED, None, update.file), update.id
    for same in plan.unchanged:
        yield FlowStatus(same.slug, State.IN_STEP, None, same.file), same.id
    for blocked in plan.blocked:
        is_missing = all(row.is_archived or row.is_gone for row in rows.get(blocked.slug, ()))
        state = missing if is_missing else State.BLOCKED
        yield FlowStatus(blocked.slug, state, None, blocked.file, message=blocked.message), None
    for unmanaged in plan.unmanaged:
        yield FlowStatus(unmanaged.slug, State.NOT_MANAGED, None, None), unmanaged.id
    for removed in plan.removed:
        yield FlowStatus(removed.slug, State.NOT_MANAGED, None, None), removed.id


def _state_of(change: RowChange) -> State:
    origins = {each.origin for each in change.fields}
    if any(warning.code == HISTORY_CUT for warning in change.warnings):
        return State.DIFFERS
    if origins & EDITS:
        return State.EDITED
    return State.WAITING if origins == {Origin.WAITING} and not change.sent_unseen else State.DIFFERS


def _with_rows(flow: FlowStatus, row_id: int | None, rows: Sequence[LiveFlow], view: View) -> FlowStatus:
    there = [row for row in rows if not row.is_gone]
    row = next((row for row in there if row.id == row_id), None)
    published = max((row.version for row in there if row.is_published), default=None)
    drafts = [row.version for row in there if row.status == "DRAFT" and row.version > (published or 0)]
    name = None if row is None else row.fields.get("name")
    return replace(
        flow,
        users=users_of(there, view),
        name=name if isinstance(name, str) else None,
        row=row,
        published=published,
        draft=max(drafts, default=None),
    )


def users_of(rows: Sequence[LiveFlow], view: View) -> Users | None:
    """Return whether users can see the flow with these rows; None if there is none."""
    published = [row for row in rows if row.is_published]
    if published:
        return _users_of_row(max(published, key=lambda row: (row.version, row.id)))
    if any(row.status not in {"DRAFT", "ARCHIVED"} for row in rows) or view is not View.WHOLE:
        return Users.UNKNOWN
    if not rows:
        return None
    return Users.DRAFT if any(row.status == "DRAFT" for row in rows) else Users.ARCHIVED


def _users_of_row(row: LiveFlow) -> Users:
    active = row.fields.get("active")
    if active is False:
        return Users.OFF
    if active is not True or "targetingLogic" not in row.fields:
        return Users.UNKNOWN
    return Users.NOBODY if reaches_nobody(row.fields["targetingLogic"]) else Users.ON


def reaches_nobody(targeting: JsonValue) -> bool:
    """Whether targeting certainly matches nobody: it cannot be read, or it contradicts itself."""
    if not isinstance(targeting, str) or len(targeting.strip()) <= _MEANS_EVERYONE:
        return False
    tree = parse_result(targeting)
    if isinstance(tree, TargetingError):
        return True
    found = {finding.code for finding in check(targeting, tree)}
    if rules.TOO_LONG.code in found:
        return True
    parts = list(walk(simplified(tree)))
    if any(isinstance(part, Or) for part in parts):
        return False
    return rules.CONTRADICTION.code in found or any(isinstance(part, Boolean) and not part.value for part in parts)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why an environment could not be read. `is_no_key`: it has no key, which is no failure."""

    code: str
    message: str
    hint: str | None = None
    is_no_key: bool = False


@dataclass(frozen=True, slots=True)
class EnvironmentStatus:
    """Every flow of one environment, or why it could not be read. `name` is None if there are no environments."""

    name: str | None
    api_url: str | None
    flows: tuple[FlowStatus, ...] = ()
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """The flows of all environments; `base` is the commit that tells edits from waiting changes."""

    environments: tuple[EnvironmentStatus, ...]
    base: str | None = None

    @property
    def slugs(self) -> tuple[str, ...]:
        """Every flow of any environment."""
        return tuple(sorted({flow.slug for each in self.environments for flow in each.flows}))

    @property
    def has_pending(self) -> bool:
        """Whether any flow may differ from its file."""
        return any(flow.state in PENDING for each in self.environments for flow in each.flows)

    @property
    def has_failure(self) -> bool:
        """Whether an environment could not be read although it has a key."""
        return any(each.trouble is not None and not each.trouble.is_no_key for each in self.environments)
