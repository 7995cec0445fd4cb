"""Which pull requests a commit came with, what plan they showed, and what a plan would write that none showed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from http import HTTPStatus
from itertools import chain, islice
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.diff.fields import fingerprint, sha256
from flowsync.errors import GithubError
from flowsync.github.api import MOST_PARTS, PART_LENGTH, at, number, text
from flowsync.github.comments import Edited, edited, own_author, own_comments
from flowsync.github.runner import Switch
from flowsync.plan.document import action, json_safe, meaning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from flowsync.github.api import Github, Marker
    from flowsync.github.comments import Own
    from flowsync.model import Change, FieldName, JsonValue, Plan

LOOK_BACK: Final = 30
"""In how many commits a reviewed plan is looked for."""
MOST_RUNS: Final = 50
"""How many runs of a commit are asked what they kept; where there are more, a run that kept no plan made none."""
MOST_CLOSED: Final = 300
"""How many pull requests that were closed lately are looked at."""
_REFUSED: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})
_PLANNING: Final = frozenset({"pull_request", "merge_group", "workflow_dispatch"})
"""The events of runs that show plans."""
ARTIFACT: Final = "flowsync-plan-"
"""How the name of a run's artefact begins that holds a plan; the marker's seal follows."""
_UNCHECKED: Final = (
    "Whether the reviewed plan is from the run that its comment names cannot be checked: this token may not read runs. "
    "Give the job the permission actions: read."
)


@dataclass(frozen=True, slots=True)
class Tip:
    """The commit that is applied: which branch it came to (None: no branch), and the key of its plan's comments."""

    sha: str
    branch: str | None
    key: str


class Flaw(Enum):
    """Why a plan that a pull request shows counts for nothing; the values say so of its number."""

    EDITED = "The plan in pull request {} was edited by somebody after flowsync wrote it."
    EDITOR_UNKNOWN = (
        "GitHub does not say who last edited the comment of pull request {}, so its plan counts as edited by hand."
    )
    FOREIGN = "The plan in pull request {} is not from the run that its comment names."
    WITHOUT_RUN = "The plan in pull request {} does not name the run that made it, as former versions did not."


@dataclass(frozen=True, slots=True)
class Review:
    """The newest plan that a merged pull request shows.

    `comment` is None where it shows none. A plan with a `flaw` counts for nothing. `is_fork`: the pull request came
    from a fork, whose runs may not write comments. `planned` is when the plan was begun, in GitHub's words; earlier
    where that is not known.
    """

    pull: int
    is_fork: bool
    comment: Own | None
    flaw: Flaw | None
    planned: str = ""

    @property
    def marker(self) -> Marker | None:
        """The marker, where the plan counts."""
        return self.comment.marker if self.comment and self.flaw is None else None

    @property
    def parts(self) -> frozenset[str]:
        """What the plan shows, whether or not it counts."""
        return self.comment.marker.parts if self.comment else frozenset()

    @property
    def used(self) -> frozenset[str]:
        """What of it was applied before this run."""
        return self.comment.marker.used if self.comment else frozenset()

    @property
    def noted(self) -> str:
        """When anything was last noted in the comment, in GitHub's words."""
        return text(self.comment.item, "updated_at") if self.comment else ""

    @property
    def conflicts(self) -> frozenset[str]:
        """The marks of the flows that it left in conflict with the dashboard."""
        return self.comment.marker.conflicts if self.comment else frozenset()


def _unspent(marker: Marker) -> Marker:
    return replace(marker, used=frozenset(), by=None)


def branch_head(github: Github, branch: str) -> str:
    """The commit that a branch is at now: of that branch, never of a tag of the same name. Raises GithubError."""
    commit = text(github.get(f"git/ref/heads/{quote(branch)}"), "object", "sha")
    if not commit:
        raise GithubError("GitHub's answer does not say which commit the branch is at.")
    return commit


class Reviews:
    """What the merged pull requests of a commit and of those before it showed; each is read once.

    `run_id` is this run's own. With `repeat`, what was applied already counts as reviewed once more.
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
        """What could not be checked, for people."""
        return _UNCHECKED if self._is_unchecked else None

    @cached_property
    def of_tip(self) -> tuple[Review, ...]:
        """One for a merge, a squash or a rebase, several for a merge queue, none for a direct push."""
        return self.of(self.tip.sha)

    @property
    def base(self) -> str | None:
        """The commit that the plan of the tip's pull request was compared with."""
        marker = self.of_tip[0].marker if self.of_tip else None
        return marker.base if marker else None

    @cached_property
    def recent(self) -> tuple[Review, ...]:
        """Those of the tip, then those of the commits before it: a superseded apply leaves its changes to the next."""
        found = {review.pull: review for review in self.of_tip}
        for commit in islice(self.github.items("commits", sha=self.tip.sha), LOOK_BACK):
            found |= {review.pull: review for review in self.of(text(commit, "sha"))}
        return tuple(found.values())

    @property
    def read(self) -> tuple[Review, ...]:
        """What was read so far."""
        return tuple(self._read.values())

    def pushed(self, commits: Iterable[str]) -> frozenset[int]:
        """The pull requests that commits came with, by number, as far as they were read."""
        return frozenset(review.pull for each in commits for review in self._came_with.get(each, ()))

    def unreviewed(self, plan: Plan) -> tuple[Change, ...]:
        """What a plan would write though no merged pull request showed it, or no longer counts for it."""
        shown = ((self._countable(each.marker), self._used_since(each)) for each in self.recent if each.marker)
        return unreviewed(plan, [replace(marker, used=marker.used | since) for marker, since in shown])

    def spent(self, plan: Plan) -> Review | None:
        """The newest review that showed something of a plan, where all of it was reviewed and is used up."""
        shown = [review for review in self.recent if review.marker]
        if unreviewed(plan, [_unspent(review.marker) for review in shown if review.marker]):
            return None
        parts = written_parts(plan).keys()
        return next((review for review in shown if review.used & parts), None)

    def flawed(self, parts: Collection[str]) -> Review | None:
        """The newest pull request that showed any of these parts in a plan that does not count."""
        return next((each for each in self.recent if each.flaw and each.parts.intersection(parts)), None)

    def _countable(self, marker: Marker) -> Marker:
        return _unspent(marker) if self._repeat is Switch.ON else marker

    def _used_since(self, review: Review) -> frozenset[str]:
        """What other reviews were used for since a plan was made, which may have shown it as pending."""
        if self._repeat is Switch.ON:
            return frozenset()
        others = (each for each in self.recent if each.pull != review.pull)
        return frozenset[str]().union(*(each.used for each in others if each.noted >= review.planned))

    def of(self, commit: str) -> tuple[Review, ...]:
        """What the merged pull requests of one commit show."""
        if commit not in self._came_with:
            self._came_with[commit] = tuple(map(self._review, self._merged(commit)))
        return self._came_with[commit]

    def _merged(self, commit: str) -> list[dict[str, JsonValue]]:
        """The merged pull requests that a commit came with, by whatever kind of merge.

        Of a commit that is not in the default branch GitHub lists the open ones only [doc]: those are found by the
        commit that they were merged as.
        """
        listed = [pull for pull in self.github.items(f"commits/{commit}/pulls") if self._is_ours(pull)]
        return listed or [pull for pull in self._closed if text(pull, "merge_commit_sha") == commit]

    @cached_property
    def _closed(self) -> list[dict[str, JsonValue]]:
        """The pull requests that were merged into this branch lately."""
        base = {"base": self.tip.branch} if self.tip.branch else {}
        found = self.github.items("pulls", state="closed", sort="updated", direction="desc", **base)
        try:
            return [pull for pull in islice(found, MOST_CLOSED) if self._is_ours(pull)]
        except GithubError as error:
            if error.status not in _REFUSED:
                raise
            return []

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
        """Whether anything of a plan can count any more: who wrote what is used up need not be known."""
        return bool(self._countable(marker).unused) or not marker.by

    def _flaw(self, comment: Own, pulled: str) -> Flaw | None:
        """What is wrong with the plan that a comment shows; `pulled` is the last commit of its pull request."""
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
        """Whether the run that a marker names planned for its head, and kept this plan if it kept any.

        Where GitHub lets this token read no runs at all, not even its own, that is not known, and said.
        """
        if marker.run is None:  # written by a former version, or by somebody who knows why
            self._is_unchecked = self._is_unchecked or not self._reads_runs
            return not self._reads_runs
        try:
            run = self._runs[marker.run] = self.github.get(f"actions/runs/{marker.run}")
        except GithubError as error:
            if error.status not in _REFUSED:
                raise
            self._is_unchecked = self._is_unchecked or not self._reads_runs
            return not self._reads_runs
        repository = text(run, "repository", "full_name").lower()
        if text(run, "event") not in _PLANNING or repository not in {"", self.github.repository.lower()}:
            return False
        return text(run, "head_sha") == marker.head and self._is_kept(marker, pulled)

    def _planned(self, comment: Own) -> str:
        """When a plan was begun: its run may be run again later, and its comment be edited, but neither before."""
        run = self._runs.get(comment.marker.run or "")
        if run is None:
            return text(comment.item, "created_at")
        return min(text(run, "run_started_at"), text(comment.item, "updated_at"))

    def _is_kept(self, marker: Marker, pulled: str) -> bool:
        """Whether this plan is among those that its run kept.

        True of a run that kept none, too, unless another run of these commits kept one: then that one planned.
        """
        try:
            kept = self._kept(marker.run)
            return f"{ARTIFACT}{marker.seal}" in kept if kept else not self._is_kept_elsewhere({marker.head, pulled})
        except GithubError as error:
            if error.status not in _REFUSED:
                raise
            self._is_unchecked = True
            return True

    def _is_kept_elsewhere(self, heads: Iterable[str]) -> bool:
        """Whether any run of these commits kept a plan, or there are too many to ask."""
        for head in filter(None, heads):
            found = self.github.items("actions/runs", within="workflow_runs", head_sha=head)
            planning = (run for run in found if text(run, "event") in _PLANNING and text(run, "head_sha") == head)
            runs = list(islice(planning, MOST_RUNS + 1))
            if len(runs) > MOST_RUNS or any(self._kept(str(number(run, "id"))) for run in runs):
                return True
        return False

    def _kept(self, run: str | None) -> list[str]:
        """The names under which a run kept plans."""
        artifacts = self.github.items(f"actions/runs/{run}/artifacts", within="artifacts")
        return [name for each in artifacts if (name := text(each, "name")).startswith(ARTIFACT)]

    @cached_property
    def _reads_runs(self) -> bool:
        """Whether this token may read this very run."""
        if not self._run_id.isdecimal():
            return False
        try:
            self.github.get(f"actions/runs/{self._run_id}")
        except GithubError as error:
            if error.status not in _REFUSED:
                raise
            return False
        return True


_UNSEEN = "unseen"
"""Stands for the value before where the API does not return a field: whatever it is, it is replaced."""


def parts(plan: Plan) -> frozenset[str]:
    """The hashes of all that a plan would write: of each field, else of each change, else of all, as many as fit."""
    fields = [_fields(plan, change) for change in plan.writes]
    if sum(map(len, fields)) <= MOST_PARTS:
        return frozenset(chain.from_iterable(fields))
    return frozenset(map(_whole, fields)) if len(fields) <= MOST_PARTS else frozenset([_all(plan)])


def unreviewed(plan: Plan, markers: Iterable[Marker]) -> tuple[Change, ...]:
    """The changes of a plan that none of the reviewed ones showed, or that were applied since."""
    shown = frozenset(part for marker in markers for part in marker.unused)
    if _all(plan) in shown:
        return ()
    return tuple(change for change in (*plan.changes, *plan.unverified) if not _is_shown(plan, change, shown))


def written_parts(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Every hash by which a marker may list something of a plan, with the slugs that it is about."""
    found = {_all(plan): frozenset(change.slug for change in plan.writes)}
    for change in plan.writes:
        fields = [_part(plan, change, field, before) for field in change.body for before in _befores(change, field)]
        found |= dict.fromkeys((*fields, _whole(_fields(plan, change))), frozenset([change.slug]))
    return found


def hexadecimal(digest: str) -> str:
    """A digest without the name of its algorithm."""
    return digest.rpartition(":")[2]


def _is_shown(plan: Plan, change: Change, shown: frozenset[str]) -> bool:
    """Whether every field was shown as it is now, or as one that is replaced whatever it is.

    The latter is how a plan made with a public key shows a field that only a private one returns.
    """
    return _whole(_fields(plan, change)) in shown or all(
        any(_part(plan, change, field, before) in shown for before in _befores(change, field)) for field in change.body
    )


def _all(plan: Plan) -> str:
    """The hash of all that a plan would do, whatever key it was made with and whatever it was compared with."""
    return hexadecimal(meaning(plan))[:PART_LENGTH]


def _whole(fields: Iterable[str]) -> str:
    """The hash of a whole change, from those of its fields."""
    return hexadecimal(sha256("".join(sorted(fields))))[:PART_LENGTH]


def _fields(plan: Plan, change: Change) -> list[str]:
    """The hash of each field that a change would write."""
    return [_part(plan, change, field, _before(change, field)) for field in change.body]


def _before(change: Change, field: FieldName) -> str:
    return fingerprint({field: change.old[field]}) if field in change.old else _UNSEEN


def _befores(change: Change, field: FieldName) -> tuple[str, str]:
    return _before(change, field), _UNSEEN


def _part(plan: Plan, change: Change, field: FieldName, before: str) -> str:
    # What `data` parses to is compared where the plan holds it, not the text that is sent.
    after = fingerprint({field: change.new[field] if field in change.new else change.body[field]})
    row: list[JsonValue] = [action(change), change.slug, change.id, change.version, change.status]
    return hexadecimal(sha256(json_safe([plan.environment, plan.api_url, *row, field, before, after])))[:PART_LENGTH]
