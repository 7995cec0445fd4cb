"""Options shared by commands, and the Invocation that the global ones fill.

The global ones may come before or after the command's name; the later one wins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from flowsync.errors import FlowsyncError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


class Verbosity(IntEnum):
    """How much a command prints besides its result."""

    QUIET = 1
    NORMAL = 2
    VERBOSE = 3


class Invocation:
    """The values of the global options; click fills it while it reads the command line.

    `color` is auto, always or never; `guards` are replacements in the project's Guards.
    """

    def __init__(self) -> None:
        self.directory = Path()
        self.config: str | None = None
        self.environment: str | None = None
        self.verbosity = Verbosity.NORMAL
        self.color = "auto"
        self.guards: dict[str, Any] = {}


def invocation(context: click.Context) -> Invocation:
    """The Invocation of this command line."""
    return context.find_root().ensure_object(Invocation)


def _keep(name: str) -> Callable[[click.Context, click.Parameter, object], None]:
    """A callback that stores an option's value in the Invocation."""

    def callback(context: click.Context, _parameter: click.Parameter, given: object) -> None:
        if name == "environment" and isinstance(given, str) and not given.strip():
            # It would mean the default environment, which nobody asked for.
            raise click.BadParameter("It is empty: the variable it comes from may not be set.")
        if given is not None and given is not False:
            setattr(invocation(context), name, given)

    return callback


def _keep_verbosity(verbosity: Verbosity) -> Callable[[click.Context, click.Parameter, bool], None]:
    """A callback that stores the verbosity of a flag, and refuses the opposite flag."""

    def callback(context: click.Context, _parameter: click.Parameter, is_given: bool) -> None:  # noqa: FBT001 - click's
        if not is_given or context.resilient_parsing:
            return
        given = invocation(context)
        if given.verbosity not in {Verbosity.NORMAL, verbosity}:
            raise UsageError("--quiet and --verbose are opposites.", hint="Give one of them.")
        given.verbosity = verbosity

    return callback


def combined(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    """Several options as one decorator, in the order of the help."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def kept_option(help_: str, callback: Callable[..., None], *names: str, **settings: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - as click.option
    """An option whose callback keeps its value, so that no command has it as a parameter."""
    return click.option(*names, callback=callback, help=help_, expose_value=False, **settings)


_DIRECTORY: Final = click.Path(exists=True, file_okay=False, path_type=Path)
_QUIET, _VERBOSE = _keep_verbosity(Verbosity.QUIET), _keep_verbosity(Verbosity.VERBOSE)
_COLOR: Final = {"metavar": "WHEN", "type": click.Choice(["auto", "always", "never"])}
global_options = combined(
    kept_option("Run as if started in DIR.", _keep("directory"), "-C", "directory", metavar="DIR", type=_DIRECTORY),
    kept_option("Configuration file, instead of flowsync.yaml.", _keep("config"), "--config", metavar="FILE"),
    kept_option("Environment of flowsync.yaml to use.", _keep("environment"), "-e", "--environment", metavar="ENV"),
    kept_option("Show only the result and errors.", _QUIET, "-q", "--quiet", is_flag=True),
    kept_option(
        "Show all details, and on stderr each step: configuration, key, base, requests.",
        _VERBOSE,
        "-v",
        "--verbose",
        is_flag=True,
    ),
    kept_option(
        "Colour: auto (on a terminal), always, never. NO_COLOR is honoured.", _keep("color"), "--color", **_COLOR
    ),
)
sandbox_option = click.option(
    "--sandbox",
    "in_sandbox",
    is_flag=True,
    help="Use the embedded emulator of the API instead; state in .flowsync/sandbox.db.",
)
port_option = click.option(
    "--port", default=0, metavar="N", type=click.IntRange(0, 65535), help="Port on this machine; 0 picks a free one."
)
base_option = click.option(
    "--base",
    metavar="REF",
    help="Git revision to compare with, such as origin/main, to detect edits made in the dashboard.",
)


def format_option(
    formats: Iterable[str], default: str = "text", help_: str = "Output format."
) -> Callable[[Decorated], Decorated]:
    """--format, one of `formats`."""
    return click.option("--format", "format_", type=click.Choice(list(formats)), default=default, help=help_)


def complete_slugs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Completions for a slug: files first, as the shell completes them, then the slugs of the flow files.

    None if they cannot be found, because nobody reads an error while completing.
    """
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell that completes needs it

    from flowsync.cli.project import open_project  # noqa: PLC0415 - as above
    from flowsync.flows.files import FlowFile  # noqa: PLC0415 - as above

    try:
        found = [each.slug for each in open_project(context).flow_files() if isinstance(each, FlowFile)]
    except (FlowsyncError, OSError):
        found = []
    slugs = [slug for slug in found if slug.startswith(incomplete)]
    return [CompletionItem(incomplete, type="file"), *map(CompletionItem, slugs)]


slugs_argument = click.argument("slugs", nargs=-1, metavar="[SLUG]...", shell_complete=complete_slugs)
"""Any number of slugs, globs or paths of flow files."""
slug_argument = click.argument("slug", metavar="SLUG", shell_complete=complete_slugs)
"""One slug, or the path of a flow file."""
