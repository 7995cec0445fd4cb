"""`--format json` where a command fails: stdout holds one document in every case, and stderr what people read."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from flowsync import cli
from flowsync.errors import ExitCode, InterruptedByUser
from flowsync.problems.failures import error_as_json
from tests.support.command import environment, flowsync, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, FakeConfig, fake_frigade, reply, row

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ["code", "message", "hint", "exit_code", "reasons", "problems"]
GOOD = "name: New\n"
UNREADABLE = "name: [\n"


@pytest.mark.parametrize(
    ("words", "files", "expected"),
    [
        (["plan"], (None, GOOD), ("config", ExitCode.ERROR)),  # there is no key
        (["plan", "-e", "nowhere"], (None, GOOD), ("config", ExitCode.ERROR)),
        (["plan"], ("api_url: http://example.com\n", GOOD), ("invalid-files", ExitCode.INVALID)),
        (["validate"], ("guards: {max_changes: many}\n", GOOD), ("invalid-files", ExitCode.INVALID)),
        (["validate"], ("guards: [\n", GOOD), ("invalid-document", ExitCode.INVALID)),
        (["validate"], ("flows: ../elsewhere\n", GOOD), ("invalid-files", ExitCode.INVALID)),
        (["validate"], ("flows: .git\n", GOOD), ("invalid-files", ExitCode.INVALID)),
        (["plan", "--sandbox"], (None, UNREADABLE), ("invalid-files", ExitCode.INVALID)),
        (["plan", "--sandbox", "--nonsense"], (None, GOOD), ("usage", ExitCode.USAGE)),
        (["plan", "--sandbox", "flow_b"], (None, GOOD), ("usage", ExitCode.USAGE)),
        (["nonsense"], (None, GOOD), ("usage", ExitCode.USAGE)),
        (["apply", "--sandbox", "--require-saved-plan"], (None, GOOD), (None, None)),
        (["rollback", "--sandbox", "none"], (None, GOOD), (None, None)),
    ],
)
def test_what_fails_is_one_document(
    tmp_path: Path, words: list[str], files: tuple[str | None, str], expected: tuple[str | None, int | None]
) -> None:
    (configuration, flow), (code, exit_code) = files, expected
    write_flows(tmp_path, {"flow_a": flow})
    if configuration is not None:
        (tmp_path / "flowsync.yaml").write_text(configuration)
    failed = flowsync(*words, "--format", "json", root=tmp_path)
    document = failed.json
    assert document["format"] == "flowsync-error/1"
    assert list(document["error"]) == KEYS
    assert document["error"]["exit_code"] == failed.code == (exit_code or failed.code)
    assert document["error"]["code"] == (code or document["error"]["code"])
    assert bool(document["error"]["problems"]) is (failed.code == ExitCode.INVALID)
    assert document["error"]["message"][:20] in failed.err
    assert flowsync(*words, "--format=json", "--format", "text", root=tmp_path).out == ""


def test_what_the_api_answers_is_in_the_document_without_the_key(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": GOOD})
    with fake_frigade(FakeConfig(faults=(reply(403, f"Forbidden resource {PRIVATE_KEY}").on(times=9),))) as server:
        failed = flowsync("plan", "--format", "json", root=tmp_path, env=environment(server.url))
    assert failed.json["error"]["code"] == "api-forbidden"
    assert PRIVATE_KEY not in failed.both


def test_a_document_that_was_written_stays_the_only_one(tmp_path: Path) -> None:
    """Blocked flows are an error (exit 1), and the plan that says so is what stdout holds."""
    write_flows(tmp_path, {"flow_a": GOOD, "flow_b": "type: CARD\n"})
    with fake_frigade(rows=[row(1, "flow_a"), row(2, "flow_bb", name="B")]) as server:
        blocked = flowsync("plan", "--format", "json", root=tmp_path, env=environment(server.url))
    assert blocked.code == 1
    assert blocked.json["format"] == "flowsync-plan/1"
    assert blocked.json["blocked"]


@pytest.mark.parametrize("words", [["--explain", "duplicate-step-id"], ["--watch"]])
def test_what_only_prints_text_refuses_to_print_a_document(tmp_path: Path, words: list[str]) -> None:
    failed = flowsync("validate", *words, "--format", "json", root=tmp_path)
    assert (failed.code, failed.json["error"]["code"]) == (ExitCode.USAGE, "usage")


def test_a_dry_run_of_pull_is_one_document_and_no_diff(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": GOOD})
    with fake_frigade(rows=[row(1, "flow_a", name="Old")]) as server:
        done = flowsync("pull", "--dry-run", "--format", "json", root=tmp_path, env=environment(server.url))
    assert (done.code, done.json["format"]) == (0, "flowsync-pull/1")
    assert (tmp_path / "flows/flow_a.yaml").read_text() == GOOD


def test_an_interruption_before_anything_is_imported_is_the_document_of_any_other(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["flowsync", "plan", "--format", "json"])
    monkeypatch.setattr(cli, "run", interrupt)
    monkeypatch.setattr(cli, "has_result", False)
    monkeypatch.setattr(os, "_exit", lambda _code: None)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        cli.main()
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
    shown = capfd.readouterr()
    assert shown.err == "error[interrupted] Interrupted.\n"
    assert shown.out == error_as_json(InterruptedByUser("Interrupted."))
