"""What of a plan is an edit in the dashboard, apart from what is merged and waits for an apply."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from flowsync.model import Create, Origin, RowChange
from flowsync.plan.creating import NOT_LIVE
from flowsync.plan.warnings import HISTORY_CUT, WAITING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.model import Change, NewDraft, Plan, Update

Row = TypeVar("Row", bound="Update | NewDraft")


def edits(plan: Plan) -> Plan:
    """Return the plan with the places only that do not wait for an apply, and without what would be sent.

    A file without a live flow is no edit either.

    So its meaning (`document.meaning`) changes with an edit, not with a merge or an apply of something else.
    """
    changes = (_edits(change) for change in plan.changes if isinstance(change, RowChange))
    blocked = tuple(each for each in plan.blocked if each.code not in NOT_LIVE)
    return replace(plan, changes=tuple(change for change in changes if change.fields), blocked=blocked)


def _edits(change: Row) -> Row:
    left = tuple(field for field in change.fields if field.origin is not Origin.WAITING)
    # Where places of one field wait and others were edited, there is no value of the field to show.
    partly = {field.field for field in change.fields if field.origin is Origin.WAITING}
    return replace(
        change,
        fields=left,
        warnings=tuple(warning for warning in change.warnings if warning.code != WAITING),
        body={},
        before="",
        after="",
        old={name: value for name, value in change.old.items() if name not in partly},
        new={name: value for name, value in change.new.items() if name not in partly},
    )


def not_live(plan: Plan) -> list[str]:
    """Return the slugs of the files that no live flow has: not applied yet, or deleted in the dashboard."""
    creates = (each.slug for each in plan.changes if isinstance(each, Create))
    return sorted([*creates, *(each.slug for each in plan.blocked if each.code in NOT_LIVE)])


def waiting(plan: Plan) -> Sequence[Change]:
    """Return the changes of live flows that wait for an apply, in the order of their slugs."""
    changes = (each for each in plan.changes if not isinstance(each, Create))
    found = (each for each in changes if any(field.origin is Origin.WAITING for field in each.fields))
    return sorted(found, key=lambda change: change.slug)


def is_uncertain(plan: Plan) -> bool:
    """Whether what counts as an edit may wait for an apply, for the history that would tell is missing."""
    return any(warning.code == HISTORY_CUT for change in plan.changes for warning in change.warnings)
