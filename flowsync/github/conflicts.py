"""Conflicts that a pull request had with the dashboard, and that no apply has settled: they stay conflicts.

The plan of a later pull request sees an edit against what is merged by then, and would take it for mere drift. What is
merged was never applied, though, because of that very edit: the marker of the pull request that brought it says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync.config import Policy
from flowsync.diff.fields import sha256
from flowsync.github.api import PART_LENGTH
from flowsync.github.review import Reviews, Tip, hexadecimal
from flowsync.model import Refusal
from flowsync.plan.guards import also_refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.config import Guards
    from flowsync.github.api import Github
    from flowsync.model import Plan
    from flowsync.plan.base import History, Past

COMMITS_ASKED_ABOUT: Final = 5
"""The newest commits of a file whose pull requests are looked at."""
_CONFLICT: Final = "overwrites-conflict"
"""The code of the guard's refusal."""
_UNSEEN: Final = (
    "A merged pull request left a conflict with an edit in the dashboard, and there is no commit to compare with that "
    "would show whether it is settled. If this clone is shallow, give actions/checkout fetch-depth: 0."
)

_UNKNOWN_EDITS: Final = Refusal(
    "edits-not-known",
    "There is no commit to compare with, so edits in the dashboard cannot be seen, which on_drift does not let be "
    "undone. If this clone is shallow, give actions/checkout fetch-depth: 0.",
    "--on-drift overwrite",
)


def conflicting(plan: Plan) -> frozenset[str]:
    """The marks of the flows with a conflict that the guards refuse to overwrite."""
    return marks(slug for refusal in plan.refusals if refusal.code == _CONFLICT for slug in refusal.slugs)


def unsettled(plan: Plan, reviews: Reviews | None, guards: Guards) -> Plan:
    """Return `plan`, refused also for the edits in the dashboard that nobody can see in it.

    A plan that is compared with no commit shows none, such as one of a shallow clone. Where edits may not be undone, it
    is refused; what recent pull requests left in conflict stays so. `reviews` is None where those do not matter yet.
    Raises ApiError where GitHub does not say what was reviewed.
    """
    if plan.base is not None or not plan.writes:
        return plan
    if guards.on_drift is not Policy.OVERWRITE:
        plan = also_refused(plan, _UNKNOWN_EDITS)
    if reviews is None or guards.on_conflict is Policy.OVERWRITE:
        return plan
    open_ = frozenset[str]().union(*(review.conflicts for review in reviews.recent))
    slugs = tuple(change.slug for change in plan.writes if marks([change.slug]) <= open_)
    return also_refused(plan, Refusal(_CONFLICT, _UNSEEN, "--on-conflict overwrite", slugs)) if slugs else plan


def marks(slugs: Iterable[str]) -> frozenset[str]:
    """What a marker lists of flows: a hash of each slug."""
    return frozenset(hexadecimal(sha256(slug))[:PART_LENGTH] for slug in slugs)


@dataclass(frozen=True, slots=True)
class ReviewedHistory:
    """The history of flow files, and whether the pull request that changed one last left a conflict. See `History`.

    `tip` says which branch and which comments are meant, `run_id` is this run's own.
    """

    history: History
    github: Github
    tip: Tip
    run_id: str

    def before_base(self, slugs: Collection[str]) -> Mapping[str, Past]:
        """Return the past of each of these files. Raises ApiError where GitHub does not say what was reviewed."""
        reviews = Reviews(self.github, self.tip, self.run_id)
        pasts = self.history.before_base(slugs)
        return {slug: _with_conflict(reviews, slug, past) for slug, past in pasts.items()}


def _with_conflict(reviews: Reviews, slug: str, past: Past) -> Past:
    versions = list(past.versions)
    commits = [version.commit for version in versions[:COMMITS_ASKED_ABOUT]]
    # The newest change to the file that was shown anywhere decides: what came before it was settled, or went into it.
    shown = (review for commit in commits for review in reviews.of(commit) if review.comment)
    newest = next(shown, None)
    is_open = newest is not None and marks([slug]) <= newest.conflicts
    return replace(past, versions=versions, conflict=newest.pull if newest and is_open else None)
