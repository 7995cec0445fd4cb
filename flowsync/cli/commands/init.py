"""flowsync init: the files that a project starts with, which of them to write, and which exist."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Final

import click

from flowsync import config, document, git, templates, validate
from flowsync.cli.organization import organization_of
from flowsync.cli.output import (
    NOTHING_WRITTEN,
    ask,
    screen_of_stderr,
    screen_of_stdout,
    write_note,
    write_result,
    write_sentence,
)
from flowsync.cli.project import CONFIG_SCHEMA_FILE, SCHEMA_FILE, STATE_IGNORES, Project, open_here
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import global_options
from flowsync.document.editing import edited
from flowsync.errors import DeclinedError, DocumentError, FlowsyncError
from flowsync.model import JsonValue, Problem
from flowsync.render.pulls import FileState, StartFile, files, steps
from flowsync.templates import PLACEHOLDER, Action
from flowsync.workspace import MOST_READ

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.git import Origin

_HOST: Final = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?([^:/]+)")
_IGNORED: Final = ("plan.json", ".env")
"""A saved plan holds live texts, and .env is where people keep keys."""
_IGNORES: Final = "\n".join(["# Saved plans hold live texts, and keys belong in the environment only.", *_IGNORED, ""])
_SHARED: Final = (f"!{SCHEMA_FILE}", f"!{CONFIG_SCHEMA_FILE}")
_HOOK: Final = "flowsync-"
_PRE_COMMIT: Final = ".pre-commit-config.yaml"
_BELOW_THE_TOP: Final = "it is read at the top of the repository only, which is not here"


class Hosting(Enum):
    """Where a repository lives."""

    GITHUB = "on GitHub"
    ELSEWHERE = "not on GitHub"
    UNKNOWN = "nobody knows"


@click.command("init", cls=Command)
@click.option(
    "--github",
    "wanted",
    flag_value=Hosting.GITHUB,
    default=Hosting.UNKNOWN,
    type=click.UNPROCESSED,
    help="Write the GitHub workflows, whatever the remote is.",
)
@click.option("--no-github", "wanted", flag_value=Hosting.ELSEWHERE, type=click.UNPROCESSED, help="Write no workflows.")
@click.option("--yes", is_flag=True, help="Do not ask; without a remote, write the workflows.")
@global_options
@click.pass_context
def command(context: click.Context, *, wanted: Hosting, yes: bool) -> None:
    """Set up a project here: flowsync.yaml, schemas, an example flow, and files for git, pre-commit and GitHub.

    Existing files are kept. Every file is listed, and running the command again changes nothing.
    """
    project = open_here(context)
    given = project.given
    origin = git.origin(project.home)
    action = templates.this_action()
    place = hosting(origin) if wanted is Hosting.UNKNOWN else wanted
    if place is Hosting.UNKNOWN and not yes and sys.stdin.isatty():
        answer = ask("Write workflows for GitHub? [Y/n] ")
        if answer is None:
            raise DeclinedError(NOTHING_WRITTEN, hint="--github and --no-github answer the question.")
        place = Hosting.ELSEWHERE if answer in {"n", "no"} else Hosting.GITHUB
    settings = config.config_path(given.directory, given.config)
    configuration = settings or templates.configuration(_organization(project))
    done = [_write(file, project) for file in start_files(project, configuration, origin, action, place)]
    write_result(files(done, screen_of_stdout(given)))
    commands, advice = list(next_steps(project, origin)), list(setup_advice(done, action))
    write_note(steps(commands, advice, screen_of_stderr(given)), given)


def _organization(project: Project) -> int | None:
    """The organization of the available private key; None, with a note, if it cannot be read."""
    try:
        return organization_of(project)
    except FlowsyncError as error:
        write_sentence(f"The organization of the key is not known: {error.message}", project.given)
        return None


def _write(file: StartFile, project: Project) -> StartFile:
    path = project.base / file.name
    if file.state is FileState.EXTENDED:
        project.replace(path, file.text)
    if file.state is FileState.CREATED and not project.create(path, file.text):
        return replace(file, state=FileState.KEPT)
    return file


def hosting(origin: Origin | None) -> Hosting:
    """Where a repository lives, by the address of its remote; UNKNOWN without one."""
    host = _HOST.match(origin.url) if origin is not None and origin.url else None
    if host is None:
        return Hosting.UNKNOWN
    return Hosting.GITHUB if "github" in host[1].lower() else Hosting.ELSEWHERE


def start_files(
    project: Project, configuration: Path | str, origin: Origin | None, action: Action, place: Hosting
) -> Iterator[StartFile]:
    """Every file that a project starts with, in the order in which people look at them.

    `configuration` is the configuration file that was read; the text of a new one if there is none.
    """
    if isinstance(configuration, str):
        yield _new(project, "flowsync.yaml", configuration)
    else:
        yield StartFile(project.name(configuration), FileState.KEPT, "")
    yield _schema(project, SCHEMA_FILE, validate.schema_text("flow"), "flowsync schema")
    yield _schema(project, CONFIG_SCHEMA_FILE, config.schema_text(), "flowsync schema config")
    yield _ignores(project, f"{project.state.name}/.gitignore", STATE_IGNORES, _SHARED)
    if all(isinstance(each, Problem) and each.code == "no-flows" for each in project.flow_files()):
        name = f"{project.settings.flows}/{templates.EXAMPLE}.yaml"
        yield _new(project, name, f"{project.modeline(project.home / name)}{templates.example()}")
    yield _ignores(project, ".gitignore", _IGNORES, _IGNORED)
    is_top = not git.prefix(project.home)
    yield _pre_commit(project, action) if is_top else _below_the_top(project, _PRE_COMMIT)
    if place is Hosting.ELSEWHERE:
        return
    if not is_top:
        yield _below_the_top(project, templates.FOLDER)
        return
    branch = origin.branch if origin is not None else None
    for name, text in (templates.workflows(action, branch) if branch else templates.workflows(action)).items():
        yield _new(project, name, text)


def _new(project: Project, name: str, text: str) -> StartFile:
    path = project.home / name
    state = FileState.KEPT if os.path.lexists(path) else FileState.CREATED
    return StartFile(project.name(path), state, text)


def _below_the_top(project: Project, name: str) -> StartFile:
    return StartFile(project.name(project.home / name), FileState.BY_HAND, "", _BELOW_THE_TOP)


def _schema(project: Project, name: str, text: str, command: str) -> StartFile:
    """A schema; one of another version is kept, and the note says how to renew it."""
    file = _new(project, f"{project.state.name}/{name}", text)
    if file.state is FileState.KEPT and _text(project, file.name) != text:
        return replace(file, note=f"of another version; renew it: {command} > {file.name}")
    return file


def _text(project: Project, name: str) -> str | None:
    try:
        return document.decode(project.workspace.read(project.base / name, MOST_READ), name)
    except (OSError, DocumentError):
        return None


def _ignores(project: Project, name: str, whole: str, needed: Sequence[str]) -> StartFile:
    file = _new(project, name, whole)
    if file.state is FileState.CREATED:
        return file
    before = _text(project, file.name)
    if before is None:
        return StartFile(file.name, FileState.BY_HAND, whole, "it cannot be read; it should hold")
    missing = [line for line in needed if line not in {each.strip().removeprefix("/") for each in before.split("\n")}]
    if not missing:
        return file
    end = "" if before.endswith("\n") or not before else "\n"
    return StartFile(file.name, FileState.EXTENDED, before + end + "\n".join([*missing, ""]), ", ".join(missing))


def _pre_commit(project: Project, action: Action) -> StartFile:
    """The hooks of flowsync's own repository if its address is known: they check flows/. Else local ones."""
    fits = action != PLACEHOLDER and project.settings.flows == "flows"
    text = templates.pre_commit(action) if fits else _local_hooks(project)
    file = _new(project, _PRE_COMMIT, text)
    before = _text(project, file.name)
    if file.state is FileState.CREATED or (before is not None and _HOOK in before):
        return file
    extended = None if before is None else _with_hooks(before, text)
    if extended is not None:
        return StartFile(file.name, FileState.EXTENDED, extended, "flowsync-fmt, flowsync-validate")
    return StartFile(file.name, FileState.BY_HAND, text, "its hooks go below `repos:`")


def _local_hooks(project: Project) -> str:
    """Hooks that run the flowsync that is installed."""
    flows = re.escape(project.settings.flows).replace(r"\-", "-")
    patterns = {"fmt": rf"^{flows}/.*\.ya?ml$", "validate": rf"^({flows}/|flowsync\.ya?ml$)"}
    hooks: list[JsonValue] = [
        {
            "id": f"{_HOOK}{command}",
            "name": f"flowsync {command}",
            "entry": f"flowsync {command}",
            "language": "system",
            "files": pattern,
            "pass_filenames": False,
        }
        for command, pattern in patterns.items()
    ]
    value: JsonValue = {"repos": [{"repo": "local", "hooks": hooks}]}
    return f"# Runs before each commit; `pre-commit install` once in every clone.\n{document.dump(value)}"


def _with_hooks(before: str, ours: str) -> str | None:
    """The pre-commit configuration with our repository added at its end; None if more of it would change."""
    try:
        value, added = document.parse(before).value, document.parse(ours).value
    except DocumentError:
        return None
    if not isinstance(value, dict) or not isinstance(added, dict):
        return None
    repositories, more = value.get("repos"), added["repos"]
    if not isinstance(repositories, list) or not isinstance(more, list):
        return None
    after = edited(before, {**value, "repos": [*repositories, *more]})
    return None if after.rewritten else after.text


def next_steps(project: Project, origin: Origin | None) -> Iterator[tuple[str, str]]:
    """Commands to run next, each with its purpose."""
    if origin is None:
        yield "git init", "makes this folder a repository"
    yield "flowsync validate", "checks the files, offline"
    yield "flowsync plan --sandbox", "shows what a plan looks like, without a key"
    yield "flowsync apply --sandbox", "carries it out there, and says how to put it back"
    variables = " or ".join(name for name in reversed(project.settings.key_variables) if name is not None)
    once = f", once {variables} holds a key" if variables else ""
    yield "flowsync pull --new", f"brings in your own flows{once}"


def setup_advice(files: Sequence[StartFile], action: Action) -> Iterator[str]:
    """Steps that only people can do, for the files that were written."""
    written = {file.name.rpartition("/")[2] for file in files if file.state in {FileState.CREATED, FileState.EXTENDED}}
    if f"{templates.EXAMPLE}.yaml" in written:
        yield f"{templates.EXAMPLE} is only to look at: delete it once your own flows are here."
    if _PRE_COMMIT in written:
        yield "`pre-commit install` lets git check each commit, once in every clone; `pip install pre-commit` has it."
    if not any(name.startswith("flowsync-") for name in written):
        return
    yield "The workflows say at their top which variable and which secret they need in the settings of the repository."
    if action == PLACEHOLDER:
        yield (
            f"This installation does not know where it came from: in the workflows replace {PLACEHOLDER.uses} by the "
            "repository and commit of flowsync that you use."
        )
