"""flowsync pull, as it is used: against a server, in a real repository, and without one."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.model import FieldName, JsonValue
from flowsync.sandbox import Emulator
from flowsync.sandbox.seeds import SeedFlow, seed
from tests.support.command import Completed, commit, environment, flowsync, git, write_flows
from tests.support.fake_frigade import UNOBSERVABLE, DataFormat, FakeConfig, FakeFrigade, fake_frigade, row
from tests.support.strategies import flow_fields


def run(server: FakeFrigade, root: Path, *arguments: str) -> Completed:
    return flowsync(*arguments, root=root, env=environment(server.url))


def pull(server: FakeFrigade, root: Path, *arguments: str) -> Completed:
    return run(server, root, "pull", *arguments)


ACCOUNT = [
    row(1, "flow_welcome", type="TOUR", data="# hello\nsteps:\n  - id: a # one\n    selector: '#a'\n"),
    row(2, "flow_setup", type="CHECKLIST", description="Set up", targetingLogic="user.isGuest() == false"),
    row(3, "Flow_Setup", type="CARD"),
    row(4, "flow_old", type="NPS_SURVEY"),
    row(5, "flow_shop", type="SHOP_WINDOW"),
    row(6, "flow_odd", targetingLogic="user.property("),
    row(7, "shop/window"),
    row(8, "con"),
    row(9, "flow_gone", status="ARCHIVED"),
    row(10, "flow_draft", version=1),
    row(11, "flow_draft", version=2, status="DRAFT", name="Drafted"),
]


@pytest.fixture
def server() -> Iterator[FakeFrigade]:
    with fake_frigade(rows=ACCOUNT) as serving:
        yield serving


@pytest.mark.parametrize("data", [DataFormat.JSON, DataFormat.STORED])
def test_a_first_import_gives_a_repository_whose_plan_is_empty(tmp_path: Path, data: DataFormat) -> None:
    with fake_frigade(FakeConfig(data=data), ACCOUNT) as server:
        done = pull(server, tmp_path)
        assert (done.code, done.err) == (0, "")
        assert done.out.endswith("\n7 created, 2 skipped.\n")
        assert "skipped    shop/window" in done.out
        assert "left out type:" in done.out
        assert "left out targetingLogic:" in done.out
        planned = run(server, tmp_path, "plan", "--detailed-exitcode", "--format", "json")
        assert planned.code == 0
        assert planned.json["summary"]["unchanged"] == 7
        assert [each["slug"] for each in planned.json["unmanaged"]] == ["con", "shop/window"]
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        again = pull(server, tmp_path)
        assert (again.code, again.out.splitlines()[-1]) == (0, "7 unchanged.")
        assert "2 live flows have no file: con, shop/window." in again.err
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
        assert server.writes == []
    assert (tmp_path / "flows/flow_draft.yaml").read_text().splitlines()[:2] == [
        "# yaml-language-server: $schema=../.flowsync/flow.schema.json",
        "name: Drafted",
    ]
    inside = tmp_path / "flows/same-name-2/Flow_Setup.yaml"
    assert inside.read_text().startswith("# yaml-language-server: $schema=../../.flowsync/flow.schema.json\n")
    assert json.loads((tmp_path / ".flowsync/flow.schema.json").read_text())
    if data is DataFormat.STORED:
        assert "data:\n  # hello\n  steps:\n    - id: a # one\n" in (tmp_path / "flows/flow_welcome.yaml").read_text()


def test_a_public_key_brings_in_what_it_sees(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(hidden=UNOBSERVABLE), ACCOUNT[:2]) as server:
        public = environment(server.url, key=None, public_key="api_public_T3stOnlyKeyOfTheFake")
        assert flowsync("pull", root=tmp_path, env=public).code == 0
        assert "description" not in (tmp_path / "flows/flow_setup.yaml").read_text()
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=public).code == 0


EXISTING = {"flow_welcome": "# ours\nname: Old # the name\n", "flow_setup": "type: CHECKLIST\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    write_flows(tmp_path, EXISTING)
    commit(tmp_path)
    return tmp_path


def test_an_edit_made_in_the_dashboard_comes_into_the_file(repository: Path, server: FakeFrigade) -> None:
    done = pull(server, repository)
    assert done.code == 0
    assert done.out == "updated    flows/flow_welcome.yaml  name\n\n1 updated, 1 unchanged.\n"
    assert "7 live flows have no file: Flow_Setup, con, flow_draft, flow_odd and 3 more. pull --new" in done.err
    assert git(repository, "diff", "--numstat") == "1\t1\tflows/flow_welcome.yaml"
    assert (repository / "flows/flow_welcome.yaml").read_text() == "# ours\nname: Flow welcome # the name\n"
    assert sorted(path.name for path in (repository / "flows").iterdir()) == ["flow_setup.yaml", "flow_welcome.yaml"]


def test_named_flows_and_new_ones_come_in_on_request(repository: Path) -> None:
    with fake_frigade(FakeConfig(unlisted=frozenset({"flow_shop"})), ACCOUNT) as server:
        named = pull(server, repository, "flow_shop", "flow_o*")
        assert (named.code, named.err) == (0, "")
        assert named.out.splitlines()[-1] == "3 created."
        everything = pull(server, repository, "--new")
        assert everything.out.splitlines()[-1] == "2 created, 1 updated, 4 unchanged, 2 skipped."
        gone = pull(server, repository, "flow_gone")
        assert "skipped    flow_gone  All versions of it are archived." in gone.out
        wrong = pull(server, repository, "flow_wellcome")
    assert (wrong.code, wrong.out) == (64, "")
    assert "Did you mean flow_welcome?" in wrong.err


def test_check_and_dry_run_write_nothing(repository: Path, server: FakeFrigade) -> None:
    checked = pull(server, repository, "--check")
    assert (checked.code, checked.out.splitlines()[-1]) == (2, "1 to update, 1 unchanged.")
    assert pull(server, repository, "--check", "flow_setup").code == 0
    shown = pull(server, repository, "--dry-run", "-q")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "--- flows/flow_welcome.yaml\n+++ flows/flow_welcome.yaml\n@@ -1,2 +1,2 @@\n # ours\n"
        "-name: Old # the name\n+name: Flow welcome # the name\n"
    )
    both = pull(server, repository, "--dry-run", "--check", "--new")
    assert both.code == 2
    assert "+++ flows/same-name-2/Flow_Setup.yaml\n" in both.out
    assert "would create" in both.err
    told = pull(server, repository, "--check", "--format", "json").json
    assert (told["format"], told["written"]) == ("flowsync-pull/1", False)
    assert git(repository, "status", "--porcelain") == ""


def test_the_json_document_tells_everything(repository: Path, server: FakeFrigade) -> None:
    (repository / "flows/flow_lost.yaml").write_text("name: Lost\n")
    commit(repository)
    told = pull(server, repository, "--format", "json", "flow_*", "con").json
    assert list(told) == ["format", "written", "summary", "flows", "unmanaged", "copies"]
    assert told["summary"] == {"created": 4, "updated": 1, "unchanged": 1, "skipped": 3, "refused": 0}
    by_slug = {each["slug"]: each for each in told["flows"]}
    assert by_slug["flow_welcome"] == {
        "slug": "flow_welcome",
        "action": "updated",
        "file": "flows/flow_welcome.yaml",
        "left_out": [],
        "fields": ["name"],
        "places": ["name"],
        "rewritten": [],
        "failing_tests": [],
    }
    assert by_slug["flow_lost"]["code"] == "no-such-flow"
    assert by_slug["con"]["code"] == "unsafe-name"
    assert by_slug["flow_shop"]["left_out"][0]["field"] == "type"


def test_a_file_with_uncommitted_changes_is_left_alone(repository: Path, server: FakeFrigade) -> None:
    mine = repository / "flows/flow_welcome.yaml"
    mine.write_text("# mine\nname: Mine\n")
    mine.chmod(0o640)
    refused = pull(server, repository)
    assert refused.code == 4
    assert "refused    flows/flow_welcome.yaml  It has uncommitted changes." in refused.out
    assert "error[refused] 1 file holds changes that are not committed, and was left alone." in refused.err
    assert mine.read_text() == "# mine\nname: Mine\n"
    assert pull(server, repository, "flow_setup").code == 0
    forced = pull(server, repository, "--force")
    assert forced.code == 0
    assert mine.read_text() == "# mine\nname: Flow welcome\n"
    assert mine.stat().st_mode & 0o777 == 0o640
    (copy,) = (repository / ".flowsync/replaced").rglob("*.yaml")
    assert copy.read_text() == "# mine\nname: Mine\n"
    assert copy.parent.parent.relative_to(repository).as_posix() in forced.err
    assert git(repository, "status", "--porcelain", "flows") == " M flows/flow_welcome.yaml"


def test_uncommitted_changes_in_a_submodule_are_left_alone(repository: Path, server: FakeFrigade) -> None:
    module = repository / "flows" / "module"
    module.mkdir()
    (module / "flow_old.yaml").write_text("name: Old\n")
    (module / "flow_shop.yaml").write_text("name: Old\n")
    commit(module)
    commit(repository)
    (module / "flow_old.yaml").write_text("name: Not committed\n")
    done = pull(server, repository, "flow_old", "flow_shop")
    assert done.code == 4, done.both
    assert (module / "flow_old.yaml").read_text() == "name: Not committed\n"
    assert (module / "flow_shop.yaml").read_text() != "name: Old\n"


def test_outside_of_a_repository_the_former_text_is_kept(tmp_path: Path, server: FakeFrigade) -> None:
    write_flows(tmp_path, EXISTING)
    done = pull(server, tmp_path)
    assert done.code == 0
    assert "the earlier versions of the changed files: copies are in .flowsync/replaced/" in done.err
    (copy,) = (tmp_path / ".flowsync/replaced").rglob("*.yaml")
    assert copy.read_text() == EXISTING["flow_welcome"]


def test_what_cannot_be_taken_over_says_why(tmp_path: Path) -> None:
    text = (
        "x-b: &b {title: Go}\ntargetingLogic: user.isGuest()\ntests:\n  - user: {guest: true}\n    sees: true\n"
        "data: {steps: [{id: a, primaryButton: *b}]}\n"
    )
    write_flows(tmp_path, {"flow_a": text, "flow_b": "target: draft\nname: B\n", "flow_c": "target: active\n"})
    rows = [
        row(1, "flow_a", targetingLogic="user.isGuest() == false", data={"steps": [{"id": "a", "primaryButton": {}}]}),
        row(2, "flow_b"),
        row(3, "flow_c", status="DRAFT"),
    ]
    with fake_frigade(rows=rows) as server:
        shown = pull(server, tmp_path).out
    assert "  rewritten data.steps[a].primaryButton: it could not be edited in place\n" in shown
    assert "  warning " in shown
    assert "skipped    flows/flow_b.yaml  It has no draft, which is what `target` asks for.\n" in shown
    assert "skipped    flows/flow_c.yaml  It has no published version, which is what `target` asks for.\n" in shown


def test_files_that_cannot_be_read_stop_a_pull(repository: Path, server: FakeFrigade) -> None:
    write_flows(repository, {"flow_bad": "name: [\n"})
    done = pull(server, repository)
    assert done.code == 3
    assert "flows/flow_bad.yaml:1:7: error[yaml-syntax]" in done.err
    assert server.requests == []


def test_a_folder_that_leads_elsewhere_is_not_written_to(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    project = tmp_path / "project"
    write_flows(project, {"flow_a": "name: A\n"})
    (project / "flows/same-name-2").symlink_to(outside, target_is_directory=True)
    with fake_frigade(rows=[row(1, "flow_a", name="A"), row(2, "FLOW_A")]) as server:
        done = pull(server, project, "--new")
    assert done.code != 0
    assert list(outside.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="a directory's mode does not keep Windows from writing")
def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "flows").write_text("not a directory\n")
    with fake_frigade(rows=ACCOUNT[:1]) as server:
        done = pull(server, tmp_path)
    assert done.code == 1
    assert "flows/flow_welcome.yaml cannot be written" in done.err
    assert not (tmp_path / ".flowsync").exists()


def test_the_overlay_of_an_environment_is_updated(tmp_path: Path) -> None:
    write_flows(tmp_path, {"flow_a": "name: Base\nenvironments:\n  production: {name: Old}\n"})
    with fake_frigade(rows=[row(1, "flow_a", name="Live")]) as server:
        (tmp_path / "flowsync.yaml").write_text(f"environments:\n  production:\n    api_url: {server.url}\n")
        assert pull(server, tmp_path, "-e", "production").code == 0
        assert run(server, tmp_path, "plan", "-e", "production", "--detailed-exitcode").code == 0
    text = (tmp_path / "flows/flow_a.yaml").read_text()
    assert text == "name: Base\nenvironments:\n  production: {name: Live}\n"


def test_hostile_names_and_texts_stay_inert(tmp_path: Path) -> None:
    rows = [row(1, "a\x1b[31m\n::error::b", name="x"), row(2, "flow_b", name="\x1b[31m\n::error::evil\u202e")]
    with fake_frigade(rows=rows) as server:
        shown = pull(server, tmp_path, "--dry-run").both + pull(server, tmp_path).both
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\n::error::" not in shown


def test_the_sandbox_can_be_pulled_from(tmp_path: Path) -> None:
    assert flowsync("pull", "--sandbox", root=tmp_path).code == 0
    assert flowsync("plan", "--sandbox", "--detailed-exitcode", root=tmp_path).code == 0


slugs = st.text(st.sampled_from("abAB_.-/é 1"), min_size=1, max_size=4)
accounts = st.dictionaries(slugs, flow_fields, min_size=1, max_size=4)


@settings(max_examples=10, deadline=None)
@given(accounts, st.integers(0, 2**16))
def test_whatever_an_account_holds_the_plan_after_a_pull_is_empty(
    account: dict[str, dict[FieldName, JsonValue]], number: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / ".flowsync").mkdir()
        with Emulator(root / ".flowsync/sandbox.db") as emulator:
            seeds = [SeedFlow(slug, as_sent(fields)) for slug, fields in account.items()]
            seed(emulator, seeds, number=number)
        assert flowsync("pull", "--sandbox", root=root).code == 0
        planned = flowsync("plan", "--sandbox", "--detailed-exitcode", root=root)
        assert planned.code == 0, planned.both
        before = {path: path.read_bytes() for path in (root / "flows").rglob("*.yaml")}
        assert flowsync("pull", "--sandbox", "--check", root=root).code == 0
        assert flowsync("pull", "--sandbox", root=root).code == 0
        assert {path: path.read_bytes() for path in (root / "flows").rglob("*.yaml")} == before


def as_sent(fields: dict[FieldName, JsonValue]) -> dict[FieldName, JsonValue]:
    """The fields as the API takes them: `data` is text."""
    return {name: document.dump(value) if name == "data" else value for name, value in fields.items()}


def checklist() -> str:
    """A long checklist, as people write them."""
    steps = "".join(
        f"""
    # ---- {number}. {"🌰" * (number % 3 + 1)}
    - id: step-{number} # never rename
      title: "Step {number}: it's <b>bold</b> 😀"
      subtitle: >
        Some folded text about step {number} that goes on
        and on, with <i>HTML</i> in it and a
        <a href="https://example.com/?a=1&b=2">link</a>.

        A second paragraph.
      primaryButton: *tour
      props:
        # a note: on props
        layout: {{wide: true, columns: [1, 2, 3]}}
"""
        for number in range(1, 23)
    )
    return (
        "# yaml-language-server: $schema=../.flowsync/flow.schema.json\n# Owner: growth 🌱\n\nname: 'Getting started'\n"
        "type: CHECKLIST\nx-buttons:\n  tour: &tour\n    title: Take the tour # everywhere\n    action: step.complete\n"
        f"data:\n  title: Get set up\n  steps:{steps}  # the end"
    )


def test_a_one_word_edit_of_a_long_file_is_a_one_line_diff(tmp_path: Path) -> None:
    text = checklist().replace("\n", "\r\n")
    assert text.count("\n") > 300
    (tmp_path / "flows").mkdir()
    file = tmp_path / "flows" / "flow_long.yaml"
    file.write_bytes(text.encode())
    commit(tmp_path)
    value = document.parse(text).value
    assert isinstance(value, dict)
    live = json.loads(json.dumps(value["data"]))
    live["steps"][11]["subtitle"] = live["steps"][11]["subtitle"].replace("second", "new")
    rows = [row(1, "flow_long", name="Getting started", type="CHECKLIST", data=live)]
    with fake_frigade(FakeConfig(data=DataFormat.JSON), rows) as server:
        assert pull(server, tmp_path).code == 0
        assert run(server, tmp_path, "plan", "--detailed-exitcode").code == 0
        assert pull(server, tmp_path).out == "1 unchanged.\n"
    assert git(tmp_path, "diff", "--numstat") == "1\t1\tflows/flow_long.yaml"
    *_, went, came = git(tmp_path, "diff", "-U0").split("\n")
    assert (went, came) == ("-        A second paragraph.\r", "+        A new paragraph.\r")
    assert not file.read_bytes().endswith(b"\n")
