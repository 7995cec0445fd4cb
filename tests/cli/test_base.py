"""--base: what the branch changed, what was edited in the dashboard, and what both did."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import Completed, commit, environment, flowsync, git, served, write_flows
from tests.support.fake_frigade import FakeConfig, FakeFrigade, Row, fake_frigade, row

BASE = """\
name: Name
description: About
targetingLogic: user.isGuest()
data:
  steps:
    - {id: a, title: A}
    - {id: b, title: B}
    - {id: c, title: C}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository whose main has one flow; what comes after is the branch's."""
    write_flows(tmp_path, {"flow_a": BASE})
    commit(tmp_path)
    git(tmp_path, "checkout", "-q", "-b", "branch")
    return tmp_path


def commit_to_main(project: Path) -> None:
    git(project, "branch", "-f", "main", commit(project))


def live(**fields: object) -> list[Row]:
    steps = [{"id": each, "title": each.upper()} for each in "abc"]
    base = {"name": "Name", "description": "About", "targetingLogic": "user.isGuest()", "data": {"steps": steps}}
    return [row(1, "flow_a", **{**base, **fields})]


def plan(project: Path, server: FakeFrigade, *options: str) -> Completed:
    return flowsync("plan", "--base", "main", *options, root=project, env=environment(server.url))


def origins(project: Path, *options: str, rows: list[Row] | None = None) -> list[str]:
    """Whose each difference is, where the name was edited in the dashboard if nothing else is said."""
    with fake_frigade(rows=rows or live(name="Edited")) as server:
        document = plan(project, server, "--format", "json", *options).json
    return [f"{each['origin']} {each['label']}" for change in document["changes"] for each in change["fields"]]


EDITED = {"steps": [{"id": "a", "title": "A"}, {"id": "b", "title": "edited"}, {"id": "c", "title": "edited"}]}


def test_every_format_tells_whose_each_difference_is(project: Path) -> None:
    write_flows(project, {"flow_a": BASE.replace("title: A", "title: mine").replace("title: C", "title: mine")})
    with fake_frigade(rows=live(name="Edited", data=EDITED)) as server:
        document = plan(project, server, "--format", "json").json
        assert document["base"] == git(project, "rev-parse", "main")
        (change,) = document["changes"]
        assert {each["label"]: each["origin"] for each in change["fields"]} == {
            "name": "drift",
            "steps[a].title": "branch",
            "steps[b].title": "drift",
            "steps[c].title": "conflict",
        }
        assert [warning["code"] for warning in change["warnings"]] == ["goes-live", "apply-refuses"]
        text = plan(project, server).out
        assert f"compared with {document['base'][:12]}" in text
        assert "drift: name, steps[b].title were edited in the dashboard; apply overwrites the edit" in text
        assert "conflict: steps[c].title was edited both in the files and in the dashboard" in text
        assert "flow_a: An edit in the dashboard to what this branch changed too would be undone." in text
        markdown = plan(project, server, "--format", "markdown").out
        assert "<sub>(dashboard)</sub>" in markdown
        assert "edited both in the dashboard and in this branch (dashboard → this branch): title of step 3" in markdown
        without = flowsync("plan", "--format", "json", root=project, env=environment(server.url)).json
        assert without["digest"] != document["digest"]
        assert {each["origin"] for each in without["changes"][0]["fields"]} == {None}


def test_a_conflict_is_refused_by_apply_and_overwritten_only_on_demand(project: Path) -> None:
    write_flows(project, {"flow_a": BASE.replace("Name", "Mine")})
    with fake_frigade(rows=live(name="Edited", description="Edited")) as server:
        env = environment(server.url)
        plan(project, server, "--out", "plan.json")
        for arguments in (("--base", "main"), ("plan.json",)):
            refused = flowsync("apply", *arguments, root=project, env=env)
            assert (refused.code, server.writes) == (4, [])
            assert "--on-conflict overwrite allows it." in refused.err
        refused = flowsync("apply", "--base", "main", "--on-drift", "refuse", root=project, env=env)
        assert "--on-drift overwrite allows it." in refused.err
        assert flowsync("apply", "plan.json", "--base", "main", root=project, env=env).code == 64
        assert flowsync("apply", "plan.json", "--on-conflict", "overwrite", root=project, env=env).code == 0
        assert server.writes[0].json == {"name": "Mine", "description": "About"}


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("option", ["--on-drift", "--on-conflict"])
def test_edits_cannot_be_minded_without_a_base(project: Path, command: str, option: str) -> None:
    with fake_frigade(rows=live(name="Edited")) as server:
        for policy in ("keep", "refuse"):
            refused = flowsync(command, option, policy, root=project, env=environment(server.url))
            assert (refused.code, refused.out, server.writes) == (64, "", [])
            assert f"error[usage] {option} {policy} needs --base" in refused.err
        assert flowsync(command, option, "overwrite", root=project, env=environment(server.url)).code == 0


def test_drift_is_kept_field_by_field(project: Path) -> None:
    write_flows(project, {"flow_a": BASE.replace("Name", "Mine")})
    with fake_frigade(rows=live(targetingLogic="user.isInGroup('a')", data=EDITED)) as server:
        env = environment(server.url)
        planned = plan(project, server, "--on-drift", "keep")
        assert (
            "warning[edit-kept] line 3: targetingLogic was edited in the dashboard and is left as it is" in planned.out
        )
        assert "warning[edit-kept] line 4: data was edited" in planned.out
        assert flowsync("apply", "--base", "main", "--on-drift", "keep", root=project, env=env).code == 0
        assert [seen.json for seen in server.writes] == [{"name": "Mine"}]
        again = plan(project, server, "--on-drift", "keep", "--detailed-exitcode")
        assert again.code == 0
        assert "= flow_a" in again.out
        assert "warning[edit-kept]" in again.out
        assert plan(project, server, "--detailed-exitcode").code == 2


def test_an_edit_that_cannot_be_left_out_is_refused_under_keep(project: Path) -> None:
    write_flows(project, {"flow_a": BASE.replace("title: A", "title: mine")})
    with fake_frigade(rows=live(data={"steps": [*EDITED["steps"][:2], {"id": "c", "title": "C"}]})) as server:
        (project / "flowsync.yaml").write_text("guards: {on_drift: keep, on_conflict: keep}\n")
        refused = flowsync("apply", "--base", "main", root=project, env=environment(server.url))
        assert (refused.code, server.writes) == (4, [])
        assert "this plan cannot leave the edited values out" in refused.err


def test_conflicts_may_be_kept_too(project: Path) -> None:
    write_flows(project, {"flow_a": BASE.replace("Name", "Mine").replace("About", "Mine")})
    with fake_frigade(rows=live(name="Edited")) as server:
        env = environment(server.url)
        assert flowsync("apply", "--base", "main", "--on-conflict", "keep", root=project, env=env).code == 0
        assert [seen.json for seen in server.writes] == [{"description": "Mine"}]


def test_a_file_is_followed_to_another_folder_and_from_another_flows_directory(project: Path) -> None:
    (project / "flows" / "deep" / "er").mkdir(parents=True)
    (project / "flows" / "flow_a.yaml").rename(project / "flows" / "deep" / "er" / "flow_a.yml")
    assert origins(project) == ["drift name"]
    (project / "flows").rename(project / "elsewhere")
    (project / "flowsync.yaml").write_text("flows: elsewhere\n")
    assert origins(project) == ["drift name"]
    commit_to_main(project)
    (project / "elsewhere").rename(project / "flows")
    (project / "flowsync.yaml").unlink()
    assert origins(project) == ["drift name"]


def test_a_configuration_that_is_broken_at_the_base_is_taken_as_now(project: Path) -> None:
    for broken in ("flows: [\n", "flows: 3\n"):
        (project / "flowsync.yaml").write_text(broken)
        commit_to_main(project)
        (project / "flowsync.yaml").write_text("flows: flows\n")
        assert origins(project) == ["drift name"]
    (project / "flowsync.yaml").write_text("- no mapping\n")
    commit_to_main(project)
    (project / "flowsync.yaml").unlink()
    assert origins(project) == ["drift name"]


def test_a_project_below_the_top_of_its_repository_and_a_directory_beside_it(project: Path) -> None:
    below = project / "apps" / "web app"
    write_flows(below, {"flow_a": BASE.replace("Name", "Below")})
    commit_to_main(project)
    assert origins(below) == ["drift name"]
    (below / "flowsync.yaml").write_text("flows: ../../flows\n")
    commit_to_main(project)
    assert origins(below) == ["drift name"]


def test_a_new_file_is_the_branchs_and_a_deleted_one_is_removed(project: Path) -> None:
    write_flows(project, {"flow_new": "name: New\n"})
    (project / "flows" / "flow_a.yaml").unlink()
    with fake_frigade(rows=[*live(), row(2, "flow_new", name="Old")]) as server:
        document = plan(project, server, "--format", "json").json
        assert [(each["slug"], each["fields"][0]["origin"]) for each in document["changes"]] == [("flow_new", "branch")]
        assert [each["slug"] for each in document["removed"]] == ["flow_a"]
        assert document["unmanaged"] == []


def test_the_overlay_of_the_environment_is_laid_over_the_base_too(project: Path) -> None:
    overlaid = BASE + "environments:\n  production: {name: There}\n"
    (project / "flowsync.yaml").write_text("environments: {production: {}}\n")
    write_flows(project, {"flow_a": overlaid})
    commit_to_main(project)
    write_flows(project, {"flow_a": overlaid.replace("About", "Mine")})
    assert origins(project, "-e", "production") == ["drift name", "branch description"]


@pytest.mark.parametrize("broken", ["name: [\n", "- x\n", "slug: other\n", "name: x\ndata: 'a: ['\n"])
def test_a_file_that_is_broken_at_the_base_tells_nothing_and_that_is_said(project: Path, broken: str) -> None:
    write_flows(project, {"flow_a": broken})
    commit_to_main(project)
    write_flows(project, {"flow_a": BASE})
    assert origins(project) == ["None name"]
    with fake_frigade(rows=live(name="Edited")) as server:
        assert "warning[origin-unknown]" in plan(project, server).out


def test_a_link_and_a_slug_that_two_files_had_tell_nothing_either(project: Path) -> None:
    (project / "flows" / "two").mkdir()
    (project / "flows" / "two" / "flow_a.yml").write_text(BASE)
    commit_to_main(project)
    (project / "flows" / "two" / "flow_a.yml").unlink()
    assert origins(project) == ["None name"]
    (project / "flows" / "flow_a.yaml").rename(project / "flows" / "real.txt")
    (project / "flows" / "flow_a.yaml").symlink_to("real.txt")
    commit_to_main(project)
    assert origins(project) == ["None name"]


def test_unseen_fields_that_the_file_changed_are_sent_by_themselves(project: Path) -> None:
    hidden = FakeConfig(hidden=frozenset({"description", "active"}))
    with fake_frigade(hidden, live()) as server:
        env = environment(server.url)
        assert plan(project, server, "--detailed-exitcode").code == 0
        write_flows(project, {"flow_a": BASE.replace("About", "Mine")})
        assert flowsync("plan", "--detailed-exitcode", root=project, env=env).code == 0
        planned = plan(project, server, "--out", "plan.json", "--detailed-exitcode")
        assert planned.code == 2
        assert "warning[unseen-sent] line 2: description is not returned by the API; it is sent" in planned.out
        for arguments in (("--base", "main"), ("plan.json",)):
            assert flowsync("apply", *arguments, root=project, env=env).code == 0
        assert [seen.json for seen in server.writes] == [{"description": "Mine"}] * 2
        assert server.row(1)["description"] == "Mine"


def test_a_field_that_the_branch_states_for_the_first_time_is_its_own(project: Path) -> None:
    write_flows(project, {"flow_a": BASE + "type: CARD\n"})
    assert origins(project, rows=live()) == ["branch type"]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("nowhere", "There is no revision 'nowhere' here."),
        ("--all", "There is no revision '--all' here."),
        ("HEAD:flows", "'HEAD:flows' is a tree, and a commit is needed."),
        ("HEAD:flows/flow_a.yaml", "'HEAD:flows/flow_a.yaml' is a blob, and a commit is needed."),
        ("a-tree", "'a-tree' is a tree, and a commit is needed."),
        ("", "There is no revision '' here.\n  hint: It is empty: the variable it comes from may not be set."),
        ("main..HEAD", "There is no revision 'main..HEAD' here.\n  hint: A range is no revision"),
        ("mian", "There is no revision 'mian' here.\n  hint: Did you mean main?"),
        ("HEAD~9", "There is no revision 'HEAD~9' here.\n  hint: git fetch, or name another"),
    ],
)
def test_a_revision_that_is_none_is_refused_before_anything_is_asked(project: Path, revision: str, said: str) -> None:
    git(project, "tag", "a-tree", "HEAD^{tree}")
    with fake_frigade(rows=live()) as server:
        failed = flowsync("plan", "--base", revision, root=project, env=environment(server.url))
        assert (failed.code, failed.out, server.requests) == (1, "", [])
        assert f"error[git] {said}" in failed.err


@pytest.fixture
def shallow(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of the branch's last commit."""
    write_flows(project, {"flow_a": BASE.replace("Name", "Mine")})
    commit(project)
    clone = tmp_path_factory.mktemp("clone") / "here"
    git(project, "clone", "-q", "--depth=1", f"file://{project}", str(clone))
    return clone


def test_a_shallow_clone_compares_with_what_was_fetched_and_says_how_to_fetch_the_rest(
    project: Path, shallow: Path
) -> None:
    first = git(project, "rev-parse", "main")
    with fake_frigade(rows=live()) as server:
        env = environment(server.url)
        for revision in ("HEAD~1", first, "main"):
            failed = flowsync("plan", "--base", revision, root=shallow, env=env)
            assert failed.code == 1
            assert f"This clone is shallow, and {revision!r} is not in it." in failed.err
            assert "fetch-depth: 0" in failed.err
        for fetched, revision in (("main:refs/remotes/origin/main", "origin/main"), ("main", "FETCH_HEAD")):
            git(shallow, "fetch", "-q", "--depth=1", "origin", fetched)
            assert flowsync("plan", "--base", revision, root=shallow, env=env).code == 0
        assert flowsync("plan", "--base", "HEAD", root=shallow, env=env).code == 0
        planned = flowsync("plan", "--base", first, "--format", "json", root=shallow, env=env)
        assert planned.json["changes"][0]["fields"][0]["origin"] == "branch"


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("HEAD~1", "HEAD is here; what comes before was not fetched."),
        ("branch~3", "fetch-depth: 0. Elsewhere: git fetch --unshallow."),
        ("deadbeef", "and the commit's whole hash"),
        ("brnach", "it may be mistyped. Did you mean branch?"),
        ("release", "git fetch --depth=1 origin release and FETCH_HEAD in its place"),
        ("origin/main", "git fetch --depth=1 origin main:refs/remotes/origin/main"),
        ("origin/main~2", "git fetch --depth=1 origin main:refs/remotes/origin/main"),
        ("a name", "git fetch --depth=1 origin 'a name'"),
        ("", "the variable it comes from may not be set"),
        ("main..HEAD", "A range is no revision"),
    ],
)
def test_a_shallow_clone_tells_a_name_that_was_not_fetched_from_a_cut_history(
    shallow: Path, revision: str, said: str
) -> None:
    failed = flowsync("plan", "--base", revision, root=shallow, env=environment("http://127.0.0.1:9"))
    assert failed.code == 1
    assert f"This clone is shallow, and {revision!r} is not in it." in failed.err
    assert said in " ".join(failed.err.split())


def test_a_project_that_was_moved_as_a_whole_is_followed(project: Path) -> None:
    (project / "app").mkdir()
    (project / "flows").rename(project / "app" / "flows")
    assert origins(project / "app") == ["drift name"]
    (project / "app" / "flows").rename(project / "elsewhere")
    (project / "flowsync.yaml").write_text("flows: elsewhere\n")
    assert origins(project) == ["drift name"]


@pytest.mark.parametrize("name", [".gitkeep", "README.md", ".draft.yaml"])
def test_a_project_is_followed_to_where_a_directory_without_flows_was(project: Path, name: str) -> None:
    (project / "app" / "flows").mkdir(parents=True)
    (project / "app" / "flows" / name).write_text("name: Here\n")
    commit_to_main(project)
    for file in (project / "flows").iterdir():
        file.rename(project / "app" / "flows" / file.name)
    assert origins(project / "app") == ["drift name"]


def test_a_project_that_was_copied_has_no_past(project: Path) -> None:
    write_flows(project / "app", {"flow_a": BASE})
    assert origins(project / "app") == ["branch name"]


def test_a_configuration_that_had_its_other_name_or_was_a_link_is_found(project: Path) -> None:
    (project / "flows").rename(project / "elsewhere")
    (project / "flowsync.yml").write_text("flows: elsewhere\n")
    commit_to_main(project)
    (project / "flowsync.yml").rename(project / "flowsync.yaml")
    assert origins(project) == ["drift name"]
    (project / "flowsync.yaml").rename(project / "shared.yaml")
    (project / "flowsync.yaml").symlink_to("shared.yaml")
    commit_to_main(project)
    (project / "flowsync.yaml").unlink()
    (project / "shared.yaml").rename(project / "flowsync.yaml")
    assert origins(project) == ["drift name"]


def test_what_a_link_or_a_submodule_holds_is_never_taken_for_the_branchs(project: Path) -> None:
    (project / "flows").rename(project / "real")
    (project / "flows").symlink_to("real")
    commit(project)
    (project / "flows").unlink()
    (project / "real").rename(project / "flows")
    with fake_frigade(rows=live(name="Edited")) as server:
        env = environment(server.url)
        refused = flowsync("apply", "--base", "HEAD", root=project, env=env)
        assert (refused.code, server.writes) == (1, [])
        assert "At that revision flows is a link or a submodule" in refused.err
        (project / "flows").rename(project / "real")
        (project / "flows").mkdir()
        commit(project / "real")
        (project / "real").rename(project / "flows" / "team")
        (project / "flows" / "flow_b.yaml").write_text("name: B\n")
        git(project, "-c", "advice.addEmbeddedRepo=false", "add", "-A")
        commit(project)
        document = flowsync("plan", "--base", "HEAD", "--format", "json", "flow_a", root=project, env=env).json
        (change,) = document["changes"]
        assert "origin-unknown" in {warning["code"] for warning in change["warnings"]}
        assert {each["origin"] for each in change["fields"]} == {None}


def test_what_git_sets_for_hooks_does_not_lead_astray(project: Path) -> None:
    below = project / "app"
    write_flows(below, {"flow_a": BASE})
    commit_to_main(project)
    with fake_frigade(rows=live(name="Edited")) as server:
        for place in (str(project / ".git"), ".git"):
            env = {**environment(server.url), "GIT_DIR": place, "GIT_INDEX_FILE": ".git/index", "GIT_PREFIX": ""}
            document = flowsync("plan", "--base", "main", "--format", "json", root=below, env=env).json
            assert document["changes"][0]["fields"][0]["origin"] == "drift"
        bare = {"GIT_DIR": str(project / ".git"), "GIT_WORK_TREE": str(project), **environment(server.url)}
        document = flowsync("plan", "--base", "main", "--format", "json", root=below, env=bare).json
        assert document["changes"][0]["fields"][0]["origin"] == "drift"


def test_line_endings_a_worktree_and_a_detached_head_change_nothing(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("worktree") / "here"
    git(project, "-c", "core.autocrlf=true", "worktree", "add", "-q", "--detach", str(place), "main")
    assert b"\r\n" in (place / "flows" / "flow_a.yaml").read_bytes()
    assert origins(place) == ["drift name"]


def test_a_repository_of_somebody_else_is_told_with_what_git_advises(project: Path) -> None:
    env = {**environment("http://127.0.0.1:9"), "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}
    failed = flowsync("plan", "--base", "main", root=project, env=env)
    assert failed.code == 1
    assert "dubious ownership" in failed.err
    assert "hint: git config --global --add safe.directory" in failed.err


def test_a_clone_without_contents_says_so(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(project, "config", "uploadpack.allowFilter", "true")
    write_flows(project, {"flow_a": BASE.replace("Name", "Mine")})
    commit(project)
    clone = tmp_path_factory.mktemp("clone")
    git(clone, "clone", "-q", "--filter=blob:none", f"file://{project}", "here")
    git(clone / "here", "remote", "set-url", "origin", "file:///nowhere")
    with fake_frigade(rows=live()) as server:
        failed = flowsync("plan", "--base", "HEAD~1", root=clone / "here", env=environment(server.url))
        assert failed.code == 1
        assert "error[git]" in failed.err


def test_outside_of_a_repository_it_is_said_that_one_is_needed(tmp_path: Path) -> None:
    with served(tmp_path, {"flow_a": BASE}, live()) as (_, run):
        failed = run("plan", "--base", "main")
        assert failed.code == 1
        assert "A revision needs a git repository with history." in failed.err
