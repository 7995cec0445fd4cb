"""Options shared by commands, and the Invocation they add up to.

The global ones may stand before or after the command's name; the later one wins.
"""

from __future__ import annotations

import re
import shlex
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from flowsync.config import SANDBOX_URL
from flowsync.errors import FlowsyncError
from flowsync.render.escape import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.shell_completion import CompletionItem

    from flowsync.model import Plan

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")


class Verbosity(Enum):
    """How much a command tells beside its result."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


class ColorChoice(Enum):
    """When output is coloured."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Api(Enum):
    """Which API a command talks to."""

    REAL = "real"
    SANDBOX = "sandbox"


class Invocation:
    """What the global options say; filled by click while it reads the command line."""

    def __init__(self) -> None:
        self.directory = Path()
        self.config: str | None = None
        self.environment: str | None = None
        self.verbosity = Verbosity.NORMAL
        self.color = ColorChoice.AUTO


def invocation(context: click.Context) -> Invocation:
    """The Invocation of this command line."""
    return context.find_root().ensure_object(Invocation)


def _remember(name: str) -> Callable[[click.Context, click.Parameter, object], None]:
    """A callback that keeps an option's value, where the option was given."""

    def callback(context: click.Context, _parameter: click.Parameter, value: object) -> None:
        if value is not None:
            setattr(invocation(context), name, value)

    return callback


def _remember_environment(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    """Keep the name; an empty one would stand for the default environment, which nobody asked for."""
    if value is not None and not value.strip():
        raise click.BadParameter("It is empty: the variable it comes from may not be set.")
    if value is not None:
        invocation(context).environment = value


def _remember_color(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        invocation(context).color = ColorChoice(value)


_GLOBAL: Final = (
    click.option(
        "-C",
        "directory",
        metavar="DIR",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        expose_value=False,
        callback=_remember("directory"),
        help="Run as if started in DIR.",
    ),
    click.option(
        "--config",
        metavar="FILE",
        expose_value=False,
        callback=_remember("config"),
        help="Configuration file, instead of flowsync.yaml.",
    ),
    click.option(
        "-e",
        "--environment",
        metavar="ENV",
        expose_value=False,
        callback=_remember_environment,
        help="Environment of flowsync.yaml to use.",
    ),
    click.option(
        "-q",
        "--quiet",
        "quiet",
        flag_value=Verbosity.QUIET,
        type=click.UNPROCESSED,
        default=None,
        expose_value=False,
        callback=_remember("verbosity"),
        help="Only the result, and what is wrong.",
    ),
    click.option(
        "-v",
        "--verbose",
        "verbose",
        flag_value=Verbosity.VERBOSE,
        type=click.UNPROCESSED,
        default=None,
        expose_value=False,
        callback=_remember("verbosity"),
        help="Also tell each step, and every warning.",
    ),
    click.option(
        "--color",
        metavar="WHEN",
        type=click.Choice([choice.value for choice in ColorChoice]),
        expose_value=False,
        callback=_remember_color,
        help="Colour: auto (on a terminal), always, never. NO_COLOR is honoured.",
    ),
)


def global_options(command: Decorated) -> Decorated:
    """-C, --config, -e, -q, -v and --color."""
    for option in reversed(_GLOBAL):
        command = option(command)
    return command


sandbox_option = click.option(
    "--sandbox",
    "api",
    flag_value=Api.SANDBOX,
    default=Api.REAL,
    type=click.UNPROCESSED,
    help="Use the embedded emulator of the API instead; state in .flowsync/sandbox.db.",
)


def complete_slugs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a slug: files first, as it completes them itself, then the slugs of the flow files."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell that completes needs it

    slugs = [slug for slug in _slugs(invocation(context)) if slug.startswith(incomplete)]
    return [CompletionItem(incomplete, type="file"), *map(CompletionItem, slugs)]


def _slugs(given: Invocation) -> list[str]:
    """The slugs of the flow files; none where they cannot be found, for nobody reads an error while completing."""
    from flowsync.cli.project import open_project  # noqa: PLC0415 - as above
    from flowsync.flows.files import FlowFile  # noqa: PLC0415 - as above

    try:
        return [each.slug for each in open_project(given).flow_files() if isinstance(each, FlowFile)]
    except (FlowsyncError, OSError):
        return []


slugs_argument = click.argument("slugs", nargs=-1, metavar="[SLUG]...", shell_complete=complete_slugs)


_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


def seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """Seconds, from a text such as 50ms, 2s or 1m; a plain number is seconds. A callback for an option."""
    match = _DURATION.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a length of time such as 50ms, 2s or 1m.")
    return float(match[1]) * _UNITS[match[2]]


def command_line(words: Iterable[str], made: Plan, given: Invocation) -> str:
    """`flowsync` and `words`, for the same folder, configuration, environment and API as the plan `made`.

    Quoted for a shell, and inert: whoever writes flowsync.yaml chooses the names in it.
    """
    folder = ["-C", str(given.directory)] if given.directory != Path() else []
    config = ["--config", given.config] if given.config is not None else []
    environment = ["-e", made.environment] if made.environment is not None else []
    api = ["--sandbox"] if made.api_url == SANDBOX_URL else []
    return shown(shlex.join(["flowsync", *words, *folder, *config, *environment, *api]))
