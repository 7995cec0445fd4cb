"""flowsync doctor: what it finds, on which servers, and that it only looks."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.api.client import Answer
from flowsync.api.endpoints import Access
from flowsync.cli.commands.doctor import examine
from flowsync.cli.usage.options import Invocation
from flowsync.doctor.account import Observed, account_facts
from flowsync.doctor.behaviour import behaviour_facts
from flowsync.doctor.machine import PACKAGES, Machine, machine_facts
from flowsync.doctor.questions import MOST_REQUESTS, Asked, Question, ask_all
from flowsync.doctor.values import Fact, Mark, Part, Report
from flowsync.errors import RateLimitedError, ServerError
from flowsync.model import JsonValue
from flowsync.problems import doctor as render
from flowsync.render.style import Screen
from flowsync.sandbox.conflicts import Reading
from tests.render.hostile import hostile, log_commands, unseen_characters
from tests.support.command import Completed, commit, environment, flowsync, git, write_flows
from tests.support.emulated import Status, emulated, version
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    PUBLIC_KEY,
    UNOBSERVABLE,
    DataFormat,
    Endpoints,
    FakeConfig,
    Fault,
    Offset,
    fake_frigade,
    hang,
    html,
    rate_limited,
    redirect,
    row,
    server_error,
    success,
    truncated,
)
from tests.support.fake_github import REPOSITORY, TOKEN, fake_github, sha

ROOT = Path(__file__).parents[2]
Facts = dict[str, dict[str, Any]]
FILE = "name: Same\ntype: ANNOUNCEMENT\ndata: {steps: [{id: first, title: Hello}]}\n"


def facts(document: Any, part: str = "Account", environment: str | None = None) -> Facts:  # noqa: ANN401 - JSON
    """The facts of one part, by name."""
    chosen = [each for each in document["parts"] if (each["part"], each["environment"]) == (part, environment)]
    assert len(chosen) == 1
    return {fact["fact"]: fact for fact in chosen[0]["facts"]}


def statuses(found: Facts, *names: str) -> dict[str, str]:
    return {name: found[name]["status"] for name in names}


def doctor(root: Path, url: str | None = None, key: str | None = PRIVATE_KEY, **env: str) -> Completed:
    done = flowsync("doctor", "--format", "json", root=root, env={**environment(url, key), **env})
    assert done.code == int(done.json["result"] == "problem"), done.both
    return done


ROWS = [
    version("flow_many", 1, Status.ARCHIVED),
    version("flow_many", 2, Status.ACTIVE),
    version("flow_many", 3, Status.DRAFT),
    version("flow_off", 1, Status.ACTIVE, active=False),
    version("welcome", 1, Status.ACTIVE),
]


@pytest.mark.parametrize(
    ("name", "of", "values"),
    [
        ("look-up", (Reading.LOOKUP_BY_PREFIX, Reading.LOOKUP_BY_SLUG), ("found", "found")),
        ("other look-up", (Reading.LOOKUP_BY_PREFIX, Reading.LOOKUP_BY_SLUG), (404, "found")),
        (
            "paging",
            (Reading.PAGING_ALL, Reading.PAGING_WINDOWS),
            ({"offset": False, "limit": False}, {"offset": True, "limit": True}),
        ),
        ("data", (Reading.DATA_YAML, Reading.DATA_JSON), ({"YAML text": 5}, {"JSON text": 5})),
        ("drafts", (Reading.PRIVATE_LIST_ALL, Reading.PRIVATE_LIST_HIDES_DRAFTS), ("listed", "hidden")),
        (
            "public list hides",
            (Reading.PUBLIC_LIST_ON, Reading.PUBLIC_LIST_ALL),
            (
                {"rows": 3, "kinds": ["what is switched off", "drafts", "archived versions", "codeSnippet"]},
                {"rows": 2, "kinds": ["drafts", "archived versions", "codeSnippet"]},
            ),
        ),
        (
            "public list hides",
            (Reading.SNIPPET_HIDDEN, Reading.SNIPPET_SHOWN),
            (
                {"rows": 3, "kinds": ["what is switched off", "drafts", "archived versions", "codeSnippet"]},
                {"rows": 3, "kinds": ["what is switched off", "drafts", "archived versions"]},
            ),
        ),
    ],
)
def test_each_reading_of_a_conflict_is_seen(
    tmp_path: Path, name: str, of: Sequence[Reading], values: Sequence[object]
) -> None:
    for reading, value in zip(of, values, strict=True):
        with emulated(tmp_path, ROWS, readings=[reading]) as account:
            found = facts(doctor(tmp_path, account.url, "api_private_sandbox").json)
            assert (reading, found[name]["value"]) == (reading, value)
            assert found["?version=N"]["value"] is True
            assert found["look-up"]["message"].endswith("the flow: ACTIVE version 2")
            assert account.writes == []


@pytest.mark.parametrize("reading", [Reading.UNKNOWN_KEY_403, Reading.UNKNOWN_KEY_401])
def test_a_wrong_key_is_a_problem_however_it_is_refused(tmp_path: Path, reading: Reading) -> None:
    with emulated(tmp_path, ROWS, readings=[reading]) as account:
        found = facts(doctor(tmp_path, account.url).json)
    assert found["private list"]["status"] == "problem"
    assert found["private list"]["value"]["status"] == int(reading.value[-3:])
    assert found["private list"]["hint"]
    assert "active" not in found


def test_an_account_of_its_own_kind_is_told_from_others(tmp_path: Path) -> None:
    (tmp_path / "flowsync.yaml").write_text("organization: 7\n")
    rows = [row(number, f"flow_{number:03}", organizationId=7, version=1) for number in range(1, 122)]
    with fake_frigade(FakeConfig(data=DataFormat.JSON), rows) as server:
        before = sorted(tmp_path.rglob("*"))
        done = doctor(tmp_path, server.url)
        found = facts(done.json)
        assert (done.code, done.err) == (0, "")
        assert found["private key"]["value"] == {"kind": "private", "source": "FRIGADE_API_KEY"}
        assert found["private list"]["value"] == {"rows": 100, "flows": 100, "envelope": True}
        assert "21 more rows" in found["paging"]["message"]
        assert statuses(found, "organization", "clock", "paging", "complete", "versions") == dict.fromkeys(
            ("organization", "clock", "paging", "complete", "versions"), "ok"
        )
        assert found["data"]["value"] == {"JSON text": 100}
        assert found["drafts"]["value"] is None
        assert {seen.method for seen in server.requests} == {"GET"}
        assert len(server.requests) <= MOST_REQUESTS
        assert sorted(tmp_path.rglob("*")) == before

        server.behave(FakeConfig(offset=Offset.IGNORED))
        found = facts(doctor(tmp_path, server.url).json)
        assert (found["paging"]["value"], found["complete"]["status"]) == ({"offset": False}, "note")
        server.behave(FakeConfig(page_size=50, hidden=UNOBSERVABLE | {"codeSnippet"}))
        found = facts(doctor(tmp_path, server.url).json)
        assert "50 more rows" in found["paging"]["message"]
        assert statuses(found, "active", "description") == {"active": "note", "description": "note"}
        assert "codeSnippet" in found["other fields"]["value"]["not returned"]

        server.behave(FakeConfig(endpoints=Endpoints.DOCUMENTED, absent_paths=()))
        found = facts(doctor(tmp_path, server.url).json)
        assert statuses(found, "private list", "public list", "versions", "look-up") == {
            "private list": "note",
            "public list": "ok",
            "versions": "note",
            "look-up": "note",
        }
        found = facts(doctor(tmp_path, server.url, None, FRIGADE_PUBLIC_API_KEY=PUBLIC_KEY).json)
        assert found["public key"]["value"] == {"kind": "public", "source": "FRIGADE_PUBLIC_API_KEY"}
        assert "versions" not in found
        assert "a public key does not show it" in found["organization"]["message"]


@pytest.mark.parametrize(
    ("organization", "expected"),
    [(None, "note"), (7, "ok"), (8, "problem")],
)
def test_whose_the_account_is(tmp_path: Path, organization: int | None, expected: str) -> None:
    (tmp_path / "flowsync.yaml").write_text("" if organization is None else f"organization: {organization}\n")
    with fake_frigade(FakeConfig(), [row(1, "flow_a", organizationId=7)]) as server:
        found = facts(doctor(tmp_path, server.url).json)
    assert (found["organization"]["status"], found["organization"]["value"]) == (expected, [7])
    assert found["paging"]["value"] is None


HOSTILE = "\x1b[31m##[group]`|<b>\n::error::@team api_private_Another"


def rows_with(**fields: object) -> bytes:
    return json.dumps([{**row(1, "flow_a"), **fields}, {**row(2, "flow_b"), **fields}]).encode()


@pytest.mark.parametrize(
    ("fault", "name", "expected"),
    [
        (success(b"<html>Log in</html>", "text/html"), "private list", "problem"),
        (success(b'{"flows": []}'), "private list", "problem"),
        (success(b'{"data": [1, null, {}]}'), "private list", "problem"),
        (success(rows_with(status=HOSTILE)), "unknown statuses", "note"),
        (success(rows_with(**{HOSTILE: 1})), "unknown fields", "note"),
        (success(rows_with(slug="../" * 200)), "private list", "ok"),
        (success(rows_with(slug=HOSTILE)), "other look-up", "note"),
        (success(rows_with(version="1", id="1")), "private list", "problem"),
        (success(b'[{"id": 1, "slug": "flow_a", "active": true}, {"id": 2, "slug": "flow_b"}]'), "active", "note"),
        (success(rows_with(slug="flow_a")), "?version=N", "note"),
        (success(rows_with(slug="flow_a", version=2)), "?version=N", "note"),
        (success(rows_with(data=None)), "data", "note"),
        (success(rows_with(data={"steps": []})), "data", "note"),
        (success(rows_with(organizationId=HOSTILE)), "organization", "note"),
        (success(rows_with()), "paging", "ok"),
        (success(rows_with(**dict.fromkeys(("name", "targetingLogic")))), "null fields", "ok"),
        (success(b"[]"), "rows", "note"),
        (html(403), "private list", "problem"),
        (redirect("https://evil.example/"), "private list", "problem"),
        (rate_limited(), "public list", "problem"),
        (rate_limited("900"), "rate limit", "ok"),
        (server_error(), "private list", "problem"),
        (truncated(), "private list", "problem"),
        (hang(), "private list", "problem"),
        (Fault(status=200, body=rows_with(), headers=(("X-RateLimit-Limit", HOSTILE[-20:]),)), "rate limit", "ok"),
    ],
)
def test_whatever_a_server_answers_is_a_fact(tmp_path: Path, fault: Fault, name: str, expected: str) -> None:
    (tmp_path / "flowsync.yaml").write_text("timeouts: {connect: 2, read: 0.3}\n")
    with fake_frigade(FakeConfig(faults=(fault.on(times=ALWAYS),))) as server:
        env = environment(server.url)
        found = facts(doctor(tmp_path, server.url).json)
        assert found[name]["status"] == expected
        assert len(server.requests) <= MOST_REQUESTS
        server.suffer(fault.on(times=ALWAYS))
        for format_ in ("text", "markdown"):
            done = flowsync("doctor", "--format", format_, root=tmp_path, env=env)
            assert "api_private_Another" not in done.both
            assert [part for part in ("\x1b", "##[group]", "\n::error") if part in done.both] == []


@pytest.mark.parametrize(
    ("date", "seconds", "status"),
    [
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30, "ok"),
        ("Thu, 01 Jan 2026 00:10:00 GMT", 600, "note"),
        ("Wed, 31 Dec 2025 23:50:00 GMT", -600, "note"),
        ("never", None, "note"),
    ],
)
def test_the_clocks_are_compared(date: str, seconds: int | None, status: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
    answer = Answer("/v1/flows", 200, {"date": date}, [], at=at)
    observed = Observed((Asked(Question.PRIVATE_LIST, answer),), Access.PRIVATE)
    found = next(fact for fact in account_facts(observed) if fact.name == "clock")
    assert (found.mark.value, found.value) == (status, seconds)


@pytest.mark.parametrize(
    ("count", "page", "value", "complete"),
    [
        (3, [2], {"offset": True, "limit": True}, "ok"),
        (3, [1, 2, 3], {"offset": False, "limit": False}, "ok"),
        (3, [1], {"offset": False, "limit": True}, "ok"),
        (3, [2, 3], {"offset": True, "limit": False}, "ok"),
        (3, [9], None, "ok"),
        (3, None, None, "ok"),
        (100, [], {"offset": True}, "ok"),
        (100, [101], {"offset": True}, "ok"),
        (100, [1], {"offset": False}, "note"),
        (150, [1], {"offset": False, "limit": False}, "ok"),
    ],
)
def test_what_a_second_page_shows(count: int, page: list[int] | None, value: object, complete: str) -> None:
    rows: JsonValue = [{"id": number, "slug": f"flow_{number}"} for number in range(1, count + 1)]
    second: JsonValue = [{"id": number, "slug": f"flow_{number}"} for number in page or ()]
    error = ServerError("It failed.", status=500) if page is None else None
    asked = (
        Asked(Question.PRIVATE_LIST, Answer("/v1/flows", 200, {}, rows)),
        Asked(Question.PUBLIC_LIST, Answer("/v1/public/flows", 429, error=RateLimitedError("Too many.", status=429))),
        Asked(Question.PAGE, Answer("/v1/flows", 500 if error else 200, {}, second, error)),
    )
    observed = Observed(asked, Access.PRIVATE)
    found = {fact.name: fact for fact in [*account_facts(observed), *behaviour_facts(observed)]}
    assert (found["paging"].value, found["complete"].mark.value) == (value, complete)
    assert (found["public list"].mark, found["public list hides"].value) == (Mark.NOTE, None)
    assert (found["active"].value, found["data"].text) == ({"returned": False}, "not returned")


@pytest.mark.parametrize(
    ("env", "config", "name", "expected"),
    [
        ({}, "", "key", "note"),
        ({"FRIGADE_API_KEY": "no key at all"}, "", "key", "problem"),
        ({"FRIGADE_API_KEY": PRIVATE_KEY}, "api_url: https://api.example.com\n", "key", "problem"),
        ({"FRIGADE_API_KEY": PRIVATE_KEY, "FRIGADE_API_URL": "http://127.0.0.1:9"}, "", "private list", "problem"),
        (
            {"FRIGADE_API_KEY": PRIVATE_KEY, "FRIGADE_API_URL": "http://127.0.0.1:9"},
            "api_url: https://api.example.com\n",
            "address",
            "note",
        ),
        (
            {"FRIGADE_API_KEY": PRIVATE_KEY, "FRIGADE_API_URL": "https://127.0.0.1:9", "HTTPS_PROXY": "x://u:pw@h"},
            "",
            "connection",
            "problem",
        ),
    ],
)
def test_what_keeps_an_account_from_being_asked(
    tmp_path: Path, env: Mapping[str, str], config: str, name: str, expected: str
) -> None:
    (tmp_path / "flowsync.yaml").write_text(config)
    done = doctor(tmp_path, None, None, **env)
    assert facts(done.json)[name]["status"] == expected
    assert "pw@" not in done.both
    assert "no key at all" not in done.both
    assert facts(done.json, "This machine")["proxy"]["value"] == [each for each in env if each == "HTTPS_PROXY"]


def test_it_does_not_wait_longer_than_it_says(tmp_path: Path) -> None:
    given = Invocation()
    given.directory = tmp_path
    with fake_frigade(FakeConfig(latency=0.4), [row(1, "flow_a"), row(2, "flow_b")]) as server:
        with mock.patch.dict("os.environ", environment(server.url)):
            started = time.monotonic()
            report = examine(click.Context(click.Command("flowsync"), obj=given), in_sandbox=False, seconds=0.6)
        assert time.monotonic() - started < 5
    found = {fact.name: fact for fact in report.parts[-1].facts}
    assert found["time"].mark.value == "problem"
    assert found["private list"].mark.value == "ok"
    assert found["paging"].text == "not checked"


def test_a_broken_configuration_is_told_and_the_rest_is_looked_at(tmp_path: Path) -> None:
    for text, line in (("flows: [", 1), ("flows: live\norganization: x\n", 2)):
        (tmp_path / "flowsync.yaml").write_text(text)
        done = doctor(tmp_path)
        assert facts(done.json, "Project")["configuration"]["message"].startswith(f"flowsync.yaml:{line}: ")
        assert facts(done.json)["account"]["status"] == "note"
        assert facts(done.json, "This machine")["python"]["status"] == "ok"
    unknown = flowsync("-e", "nowhere", "doctor", root=tmp_path / "..")
    assert (unknown.code, "There is no environment nowhere." in unknown.out) == (1, True)


def test_environments_whose_key_is_at_hand_are_asked(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FILE})
    (tmp_path / "flows" / "wrong.YAML").write_text("")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        text = "".join(
            f"  {name}: {{api_url: {server.url}, api_key_variable: {name.upper()}_KEY}}\n" for name in ("dev", "prod")
        )
        (tmp_path / "flowsync.yaml").write_text(f"environments:\n{text}")
        done = doctor(tmp_path, None, None, DEV_KEY=PRIVATE_KEY)
        assert facts(done.json, environment="dev")["private list"]["status"] == "ok"
        assert facts(done.json, environment="prod")["key"]["status"] == "note"
        assert "PROD_KEY" in facts(done.json, environment="prod")["key"]["hint"]
        project = facts(done.json, "Project")
        assert project["flows"]["value"] == 1
        assert project["unreadable files"]["status"] == "problem"
        assert project["environments"]["value"] == ["dev", "prod"]
        both = doctor(tmp_path, None, None, DEV_KEY=PRIVATE_KEY, PROD_KEY=PRIVATE_KEY)
        assert facts(both.json, environment="prod")["same key"]["value"] == "dev"
        assert "same key" not in facts(both.json, environment="dev")
        alone = flowsync("-e", "prod", "doctor", "--format", "json", root=tmp_path, env={"DEV_KEY": PRIVATE_KEY})
        assert [each["environment"] for each in alone.json["parts"] if each["part"] == "Account"] == ["prod"]


def test_the_sandbox_is_an_account_as_well(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": FILE})
    done = flowsync("doctor", "--sandbox", root=tmp_path)
    assert done.code == 0, done.both
    assert "ok       private list" in done.out
    assert flowsync("doctor", "--sandbox", root=tmp_path).out == done.out
    quiet = flowsync("-q", "doctor", "--sandbox", root=tmp_path)
    assert (quiet.code, "ok  " in quiet.out, "note  " in quiet.out) == (0, False, True)
    write_flows(tmp_path, {"flow_b": "type: ["})
    wrong = flowsync("doctor", "--sandbox", root=tmp_path)
    assert (wrong.code, "problem  connection" in wrong.out) == (1, True)


def test_what_git_says(tmp_path: Path) -> None:
    root = tmp_path / "here"
    write_flows(root, {"flow_a": FILE})
    assert facts(doctor(root, None, None).json, "Repository")["repository"]["status"] == "note"
    git(root, "init", "-q", "-b", "main")
    assert facts(doctor(root, None, None).json, "Repository")["head"]["status"] == "note"
    first, last = commit(root), commit(root)
    found = facts(doctor(root, None, None).json, "Repository")
    assert (found["head"]["value"], found["origin/HEAD"]["status"], found["base"]["value"]) == (last, "note", last)
    git(root, "clone", "-q", "--depth", "1", root.as_uri(), str(tmp_path / "clone"))
    found = facts(doctor(tmp_path / "clone", None, None).json, "Repository")
    assert (found["history"]["status"], found["origin/HEAD"]["value"]) == ("note", "origin/main")
    foreign = doctor(root, None, None, GIT_TEST_ASSUME_DIFFERENT_OWNER="1", HOME=str(tmp_path))
    assert facts(foreign.json, "Repository")["repository"]["status"] == "problem"
    without = doctor(root, None, None, PATH=str(tmp_path))
    assert facts(without.json, "This machine")["git"]["status"] == "note"
    assert "git is missing" in facts(without.json, "Repository")["repository"]["message"]
    assert facts(without.json, "This machine")["browser"]["status"] == "note"
    assert first != last


def test_what_ci_says(tmp_path: Path) -> None:
    assert facts(doctor(tmp_path, None, None, GITLAB_CI="true").json, "CI").keys() == {"ci"}
    for head, expected in (("me/repo", "note"), ("us/repo", "ok")):
        sides = {"head": head, "base": "us/repo"}
        pull = {side: {"sha": "a" * 40, "ref": "x", "repo": {"full_name": name}} for side, name in sides.items()}
        (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 1, **pull}}))
        event = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
        env = {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "ghs_secretSecretSecret", **event}
        done = doctor(tmp_path, None, None, **env)
        found = facts(done.json, "CI")
        assert (found["ci"]["value"], found["fork"]["status"]) == ("GitHub Actions", expected)
        assert "ghs_secret" not in done.both
        assert "did not answer" in found["token"]["message"]
    assert facts(doctor(tmp_path, None, None, GITHUB_ACTIONS="true").json, "CI").keys() == {"ci", "event", "token"}
    gone = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "/nowhere"}
    assert facts(doctor(tmp_path, None, None, **gone).json, "CI").keys() == {"ci", "event", "token"}


def test_what_the_token_of_a_run_can_read(tmp_path: Path) -> None:
    run = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "/nowhere", "GITHUB_SHA": sha(1)}

    with fake_github() as github:

        def token(**env: str) -> Facts:
            done = doctor(tmp_path, None, None, **run, **{**github.environment(), **env})
            assert TOKEN not in done.both
            return facts(done.json, "CI")

        found = token()
        assert found["token"]["value"] == {"metadata": 200, "pull-requests": 200, "actions": 200}
        assert (found["token"]["status"], found["visibility"]["value"]) == ("ok", "private")
        assert found["permissions"]["value"] == ["pull", "push"]
        assert {seen.method for seen in github.requests} == {"GET"}
        github.repo.forbidden = frozenset({"actions", "write"})
        found = token()
        assert (found["token"]["status"], found["token"]["value"]["actions"]) == ("note", 403)
        assert found["permissions"]["value"] == ["pull"]
        github.suffer(success(b'{"private": false, "permissions": 1}').on(path=f"/repos/{REPOSITORY}", times=ALWAYS))
        assert "anyone can read it" in token()["visibility"]["message"]
        github.suffer(success(b"[]").on(path=f"/repos/{REPOSITORY}", times=ALWAYS))
        assert token().keys() == {"ci", "event", "token"}
        assert token(GITHUB_TOKEN="ghs_" + "wrong" * 7)["token"]["status"] == "problem"
        for url in ("http://127.0.0.1:9", "http://example.com"):
            assert "did not answer" in token(GITHUB_API_URL=url)["token"]["message"]


def test_certificates_that_are_not_there(tmp_path: Path) -> None:
    found = facts(doctor(tmp_path, None, None, SSL_CERT_FILE="/nowhere.pem", SSL_CERT_DIR="").json, "This machine")
    assert found["certificates"]["status"] == "problem"
    env = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "XDG_CACHE_HOME": str(tmp_path)}
    found = facts(doctor(tmp_path, None, None, **env).json, "This machine")
    assert found["preview"]["value"] == "not cached"
    assert found["certificates"]["value"] == []


def test_packages_that_are_missing() -> None:
    declared = re.findall(
        r'^    "([a-z0-9-]+)>=', (ROOT / "pyproject.toml").read_text().partition("optional")[0], re.MULTILINE
    )
    assert set(PACKAGES) == set(declared)
    machine = Machine("1", "3.10", "Linux", dict.fromkeys(PACKAGES), has_libyaml=False, git="2")
    found: dict[str, Fact] = {fact.name: fact for fact in machine_facts(machine)}
    assert [found[name].mark for name in ("google-re2", "jsonschema-rs", "libyaml")] == [Mark.NOTE] * 3
    assert (found["httpx"].mark, found["packages"].text) == (Mark.PROBLEM, "none")
    assert (found["browser"].value, found["preview"].value) == (True, "cached")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=6,
)
NAMES = ("id", "slug", "version", "status", "data", "active", "organizationId", "targetingLogic", "codeSnippet")
SLUGS = st.sampled_from(["flow_a", "flow_b", "welcome", "..", ""])
STRANGE_ROWS = st.fixed_dictionaries({}, optional={**dict.fromkeys(NAMES, ANYTHING), "slug": SLUGS | ANYTHING})
STRANGE_LISTS = st.lists(STRANGE_ROWS | ANYTHING, max_size=4)
STRANGE = STRANGE_LISTS | st.fixed_dictionaries({"data": STRANGE_LISTS}, optional={"limit": ANYTHING}) | ANYTHING


class StrangeServer:
    """Answers each question with the next of these values."""

    def __init__(self, values: list[JsonValue], headers: Mapping[str, str]) -> None:
        self.values = values
        self.headers = headers

    def ask(self, path: str, query: Mapping[str, str]) -> Answer:
        assert path.startswith("/v1/")
        assert query is not None
        return Answer(path, 200, self.headers, self.values.pop())


@given(
    st.lists(STRANGE, min_size=MOST_REQUESTS, max_size=MOST_REQUESTS),
    st.dictionaries(st.sampled_from(["date", "x-ratelimit-limit", "retry-after"]), hostile),
    st.sampled_from(Access),
)
def test_no_answer_is_too_strange(values: list[JsonValue], headers: Mapping[str, str], access: Access) -> None:
    observed = Observed(tuple(ask_all(StrangeServer(values, headers), access)), access, 7)
    part = Part("Account", (*account_facts(observed), *behaviour_facts(observed)))
    shown = render.text(Report("1", (part,)), Screen())
    assert unseen_characters(shown) == []
    assert log_commands(shown) == []
    json.loads(render.as_json(Report("1", (part,)), Screen()))
