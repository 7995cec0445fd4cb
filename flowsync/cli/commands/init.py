"""flowsync init."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

import click

from flowsync import config, templates
from flowsync.cli.opening import open_project
from flowsync.cli.options import global_options, invocation
from flowsync.cli.output import answer_of_terminal, screen_of_stderr, screen_of_stdout, write_note, write_result
from flowsync.cli.writing import create_text, replace_text
from flowsync.errors import FlowsyncError
from flowsync.git import origin as git_origin
from flowsync.model import FileState
from flowsync.pipeline.starting import Hosting, hosting, next_steps, start_files
from flowsync.pipeline.starting import advice as advice_for
from flowsync.render import starting

if TYPE_CHECKING:
    from flowsync.model import StartFile
    from flowsync.pipeline.project import Project


class Questions(Enum):
    """Whether a terminal is asked what nothing else tells."""

    ASK = "ask"
    NONE = "none"


@click.command("init")
@click.option(
    "--github",
    "wanted",
    flag_value=Hosting.GITHUB,
    default=Hosting.UNKNOWN,
    type=click.UNPROCESSED,
    help="Write the workflows for GitHub, whatever the remote is.",
)
@click.option(
    "--no-github",
    "wanted",
    flag_value=Hosting.ELSEWHERE,
    type=click.UNPROCESSED,
    help="Write no workflows.",
)
@click.option(
    "--yes",
    "questions",
    flag_value=Questions.NONE,
    default=Questions.ASK,
    type=click.UNPROCESSED,
    help="Ask nothing: without a remote the workflows are written.",
)
@global_options
@click.pass_context
def command(context: click.Context, wanted: Hosting, questions: Questions) -> None:
    """Set up a project here: flowsync.yaml, the schemas, a flow to look at, and what git, pre-commit and GitHub need.

    Nothing that is there is overwritten; each file is told, and running it again changes nothing.
    """
    given = invocation(context)
    project = open_project(given)
    origin = git_origin(project.home)
    action = templates.this_action()
    place = _place(wanted, hosting(origin), questions)
    settings = config.config_path(given.directory, given.config)
    wanted_files = start_files(project, settings, origin, action, place)
    done = [_carried_out(file, project) for file in wanted_files]
    write_result(starting.files(done, screen_of_stdout(given)))
    commands, advice = list(next_steps(project, origin)), list(advice_for(done, action))
    write_note(starting.steps(commands, advice, screen_of_stderr(given)), given)


def _place(wanted: Hosting, known: Hosting, questions: Questions) -> Hosting:
    """Where the repository lives: as the command line says, as its remote says, as a person says; else on GitHub."""
    decided = known if wanted is Hosting.UNKNOWN else wanted
    if decided is not Hosting.UNKNOWN or questions is Questions.NONE or not sys.stdin.isatty():
        return decided
    sys.stderr.write("Will this repository live on GitHub? Then workflows are written for it. [Y/n] ")
    sys.stderr.flush()
    answer = answer_of_terminal()
    if answer is None:
        raise FlowsyncError("No answer: nothing was written.", hint="--github and --no-github answer it too.")
    return Hosting.ELSEWHERE if answer in {"n", "no"} else Hosting.GITHUB


def _carried_out(file: StartFile, project: Project) -> StartFile:
    path = project.base / file.name
    if file.state is FileState.EXTENDED:
        replace_text(path, file.text, file.name, project.workspace)
    if file.state is FileState.CREATED and not create_text(path, file.text, file.name, project.workspace):
        return replace(file, state=FileState.KEPT)
    return file
