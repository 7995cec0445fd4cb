"""flowsync fmt: what it writes, shows, leaves alone, and how it ends."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from flowsync.cli.commands.fmt import format_file
from flowsync.cli.commands.pull import in_form
from flowsync.flows.files import FlowFile
from flowsync.model import Problem
from flowsync.workspace import workspace
from tests.support.command import environment, flowsync, process, write_flows
from tests.support.fake_frigade import fake_frigade, row

LOOSE = "type: CARD\r\n# about name\r\nname: x   # beside\r\ndata:\r\n    steps:\r\n    - title: T\r\n      id: a\r\n"
FORM = "# about name\nname: x   # beside\ntype: CARD\ndata:\n  steps:\n    - id: a\n      title: T\n"
DIFF = r"""--- flows/flow_loose.yaml
+++ flows/flow_loose.yaml
@@ -1,7 +1,7 @@
-type: CARD\r
-# about name\r
-name: x   # beside\r
-data:\r
-    steps:\r
-    - title: T\r
-      id: a\r
+# about name
+name: x   # beside
+type: CARD
+data:
+  steps:
+    - id: a
+      title: T
"""


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "flows").iterdir())}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_flows(tmp_path, {"flow_form": FORM})
    (tmp_path / "flows" / "flow_loose.yaml").write_bytes(LOOSE.encode())
    return tmp_path


def test_files_are_put_in_form_and_named(root: Path) -> None:
    done = flowsync("fmt", root=root)
    assert (done.code, done.out) == (0, "flows/flow_loose.yaml\n")
    assert done.err == "1 file formatted; 1 already formatted.\n"
    assert set(files(root).values()) == {FORM.encode()}
    again = flowsync("fmt", root=root)
    assert (again.code, again.out, again.err) == (0, "", "2 files already formatted.\n")


def test_check_writes_nothing_and_exits_2(root: Path) -> None:
    before = files(root)
    done = flowsync("fmt", "--check", root=root)
    assert (done.code, done.out) == (2, "flows/flow_loose.yaml\n")
    assert done.err == "1 file not formatted; 1 already formatted.\n"
    assert files(root) == before
    assert flowsync("fmt", "--check", "flow_form", root=root).code == 0


@pytest.mark.parametrize(("options", "code"), [(["--diff"], 0), (["--diff", "--check"], 2)])
def test_diff_shows_what_would_change_and_writes_nothing(root: Path, options: list[str], code: int) -> None:
    before = files(root)
    done = flowsync("fmt", *options, root=root)
    assert (done.code, done.out) == (code, DIFF)
    assert files(root) == before


def test_a_diff_tells_of_a_missing_line_end(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: x"})
    shown = flowsync("fmt", "--diff", root=tmp_path).out.split("\n")
    assert shown[2:-1] == ["@@ -1 +1 @@", "-name: x", "\\ No newline at end of file", "+name: x"]


def test_a_file_that_cannot_be_kept_is_named_and_the_others_are_written(root: Path) -> None:
    odd = "type: CARD\ndata:\n  &a\n  title: T\nname: x\n"
    write_flows(root, {"flow_odd": odd, "flow_broken": "name: [x\n"})
    done = flowsync("fmt", root=root)
    assert (done.code, done.out) == (3, "flows/flow_loose.yaml\n")
    assert "flows/flow_odd.yaml:3:1: error[unformattable]" in done.err
    assert "flows/flow_broken.yaml:1:7: error[yaml-syntax]" in done.err
    assert files(root)["flow_odd.yaml"] == odd.encode()
    assert files(root)["flow_loose.yaml"] == FORM.encode()


def test_a_slug_narrows_it(root: Path) -> None:
    write_flows(root, {"other": "type: CARD\nname: x\n"})
    assert flowsync("fmt", "flow_*", root=root).out == "flows/flow_loose.yaml\n"
    assert files(root)["other.yaml"] == b"type: CARD\nname: x\n"
    unknown = flowsync("fmt", "flow_lose", root=root)
    assert unknown.code == 64
    assert "Did you mean flow_loose?" in unknown.err


def test_a_folder_without_flows_is_told(tmp_path: Path) -> None:
    for check in ([], ["--check"]):
        done = flowsync("fmt", *check, root=tmp_path)
        assert done.code == 3
        assert done.err.startswith("flows:1:1: error[no-flows]")


def test_permissions_and_symlinks_stay(root: Path) -> None:
    loose = root / "flows" / "flow_loose.yaml"
    loose.chmod(0o640)
    (root / "flows" / "flow_link.yaml").symlink_to("flow_loose.yaml")
    assert flowsync("fmt", "flow_link", root=root).code == 0
    assert (root / "flows" / "flow_link.yaml").is_symlink()
    assert stat.S_IMODE(loose.stat().st_mode) == 0o640
    assert loose.read_bytes() == FORM.encode()
    assert sorted(files(root)) == ["flow_form.yaml", "flow_link.yaml", "flow_loose.yaml"]


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\u202e", "::error::x"])
def test_a_diff_is_inert(tmp_path: Path, hostile: str) -> None:
    write_flows(tmp_path, {"flow_a": f"type: CARD\nname: 'x' # {hostile}\n"})
    shown = flowsync("fmt", "--diff", root=tmp_path).out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n::" not in shown


def test_it_works_in_a_process_of_its_own_as_a_hook_calls_it(root: Path) -> None:
    done = process("fmt", "--check", root=root)
    assert (done.code, done.out) == (2, "flows/flow_loose.yaml\n")


LIVE = "steps:\n- title: Hello # the greeting\n  id: a\n  primaryButton: {action: flow.complete, title: Go}\n"


def test_what_pull_brings_in_is_in_form(tmp_path: Path) -> None:
    with fake_frigade(rows=[row(1, "flow_a", data=LIVE)]) as server:
        assert flowsync("pull", root=tmp_path, env=environment(server.url)).code == 0
        assert "title: Hello # the greeting\n" in (tmp_path / "flows" / "flow_a.yaml").read_text()
        assert flowsync("fmt", "--check", root=tmp_path).code == 0
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=environment(server.url)).code == 0


def test_what_cannot_be_put_in_form_is_brought_in_as_it_came() -> None:
    text = "name: x\ndata:\n  &a\n  title: T\n"
    assert in_form(text, "flow_a.yaml") == text


def test_a_file_that_cannot_be_read_is_a_problem_of_its_own(tmp_path: Path) -> None:
    found = format_file(FlowFile(tmp_path / "gone.yaml", "flows/gone.yaml"), workspace(tmp_path))
    assert isinstance(found, Problem)
    assert (found.code, found.location.file) == ("unreadable-file", "flows/gone.yaml")
