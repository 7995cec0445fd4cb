"""Finds the pull requests of a commit, the plans that they showed, and the changes that none of them showed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from flowsync.errors import GithubError
from flowsync.github.api import at, number, text
from flowsync.github.comments import Edited, edited, own_author, own_comments
from flowsync.github.inputs import Switch
from flowsync.github.marker import unreviewed, written_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from flowsync.github.api import Github
    from flowsync.github.comments import OwnItem
    from flowsync.github.marker import Marker
    from flowsync.model import Change, JsonValue, Plan

T = TypeVar("T")
LOOK_BACK: Final = 30
"""Commits whose pull requests are read."""
MOST_RUNS: Final = 50
"""Runs of a commit that are asked for artefacts; with more, a run without an artefact counts as without a plan."""
MOST_CLOSED: Final = 300
"""Recently closed pull requests that are read."""
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_PLANNING: Final = frozenset({"pull_request", "merge_group", "workflow_dispatch"})
"""Events of runs that make plans."""
ARTIFACT: Final = "flowsync-plan-"
"""Prefix of the name of a plan's artefact; the marker's seal follows."""
_UNCHECKED: Final = (
    "Whether the reviewed plan is from the run that its comment names cannot be checked: this token may not read runs. "
    "Give the job the permission actions: read."
)


@dataclass(frozen=True, slots=True)
class Tip:
    """The commit to apply, its branch (None for a tag), and the key of its plan's comments."""

    sha: str
    branch: str | None
    key: str


class Flaw(Enum):
    """Why the plan of a pull request does not count; the values are messages about its number."""

    EDITED = "The plan in pull request {} was edited by somebody after flowsync wrote it."
    EDITOR_UNKNOWN = (
        "GitHub does not say who last edited the comment of pull request {}, so its plan counts as edited by hand."
    )
    FOREIGN = "The plan in pull request {} is not from the run that its comment names."
    WITHOUT_RUN = "The plan in pull request {} does not name the run that made it: a former version wrote it."


@dataclass(frozen=True, slots=True)
class Review:
    """The newest plan that a merged pull request shows.

    `comment` is None if it shows none. A plan with a `flaw` does not count. `is_fork`: the pull request came from a
    fork, whose runs may not comment. `planned` is when the run of the plan started, as GitHub writes times; where that
    is not known, an earlier time.
    """

    pull: int
    is_fork: bool
    comment: OwnItem | None
    flaw: Flaw | None
    planned: str = ""

    @property
    def marker(self) -> Marker | None:
        """The marker of the plan, if it counts."""
        return self.comment.marker if self.comment and self.flaw is None else None

    @property
    def parts(self) -> frozenset[str]:
        """The parts that the plan shows, whether or not it counts."""
        return self.comment.marker.parts if self.comment else frozenset()

    @property
    def used(self) -> frozenset[str]:
        """The parts applied before this run."""
        return self.comment.marker.used if self.comment else frozenset()

    @property
    def noted(self) -> str:
        """When the comment was last changed, as GitHub writes times."""
        return text(self.comment.item, "updated_at") if self.comment else ""

    @property
    def conflicts(self) -> frozenset[str]:
        """The hashes of the flows with unresolved conflicts with the dashboard."""
        return self.comment.marker.conflicts if self.comment else frozenset()


def _unused(marker: Marker) -> Marker:
    return replace(marker, used=frozenset(), by=None)


def branch_head(github: Github, branch: str) -> str:
    """The commit that a branch is at now. Raises GithubError."""
    commit = text(github.get(f"git/ref/heads/{quote(branch)}"), "object", "sha")
    if not commit:
        raise GithubError("GitHub's answer does not say which commit the branch is at.")
    return commit


class Reviews:
    """The plans that the merged pull requests of a commit and its ancestors showed; each is read once.

    `run_id` is this run's own. With `repeat`, a plan that was applied counts as reviewed again.
    """

    def __init__(self, github: Github, tip: Tip, run_id: str, repeat: Switch = Switch.OFF) -> None:
        self.github = github
        self.tip = tip
        self.me = own_author(github)
        self._run_id = run_id
        self._repeat = repeat
        self._read: dict[int, Review] = {}
        self._came_with: dict[str, tuple[Review, ...]] = {}
        self._is_unchecked = False
        self._runs: dict[str, JsonValue] = {}

    @property
    def note(self) -> str | None:
        """A sentence about what could not be checked; None if everything was."""
        return _UNCHECKED if self._is_unchecked else None

    @cached_property
    def of_tip(self) -> tuple[Review, ...]:
        """The tip's reviews: one for a merge, squash or rebase, several for a merge queue, none for a direct push."""
        return self.of(self.tip.sha)

    @property
    def base(self) -> str | None:
        """The commit that the plan of the tip's pull request was compared with."""
        marker = self.of_tip[0].marker if self.of_tip else None
        return marker.base if marker else None

    @cached_property
    def recent(self) -> tuple[Review, ...]:
        """The reviews of the tip and of earlier commits, whose applies may have been superseded; the newest first."""
        found = {review.pull: review for review in self.of_tip}
        for commit in islice(self.github.items("commits", sha=self.tip.sha), LOOK_BACK):
            found |= {review.pull: review for review in self.of(text(commit, "sha"))}
        return tuple(found.values())

    @property
    def read(self) -> tuple[Review, ...]:
        """The reviews read so far."""
        return tuple(self._read.values())

    def pushed(self, commits: Iterable[str]) -> frozenset[int]:
        """The numbers of the pull requests of the commits that were read so far."""
        return frozenset(review.pull for each in commits for review in self._came_with.get(each, ()))

    def unreviewed(self, plan: Plan) -> tuple[Change, ...]:
        """The changes of a plan that no merged pull request showed, or whose review was used."""
        shown = ((self._countable(each.marker), self._used_since(each)) for each in self.recent if each.marker)
        return unreviewed(plan, [replace(marker, used=marker.used | since) for marker, since in shown])

    def spent(self, plan: Plan) -> Review | None:
        """The newest review that showed part of a plan, if all of the plan was reviewed and already applied."""
        shown = [review for review in self.recent if review.marker]
        if unreviewed(plan, [_unused(review.marker) for review in shown if review.marker]):
            return None
        parts = written_parts(plan).keys()
        return next((review for review in shown if review.used & parts), None)

    def flawed(self, parts: Collection[str]) -> Review | None:
        """The newest review with any of these parts whose plan does not count."""
        return next((each for each in self.recent if each.flaw and each.parts.intersection(parts)), None)

    def _countable(self, marker: Marker) -> Marker:
        return _unused(marker) if self._repeat is Switch.ON else marker

    def _used_since(self, review: Review) -> frozenset[str]:
        """The parts that other reviews used since this plan was made, which may have shown them as pending."""
        if self._repeat is Switch.ON:
            return frozenset()
        others = (each for each in self.recent if each.pull != review.pull)
        return frozenset[str]().union(*(each.used for each in others if each.noted >= review.planned))

    def of(self, commit: str) -> tuple[Review, ...]:
        """The reviews of the merged pull requests of one commit."""
        if commit not in self._came_with:
            self._came_with[commit] = tuple(map(self._review, self._merged(commit)))
        return self._came_with[commit]

    def _merged(self, commit: str) -> list[dict[str, JsonValue]]:
        """The merged pull requests of a commit, by any kind of merge.

        For a commit outside the default branch, GitHub lists only open pull requests [doc]: the merged ones are found
        by their merge commit.
        """
        listed = [pull for pull in self.github.items(f"commits/{commit}/pulls") if self._is_ours(pull)]
        return listed or [pull for pull in self._closed if text(pull, "merge_commit_sha") == commit]

    @cached_property
    def _closed(self) -> list[dict[str, JsonValue]]:
        """Pull requests recently merged into this branch."""
        base = {"base": self.tip.branch} if self.tip.branch else {}
        found = self.github.items("pulls", state="closed", sort="updated", direction="desc", **base)
        return permitted(lambda: [pull for pull in islice(found, MOST_CLOSED) if self._is_ours(pull)]) or []

    def _is_ours(self, pull: dict[str, JsonValue]) -> bool:
        """Whether a pull request was merged, into this branch."""
        return bool(text(pull, "merged_at")) and self.tip.branch in {None, text(pull, "base", "ref")}

    def _review(self, pull: dict[str, JsonValue]) -> Review:
        of = number(pull, "number")
        if of not in self._read:
            comments = own_comments(self.github, of, self.me, self.tip.key)
            comment = comments[-1] if comments else None
            pulled = text(pull, "head", "sha")
            flaw = self._flaw(comment, pulled) if comment and self._matters(comment.marker) else None
            head, base = (at(pull, side, "repo", "full_name") for side in ("head", "base"))
            self._read[of] = Review(of, head != base, comment, flaw, self._planned(comment) if comment else "")
        return self._read[of]

    def _matters(self, marker: Marker) -> bool:
        """Whether anything of a plan can still count: for a used-up plan the editor does not matter."""
        return bool(self._countable(marker).unused) or not marker.by

    def _flaw(self, comment: OwnItem, pulled: str) -> Flaw | None:
        """Why the plan in a comment does not count; `pulled` is the last commit of its pull request."""
        match edited(self.github, comment, self.me):
            case Edited.YES:
                return Flaw.EDITED
            case Edited.NOT_KNOWN:
                return Flaw.EDITOR_UNKNOWN
            case Edited.NO:
                if self._is_from_its_run(comment.marker, pulled):
                    return None
                return Flaw.FOREIGN if comment.marker.run else Flaw.WITHOUT_RUN

    def _is_from_its_run(self, marker: Marker, pulled: str) -> bool:
        """Whether the run that a marker names planned for its head, and its artefact, if any, is this plan.

        Where the token can read no runs at all, not even its own, the answer is yes, with a `note`.
        """
        run = permitted(lambda: self.github.get(f"actions/runs/{marker.run}")) if marker.run else None
        if not marker.run or run is None:  # written by a former version, forged, or not to be read
            self._is_unchecked = self._is_unchecked or not self._reads_runs
            return not self._reads_runs
        self._runs[marker.run] = run
        repository = text(run, "repository", "full_name").lower()
        if text(run, "event") not in _PLANNING or repository not in {"", self.github.repository.lower()}:
            return False
        return text(run, "head_sha") == marker.head and self._is_kept(marker, pulled)

    def _planned(self, comment: OwnItem) -> str:
        """When the run of a plan started: a re-run and an edit of the comment are both later."""
        run = self._runs.get(comment.marker.run or "")
        if run is None:
            return text(comment.item, "created_at")
        return min(text(run, "run_started_at"), text(comment.item, "updated_at"))

    def _is_kept(self, marker: Marker, pulled: str) -> bool:
        """Whether this plan is among the artefacts of its run.

        Also true for a run without such artefacts, unless another run of these commits has one: then that one planned.
        """

        def is_kept() -> bool:
            kept = self._kept(marker.run)
            return (
                f"{ARTIFACT}{marker.seal}" in kept
                if kept
                else not self._is_artefact_of_other_run({marker.head, pulled})
            )

        found = permitted(is_kept)
        self._is_unchecked = self._is_unchecked or found is None
        return found is not False

    def _is_artefact_of_other_run(self, heads: Iterable[str]) -> bool:
        """Whether any run of these commits has a plan as an artefact, or there are too many runs to check."""
        for head in filter(None, heads):
            found = self.github.items("actions/runs", within="workflow_runs", head_sha=head)
            planning = (run for run in found if text(run, "event") in _PLANNING and text(run, "head_sha") == head)
            runs = list(islice(planning, MOST_RUNS + 1))
            if len(runs) > MOST_RUNS or any(self._kept(str(number(run, "id"))) for run in runs):
                return True
        return False

    def _kept(self, run: str | None) -> list[str]:
        """The names of a run's artefacts that hold plans."""
        artifacts = self.github.items(f"actions/runs/{run}/artifacts", within="artifacts")
        return [name for each in artifacts if (name := text(each, "name")).startswith(ARTIFACT)]

    @cached_property
    def _reads_runs(self) -> bool:
        """Whether this token can read this very run."""
        return (
            self._run_id.isdecimal() and permitted(lambda: self.github.get(f"actions/runs/{self._run_id}")) is not None
        )


def permitted(ask: Callable[[], T]) -> T | None:
    """GitHub's answer; None if the token lacks the permission. Raises GithubError for any other failure."""
    try:
        return ask()
    except GithubError as error:
        if error.status not in _REFUSED:
            raise
        return None
