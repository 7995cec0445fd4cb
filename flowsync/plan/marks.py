"""What guards have against single changes, told among the warnings of a plan's document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.model import PlanWarning

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.model import Plan, Refusal, Update

REFUSED: Final = "apply-refuses"
"""The code of the warning that apply refuses a change as it is."""


def marked(plan: Plan) -> Plan:
    """Return `plan` with each refusal that is about certain flows among their warnings, for its document."""
    changes, unverified = (
        tuple(_marked(change, plan.refusals) for change in each) for each in (plan.changes, plan.unverified)
    )
    return replace(plan, changes=changes, unverified=unverified)


def _marked(change: Update, refusals: Iterable[Refusal]) -> Update:
    concerned = (refusal for refusal in refusals if change.slug in refusal.slugs)
    told = (PlanWarning(REFUSED, f"{refusal.message} {allowed_by(refusal)}") for refusal in concerned)
    added = tuple(warning for warning in told if warning not in change.warnings)
    return replace(change, warnings=change.warnings + added) if added else change


def allowed_by(refusal: Refusal) -> str:
    """Return the sentence that names the way past a refusal."""
    return f"{refusal.flag} allows it."
