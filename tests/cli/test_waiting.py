"""--base over real histories: what waits for an apply, and what becomes of files that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import environment, flowsync, git, write_flows
from tests.support.fake_frigade import fake_frigade, row

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.fake_frigade import FakeFrigade, Row

FLOW = "name: {name}\ndata:\n  steps:\n    - {{id: a, title: {a}}}\n    - {{id: b, title: {b}}}\n"


def flow(name: str = "Name", a: str = "A", b: str = "B") -> str:
    return FLOW.format(name=name, a=a, b=b)


def live(name: str = "Name", a: str = "A", b: str = "B", slug: str = "flow_a", number: int = 1) -> Row:
    steps = [{"id": "a", "title": a}, {"id": "b", "title": b}]
    return row(number, slug, name=name, data={"steps": steps})


def commit(root: Path, message: str) -> str:
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three merges to main: the first one was applied."""
    write_flows(tmp_path, {"flow_a": flow()})
    commit(tmp_path, "Start")
    write_flows(tmp_path, {"flow_a": flow(a="A2")})
    commit(tmp_path, "Say it better (#12)")
    write_flows(tmp_path, {"flow_a": flow("Name 2", a="A2")})
    commit(tmp_path, "Rename ::warning:: `it` <b> (#13)")
    return tmp_path


def plan(root: Path, server: FakeFrigade, *options: str, base: str = "main") -> Any:  # noqa: ANN401 - a JSON document
    done = flowsync("plan", "--base", base, "--format", "json", *options, root=root, env=environment(server.url))
    assert done.code in {0, 1}, done.err
    return done.json


def origins(document: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    return {each["label"]: each["origin"] for change in document["changes"] for each in change["fields"]}


def messages(document: Any, code: str) -> list[str]:  # noqa: ANN401 - as above
    return [each["message"] for change in document["changes"] for each in change["warnings"] if each["code"] == code]


def test_merges_that_are_not_applied_wait_beside_an_edit_and_the_branch_s_own(project: Path) -> None:
    write_flows(project, {"flow_a": flow("Mine", a="A2")})
    with fake_frigade(rows=[live(b="Edited")]) as server:
        document = plan(project, server)
        assert origins(document) == {"name": "waiting", "steps[a].title": "waiting", "steps[b].title": "drift"}
        assert [message.partition(",")[0][-5:] for message in messages(document, "waiting")] == ["(#13)", "(#12)"]
        env = environment(server.url)
        text = flowsync("plan", "--base", "main", root=project, env=env).out
        assert "warning[waiting] Waiting from commit" in text
        assert "drift: steps[b].title was edited in the dashboard" in text
        markdown = flowsync("plan", "--base", "main", "--format", "markdown", root=project, env=env).out
        assert "(merged in #13 and #12 and not applied yet)" in markdown
        assert "::warning::" not in text + markdown
        assert flowsync("apply", "--base", "main", "--on-conflict", "refuse", root=project, env=env).code == 0


def test_what_waits_is_written_also_where_edits_are_kept_or_refused(project: Path) -> None:
    for policy in ("keep", "refuse"):
        with fake_frigade(rows=[live()]) as server:
            options = ("--on-drift", policy, "--on-conflict", policy)
            done = flowsync("apply", "--base", "main", *options, root=project, env=environment(server.url))
            assert (done.code, len(server.writes)) == (0, 1)
            assert server.row(1)["name"] == "Name 2"


def test_a_merge_is_named_as_a_whole(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "topic")
    write_flows(project, {"flow_a": flow("Between", a="A2")})
    commit(project, "First try")
    write_flows(project, {"flow_a": flow("Name 3", a="A2")})
    commit(project, "Second try")
    git(project, "checkout", "-q", "main")
    git(project, "merge", "-q", "--no-ff", "-m", "Merge pull request #14 from acorn/topic", "topic")
    with fake_frigade(rows=[live("Name 2", a="A2")]) as server:
        document = plan(project, server)
        assert origins(document) == {"name": "waiting"}
        merge = git(project, "rev-parse", "main")
        assert f"Waiting from commit {merge[:12]} (#14), which" in messages(document, "waiting")[0]
    with fake_frigade(rows=[live("Between", a="A2")]) as server:
        assert origins(plan(project, server)) == {"name": "drift"}  # main never said that


def test_a_stacked_branch_does_not_take_what_is_below_it_for_edits(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "below")
    write_flows(project, {"flow_a": flow("Below", a="A2")})
    commit(project, "Below")
    git(project, "checkout", "-q", "-b", "above")
    write_flows(project, {"flow_a": flow("Above", a="A2")})
    commit(project, "Above")
    with fake_frigade(rows=[live("Name 2", a="A2")]) as server:
        assert origins(plan(project, server, base="below")) == {"name": "waiting"}


@pytest.mark.parametrize("place", ["flows/deep/er/flow_a.yml", "elsewhere/flow_a.yaml"])
def test_a_file_is_followed_to_where_it_was(project: Path, place: str) -> None:
    (project / place).parent.mkdir(parents=True)
    (project / "flows" / "flow_a.yaml").rename(project / place)
    if place.startswith("elsewhere"):
        (project / "flowsync.yaml").write_text("flows: elsewhere\n")
    commit(project, "Move it")
    write_flows(project / "another", {"flow_a": flow("Of another project")})
    commit(project, "Another project has a flow of that name")
    with fake_frigade(rows=[live()]) as server:
        assert origins(plan(project, server)) == {"name": "waiting", "steps[a].title": "waiting"}
    with fake_frigade(rows=[live("Of another project", a="A2")]) as server:
        assert origins(plan(project, server)) == {"name": "drift"}


def test_a_file_that_was_deleted_broken_or_a_link_in_between_is_followed(project: Path) -> None:
    file = project / "flows" / "flow_a.yaml"
    file.unlink()
    commit(project, "Delete it")
    file.write_text("name: [")
    commit(project, "Broken")
    file.unlink()
    file.symlink_to("../README.md")
    commit(project, "A link")
    file.unlink()
    write_flows(project, {"flow_a": flow("Name 3", a="A2")})
    commit(project, "Back again (#20)")
    with fake_frigade(rows=[live()]) as server:
        document = plan(project, server)
        assert origins(document) == {"name": "waiting", "steps[a].title": "waiting"}
        assert any("(#20)" in message for message in messages(document, "waiting"))


@pytest.mark.parametrize("slug", ["flow[1]", "flow*", "fl?w", "-flow", "flöw", "flow b"])
def test_a_slug_is_no_pattern(tmp_path: Path, slug: str) -> None:
    for number in range(3):
        write_flows(tmp_path, {slug: f"name: Name {number}\n", "flow1": f"name: Other {number}\n"})
        commit(tmp_path, f"Name {number}")
    with fake_frigade(rows=[row(1, slug, name="Name 0"), row(2, "flow1", name="Edited")]) as server:
        found = {each["slug"]: each["fields"][0]["origin"] for each in plan(tmp_path, server)["changes"]}
        assert found == {slug: "waiting", "flow1": "drift"}


def test_no_setting_of_the_repository_hides_the_past(project: Path) -> None:
    git(project, "checkout", "-q", "-b", "topic")
    write_flows(project, {"flow_a": flow("Name 3", a="A2")})
    commit(project, "Try")
    git(project, "checkout", "-q", "main")
    git(project, "merge", "-q", "--no-ff", "-m", "Merge pull request #14 from acorn/topic", "topic")
    hiding = {
        "log.showRoot": "false",
        "log.diffMerges": "off",
        "log.follow": "true",
        "log.showSignature": "true",
        "diff.relative": "true",
        "diff.renames": "copies",
        "diff.noprefix": "true",
        "core.abbrev": "5",
        "core.quotePath": "true",
        "format.pretty": "fuller",
        "i18n.logOutputEncoding": "UTF-16",
    }
    for name, value in hiding.items():
        git(project, "config", name, value)
    with fake_frigade(rows=[live()]) as server:
        document = plan(project, server)
        assert origins(document) == {"name": "waiting", "steps[a].title": "waiting"}
        assert sorted(message.partition("#")[2][:2] for message in messages(document, "waiting")) == ["12", "14"]


def test_the_overlay_of_the_environment_is_laid_over_what_was_too(project: Path) -> None:
    (project / "flowsync.yaml").write_text(
        "environments: {production: &own {api_key_variable: FRIGADE_API_KEY}, dev: *own}\n"
    )
    for name in ("One", "Two"):
        write_flows(project, {"flow_a": flow("Name 2") + f"environments:\n  production: {{name: {name}}}\n"})
        commit(project, f"{name} (#3)")
    with fake_frigade(rows=[live("One")]) as server:
        assert origins(plan(project, server, "-e", "production")) == {"name": "waiting"}
        assert origins(plan(project, server, "-e", "dev")) == {"name": "drift"}


def test_a_shallow_clone_says_that_it_cannot_know(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("clones")
    said = "This clone is shallow, and its history is too short to tell: fetch all of it (fetch-depth: 0)."
    with fake_frigade(rows=[live("Name", a="A2")]) as server:
        for depth, origin in (("1", "drift"), ("2", "waiting")):
            git(folder, "clone", "-q", f"--depth={depth}", f"file://{project}", depth)
            document = plan(folder / depth, server, base="HEAD")
            assert origins(document) == {"name": origin}
            assert [message.endswith(said) for message in messages(document, "history-cut")] == [True] * (depth == "1")
    with fake_frigade(rows=[live("Edited", a="A2")]) as server:
        assert messages(plan(project, server), "history-cut") == []
        assert len(messages(plan(folder / "2", server, base="HEAD"), "history-cut")) == 1


def test_a_shallow_clone_that_has_all_of_a_file_s_history_knows(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write_flows(project, {"flow_b": "name: One\n"})
    commit(project, "Another file")
    folder = tmp_path_factory.mktemp("clones")
    git(folder, "clone", "-q", "--depth=2", f"file://{project}", "here")
    with fake_frigade(rows=[live("Name 2", a="A2"), row(2, "flow_b", name="Edited")]) as server:
        document = plan(folder / "here", server, base="HEAD")
        assert (origins(document), messages(document, "history-cut")) == ({"name": "drift"}, [])


def test_a_clone_without_old_contents_says_so(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(project, "config", "uploadpack.allowFilter", "true")
    folder = tmp_path_factory.mktemp("clones")
    git(folder, "clone", "-q", "--filter=blob:none", f"file://{project}", "here")
    git(folder / "here", "remote", "set-url", "origin", "file:///nowhere")
    with fake_frigade(rows=[live()]) as server:
        document = plan(folder / "here", server, base="HEAD")
        assert set(origins(document).values()) == {"drift"}
        assert "The history cannot be read:" in messages(document, "history-cut")[0]


# Files that are gone


def test_a_file_that_is_gone_is_told_in_text_and_json_and_saved(project: Path) -> None:
    write_flows(project, {"flow_b": "name: Other\n"})
    commit(project, "Another")
    (project / "flows" / "flow_a.yaml").unlink()
    rows = [live("Live name"), row(2, "flow_b", name="Other"), row(3, "flow_c", name="Never had a file")]
    with fake_frigade(rows=rows) as server:
        document = plan(project, server)
        assert document["removed"] == [
            {
                "slug": "flow_a",
                "file": "flows/flow_a.yaml",
                "id": 1,
                "name": "Live name",
                "version": 1,
                "status": "ACTIVE",
                "renamed_to": None,
            }
        ]
        assert (document["summary"]["removed"], document["summary"]["unmanaged"]) == (1, 1)
        env = environment(server.url)
        done = flowsync("plan", "--base", "main", "--out", "plan.json", root=project, env=env)
        assert "1 no longer managed, 1 unmanaged" in done.out
        assert "x flow_a  flows/flow_a.yaml is gone" in done.out
        assert "no longer managed; stays live as it is" in done.out
        assert flowsync("apply", "plan.json", root=project, env=env).code == 0
        assert server.writes == []
        narrowed = plan(project, server, "flow_b")
        assert "removed" not in narrowed
        assert plan(project, server, "flow_*")["removed"] == document["removed"]


def test_a_renamed_file_leaves_its_flow_behind_and_cannot_be_written(project: Path) -> None:
    (project / "flows" / "flow_a.yaml").rename(project / "flows" / "flow_z.yaml")
    with fake_frigade(rows=[live()]) as server:
        document = plan(project, server)
        assert [(each["slug"], each["renamed_to"]) for each in document["removed"]] == [("flow_a", "flow_z")]
        (blocked,) = document["blocked"]
        assert blocked["message"].startswith(
            "flows/flow_z.yaml has the content that flows/flow_a.yaml had, but Frigade has no rename"
        )
        narrowed = plan(project, server, "flow_z")
        assert ("removed" in narrowed, len(narrowed["blocked"])) == (False, 1)
        text = flowsync("plan", "--base", "main", root=project, env=environment(server.url)).out
        assert "flow_z now has its content, because Frigade cannot rename a flow" in text


def test_a_file_that_only_moved_is_not_removed(project: Path) -> None:
    (project / "flows" / "sub").mkdir()
    (project / "flows" / "flow_a.yaml").rename(project / "flows" / "sub" / "flow_a.yml")
    with fake_frigade(rows=[live()]) as server:
        assert "removed" not in plan(project, server)
