"""flowsync init: what it writes, what it leaves alone, what it asks, and that its next steps work."""

from __future__ import annotations

import difflib
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import yaml

from flowsync import config, document, templates
from flowsync.cli.commands.fmt import FILE_ORDER
from flowsync.cli.commands.init import Hosting, start_files
from flowsync.cli.commands.init import setup_advice as advice
from flowsync.cli.project import STATE_IGNORES
from flowsync.cli.project import project_at as open_project
from flowsync.config import Flags
from flowsync.document.formatting import formatted
from flowsync.templates import Action
from flowsync.validate import schema_text
from tests.support.command import command_line, environment, flowsync, git, write_flows
from tests.support.fake_frigade import fake_frigade
from tests.support.terminal import on_terminal

ROOT = Path(__file__).parents[2]
ALWAYS = [
    "flowsync.yaml",
    ".flowsync/flow.schema.json",
    ".flowsync/config.schema.json",
    ".flowsync/.gitignore",
    "flows/flowsync_example.yaml",
    ".gitignore",
    ".pre-commit-config.yaml",
]
WORKFLOWS = [f".github/workflows/flowsync-{name}.yml" for name in ("plan", "apply", "drift")]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "main")
    return tmp_path


def contents(root: Path) -> dict[str, bytes]:
    paths = (path for path in root.rglob("*") if path.is_file() and ".git/" not in f"{path.relative_to(root)}/")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def told(text: str) -> dict[str, str]:
    """What became of each file."""
    rows = (re.fullmatch(r"(created|extended|kept|by hand) +(\S+).*", row) for row in text.split("\n"))
    return {row[2]: row[1] for row in rows if row}


def test_an_empty_repository_gets_everything(repository: Path) -> None:
    done = flowsync("init", root=repository)
    assert done.code == 0
    assert told(done.out) == dict.fromkeys([*ALWAYS, *WORKFLOWS], "created")
    assert set(contents(repository)) == {*ALWAYS, *WORKFLOWS}
    assert "OWNER/flowsync@" in done.err


def test_running_it_again_changes_nothing(repository: Path) -> None:
    flowsync("init", root=repository)
    before = contents(repository)
    again = flowsync("init", root=repository)
    expected = [*ALWAYS, *WORKFLOWS]
    expected.remove("flows/flowsync_example.yaml")
    assert told(again.out) == dict.fromkeys(expected, "kept")
    assert contents(repository) == before


def steps(text: str) -> list[list[str]]:
    _, _, below = text.partition("\nNext\n")
    rows = (re.match(r"  (\S.*?)  ", row) for row in below.split("\n"))
    return [shlex.split(row[1]) for row in rows if row and not row[1].startswith("hint:")]


def test_every_next_step_works(tmp_path: Path) -> None:
    done = flowsync("init", root=tmp_path)
    commands = steps(done.err)
    assert commands[0] == ["git", "init"]
    assert ["flowsync", "validate"] in commands
    with fake_frigade() as server:
        for program, *arguments in commands:
            if program == "git":
                git(tmp_path, *arguments)
            else:
                ran = flowsync(*arguments, root=tmp_path, env=environment(server.url))
                assert ran.code == 0, (arguments, ran.both)
    assert ["git", "init"] not in steps(flowsync("init", root=tmp_path).err)


def test_what_it_writes_is_right(repository: Path) -> None:
    flowsync("init", root=repository)
    for command in (("validate", "--strict"), ("test",), ("fmt", "--check"), ("plan", "--sandbox")):
        assert flowsync(*command, root=repository).code == 0, command
    assert (repository / ".flowsync/flow.schema.json").read_text("utf-8") == schema_text("flow")
    assert (repository / ".flowsync/config.schema.json").read_text("utf-8") == config.schema_text()
    git(repository, "add", "-A")
    tracked = git(repository, "ls-files").split()
    assert set(tracked) == {*ALWAYS, *WORKFLOWS}, "the sandbox's state is ignored, the schemas are not"


def test_a_modeline_leads_to_its_schema(repository: Path) -> None:
    flowsync("init", root=repository)
    for name in ("flowsync.yaml", "flows/flowsync_example.yaml"):
        file = repository / name
        line = file.read_text("utf-8").partition("\n")[0]
        assert (file.parent / line.removeprefix("# yaml-language-server: $schema=")).is_file()


def test_the_example_is_never_written_to_an_account_by_accident(repository: Path) -> None:
    flowsync("init", root=repository)
    with fake_frigade() as server:
        plan = flowsync("plan", root=repository, env=environment(server.url))
        assert (plan.code, server.writes) == (0, [])
        assert "flowsync_example" not in plan.out
        applied = flowsync("apply", root=repository, env=environment(server.url))
        assert (applied.code, server.writes) == (0, [])


def uncommented(text: str) -> str:
    """The configuration with every suggestion taken: comment lines that are settings lose their mark."""
    return re.sub(r"^# ((?: *)[a-z_]+:.*)$", r"\1", text, flags=re.MULTILINE)


def test_every_suggestion_in_the_configuration_is_valid() -> None:
    text = templates.configuration()
    taken = uncommented(text)
    assert taken.count("\n#") < text.count("\n#") - 5
    for each in (text, taken):
        value = document.parse(each, "flowsync.yaml").value
        jsonschema.Draft202012Validator(config.schema()).validate(value)
        config.read_settings(document.parse(each, "flowsync.yaml"), Flags(), {})
    assert {"environments", "guards", "default_environment"} <= set(document.parse(taken).value)  # type: ignore[arg-type]


def test_the_example_is_in_canonical_form() -> None:
    text = (ROOT / "flowsync/templates/flowsync_example.yaml").read_text("utf-8")
    assert formatted(text, "flowsync_example.yaml", FILE_ORDER) == text


def test_what_is_there_is_never_overwritten(repository: Path) -> None:
    mine = {name: f"# mine: {name}\n" for name in ["flowsync.yaml", ".flowsync/flow.schema.json", *WORKFLOWS]}
    for name, text in mine.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
    write_flows(repository, {"flow_mine": "name: x\n"})
    done = flowsync("init", root=repository)
    assert done.code == 0
    assert {name: (repository / name).read_text() for name in mine} == mine
    assert {name for name, state in told(done.out).items() if state == "kept"} == set(mine)
    assert "of another version; renew it: flowsync schema > .flowsync/flow.schema.json" in done.out
    assert not (repository / "flows/flowsync_example.yaml").exists()


def test_the_other_ending_of_the_configuration_counts_too(repository: Path) -> None:
    (repository / "flowsync.yml").write_text("flows: frigade/flows\n")
    done = flowsync("init", root=repository)
    assert told(done.out)["flowsync.yml"] == "kept"
    assert not (repository / "flowsync.yaml").exists()
    example = repository / "frigade/flows/flowsync_example.yaml"
    assert example.read_text().startswith("# yaml-language-server: $schema=../../.flowsync/flow.schema.json\n")
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert [re.match(hook["files"], "frigade/flows/flow_a.yaml") is not None for hook in hooks] == [True, True]


def test_a_configuration_of_another_name_counts_as_the_one(repository: Path) -> None:
    (repository / "other.yaml").write_text("flows: elsewhere\n")
    done = flowsync("--config", "other.yaml", "init", root=repository)
    assert told(done.out)["other.yaml"] == "kept"
    assert not (repository / "flowsync.yaml").exists()
    assert (repository / "elsewhere/flowsync_example.yaml").exists()


def test_a_gitignore_gets_the_lines_that_it_lacks(repository: Path) -> None:
    (repository / ".gitignore").write_text("node_modules/\n/plan.json")
    (repository / ".flowsync").mkdir()
    (repository / ".flowsync/.gitignore").write_text("*\n!.gitignore\n!flow.schema.json\n")
    done = flowsync("init", root=repository)
    assert (repository / ".gitignore").read_text() == "node_modules/\n/plan.json\n.env\n"
    assert (
        repository / ".flowsync/.gitignore"
    ).read_text() == "*\n!.gitignore\n!flow.schema.json\n!config.schema.json\n"
    assert told(done.out)[".gitignore"] == told(done.out)[".flowsync/.gitignore"] == "extended"
    assert told(flowsync("init", root=repository).out)[".gitignore"] == "kept"


def test_a_gitignore_that_cannot_be_read_is_left_to_people(repository: Path) -> None:
    (repository / ".gitignore").write_bytes(b"\xff\n")
    done = flowsync("init", root=repository)
    assert re.search(
        r"^by hand +\.gitignore +it cannot be read; it should hold\n(    .*\n)*    plan\.json\n", done.out, re.MULTILINE
    )
    assert (repository / ".gitignore").read_bytes() == b"\xff\n"


THEIRS = """\
# our hooks
repos:
- repo: https://github.com/pre-commit/pre-commit-hooks   # the usual ones
  rev: v5.0.0
  hooks:
  - id: check-yaml
    args: ["--allow-multiple-documents"]

ci:
  autofix_prs: false
"""


def test_an_existing_pre_commit_configuration_gets_the_hooks_and_keeps_its_lines(repository: Path) -> None:
    path = repository / ".pre-commit-config.yaml"
    path.write_text(THEIRS)
    done = flowsync("init", root=repository)
    assert told(done.out)[path.name] == "extended"
    after = path.read_text()
    assert {line[0] for line in difflib.ndiff(THEIRS.split("\n"), after.split("\n"))} == {" ", "+"}
    first, ours = yaml.safe_load(after)["repos"]
    assert first == yaml.safe_load(THEIRS)["repos"][0]
    assert [hook["id"] for hook in ours["hooks"]] == ["flowsync-fmt", "flowsync-validate"]
    assert told(flowsync("init", root=repository).out)[path.name] == "kept"
    assert path.read_text() == after


@pytest.mark.parametrize("text", ["repos: {}\n", "repos: [\n", "- x\n", "&a\n"])
def test_a_pre_commit_configuration_of_another_kind_is_left_to_people(repository: Path, text: str) -> None:
    path = repository / ".pre-commit-config.yaml"
    path.write_text(text)
    done = flowsync("init", root=repository)
    assert told(done.out)[path.name] == "by hand"
    assert "    - repo: local" in done.out or "      - repo: local" in done.out
    assert path.read_text() == text


def test_hooks_come_from_flowsyncs_repository_where_that_is_known(repository: Path) -> None:
    action = Action("https://github.com", "acorn/flowsync", "1" * 40, "1.2.3")
    project = open_project(repository, None, Flags(), {})
    files = {each.name: each for each in start_files(project, "", None, action, Hosting.GITHUB)}
    (ours,) = yaml.safe_load(files[".pre-commit-config.yaml"].text)["repos"]
    assert (ours["repo"], ours["rev"]) == ("https://github.com/acorn/flowsync", "1" * 40)
    assert f"acorn/flowsync@{'1' * 40}" in files[WORKFLOWS[0]].text
    assert not any("OWNER" in each for each in advice(tuple(files.values()), action))


@pytest.mark.parametrize(
    ("url", "options", "is_written"),
    [
        ("https://github.com/acorn/flows.git", [], True),
        ("git@github.acorn.example:acorn/flows.git", [], True),
        ("ssh://git@gitlab.com/acorn/github-flows.git", [], False),
        ("ssh://git@gitlab.com/acorn/flows.git", ["--github"], True),
        ("https://github.com/acorn/flows.git", ["--no-github"], False),
        (None, [], True),
    ],
)
def test_workflows_are_written_for_repositories_on_github(
    repository: Path, url: str | None, options: list[str], *, is_written: bool
) -> None:
    if url is not None:
        git(repository, "remote", "add", "origin", url)
    flowsync("init", *options, root=repository)
    assert (repository / ".github").exists() is is_written


def test_the_live_branch_is_the_one_that_the_remote_calls_its_own(repository: Path) -> None:
    git(repository, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/live")
    flowsync("init", root=repository)
    workflow = yaml.safe_load((repository / WORKFLOWS[1]).read_text())
    assert workflow[True]["push"]["branches"] == ["live"]


def test_below_the_top_of_a_repository_people_are_told_where_files_are_read(repository: Path) -> None:
    folder = repository / "packages" / "flows"
    folder.mkdir(parents=True)
    done = flowsync("init", root=folder)
    assert told(done.out)[".pre-commit-config.yaml"] == told(done.out)[".github/workflows"] == "by hand"
    assert not (folder / ".github").exists()
    assert (folder / "flowsync.yaml").exists()


def test_a_broken_configuration_is_told_and_nothing_is_written(repository: Path) -> None:
    (repository / "flowsync.yaml").write_text("flosw: x\n")
    done = flowsync("init", root=repository)
    assert done.code == 3
    assert list(contents(repository)) == ["flowsync.yaml"]


@pytest.mark.parametrize(
    ("answer", "code", "is_written"),
    [("\n", 0, True), ("n\n", 0, False), ("\x04", 1, False)],
    ids=["enter", "no", "the end of the input"],
)
def test_a_terminal_is_asked_where_the_remote_does_not_tell(
    repository: Path, answer: str, code: int, *, is_written: bool
) -> None:
    terminal = on_terminal(command_line("init"), repository, question="GitHub?", answer=answer)
    assert terminal.code == code
    assert (repository / ".github").exists() is is_written
    is_answered = code == 0
    assert ("Nothing was written." in terminal.screen) is not is_answered
    assert (contents(repository) != {}) is is_answered


def test_yes_asks_nothing(repository: Path) -> None:
    terminal = on_terminal(command_line("init", "--yes"), repository)
    assert (terminal.code, "GitHub?" in terminal.screen) == (0, False)
    assert (repository / ".github").exists()


def test_this_repository_ignores_what_a_project_does() -> None:
    assert (ROOT / ".flowsync/.gitignore").read_text("utf-8") == STATE_IGNORES
