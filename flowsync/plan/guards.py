"""Guards: the reasons for which apply refuses a plan before it writes anything."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final

from flowsync.config import Creating, Policy
from flowsync.model import Create, Op, Origin, Refusal
from flowsync.plan.document import digest, summary
from flowsync.plan.warnings import PROTECTED, is_for_everyone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.config import Guards
    from flowsync.model import Change, Plan

PERCENT_FROM: Final = 10
"""From how many flows up a part of them is many: of three flows, two are not."""


class Kept(Enum):
    """How a plan was kept, as far as guards care."""

    NEW = "made now"
    SAVED = "saved and read back"


_UNSAVED: Final = Refusal(
    "plan-not-saved", "Only a plan that was saved with plan --out may be applied here.", "--allow-unsaved-plan"
)
_EDITS: Final = {
    Origin.DRIFT: "An edit in the dashboard would be undone",
    Origin.CONFLICT: "An edit in the dashboard to what this branch changed too would be undone",
}


def judged(plan: Plan, guards: Guards, kept: Kept = Kept.NEW) -> Plan:
    """Return `plan` with the guards' refusals; a plan that writes nothing is never refused."""
    plan = replace(plan, refusals=())
    if not plan.writes:
        return plan
    found = [*_too_many(plan, guards), *_about_flows(plan, guards), *_edits_undone(plan, guards)]
    if guards.require_saved_plan and kept is Kept.NEW:
        found.append(_UNSAVED)
    return also_refused(plan, *found) if found else plan


def also_refused(plan: Plan, *refusals: Refusal) -> Plan:
    """Return `plan` with these refusals added."""
    refused = replace(plan, refusals=(*plan.refusals, *refusals))
    return replace(refused, digest=digest(refused))


def _too_many(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse more changes than one reviewer can check, or changes to most of an account at once."""
    numbers = summary(plan)
    count, planned = numbers.changes, numbers.changes + numbers.unchanged + numbers.unverified + numbers.blocked
    most, percent = guards.max_changes, guards.max_changed_percent
    if most is not None and count > most:
        message = f"{count:,} flows would be written, more than max_changes, {most:,}."
        yield Refusal("too-many-changes", message, "--allow-many")
    if percent is not None and planned >= PERCENT_FROM and count * 100 > percent * planned:
        message = f"{count:,} of {planned:,} flows would be written, more than max_changed_percent, {percent} %."
        yield Refusal("too-large-a-part", message, "--allow-many")


def _about_flows(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    if not guards.allow_clear_targeting:
        message = "The targeting of a live flow would be cleared: everyone would see the flow."
        yield from _refused(plan, _clears_targeting, "clears-targeting", message, "--allow-clear-targeting")
    if not guards.allow_type_change:
        message = "The type of a flow would change."
        yield from _refused(plan, _changes_type, "changes-type", message, "--allow-type-change")
    if guards.create is Creating.REFUSE:
        message = "A flow would be created, which flowsync.yaml refuses."
        yield from _refused(plan, lambda change: isinstance(change, Create), "creates", message, "--allow-create")
    if not guards.allow_protected:
        message = "A flow marked as protected would be written."
        yield from _refused(plan, _is_protected, "protected", message, "--allow-protected")


def _edits_undone(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to undo a dashboard edit, if the policy refuses it or the edit cannot be kept."""
    for origin, policy in ((Origin.DRIFT, guards.on_drift), (Origin.CONFLICT, guards.on_conflict)):
        if policy is not Policy.OVERWRITE:
            cannot = ", because this plan cannot leave the edited values out"
            message = f"{_EDITS[origin]}{'' if policy is Policy.REFUSE else cannot}."
            flag = f"--on-{origin.value} overwrite"
            yield from _refused(plan, partial(_undoes, origin), f"overwrites-{origin.value}", message, flag)


def _refused(plan: Plan, concerned: Callable[[Change], bool], code: str, message: str, flag: str) -> Iterator[Refusal]:
    slugs = tuple(change.slug for change in plan.writes if concerned(change))
    if slugs:
        yield Refusal(code, message, flag, slugs)


def _clears_targeting(change: Change) -> bool:
    """Whether users see at once that the targeting is gone; unknown targeting counts as targeting."""
    if isinstance(change, Create) or not change.live:
        return False
    if "targetingLogic" not in change.body or not is_for_everyone(change.body["targetingLogic"]):
        return False
    before = [field.old for field in change.fields if field.field == "targetingLogic"]
    return not before or not is_for_everyone(before[0])


def _changes_type(change: Change) -> bool:
    return any(each.field == "type" and each.op is not Op.ADD for each in change.fields)


def _is_protected(change: Change) -> bool:
    return any(warning.code == PROTECTED for warning in change.warnings)


def _undoes(origin: Origin, change: Change) -> bool:
    return any(each.origin is origin for each in change.fields)
