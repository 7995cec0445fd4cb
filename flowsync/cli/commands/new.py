"""flowsync new: a flow file to start from."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

import click

from flowsync import document, templates, validate
from flowsync.cli.output import (
    NOTHING_WRITTEN,
    ask,
    screen_of_stderr,
    screen_of_stdout,
    write_note,
    write_result,
    write_sentence,
)
from flowsync.cli.project import SCHEMA_FILE, Project, open_project
from flowsync.cli.records import place_meant
from flowsync.cli.usage.guards import command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import Invocation, Verbosity, global_options
from flowsync.errors import DeclinedError, UsageError
from flowsync.flows.files import ENDINGS, FlowFile
from flowsync.plan.creating import near_slugs
from flowsync.pull.new_files import folded, name_complaint
from flowsync.render.pulls import FileState, StartFile, files, steps
from flowsync.text import closest, excerpt
from flowsync.validate.view import FLOW_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_USUAL_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")
_BEGINNING: Final = "flow_"


@click.command("new", cls=Command)
@click.argument("slug")
@click.option(
    "--type",
    "type_",
    metavar="TYPE",
    type=click.Choice(FLOW_TYPES, case_sensitive=False),
    help=f"Type of the flow: {', '.join(FLOW_TYPES)}. If it is left out, a terminal is asked.",
)
@click.option("--name", metavar="NAME", help="Name of the flow in the dashboard; derived from SLUG if left out.")
@global_options
@click.pass_context
def command(context: click.Context, *, slug: str, type_: str | None, name: str | None) -> None:
    """Write a flow file to start from: flows/SLUG.yaml, switched off, with steps and tests that fit the type.

    Existing files are kept, and the API is not called: `flowsync plan` shows whether a flow with this slug is live.
    """
    project = open_project(context)
    given = project.given
    known = [each for each in project.flow_files() if isinstance(each, FlowFile)]
    slug = _checked(slug, known, project)
    name = _default_name(slug) if name is None else name.strip()
    if not name:
        raise UsageError("The name is empty.", hint="Leave --name out for one that is made of the slug.")
    chosen = type_ or _asked(given)
    path = project.home / project.settings.flows / f"{slug}.yaml"
    if not project.create(path, project.modeline(path) + templates.new_flow(chosen, document.dump({"name": name}))):
        raise UsageError(f"{project.name(path)} is there already.", hint="Nothing was written.")
    project.prepare_state()
    project.create(project.state / SCHEMA_FILE, validate.schema_text("flow"))
    for remark in _remarks(slug, [each.slug for each in known]):
        write_sentence(remark, given)
    done = StartFile(project.name(path), FileState.CREATED, "")
    write_result(files([done], screen_of_stdout(given)))
    write_note(steps(list(_next_steps(slug, project)), [], screen_of_stderr(given)), given)


def _checked(given: str, known: Sequence[FlowFile], project: Project) -> str:
    """The slug, taken from a path if one is given.

    Raises UsageError if it cannot be one, or has a file.
    """
    flows = project.flows_directory.removeprefix("./")
    slug = given.replace("\\", "/").removeprefix("./").removeprefix(f"{flows}/")
    slug = next((slug.removesuffix(ending) for ending in ENDINGS if slug.endswith(ending)), slug)
    complaint = name_complaint(slug) if _USUAL_SLUG.fullmatch(slug) else "it holds unusual characters"
    if complaint is not None:
        hint = "Slugs are made of letters, digits, _ and -, such as flow_welcome."
        raise UsageError(f"{excerpt(given) or 'Nothing'} cannot be a slug: {complaint}.", hint=hint)
    same = next((each for each in known if folded(each.slug) == folded(slug)), None)
    if same is not None:
        raise UsageError(f"{same.name} is there already.", hint="Nothing was written. Choose another slug.")
    return slug


def _default_name(slug: str) -> str:
    words = slug.removeprefix(_BEGINNING).replace("_", " ").replace("-", " ").strip() or slug
    return words[:1].upper() + words[1:]


def _asked(given: Invocation) -> str:
    """The type that the person at the terminal chooses. Raises UsageError if there is no terminal, or no such type."""
    names = ", ".join(FLOW_TYPES)
    if not sys.stdin.isatty():
        raise UsageError("Which type of flow? Name it with --type.", hint=f"The types are {names}.")
    write_sentence(f"The types are {names}.", given, Verbosity.QUIET)
    answer = ask("Which type of flow? ")
    if answer is None:
        raise DeclinedError(NOTHING_WRITTEN, hint="--type names the type without a question.")
    if answer.upper() not in FLOW_TYPES:
        close = closest(answer.upper(), FLOW_TYPES)
        question = f" Did you mean {close}?" if close else ""
        raise UsageError(f"{excerpt(answer)} is not a type of flow.{question}", hint=f"The types are {names}.")
    return answer.upper()


def _remarks(slug: str, known: Sequence[str]) -> Iterator[str]:
    """Warnings before the flow is created: it cannot be renamed afterwards."""
    if not slug.startswith(_BEGINNING):
        yield (
            f"warning: {slug} does not begin with {_BEGINNING}. The server replaces a slug that it "
            f"finds malformed, and its rule is not known: {_BEGINNING}{slug} is safe."
        )
    close = near_slugs(known)(slug)
    if close is not None:
        yield f"note: There is a file for {close} too, which is nearly the same slug."


def _next_steps(slug: str, project: Project) -> Iterator[tuple[str, str]]:
    """Commands to run next, each with its purpose."""
    place = place_meant(project, in_sandbox=False)
    yield command_line(["validate", slug], place, project.given), "checks the file, offline"
    yield command_line(["preview", slug], place, project.given), "shows it as users see it"
    yield command_line(["plan", slug], place, project.given), "shows what applying it would do"
