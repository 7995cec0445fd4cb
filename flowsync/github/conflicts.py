"""Conflicts with dashboard edits that a merged pull request left, and that no apply has resolved.

A later pull request compares with what is merged by then, so it would see such an edit as drift. But the merged change
was never applied because of that edit: the marker of its pull request says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync.config import Policy
from flowsync.github.marker import slug_hashes
from flowsync.github.review import Reviews, Tip
from flowsync.model import Refusal
from flowsync.plan.guards import also_refused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.config import Guards
    from flowsync.github.api import Github
    from flowsync.model import Plan
    from flowsync.plan.base import History, Past

COMMITS_ASKED_ABOUT: Final = 5
"""The newest commits of a file whose pull requests are read."""
_CONFLICT: Final = "overwrites-conflict"
"""The code of the guard's refusal."""
_FETCH_HISTORY: Final = "If this clone is shallow, give actions/checkout fetch-depth: 0."
_UNSEEN: Final = (
    "A merged pull request left a conflict with an edit in the dashboard, and there is no commit to compare with that "
    f"would show whether it is settled. {_FETCH_HISTORY}"
)
_UNKNOWN_EDITS: Final = Refusal(
    "edits-not-known",
    "There is no commit to compare with, so edits in the dashboard cannot be detected, and on_drift does not allow "
    f"overwriting them. {_FETCH_HISTORY}",
    "--on-drift overwrite",
)


def conflicting(plan: Plan) -> frozenset[str]:
    """The hashes of the flows with a conflict that the guards do not allow to overwrite."""
    return slug_hashes(slug for refusal in plan.refusals if refusal.code == _CONFLICT for slug in refusal.slugs)


def unsettled(plan: Plan, reviews: Reviews | None, guards: Guards) -> Plan:
    """Return `plan`, refused if it has no base and so cannot show edits in the dashboard, as in a shallow clone.

    It is refused if the guards protect edits, and for each conflict that a recent pull request left. `reviews` is
    None if those do not matter yet. Raises ApiError if GitHub does not say what was reviewed.
    """
    if plan.base is not None or not plan.writes:
        return plan
    if guards.on_drift is not Policy.OVERWRITE:
        plan = also_refused(plan, _UNKNOWN_EDITS)
    if reviews is None or guards.on_conflict is Policy.OVERWRITE:
        return plan
    open_ = frozenset[str]().union(*(review.conflicts for review in reviews.recent))
    slugs = tuple(change.slug for change in plan.writes if slug_hashes([change.slug]) <= open_)
    return also_refused(plan, Refusal(_CONFLICT, _UNSEEN, "--on-conflict overwrite", slugs)) if slugs else plan


@dataclass(frozen=True, slots=True)
class ReviewedHistory:
    """The history of flow files, and whether the last pull request that changed one left a conflict. See `History`.

    `tip` names the branch and the key of the comments, `run_id` is this run's own.
    """

    history: History
    github: Github
    tip: Tip
    run_id: str

    def before_base(self, slugs: Collection[str]) -> Mapping[str, Past]:
        """Return the past of each of these files. Raises ApiError if GitHub does not say what was reviewed."""
        reviews = Reviews(self.github, self.tip, self.run_id)
        pasts = self.history.before_base(slugs)
        return {slug: _with_conflict(reviews, slug, past) for slug, past in pasts.items()}


def _with_conflict(reviews: Reviews, slug: str, past: Past) -> Past:
    versions = list(past.versions)
    commits = [version.commit for version in versions[:COMMITS_ASKED_ABOUT]]
    # The newest reviewed change to the file decides: earlier ones were settled, or are part of it.
    shown = (review for commit in commits for review in reviews.of(commit) if review.comment)
    newest = next(shown, None)
    is_open = newest is not None and slug_hashes([slug]) <= newest.conflicts
    return replace(past, versions=versions, conflict=newest.pull if newest and is_open else None)
