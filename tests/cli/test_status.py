"""flowsync status: one table over all environments, read with the keys that are at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from flowsync.versions.status import reaches_nobody
from tests.support.command import commit, flowsync, git, served, write_flows
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    Endpoints,
    FakeConfig,
    FakeFrigade,
    fake_frigade,
    reply,
    row,
)

FILE = "name: {name}\ntype: ANNOUNCEMENT\ndata: {{steps: [{{id: first, title: Hello}}]}}\n"
BROKEN = "user.property('a') =="
CONTRADICTION = "user.property('a') == 'x' && user.property('a') == 'y'"


def file(name: str = "Same", extra: str = "") -> str:
    return FILE.format(name=name) + extra


def states(document: Any, environment: str | None = None) -> dict[str, tuple[str | None, str | None]]:  # noqa: ANN401
    """State and what users see, by slug."""
    found = {}
    for flow in document["flows"]:
        cell = next(each for each in flow["states"] if each["environment"] == environment)
        found[flow["slug"]] = (cell["state"], cell.get("users"))
    return found


@contextmanager
def environments(root: Path, flows: dict[str, str], **rows: list[dict[str, Any]]) -> Iterator[dict[str, FakeFrigade]]:
    """A project with a server for each environment; the variable of its key is named after it."""
    write_flows(root, flows)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(fake_frigade(FakeConfig(), found)) for name, found in rows.items()}
        text = "".join(
            f"  {name}: {{api_url: {each.url}, api_key_variable: {name.upper()}_KEY}}\n"
            for name, each in servers.items()
        )
        (root / "flowsync.yaml").write_text(f"environments:\n{text}", encoding="utf-8")
        yield servers


LIVE = [
    row(1, "flow_same", name="Same"),
    row(2, "flow_off", name="Same", active=False),
    row(3, "flow_differs", name="Other"),
    row(4, "flow_draft", name="Same"),
    row(5, "flow_draft", name="New", version=2, status="DRAFT"),
    row(6, "flow_new", name="Same", status="DRAFT"),
    row(7, "flow_archived", name="Same", status="ARCHIVED"),
    row(8, "flow_broken", name="Same", targetingLogic=BROKEN),
    row(9, "flow_nobody", name="Same", targetingLogic=CONTRADICTION),
    row(10, "flow_foreign"),
    row(11, "flow_strange", name="Same", status="PAUSED"),
    row(12, "flow_active", name="Same"),
    row(13, "flow_active", name="New", version=2, status="DRAFT"),
]
FILES = {
    **{f"flow_{name}": file() for name in ("same", "off", "differs", "draft", "new", "archived", "strange", "gone")},
    **{f"flow_{name}": file() for name in ("broken", "nobody")},
    "flow_active": file(extra="target: active\n"),
}
EXPECTED = {
    "flow_active": ("in-step", "on"),
    "flow_archived": ("not-live", "archived-only"),
    "flow_broken": ("in-step", "targets-nobody"),
    "flow_differs": ("differs", "on"),
    "flow_draft": ("differs", "on"),
    "flow_foreign": ("not-managed", "on"),
    "flow_gone": ("not-live", None),
    "flow_new": ("in-step", "draft-only"),
    "flow_nobody": ("in-step", "targets-nobody"),
    "flow_off": ("in-step", "switched-off"),
    "flow_same": ("in-step", "on"),
    "flow_strange": ("blocked", "unknown"),
}


def test_one_table_says_what_is_in_step_and_who_sees_it(tmp_path: Path) -> None:
    with served(tmp_path, FILES, LIVE) as (server, run):
        done = run("status", "--format", "json")
        assert done.code == 0, done.both
        assert states(done.json) == EXPECTED
        assert done.json["format"] == "flowsync-status/1"
        assert done.json["environments"][0]["summary"]["in-step"] == 6
        drafts = {flow["slug"]: flow["states"][0]["draft_version"] for flow in done.json["flows"]}
        assert {slug for slug, version in drafts.items() if version} == {"flow_active", "flow_draft", "flow_new"}
        shown = run("status")
        assert run("list").out == shown.out
        assert "flow_draft draft differs on 1, draft 2 flows/flow_draft.yaml" in " ".join(shown.out.split())
        assert "\ntargets nobody: " in shown.out
        assert "\nwaiting: " not in shown.out
        assert run("status", "--detailed-exitcode").code == 2
        narrowed = run("status", "flow_s[ao]*", "flow_off", "--detailed-exitcode", "--format", "json")
        assert (narrowed.code, [*states(narrowed.json)]) == (0, ["flow_off", "flow_same"])
        foreign = run("status", "flow_foreign", "--format", "json")
        assert states(foreign.json) == {"flow_foreign": ("not-managed", "on")}
        misspelt = run("status", "flow_foriegn")
        assert (misspelt.code, "Did you mean flow_foreign?" in misspelt.err) == (64, True)
        assert server.writes == []


def test_edits_and_what_waits_are_told_by_the_history_of_git(tmp_path: Path) -> None:
    names = {"flow_waits": "First", "flow_edited": "Dashboard", "flow_mine": "Mine"}
    rows = [row(number, slug, name=name) for number, (slug, name) in enumerate(names.items(), start=1)]
    with served(tmp_path, dict.fromkeys(names, file("First")), rows) as (_, run):
        plain = run("status", "--format", "json").json
        assert plain["base"] is None
        assert {state for state, _ in states(plain).values()} == {"in-step", "differs"}
        write_flows(tmp_path, {"flow_mine": file("Mine")})
        commit(tmp_path)
        write_flows(tmp_path, {"flow_waits": file("Second")})
        second = commit(tmp_path)
        write_flows(tmp_path, {"flow_mine": file("Changed")})
        expected = {"flow_waits": "waiting", "flow_edited": "edited", "flow_mine": "differs"}
        found = run("status", "--format", "json").json
        assert found["base"] == second
        (tmp_path / "flows/flow_mine.yaml").rename(tmp_path / "mine.yaml")
        assert states(run("status", "--format", "json").json)["flow_mine"] == ("not-managed", "on")
        assert {slug: state for slug, (state, _) in states(found).items()} == expected
        clone = tmp_path / "clone"
        git(tmp_path, "clone", "-q", "--depth", "1", tmp_path.as_uri(), str(clone))
        (tmp_path / "flowsync.yaml").write_text("", encoding="utf-8")
        with served(clone, {}, rows) as (_, in_clone):
            done = in_clone("status", "--format", "json")
            assert {state for state, _ in states(done.json).values()} == {"in-step", "differs"}
            assert done.err.count("This clone is shallow") == 1
            assert in_clone("status", "--base", "nonsense").code == 1


def test_every_environment_has_a_column_and_one_that_fails_fails_no_other(tmp_path: Path) -> None:
    flows = {"flow_a": file(extra="environments: {production: {active: false}}\n"), "flow_b": file()}
    same, on = row(1, "flow_a", name="Same"), row(2, "flow_b", name="Same")
    with environments(tmp_path, flows, dev=[same, on], production=[{**same, "active": False}], staging=[]) as servers:
        keys = {"DEV_KEY": PRIVATE_KEY, "PRODUCTION_KEY": PRIVATE_KEY}
        done = flowsync("status", "--format", "json", root=tmp_path, env=keys)
        assert done.code == 0, done.both
        assert states(done.json, "dev") == {"flow_a": ("in-step", "on"), "flow_b": ("in-step", "on")}
        assert states(done.json, "production") == {"flow_a": ("in-step", "switched-off"), "flow_b": ("not-live", None)}
        assert done.json["environments"][2]["problem"]["message"] == "no key: set STAGING_KEY."
        shown = flowsync("status", root=tmp_path, env=keys)
        assert shown.out.startswith("FLOW    dev          production             staging\n")
        assert "\nstaging: no key: set STAGING_KEY.\n" in shown.out
        assert servers["staging"].requests_to() == []

        servers["production"].suffer(reply(403).on(times=99))
        done = flowsync("status", "--detailed-exitcode", root=tmp_path, env={**keys, "STAGING_KEY": "nonsense"})
        assert done.code == 1
        assert "flow_a  in step, on  not read    not read\n" in done.out
        assert "\nproduction: GET " in done.out
        assert "\nstaging: STAGING_KEY holds no API key" in done.out
        alone = flowsync("-e", "production", "status", root=tmp_path, env=keys)
        assert (alone.code, alone.out) == (1, "")
        assert "STAGING_KEY is" not in alone.err
        missing = flowsync("-e", "staging", "status", root=tmp_path, env=keys)
        assert (missing.code, missing.out) == (1, "")
        assert "STAGING_KEY" in missing.err
        assert flowsync("status", root=tmp_path).code == 1


def test_another_organization_is_told_in_its_column(tmp_path: Path) -> None:
    rows = {name: [row(1, "flow_a", name="Same", organizationId=1)] for name in ("dev", "production")}
    with environments(tmp_path, {"flow_a": file()}, **rows):
        path = tmp_path / "flowsync.yaml"
        text = path.read_text(encoding="utf-8").replace("PRODUCTION_KEY", "PRODUCTION_KEY, organization: 2")
        path.write_text(text, encoding="utf-8")
        done = flowsync("status", root=tmp_path, env={"DEV_KEY": PRIVATE_KEY, "PRODUCTION_KEY": PRIVATE_KEY})
    assert done.code == 1
    assert "flow_a  in step, on  not read\n" in done.out
    assert "production: The key in PRODUCTION_KEY opens organization 1" in done.out


@pytest.mark.parametrize(
    "config", [FakeConfig(hidden=frozenset({"active"})), FakeConfig(endpoints=Endpoints.DOCUMENTED)]
)
def test_no_more_is_said_than_is_known(tmp_path: Path, config: FakeConfig) -> None:
    write_flows(tmp_path, {"flow_a": file(), "flow_gone": file(), "flow_off": file(extra="active: false\n")})
    with fake_frigade(config, [row(1, "flow_a", name="Same"), row(2, "flow_off", name="Same", active=False)]) as server:
        env = {"FRIGADE_API_URL": server.url, "FRIGADE_PUBLIC_API_KEY": PUBLIC_KEY}
        done = flowsync("status", "--format", "json", root=tmp_path, env=env)
    found = states(done.json)
    assert found["flow_a"] == ("in-step", "unknown" if "active" in config.hidden else "on")
    assert found["flow_off"] == (
        ("unverified", "unknown") if "active" in config.hidden else ("in-step", "switched-off")
    )
    assert found["flow_gone"] == ("not-shown", "unknown")


@pytest.mark.parametrize(
    ("targeting", "expected"),
    [
        (None, False),
        ("", False),
        ("x", False),
        ("user.property('a') == 'x'", False),
        (BROKEN, True),
        (CONTRADICTION, True),
        (f"({CONTRADICTION}) || user.property('b') == 'x'", False),
        ("false", True),
        ("user.property('a') == 'x' && false", True),
        (f"user.property('a') == '{'x' * 2_000}'", True),
    ],
)
def test_targeting_reaches_nobody_only_where_that_is_certain(targeting: str | None, *, expected: bool) -> None:
    assert reaches_nobody(targeting) is expected


def test_what_is_wrong_in_one_environment_is_told_in_its_column(tmp_path: Path) -> None:
    flows = {"flow_a": file(extra="environments: {production: {type: TOUR}}\n")}
    rows = {name: [row(1, "flow_a", name="Same")] for name in ("dev", "production")}
    with environments(tmp_path, flows, **rows):
        path = tmp_path / "flowsync.yaml"
        path.write_text(f"{path.read_text(encoding='utf-8')}  other: {{}}\n", encoding="utf-8")
        keys = {"DEV_KEY": PRIVATE_KEY, "PRODUCTION_KEY": PRIVATE_KEY}
        done = flowsync("status", root=tmp_path, env=keys)
        assert (done.code, "flow_a  in step, on  not read    no key\n" in done.out) == (1, True), done.both
        assert "\nother: no key: name its variable in flowsync.yaml, as api_key_variable.\n" in done.out
        assert flowsync("-e", "production", "status", root=tmp_path, env=keys).code == 3


def test_two_environments_with_one_key_are_said_to_be_one_account(tmp_path: Path) -> None:
    with environments(tmp_path, {"flow_a": file()}, dev=[row(1, "flow_a", name="Same")]) as servers:
        again = f"  prod: {{api_url: {servers['dev'].url}, api_key_variable: PROD_KEY}}\n"
        path = tmp_path / "flowsync.yaml"
        path.write_text(path.read_text(encoding="utf-8") + again, encoding="utf-8")
        done = flowsync("status", root=tmp_path, env={"DEV_KEY": PRIVATE_KEY, "PROD_KEY": PRIVATE_KEY})
    assert done.code == 0, done.both
    assert "dev and prod are read with the same key, so they are one account." in done.err


def test_a_hundred_flows_in_three_environments_are_one_aligned_table(tmp_path: Path) -> None:
    flows = {f"flow_{number:03}": file() for number in range(100)}
    rows = [row(number + 1, slug, name="Same") for number, slug in enumerate(flows)]
    with environments(tmp_path, flows, dev=rows, staging=rows[:50], production=rows[50:]):
        keys = {f"{name}_KEY": PRIVATE_KEY for name in ("DEV", "STAGING", "PRODUCTION")}
        done = flowsync("status", root=tmp_path, env=keys)
        document = flowsync("status", "--format", "json", root=tmp_path, env=keys).out
    lines = done.out.splitlines()
    starts = {line.index("in step, on", 12) if "in step, on" in line[12:] else 0 for line in lines[1:101]}
    assert starts <= {lines[0].index(name) for name in ("dev", "staging", "production")}
    assert lines[102:105] == [
        "dev: 100 flows: 100 in step; for users 100 on",
        "staging: 100 flows: 50 in step, 50 not live; for users 50 on",
        "production: 100 flows: 50 in step, 50 not live; for users 50 on",
    ]
    assert len(json.loads(document)["flows"]) == 100
