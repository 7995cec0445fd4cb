"""What apply refuses before it writes anything: each guard a small rule over a plan, judged as a value."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.config import Creating, Policy
from flowsync.model import Create, Op, Origin, Refusal
from flowsync.plan.document import digest, summary
from flowsync.plan.warnings import PROTECTED, is_for_everyone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.config import Guards
    from flowsync.model import Change, Plan

Rule: TypeAlias = "Callable[[Plan, Guards], Iterator[Refusal]]"

PERCENT_FROM: Final = 10
"""From how many flows up a part of them is many: of three flows, two are not."""


class Kept(Enum):
    """Where a plan is from, as far as guards are concerned."""

    FRESH = "made now"
    SAVED = "saved and read back"


def judged(plan: Plan, guards: Guards, kept: Kept = Kept.FRESH) -> Plan:
    """Return `plan` with what the guards refuse about it; a plan that writes nothing is never refused."""
    plan = replace(plan, refusals=())
    if not plan.writes:
        return plan
    found = [refusal for rule in RULES for refusal in rule(plan, guards)]
    if guards.require_saved_plan and kept is Kept.FRESH:
        found.append(_UNSAVED)
    return also_refused(plan, *found) if found else plan


def also_refused(plan: Plan, *refusals: Refusal) -> Plan:
    """Return `plan` with these refusals after those that it has."""
    refused = replace(plan, refusals=(*plan.refusals, *refusals))
    return replace(refused, digest=digest(refused))


def too_many(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse more changes than one reviewer can take in."""
    count = len(plan.changes)
    if guards.max_changes is not None and count > guards.max_changes:
        message = f"{count:,} flows would be written, more than max_changes, {guards.max_changes:,}."
        yield Refusal("too-many-changes", message, "--allow-many")


def too_much(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to change most of an account at once."""
    numbers = summary(plan)
    count, planned = numbers.changes, numbers.changes + numbers.unchanged + numbers.unverified + numbers.blocked
    limit = guards.max_changed_percent
    if limit is not None and planned >= PERCENT_FROM and count * 100 > limit * planned:
        message = f"{count:,} of {planned:,} flows would be written, more than max_changed_percent, {limit} %."
        yield Refusal("too-large-a-part", message, "--allow-many")


def targeting_cleared(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to show a flow for some to everyone."""
    slugs = _slugs(plan, _clears_targeting)
    if slugs and not guards.allow_clear_targeting:
        message = "The targeting of a live flow would be cleared: everyone would be shown it."
        yield Refusal("clears-targeting", message, "--allow-clear-targeting", slugs)


def type_changed(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to make a flow another kind of flow, which the app may not know how to show."""
    slugs = _slugs(plan, lambda change: any(each.field == "type" and each.op is not Op.ADD for each in change.fields))
    if slugs and not guards.allow_type_change:
        yield Refusal("changes-type", "The type of a flow would change.", "--allow-type-change", slugs)


def creates(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to make flows, where the settings say so."""
    slugs = _slugs(plan, lambda change: isinstance(change, Create))
    if slugs and guards.create is Creating.REFUSE:
        yield Refusal("creates", "A flow would be created, which flowsync.yaml refuses.", "--allow-create", slugs)


def protected(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to write flows that are marked."""
    slugs = _slugs(plan, lambda change: any(warning.code == PROTECTED for warning in change.warnings))
    if slugs and not guards.allow_protected:
        yield Refusal("protected", "A flow marked as protected would be written.", "--allow-protected", slugs)


def edits_undone(plan: Plan, guards: Guards) -> Iterator[Refusal]:
    """Refuse to undo an edit in the dashboard, where the policy says so or the edit cannot be kept."""
    for origin, policy in ((Origin.DRIFT, guards.on_drift), (Origin.CONFLICT, guards.on_conflict)):
        slugs = tuple(change.slug for change in plan.writes if any(each.origin is origin for each in change.fields))
        if slugs and policy is not Policy.OVERWRITE:
            cannot = ", for what was edited cannot be left out of what this plan sends"
            reason = "" if policy is Policy.REFUSE else cannot
            flag = f"--on-{origin.value} overwrite"
            yield Refusal(f"overwrites-{origin.value}", f"{_EDITS[origin]}{reason}.", flag, slugs)


RULES: Final[tuple[Rule, ...]] = (
    too_many,
    too_much,
    targeting_cleared,
    type_changed,
    creates,
    protected,
    edits_undone,
)

_UNSAVED: Final = Refusal(
    "plan-not-saved", "Only a plan that was saved with plan --out may be applied here.", "--allow-unsaved-plan"
)
_EDITS: Final = {
    Origin.DRIFT: "An edit in the dashboard would be undone",
    Origin.CONFLICT: "An edit in the dashboard to what this branch changed too would be undone",
}


def _slugs(plan: Plan, concerned: Callable[[Change], bool]) -> tuple[str, ...]:
    return tuple(change.slug for change in plan.writes if concerned(change))


def _clears_targeting(change: Change) -> bool:
    """Whether users see at once that there is no targeting any more; what cannot be seen counts as targeting."""
    if isinstance(change, Create) or not change.live:
        return False
    if "targetingLogic" not in change.body or not is_for_everyone(change.body["targetingLogic"]):
        return False
    before = [field.old for field in change.fields if field.field == "targetingLogic"]
    return not before or not is_for_everyone(before[0])
