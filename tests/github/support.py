"""`flowsync ci` as a runner runs it: a checkout, an event, the runner's files, a fake GitHub and a fake Frigade."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flowsync.github.marker import read_marker
from tests.support.command import environment, flowsync, write_flows
from tests.support.fake_frigade import fake_frigade, row
from tests.support.fake_github import MAIN, REPOSITORY, TOKEN, FakeRepo, fake_github, sha

TWO_ENVIRONMENTS = """\
environments:
  one: {api_key_variable: FRIGADE_API_KEY, public_api_key_variable: FRIGADE_PUBLIC_API_KEY}
  two: {api_key_variable: FRIGADE_API_KEY, public_api_key_variable: FRIGADE_PUBLIC_API_KEY}
"""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.github.marker import Marker
    from tests.support.command import Completed
    from tests.support.fake_frigade import FakeFrigade
    from tests.support.fake_github import FakeGithub

FLOW = "name: {name}\ndata:\n  steps:\n    - id: first\n      title: {title}\n      subtitle: More\n"
LIVE = {"steps": [{"id": "first", "title": "Hello", "subtitle": "More"}]}
HEAD = sha(7)
BASE = sha(1)
MERGE = sha(9)
FIRST_RUN = 4711


def flow(name: str, title: str = "Hello") -> str:
    return FLOW.format(name=name, title=title)


@dataclass(frozen=True)
class Outcome:
    """What one run left behind."""

    completed: Completed
    summary: str
    outputs: dict[str, str]

    @property
    def code(self) -> int:
        return self.completed.code

    @property
    def log(self) -> str:
        return self.completed.out


@dataclass
class Workplace:
    """Where runs happen. `flow_a` and `flow_b` are live as their files say, until a test changes one or the other."""

    root: Path
    github: FakeGithub
    frigade: FakeFrigade
    runs: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> FakeRepo:
        return self.github.repo

    def write(self, **flows: str) -> None:
        write_flows(self.root, flows)

    def run(self, *arguments: str, name: str, payload: object, **env: str) -> Outcome:
        """One run for an event."""
        given = self.environment(name, payload, **env)
        return self.outcome(flowsync("ci", *arguments, root=self.root, env=given))

    def environment(self, name: str, payload: object, **env: str) -> dict[str, str]:
        """The environment of a new run."""
        self.runs += 1
        temporary = self.root.parent / f"runner-{self.runs}"
        temporary.mkdir()
        (temporary / "event.json").write_text(json.dumps(payload))
        runner = {
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(temporary / "event.json"),
            "GITHUB_SHA": MERGE,
            "GITHUB_REF": f"refs/heads/{MAIN}",
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": str(FIRST_RUN + self.runs - 1),
            "GITHUB_STEP_SUMMARY": str(temporary / "summary"),
            "GITHUB_OUTPUT": str(temporary / "output"),
            "RUNNER_TEMP": str(temporary),
        }
        given = {**runner, **self.github.environment(), **environment(self.frigade.url), **self.extra, **env}
        self._remember_run(name, payload, given)
        return given

    def _remember_run(self, name: str, payload: object, given: dict[str, str]) -> None:
        """GitHub knows each run by its id."""
        pull = payload.get("pull_request") if isinstance(payload, dict) else None
        head = pull["head"]["sha"] if name == "pull_request" and pull else given["GITHUB_SHA"]
        self.repo.add_run(int(given["GITHUB_RUN_ID"]), name, head)

    def outcome(self, completed: Completed) -> Outcome:
        """What the newest run left behind."""
        temporary = self.root.parent / f"runner-{self.runs}"
        assert TOKEN not in completed.both
        outcome = Outcome(completed, _read(temporary / "summary"), read_outputs(_read(temporary / "output")))
        assert outcome.code == 0 or not outcome.outputs or outcome.outputs["exit-code"] == str(int(outcome.code))
        return outcome

    def plan(
        self, *arguments: str, fork: bool = False, head: str = HEAD, pull: int = 5, base: str = BASE, **env: str
    ) -> Outcome:
        """A run for a pull request."""
        repository = "stranger/flows" if fork else REPOSITORY
        payload = {
            "pull_request": {
                "number": pull,
                "head": {"sha": head, "repo": {"full_name": repository}},
                "base": {"sha": base, "ref": MAIN, "repo": {"full_name": REPOSITORY}},
            }
        }
        return self.run(
            "plan", *arguments, name="pull_request", payload=payload, GITHUB_REF=f"refs/pull/{pull}/merge", **env
        )

    def merge(self) -> None:
        """Pull request 5 is merged as MERGE, by whatever kind of merge."""
        self.repo.pulls[0].update(merged_at="2026-01-02T03:04:05Z", state="closed", merge_commit_sha=MERGE)
        self.repo.commits.insert(0, MERGE)
        self.repo.pulls_of[MERGE] = [5]

    def apply(self, *arguments: str, **env: str) -> Outcome:
        """A run for a push of MERGE to main."""
        payload = {"before": BASE, "commits": [{"id": MERGE}]}
        return self.run("apply", *arguments, name="push", payload=payload, **env)

    def drift(self, *arguments: str, **env: str) -> Outcome:
        return self.run("drift", *arguments, name="schedule", payload={}, **env)

    def comment(self) -> str:
        """The plan's comment on pull request 5: the first, and the only one until an apply adds its result."""
        return str(self.repo.comments_of(5)[0])

    def result(self, pull: int = 5) -> str:
        """The newest comment of a pull request, which tells what became of an apply."""
        return str(self.repo.comments_of(pull)[-1])

    def marker(self, pull: int = 5) -> Marker:
        """The marker of the plan that a pull request shows."""
        marker = read_marker(self.repo.comments_of(pull)[0])
        assert marker is not None
        return marker


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def read_outputs(text: str) -> dict[str, str]:
    """The outputs as the runner reads them."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for each in lines:
            if each == delimiter:
                break
            value.append(each)
        found[name] = "\n".join(value)
    return found


@contextmanager
def reviewed(root: Path, repo: FakeRepo | None = None) -> Iterator[Workplace]:
    """A pull request that changes flow_a, planned and merged."""
    with ExitStack() as opened:
        try:
            place = opened.enter_context(_planned_now(root, repo) if repo else _planned_before(root))
        except OSError:  # another program took the port
            place = opened.enter_context(_planned_now(root, repo))
        place.merge()
        yield place


@contextmanager
def _planned_now(root: Path, repo: FakeRepo | None) -> Iterator[Workplace]:
    with workplace(root, repo) as place:
        place.write(flow_a=flow("Alpha", "Good morning"))
        assert place.plan().code == 0
        yield place


@contextmanager
def _planned_before(root: Path) -> Iterator[Workplace]:
    """The same state, from a copy of what the first such plan left on GitHub."""
    repo, port = _first_plan()
    with _opened(root, deepcopy(repo), port) as place:
        place.write(flow_a=flow("Alpha", "Good morning"))
        place.runs = 1
        yield place


@cache
def _first_plan() -> tuple[FakeRepo, int]:
    """What a plan leaves on GitHub, and the port of Frigade's server, because the plan's digest covers the address."""
    with TemporaryDirectory() as folder, _planned_now(Path(folder), None) as place:
        port = urlsplit(place.frigade.url).port
        assert port
        return place.repo, port


@contextmanager
def workplace(root: Path, repo: FakeRepo | None = None) -> Iterator[Workplace]:
    """Two flows in step, and pull request 5 open at HEAD."""
    repo = repo or FakeRepo(commits=[BASE])
    repo.add_pull(5, HEAD)
    with _opened(root, repo) as place:
        yield place


@contextmanager
def _opened(root: Path, repo: FakeRepo, port: int = 0) -> Iterator[Workplace]:
    """A checkout with two flows in step, and both servers."""
    rows = [row(1, "flow_a", name="Alpha", data=LIVE), row(2, "flow_b", name="Beta", data=LIVE)]
    checkout = root / "checkout"
    with fake_github(repo) as github, fake_frigade(rows=rows, port=port) as frigade:
        place = Workplace(checkout, github, frigade)
        place.write(flow_a=flow("Alpha"), flow_b=flow("Beta"))
        yield place
