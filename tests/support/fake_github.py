"""A GitHub made from its API reference, over real HTTP on loopback: one repository, REST and GraphQL.

    with fake_github(FakeRepo(...)) as github:
        ...  # github.environment() for the runner's variables; github.repo for what became of it

What goes wrong, and when, is a tuple of `Fault`s, as for the fake Frigade.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

from tests.support.fake_frigade import Answer, Fault, Listener, Seen, listening

Row = dict[str, Any]
TOKEN = "ghs_T3stOnlyTokenOfTheFakeGithub"
REPOSITORY = "acorn/flows"
BOT: Row = {"login": "github-actions[bot]", "type": "Bot"}
PERSON: Row = {"login": "github-actions", "type": "User"}
EDITING_BOT: Row = {"login": "github-actions", "__typename": "Bot"}
EDITING_PERSON: Row = {"login": "mallory", "__typename": "User"}
MAIN = "main"


def sha(number: int) -> str:
    return f"{number:040x}"


@dataclass
class FakeRepo:
    """The repository and what the token may do in it. `commits` are those of the main branch, newest first."""

    commits: list[str] = field(default_factory=lambda: [sha(1)])
    pulls: list[Row] = field(default_factory=list)
    pulls_of: dict[str, list[int]] = field(default_factory=dict)
    comments: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    viewer: str | None = "github-actions[bot]"
    user: str | None = None
    forbidden: frozenset[str] = frozenset()
    """Those of "actions", "comment", "editor", "issue", "minimise", "pull", "status", "write" it may not do."""
    runs: dict[int, Row] = field(default_factory=dict)
    artifacts: dict[int, list[str]] = field(default_factory=dict)
    """The names of what each run kept."""
    open_only: frozenset[str] = frozenset()
    """Commits that are not in the default branch: of these only open pull requests are listed [doc]."""
    longest_body: int = 65_536
    page_size: int = 100
    prefix: str = ""
    """Before every path of the REST API; Enterprise has /api/v3."""
    graphql_path: str = "/graphql"
    next_host: str | None = None
    """Whom the Link header names, where that is not this server itself."""
    faults: tuple[Fault, ...] = ()
    minimised: dict[str, str] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Row] = field(default_factory=dict)
    objects: dict[str, Row] = field(default_factory=dict)
    statuses: list[Row] = field(default_factory=list)
    """Those of commits, the newest last; each has the commit's `sha`."""
    files_of: dict[int, list[Row]] = field(default_factory=dict)
    """The changed files of pull requests."""
    number: int = 1_000
    seconds: int = 0

    def next_number(self) -> int:
        self.number += 1
        return self.number

    def now(self) -> str:
        """The time, which goes on with every question, as GitHub writes it."""
        self.seconds += 1
        now = datetime(2026, 1, 2, tzinfo=timezone.utc) + timedelta(seconds=self.seconds)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def add_run(self, number: int, event: str, head: str) -> None:
        repository = {"full_name": REPOSITORY}
        run = {"id": number, "event": event, "head_sha": head, "repository": repository}
        self.runs[number] = {**run, "run_started_at": self.now()}

    def add_pull(self, number: int, head: str, *, merged: bool = False, base: str = MAIN, fork: bool = False) -> None:
        merged_at = "2026-01-02T03:04:05Z" if merged else None
        state = "closed" if merged else "open"
        self.pulls.append(
            {
                "number": number,
                "state": state,
                "html_url": f"https://github.example/pull/{number}",
                "head": {
                    "sha": head,
                    "ref": f"topic-{number}",
                    "repo": {"full_name": "stranger/flows" if fork else REPOSITORY},
                },
                "base": {"ref": base, "repo": {"full_name": REPOSITORY}},
                "merged_at": merged_at,
                "merge_commit_sha": None,
                "user": BOT,
            }
        )

    def add_comment(self, pull: int, body: str, user: Row = BOT) -> Row:
        number = self.next_number()
        comment = {
            "id": number,
            "issue": pull,
            "node_id": f"IC_{number}",
            "html_url": f"https://github.example/pull/{pull}#issuecomment-{number}",
            "user": user,
            "body": body,
            "editor": None,
            "edits": [],
            "created_at": self.now(),
        }
        comment["updated_at"] = comment["created_at"]
        self.comments.append(comment)
        return comment

    def edit_comment(self, comment: Row, body: str, editor: Row) -> None:
        """An edit by `editor`, as GraphQL names somebody; it remembers every one, and REST names none."""
        comment.update(body=body, editor=editor, updated_at=self.now())
        comment["edits"].append({"editor": editor, "diff": body})

    def comments_of(self, pull: int) -> list[str]:
        return [each["body"] for each in self.comments if each["issue"] == pull]


@dataclass(frozen=True)
class FakeGithub:
    """A running server."""

    url: str
    repo: FakeRepo
    requests: list[Seen]
    _listener: Listener

    def suffer(self, *faults: Fault) -> None:
        """From now on these things go wrong, and no others."""
        self._listener.suffer(*faults)

    @property
    def api_url(self) -> str:
        return self.url + self.repo.prefix

    def environment(self) -> dict[str, str]:
        """The runner's variables that point here, with the token."""
        return {
            "GITHUB_API_URL": self.api_url,
            "GITHUB_GRAPHQL_URL": self.url + self.repo.graphql_path,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
        }

    def requests_to(self, method: str, pattern: str = ".*") -> list[Seen]:
        return [seen for seen in self.requests if seen.method == method and re.fullmatch(pattern, seen.path)]

    @property
    def writes(self) -> list[Seen]:
        """The requests that change something, but for statuses of commits."""
        changing = [each for each in self.requests if each.method != "GET" and each.path != self.repo.graphql_path]
        return [each for each in changing if "/statuses/" not in each.path]


@contextmanager
def fake_github(repo: FakeRepo | None = None) -> Iterator[FakeGithub]:
    """A server on a free port of loopback, stopped at the end."""
    repo = repo or FakeRepo()
    with listening(lambda seen: _answer(repo, listener.url, seen), repo.faults) as listener:
        yield FakeGithub(listener.url, repo, listener.requests, listener)


def _answer(repo: FakeRepo, url: str, seen: Seen) -> Answer:
    headers: tuple[tuple[str, str], ...] = ()
    try:
        status, value = {"POST": 201, "DELETE": 204}.get(seen.method, 200), _carried_out(repo, seen)
    except _Refused as refused:
        status, value = refused.status, {"message": refused.message}
    if seen.path == repo.graphql_path and status == 201:
        status = 200
    if isinstance(value, list) and seen.method == "GET":
        page, size = int(seen.query.get("page", "1")), min(int(seen.query.get("per_page", "30")), repo.page_size)
        if len(value) > page * size:
            rest = "&".join(f"{name}={word}" for name, word in seen.query.items() if name != "page")
            following = f"{repo.next_host or url}{seen.path}?{rest}&page={page + 1}"
            headers = (("Link", f'<{url}/x?page=1>; rel="first", <{following}>; rel="next"'),)
        value = value[(page - 1) * size : page * size]
    return status, b"" if value is None else json.dumps(value).encode(), headers


def _carried_out(repo: FakeRepo, seen: Seen) -> object:
    if seen.headers.get("authorization") != f"Bearer {TOKEN}":
        raise _Refused(401, "Bad credentials")
    if seen.path == repo.graphql_path:
        return _graphql(repo, seen.json)
    for method, pattern, carry_out in _ENDPOINTS:
        found = re.fullmatch(repo.prefix + pattern.replace("REPO", f"/repos/{REPOSITORY}"), seen.path)
        if seen.method == method and found:
            return carry_out(repo, seen, *(unquote(group) for group in found.groups()))
    raise _Refused(404, "Not Found")


class _Refused(Exception):  # noqa: N818 - an answer, not an error of this program
    def __init__(self, status: int, message: str) -> None:
        super().__init__(status)
        self.status = status
        self.message = message


def _graphql(repo: FakeRepo, query: Row) -> object:
    if "viewer" in query["query"]:
        if repo.viewer is None:
            return {"data": None, "errors": [{"message": "Resource not accessible by integration"}]}
        return {"data": {"viewer": {"login": repo.viewer}}}
    if "editor" in query["query"]:
        if "editor" in repo.forbidden:
            return {"data": None, "errors": [{"message": "Resource not accessible by integration"}]}
        comment = _found(repo.comments, "node_id", query["variables"]["id"])
        edited = "2026-01-02T03:04:05Z" if comment["edits"] else None
        return {"data": {"node": {"editor": comment["editor"], "lastEditedAt": edited}}}
    if "minimise" in repo.forbidden:
        return {"data": {"minimizeComment": None}, "errors": [{"message": "Resource not accessible"}]}
    repo.minimised[query["variables"]["id"]] = query["variables"]["why"]
    return {"data": {"minimizeComment": {"clientMutationId": None}}}


def _found(rows: list[Row], key: str, value: str) -> Row:
    for row in rows:
        if str(row[key]) == value:
            return row
    raise _Refused(404, "Not Found")


def _check(repo: FakeRepo, what: str, body: str = "") -> None:
    if what in repo.forbidden:
        raise _Refused(403, "Resource not accessible by integration")
    if len(body.encode("utf-16-le")) // 2 > repo.longest_body:
        raise _Refused(422, "Validation Failed: body is too long (maximum is 65536 characters)")


def _user(repo: FakeRepo, _: Seen) -> object:
    if repo.user is None:
        raise _Refused(403, "Resource not accessible by integration")
    return {"login": repo.user}


def _repository(repo: FakeRepo, _: Seen) -> object:
    return {"private": True, "permissions": {"pull": True, "push": "write" not in repo.forbidden}}


def _commit(repo: FakeRepo, _: Seen, ref: str) -> object:
    if ref != MAIN and ref not in repo.commits:
        raise _Refused(422, f"No commit found for SHA: {ref}")
    return {"sha": repo.commits[0] if ref == MAIN else ref, "commit": {"tree": {"sha": "t0"}}}


def _commits(repo: FakeRepo, seen: Seen) -> object:
    start = repo.commits.index(seen.query["sha"])
    return [{"sha": each} for each in repo.commits[start:]]


def _pulls_of(repo: FakeRepo, _: Seen, commit: str) -> object:
    found = [_found(repo.pulls, "number", str(each)) for each in repo.pulls_of.get(commit, [])]
    return [each for each in found if commit not in repo.open_only or each["state"] == "open"]


def _pull(repo: FakeRepo, _: Seen, number: str) -> object:
    return _found(repo.pulls, "number", number)


def _comments(repo: FakeRepo, _: Seen, number: str) -> object:
    return [each for each in repo.comments if str(each["issue"]) == number]


def _add_comment(repo: FakeRepo, seen: Seen, number: str) -> object:
    _check(repo, "comment", seen.json["body"])
    return repo.add_comment(int(number), seen.json["body"])


def _edit_comment(repo: FakeRepo, seen: Seen, number: str) -> object:
    _check(repo, "comment", seen.json["body"])
    comment = _found(repo.comments, "id", number)
    repo.edit_comment(comment, seen.json["body"], EDITING_BOT)
    return comment


def _delete_comment(repo: FakeRepo, _: Seen, number: str) -> object:
    _check(repo, "comment")
    repo.comments.remove(_found(repo.comments, "id", number))
    return None


def _issues(repo: FakeRepo, seen: Seen) -> object:
    found = [each for each in repo.issues if seen.query.get("state", "open") in {"all", each["state"]}]
    return sorted(found, key=lambda each: each["number"], reverse=seen.query.get("direction", "desc") == "desc")


def _add_issue(repo: FakeRepo, seen: Seen) -> object:
    _check(repo, "issue", seen.json["body"])
    number = repo.next_number()
    url = f"https://github.example/issues/{number}"
    repo.issues.append({"number": number, "html_url": url, "state": "open", "user": BOT, **seen.json})
    return repo.issues[-1]


def _edit_issue(repo: FakeRepo, seen: Seen, number: str) -> object:
    _check(repo, "issue", seen.json.get("body", ""))
    issue = _found(repo.issues, "number", number)
    issue.update(seen.json)
    return issue


def _pulls(repo: FakeRepo, seen: Seen) -> object:
    """The newest first: those in a state (open unless it says otherwise), from a branch, and into one."""
    state, head, base = (seen.query.get(name, usual) for name, usual in (("state", "open"), ("head", ""), ("base", "")))
    branch = head.removeprefix(f"{REPOSITORY.partition('/')[0]}:")
    return [
        each
        for each in reversed(repo.pulls)
        if state in {"all", each["state"]} and branch in {"", each["head"]["ref"]} and base in {"", each["base"]["ref"]}
    ]


def _pull_files(repo: FakeRepo, _: Seen, number: str) -> object:
    return repo.files_of.get(int(number), [])


def _add_status(repo: FakeRepo, seen: Seen, commit: str) -> object:
    _check(repo, "status")
    if len(seen.json["description"]) > 140:
        raise _Refused(422, "Validation Failed: description is too long (maximum is 140 characters)")
    repo.statuses.append({"sha": commit, **seen.json})
    return repo.statuses[-1]


def _add_pull(repo: FakeRepo, seen: Seen) -> object:
    _check(repo, "pull", seen.json["body"])
    number = repo.next_number()
    repo.add_pull(number, repo.refs[seen.json["head"]])
    repo.pulls[-1].update(title=seen.json["title"], body=seen.json["body"])
    repo.pulls[-1]["head"]["ref"] = seen.json["head"]
    return repo.pulls[-1]


def _edit_pull(repo: FakeRepo, seen: Seen, number: str) -> object:
    pull = _found(repo.pulls, "number", number)
    pull.update({name: value for name, value in seen.json.items() if name != "base"})
    return pull


def _ref(repo: FakeRepo, _: Seen, branch: str) -> object:
    refs = {MAIN: repo.commits[0], **repo.refs}
    if branch not in refs:
        raise _Refused(404, "Not Found")
    return {"object": {"sha": refs[branch]}}


def _add_ref(repo: FakeRepo, seen: Seen) -> object:
    _check(repo, "write")
    branch = seen.json["ref"].removeprefix("refs/heads/")
    if branch in repo.refs:
        raise _Refused(422, "Reference already exists")
    repo.refs[branch] = seen.json["sha"]
    return {}


def _edit_ref(repo: FakeRepo, seen: Seen, branch: str) -> object:
    if branch not in repo.refs:
        raise _Refused(422, "Reference does not exist")
    if not seen.json["force"]:
        raise _Refused(422, "Update is not a fast forward")
    repo.refs[branch] = seen.json["sha"]
    return {}


def _delete_ref(repo: FakeRepo, _: Seen, branch: str) -> object:
    del repo.refs[branch]
    return None


def _git_commit(repo: FakeRepo, _: Seen, commit: str) -> object:
    return repo.objects.get(commit, {"message": "Somebody's work", "tree": {"sha": "base-tree"}})


def _add_tree(repo: FakeRepo, seen: Seen) -> object:
    _check(repo, "write")
    name = f"tree-{repo.next_number()}"
    repo.trees[name] = seen.json
    return {"sha": name}


def _add_commit(repo: FakeRepo, seen: Seen) -> object:
    commit = sha(repo.next_number())
    repo.objects[commit] = {"sha": commit, **seen.json, "tree": {"sha": seen.json["tree"]}}
    return repo.objects[commit]


def _run(repo: FakeRepo, _: Seen, number: str) -> Row:
    _check(repo, "actions")
    if int(number) not in repo.runs:
        raise _Refused(404, "Not Found")
    return repo.runs[int(number)]


def _runs(repo: FakeRepo, seen: Seen) -> object:
    _check(repo, "actions")
    found = [run for run in repo.runs.values() if run["head_sha"] == seen.query["head_sha"]]
    return {"total_count": len(found), "workflow_runs": found}


def _artifacts(repo: FakeRepo, seen: Seen, number: str) -> object:
    _run(repo, seen, number)
    names = repo.artifacts.get(int(number), [])
    return {"total_count": len(names), "artifacts": [{"name": name, "expired": False} for name in names]}


_ENDPOINTS: tuple[tuple[str, str, Callable[..., object]], ...] = (
    ("GET", "/user", _user),
    ("GET", "REPO", _repository),
    ("GET", "REPO/commits", _commits),
    ("GET", "REPO/commits/([^/]+)", _commit),
    ("GET", "REPO/commits/([^/]+)/pulls", _pulls_of),
    ("GET", "REPO/pulls/(\\d+)", _pull),
    ("GET", "REPO/actions/runs", _runs),
    ("GET", "REPO/actions/runs/(\\d+)", _run),
    ("GET", "REPO/actions/runs/(\\d+)/artifacts", _artifacts),
    ("GET", "REPO/pulls", _pulls),
    ("GET", "REPO/pulls/(\\d+)/files", _pull_files),
    ("POST", "REPO/statuses/([0-9a-f]+)", _add_status),
    ("POST", "REPO/pulls", _add_pull),
    ("PATCH", "REPO/pulls/(\\d+)", _edit_pull),
    ("GET", "REPO/git/ref/heads/(.+)", _ref),
    ("POST", "REPO/git/refs", _add_ref),
    ("PATCH", "REPO/git/refs/heads/(.+)", _edit_ref),
    ("DELETE", "REPO/git/refs/heads/(.+)", _delete_ref),
    ("GET", "REPO/git/commits/([^/]+)", _git_commit),
    ("POST", "REPO/git/trees", _add_tree),
    ("POST", "REPO/git/commits", _add_commit),
    ("GET", "REPO/issues/(\\d+)/comments", _comments),
    ("POST", "REPO/issues/(\\d+)/comments", _add_comment),
    ("PATCH", "REPO/issues/comments/(\\d+)", _edit_comment),
    ("DELETE", "REPO/issues/comments/(\\d+)", _delete_comment),
    ("GET", "REPO/issues", _issues),
    ("POST", "REPO/issues", _add_issue),
    ("PATCH", "REPO/issues/(\\d+)", _edit_issue),
)
