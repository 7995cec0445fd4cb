"""The one pull request that proposes files: made by GitHub's API alone, never over somebody's work."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from flowsync.api.client import open_sender
from flowsync.config import Key, Timeouts
from flowsync.errors import GithubError
from flowsync.github.api import Github
from flowsync.github.comments import Draft, NotWritten, Written
from flowsync.github.drift import PREFIX, Proposal, ProposedFile, branch_name, digest_of, propose, withdraw
from flowsync.github.marker import Marker
from tests.support.fake_frigade import reply
from tests.support.fake_github import MAIN, PERSON, REPOSITORY, TOKEN, FakeRepo, fake_github, sha

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.model import JsonValue

KEY = "a" * 16
BRANCH = branch_name("production", KEY)


@contextmanager
def repository(repo: FakeRepo) -> Iterator[Github]:
    with (
        fake_github(repo) as server,
        open_sender(
            [server.url], Key(TOKEN, "GITHUB_TOKEN"), timeouts=Timeouts(), connections=2, resends_writes=True
        ) as sender,
    ):
        yield Github(sender, server.url, f"{server.url}/graphql", REPOSITORY)


@pytest.fixture
def repo() -> FakeRepo:
    return FakeRepo()


@pytest.fixture
def github(repo: FakeRepo) -> Iterator[Github]:
    with repository(repo) as found:
        yield found


def proposal(text: str = "name: Edited\n", onto: str = sha(1)) -> Proposal:
    files = (ProposedFile("flows/flow_a.yaml", text, is_executable=False),)
    marker = Marker(KEY, onto, digest_of(files))
    draft = Draft(marker, f"{marker.line()}\nHello", marker.line(), "Take over live edits")
    return Proposal(files, onto, MAIN, BRANCH, draft)


def test_a_pull_request_is_opened_with_the_files_upon_what_was_looked_at(repo: FakeRepo, github: Github) -> None:
    posting = propose(github, proposal())
    (pull,) = repo.pulls
    assert posting == Written(pull["html_url"])
    assert (pull["title"], pull["head"]["ref"], pull["base"]["ref"]) == ("Take over live edits", BRANCH, MAIN)
    commit = repo.objects[repo.refs[BRANCH]]
    assert commit["parents"] == [sha(1)]
    tree = repo.trees[commit["tree"]["sha"]]
    assert tree["base_tree"] == "base-tree"
    assert tree["tree"] == [
        {"path": "flows/flow_a.yaml", "mode": "100644", "type": "blob", "content": "name: Edited\n"}
    ]


def test_the_same_files_are_proposed_once_and_others_in_its_place(repo: FakeRepo, github: Github) -> None:
    propose(github, proposal())
    first = repo.refs[BRANCH]
    propose(github, proposal())
    assert repo.refs[BRANCH] == first
    propose(github, proposal("name: Edited again\n"))
    assert len(repo.pulls) == 1
    assert repo.refs[BRANCH] != first


def test_somebody_s_commits_on_the_branch_are_left_alone(repo: FakeRepo, github: Github) -> None:
    propose(github, proposal())
    repo.refs[BRANCH] = sha(77)
    posting = propose(github, proposal("name: Edited again\n"))
    assert posting == NotWritten(f"the branch {BRANCH} has commits by somebody else")
    assert withdraw(github, BRANCH, KEY, "Gone.") == repo.pulls[0]["html_url"]
    assert repo.refs[BRANCH] == sha(77)
    assert repo.pulls[0]["state"] == "closed"


def test_our_commit_with_somebody_s_edits_in_it_is_left_alone(repo: FakeRepo, github: Github) -> None:
    """`git commit --amend` keeps the message."""
    propose(github, proposal())
    repo.objects[repo.refs[BRANCH]]["tree"] = {"sha": sha(88)}
    posting = propose(github, proposal("name: Edited again\n"))
    assert posting == NotWritten(f"the branch {BRANCH} has commits by somebody else")


def test_what_was_closed_is_not_proposed_again_but_what_is_new_is(repo: FakeRepo, github: Github) -> None:
    propose(github, proposal())
    repo.pulls[0]["state"] = "closed"
    posting = propose(github, proposal())
    assert posting == NotWritten(f"pull request {repo.pulls[0]['number']} proposed it and was closed")
    assert isinstance(propose(github, proposal("name: Other\n")), Written)
    assert [pull["state"] for pull in repo.pulls] == ["closed", "open"]
    repo.pulls[1].update(state="closed", merged_at="2026-01-02T03:04:05Z")
    assert isinstance(propose(github, proposal("name: Other\n")), Written)
    assert len(repo.pulls) == 3


def test_a_pull_request_by_somebody_else_or_of_another_configuration_is_none_of_ours(
    repo: FakeRepo, github: Github
) -> None:
    propose(github, proposal())
    assert withdraw(github, BRANCH, "b" * 16, "Gone.") is None
    assert repo.pulls[0]["state"] == "open"
    repo.pulls[0]["user"] = PERSON
    assert withdraw(github, BRANCH, KEY, "Gone.") is None
    propose(github, proposal())
    assert len(repo.pulls) == 2


@pytest.mark.parametrize("number", [None, "1", True])
def test_a_pull_request_without_a_number_is_told(repo: FakeRepo, github: Github, number: object) -> None:
    propose(github, proposal())
    repo.pulls[0]["number"] = number
    with pytest.raises(GithubError, match="lacks number"):
        propose(github, proposal())


def test_it_is_withdrawn_with_a_last_word_and_its_branch(repo: FakeRepo, github: Github) -> None:
    assert withdraw(github, BRANCH, KEY, "Gone.") is None
    propose(github, proposal())
    assert withdraw(github, BRANCH, KEY, "Gone.") == repo.pulls[0]["html_url"]
    assert withdraw(github, BRANCH, KEY, "Gone.") is None
    assert (repo.refs, repo.comments[0]["body"]) == ({}, "Gone.")


def test_what_the_token_may_not_write_is_an_error() -> None:
    with repository(FakeRepo(forbidden=frozenset({"write"}))) as github, pytest.raises(GithubError, match="403"):
        propose(github, proposal())


def test_where_no_pull_request_may_be_opened_the_branch_is_deleted_again() -> None:
    repo = FakeRepo(forbidden=frozenset({"pull"}))
    with repository(repo) as github:
        for _ in range(2):
            posting = propose(github, proposal())
            assert isinstance(posting, NotWritten)
            assert "Allow GitHub Actions to create and approve pull requests" in posting.reason
            assert repo.refs == {}


class Meanwhile(Github):
    """A GitHub where somebody does something when a path is asked for the second time."""

    path: str
    act: Callable[[], object]
    seen = 0

    def get(self, path: str, **query: str | int) -> JsonValue:
        self.seen += path == self.path
        if self.seen == 2:
            self.seen += 1
            self.act()
        return super().get(path, **query)


@contextmanager
def meanwhile(repo: FakeRepo, path: str, act: Callable[[], object]) -> Iterator[Github]:
    with (
        fake_github(repo) as server,
        open_sender(
            [server.url], Key(TOKEN, "GITHUB_TOKEN"), timeouts=Timeouts(), connections=2, resends_writes=True
        ) as sender,
    ):
        github = Meanwhile(sender, server.url, f"{server.url}/graphql", REPOSITORY)
        github.path, github.act = path, act
        yield github


def test_a_commit_that_comes_in_between_is_not_lost(repo: FakeRepo, github: Github) -> None:
    pushed = {"refs": {BRANCH: sha(77)}}
    with meanwhile(repo, f"git/ref/heads/{BRANCH}", lambda: repo.refs.update(pushed["refs"])) as busy:
        assert propose(busy, proposal()) == NotWritten(f"somebody has just changed the branch {BRANCH}")
        assert repo.refs == {BRANCH: sha(77)}
    repo.refs.clear()
    propose(github, proposal())
    with meanwhile(repo, f"git/ref/heads/{BRANCH}", lambda: repo.refs.update(pushed["refs"])) as busy:
        posting = propose(busy, proposal("name: Other\n"))
        assert posting == NotWritten(f"somebody has just changed the branch {BRANCH}")
        assert repo.refs == {BRANCH: sha(77)}
    repo.refs.clear()
    repo.pulls.clear()
    propose(github, proposal())
    with meanwhile(repo, f"git/ref/heads/{BRANCH}", lambda: repo.refs.update(pushed["refs"])) as busy:
        assert withdraw(busy, BRANCH, KEY, "Gone.") == repo.pulls[0]["html_url"]
        assert repo.refs == {BRANCH: sha(77)}


def test_an_update_that_github_refuses_is_told() -> None:
    fault = reply(422, "Update is not possible").on("PATCH", "*/git/refs/*")
    with repository(FakeRepo(faults=(fault,))) as github:
        propose(github, proposal())
        posting = propose(github, proposal("name: Other\n"))
        assert isinstance(posting, NotWritten)
        assert posting.reason.startswith(f"the branch {BRANCH} could not be updated")
        assert "Update is not possible" in posting.reason


def test_a_branch_from_which_somebody_else_opened_a_pull_request_is_not_deleted(repo: FakeRepo) -> None:
    repo.forbidden = frozenset({"pull"})
    repo.add_pull(5, sha(7))
    repo.pulls[-1]["head"]["ref"] = BRANCH
    repo.pulls[-1]["user"] = PERSON
    with repository(repo) as github:
        assert isinstance(propose(github, proposal()), NotWritten)
        assert BRANCH in repo.refs


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        (None, "aaaaaaaa"),
        ("production", "production-aaaaaaaa"),
        ("../é x..lock", "x-lock-aaaaaaaa"),
        ("\u202e", "aaaaaaaa"),
    ],
)
def test_a_branch_has_a_name_that_git_takes(environment: str | None, name: str) -> None:
    assert branch_name(environment, KEY) == f"{PREFIX}-{name}"


def test_the_digest_is_of_paths_modes_and_texts_in_any_order() -> None:
    one, two = ProposedFile("a", "x", is_executable=False), ProposedFile("b", "y", is_executable=True)
    assert digest_of([one, two]) == digest_of([two, one])
    assert len({digest_of([one]), digest_of([two]), digest_of([ProposedFile("a", "x", is_executable=True)])}) == 3
