"""flowsync show: one version of a flow as a flow file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from flowsync.cli.commands.pull import in_form, judge_of
from flowsync.cli.connection import Purpose
from flowsync.cli.output import screen_of_stdout, write_result, write_sentence
from flowsync.cli.project import open_project, refuse_keys
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, sandbox_option, slug_argument
from flowsync.cli.versions import (
    connect_to,
    file_of,
    hidden_versions,
    named_version,
    one_slug,
    one_version,
    read_versions,
    target_of,
)
from flowsync.errors import UsageError
from flowsync.flows.files import FlowFile
from flowsync.pull.new_files import name_complaint, new_file
from flowsync.render.versions import history as words
from flowsync.render.versions.sides import facts
from flowsync.versions.sides import Kind, Side

if TYPE_CHECKING:
    from flowsync.cli.project import Project
    from flowsync.model import LiveFlow
    from flowsync.pull.results import NewFile

_FORMATS: Final = ("text", "json")


@click.command("show", cls=Command)
@slug_argument
@click.option("--version", "version", metavar="N", type=click.IntRange(0), help="Version N, archived or not.")
@click.option("--draft", is_flag=True, help="The draft.")
@click.option("--live", is_flag=True, help="The published version.")
@format_option(_FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slug: str,
    version: int | None,
    draft: bool,
    live: bool,
    format_: str,
    in_sandbox: bool,
) -> None:
    """Print one version of a flow as a flow file: without an option the one that apply would write.

    SLUG is the flow's slug, or the path of its file. Fields that no file may hold are named on stderr.
    """
    project = open_project(context)
    given = project.given
    slug = one_slug(project, slug)
    side = _side(version, draft=draft, live=live)
    file = file_of(project, slug) if side.kind is Kind.TARGET else None
    with connect_to(project, Purpose.READ, in_sandbox=in_sandbox) as connection:
        known = named_version(connection, slug, side, read_versions(connection, slug))
        notes = hidden_versions(connection, known)
    row, content = one_version(slug, side, known, target_of(project, file))
    made = _file(project, row, file.file if file else None)
    refuse_keys(made.text, made.file.name)
    if format_ == "json":
        write_result(words.file_json(made, row, content.observed, connection.place))
    else:
        write_result(words.file_text(made, screen_of_stdout(given)))
    write_sentence(f"{slug}: {facts(content)}", given)
    missing = (f"{each.field} is left out: {each.message}" for each in made.left_out)
    for note in filter(None, (*notes, made.note, *missing)):
        write_sentence(note, given)


def _side(version: int | None, *, draft: bool, live: bool) -> Side:
    named = [
        *([Side(Kind.VERSION, version=version)] if version is not None else []),
        *([Side(Kind.DRAFT)] if draft else []),
        *([Side(Kind.LIVE)] if live else []),
    ]
    if len(named) > 1:
        raise UsageError("Only one of --version, --draft and --live can be shown at a time.")
    return named[0] if named else Side(Kind.TARGET)


def _file(project: Project, row: LiveFlow, name: str | None) -> NewFile:
    """The file that pull would write for a row."""
    complaint = name_complaint(row.slug)
    file = f"{project.flows_directory}/{'flow' if complaint else row.slug}.yaml" if name is None else name
    note = f"Its slug cannot be the name of a file: {complaint}." if complaint else None
    path = project.base / file
    made = new_file(row, FlowFile(path, file), project.modeline(path), judge_of(project), note)
    return replace(made, text=in_form(made.text, file))
