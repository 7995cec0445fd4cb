"""The help of every command, its examples run, and the words of other tools."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from flowsync.cli.app import COMMANDS
from flowsync.cli.app import flowsync as application
from flowsync.cli.usage.help_page import EXAMPLES, SECTIONS, section
from flowsync.cli.usage.other_tools import COMMAND_WORDS, OPTION_WORDS
from tests.support.command import commit, flowsync, git
from tests.test_docs import ROOT

BEFORE = {
    "flowsync apply plan.json": ["plan --sandbox --out plan.json"],
    "flowsync rollback": ["apply --sandbox"],
}
"""What has to be done before an example."""
ANSWERS = {"flowsync delete flow_summer_sale": ["--confirm", "flow_summer_sale"]}
"""What stands in for the answer of a person."""
SERVES = ("flowsync preview", "flowsync sandbox serve", "flowsync ci")
"""Examples that run until they are interrupted, or in GitHub Actions only: their options are read."""
REFUSED = {"flowsync delete": 4}
"""It is live and on in the sandbox: what is refused, and why, belongs to the command's own tests."""


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(application)
    yield "flowsync", application
    for name in COMMANDS:
        command = application.get_command(context, name)
        assert command is not None
        yield f"flowsync {name}", command
        for inner, each in getattr(command, "commands", {}).items():
            yield f"flowsync {name} {inner}", each


ALL = dict(commands())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as one has it: this repository's flows in git, with a remote's branch, and the sandbox's account."""
    project = tmp_path_factory.mktemp("prepared")
    shutil.copytree(ROOT / "flows", project / "flows")
    git(project, "update-ref", "refs/remotes/origin/main", commit(project))
    assert flowsync("plan", "--sandbox", root=project).code == 0
    return project


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_examples_that_run(path: str, prepared: Path, tmp_path: Path) -> None:
    shown = flowsync(*path.split()[1:], "--help", root=tmp_path).out
    assert 2 <= len(EXAMPLES[path]) <= 3
    for number, (line, meaning) in enumerate(EXAMPLES[path].items()):
        assert line in shown
        assert meaning.split()[0] in shown.partition("\nExamples:")[2]
        words = shlex.split(line)[1:]
        project = tmp_path / str(number)
        shutil.copytree(prepared, project, symlinks=True)
        if line.startswith(SERVES):
            parsed(line)
            continue
        for each in next((done for start, done in BEFORE.items() if line.startswith(start)), []):
            assert flowsync(*each.split(), root=project).code == 0
        if any("--sandbox" in each.opts for each in ALL[path].params) or words == ["plan"]:
            words.append("--sandbox")
        done = flowsync(*words, *ANSWERS.get(line, []), root=project, env={"HOME": str(project), "SHELL": "/bin/bash"})
        assert done.code == REFUSED.get(path, 0), (line, done.both)


def parsed(line: str) -> click.Context:
    """What click makes of a command line, every option's value checked, without running it."""
    words = shlex.split(line)
    path = next(each for each in (" ".join(words[:count]) for count in (3, 2)) if each in ALL)
    parent = click.Context(application, info_name="flowsync", help_option_names=["-h", "--help"])
    return ALL[path].make_context(path, words[len(path.split()) :], parent=parent)


@pytest.mark.parametrize("path", ALL)
def test_options_stand_under_the_same_titles_everywhere(path: str, tmp_path: Path) -> None:
    shown = flowsync(*path.split()[1:], "--help", root=tmp_path).out
    titles = [line[:-1] for line in shown.splitlines() if line[:-1] in {"Options", *SECTIONS}]
    assert titles == [title for title in ("Options", *SECTIONS) if title in titles]
    assert titles[-1] == "Global"
    found = shown.partition("\nGlobal:")[2]
    for option in ("-C DIR", "--color WHEN", "-h, --help"):
        assert option in found


def test_no_title_lists_an_option_that_is_gone() -> None:
    options = [each for command in ALL.values() for each in command.params]
    names = {name for each in options if section(each) in SECTIONS for name in each.opts}
    assert set().union(*SECTIONS.values()) <= names | {"--help"}


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("import", "`flowsync pull --new`"),
        ("sync", "`flowsync apply`"),
        ("push", "`flowsync apply`"),
        ("deploy", "`flowsync apply`"),
        ("destroy flow_a", "`flowsync delete SLUG`"),
        ("ls", "`flowsync status`"),
        ("undo", "`flowsync rollback`"),
        ("plan --json", "Use --format json."),
        ("pull --markdown", "Use --format."),
        ("fmt --json", "one output format"),
        ("plan --env production", "Use --environment."),
        ("apply -y", "Use --yes."),
        ("plan -y", "asks nothing"),
        ("pull --yes", "asks nothing"),
        ("plan --dry-run", "writes nothing"),
        ("apply --dry-run", "`flowsync plan` shows"),
        ("rollback -n", "Use --dry-run."),
        ("apply -f", "Nothing forces all at once"),
        ("pull -f", "Use --force."),
        ("apply --auto-approve", "Use --yes."),
        ("plan --no-color", "Use --color never."),
        ("plan --key x", "FRIGADE_API_KEY"),
        ("apply --prune", "A missing file deletes nothing"),
        ("--json plan", "Name the command first, then --format."),
        ("validate --sandbox", "does not talk to the API: leave it out."),
        ("--sandbox plan", "Name the command first, then --sandbox."),
        ("plan --nonsense", "Try `flowsync plan --help`."),
        ("nonsense", "Try `flowsync --help`."),
        ("help nonsense", "Try `flowsync --help`."),
    ],
)
def test_a_word_of_another_tool_is_answered_with_the_one_that_is_meant(line: str, answer: str, tmp_path: Path) -> None:
    refused = flowsync(*line.split(), root=tmp_path)
    assert (refused.code, refused.out) == (64, "")
    assert answer in " ".join(refused.err.split())
    assert "Did you mean" not in refused.err  # what click makes of the letters would contradict the answer


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("completion show", "Missing argument 'bash|zsh|fish'. Choose from: bash, zsh, fish."),
        ("explain a b", "Got unexpected extra argument (b).\n"),
        ("apply --parallelism x", "'x' is not a whole number."),
        ("validate --explain", "Option '--explain' requires an argument.\n  hint: Try `flowsync validate --help`."),
    ],
)
def test_what_click_refuses_is_a_sentence_with_the_help_to_read(line: str, answer: str, tmp_path: Path) -> None:
    refused = flowsync(*line.split(), root=tmp_path)
    assert refused.code == 64
    assert answer in refused.err


def test_help_is_a_command_too(tmp_path: Path) -> None:
    for words, same in (
        (["help"], ["--help"]),
        (["help", "help"], ["--help"]),
        (["help", "sandbox", "serve"], ["sandbox", "serve", "--help"]),
    ):
        asked, shown = flowsync(*words, root=tmp_path), flowsync(*same, root=tmp_path)
        assert (asked.code, asked.out) == (0, shown.out)


def test_the_answers_name_commands_and_options_that_there_are() -> None:
    """And no word of theirs is one of flowsync's own, whose own meaning it would hide."""
    assert COMMAND_WORDS.keys() & COMMANDS.keys() == set()
    options = {name for command in ALL.values() for each in command.params for name in each.opts}
    assert {each.option for each in OPTION_WORDS.values()} - options <= {"", "--watch"}
    for answer in {*COMMAND_WORDS.values(), *(each.otherwise for each in OPTION_WORDS.values())}:
        for quoted in answer.split("`")[1::2]:
            words = [word for word in quoted.split() if word[0] != "-" and word.islower()]
            assert words[0] != "flowsync" or len(words) == 1 or words[1] in COMMANDS, quoted
