"""A private key in live content, in a file or in an answer reaches no output and no file, however it is spelled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import environment, flowsync, served, write_flows
from tests.support.fake_frigade import ALWAYS, PRIVATE_KEY, FakeConfig, fake_frigade, reply, row
from tests.test_secrets import WRITINGS

SECRET = PRIVATE_KEY.removeprefix("api_private_")
OTHERS = "api_private_SomebodyElses0123"
SPELLINGS: dict[str, Callable[[str], str]] = {
    **{name: WRITINGS[name] for name in WRITINGS if name not in {"lines in JSON", "percent twice", "JSON in JSON"}},
    "its first half": lambda key: key[: len(key) - 8],
    "its second half": lambda key: key[-12:],
}


def traces(spelled: str) -> list[str]:
    """What would give the key away in an output."""
    return [SECRET, SECRET[-12:], SECRET[:12], spelled[-36:]]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_live_content_does_not_bring_a_key_into_any_output(tmp_path: Path, spelling: str) -> None:
    spelled = SPELLINGS[spelling](PRIVATE_KEY)
    live = row(1, "flow_a", name=f"Old {spelled}", data={"steps": [{"id": "a", "title": spelled}]})
    with served(tmp_path, {"flow_a": "name: New\ndata:\n  steps: []\n"}, [live]) as (_, run):
        for form in ("text", "markdown", "json"):
            shown = run("plan", "--format", form)
            assert shown.code == 0
            assert not [trace for trace in traces(spelled) if trace in shown.both]
            assert form != "json" or shown.json["changes"]
        saved = run("plan", "--out", "plan.json")
        assert (saved.code, (tmp_path / "plan.json").exists()) == (4, False)
        assert "flow_a: name" in saved.err
        pulled = run("pull")
        assert pulled.code == 0
        assert "left out name: The file holds a private API key." in pulled.out
        assert "left out data: The file holds a private API key." in pulled.out
        written = (tmp_path / "flows/flow_a.yaml").read_text()
        assert not [trace for trace in traces(spelled) if trace in pulled.both + written]
        assert run("apply").code == 0
    record = next((tmp_path / ".flowsync/applies").glob("*")).read_text()
    assert not [trace for trace in traces(spelled) if trace in record]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_answer_does_not_bring_a_key_into_an_error(tmp_path: Path, spelling: str) -> None:
    spelled = SPELLINGS[spelling](PRIVATE_KEY)
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(faults=(reply(400, f"No: {spelled}").on(times=ALWAYS),)), []) as server:
        failed = flowsync("plan", root=tmp_path, env=environment(server.url))
    assert failed.code == 1
    assert not [trace for trace in traces(spelled) if trace in failed.both]


@pytest.mark.parametrize("key", [PRIVATE_KEY, OTHERS])
def test_a_key_in_a_file_is_an_error_with_its_place_and_is_never_sent(tmp_path: Path, key: str) -> None:
    with served(tmp_path, {"flow_a": f"name: New\ndata:\n  steps: [] # {key}\n"}, [row(1, "flow_a")]) as (server, run):
        refused = run("apply")
        assert server.writes == []
    assert refused.code == 3
    assert "flows/flow_a.yaml:3:" in refused.err
    assert "error[private-key]" in refused.err
    assert key not in refused.both


def test_a_key_is_no_name_of_a_file(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(), [row(1, OTHERS)]) as server:
        refused = flowsync("pull", "--new", root=tmp_path, env=environment(server.url))
    assert refused.code == 1
    assert OTHERS not in refused.both
    assert not [*(tmp_path / "flows").rglob("*.yaml")]


def test_every_key_that_an_environment_could_use_is_masked(tmp_path: Path) -> None:
    other = "api_private_0therK3yOfTheFake"
    (tmp_path / "flowsync.yaml").write_text(
        "default_environment: a\nenvironments: {a: {}, b: {api_key_variable: OTHER}}\n"
    )
    write_flows(tmp_path, {"flow_a": "name: New\n"})
    with fake_frigade(FakeConfig(), [row(1, "flow_a", name=f"Old {other[12:]}")]) as server:
        shown = flowsync("plan", "-e", "a", root=tmp_path, env={**environment(server.url), "OTHER": other})
    assert shown.code == 0
    assert other[12:] not in shown.both
