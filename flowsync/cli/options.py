"""Options shared by commands, and the Invocation that the global ones and those of guards fill.

The global ones may stand before or after the command's name; the later one wins.
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from flowsync.config import DEFAULT_PARALLELISM, PARALLELISM_LIMIT, SANDBOX_URL, Policy
from flowsync.errors import FlowsyncError, UsageError
from flowsync.render.escape import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from click.shell_completion import CompletionItem

    from flowsync.cli.project import Project
    from flowsync.config import Guards
    from flowsync.model import Plan

Decorated = TypeVar("Decorated", bound="Callable[..., Any]")
ALLOWED: Final[Mapping[str, Mapping[str, object]]] = {
    "many": {"max_changes": None, "max_changed_percent": None},
    "clear-targeting": {"allow_clear_targeting": True},
    "type-change": {"allow_type_change": True},
    "protected": {"allow_protected": True},
    "unsaved-plan": {"require_saved_plan": False},
    "drift": {"on_drift": Policy.OVERWRITE},
    "conflict": {"on_conflict": Policy.OVERWRITE},
}
"""What can be let past the guards by name, as replacements in Guards."""
_POLICIES: Final = {"--on-drift": "on_drift", "--on-conflict": "on_conflict"}


class Verbosity(IntEnum):
    """How much a command says besides its result."""

    QUIET = 1
    NORMAL = 2
    VERBOSE = 3


class Invocation:
    """What the global options say; filled by click while it reads the command line.

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


def _keep(name: str, value: object = None) -> Callable[[click.Context, click.Parameter, object], None]:
    """A callback that keeps in the Invocation what was given for an option, or `value` for a flag."""

    def callback(context: click.Context, _parameter: click.Parameter, given: object) -> None:
        if name == "environment" and isinstance(given, str) and not given.strip():
            # It would mean the default environment, which nobody asked for.
            raise click.BadParameter("It is empty: the variable it comes from may not be set.")
        if given is not None and given is not False:
            setattr(invocation(context), name, given if value is None else value)

    return callback


def _keep_guards(context: click.Context, parameter: click.Parameter, given: object) -> None:
    """Keep what --allow-NAME lets past the guards, or the policy that --on-drift or --on-conflict names."""
    if given:
        name = (parameter.name or "").removeprefix("allow_").replace("_", "-")
        invocation(context).guards.update(ALLOWED.get(name) or {str(parameter.name): Policy(given)})


def _all(*options: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _option(help_: str, callback: Callable[..., None], *names: str, **settings: Any) -> Callable[[Any], Any]:  # noqa: ANN401 - as click.option
    """An option whose callback keeps its value, so that no command has it as a parameter."""
    return click.option(*names, callback=callback, help=help_, expose_value=False, **settings)


_DIRECTORY: Final = click.Path(exists=True, file_okay=False, path_type=Path)
_QUIET, _VERBOSE = _keep("verbosity", Verbosity.QUIET), _keep("verbosity", Verbosity.VERBOSE)
_COLOR: Final = {"metavar": "WHEN", "type": click.Choice(["auto", "always", "never"])}
global_options = _all(
    _option("Run as if started in DIR.", _keep("directory"), "-C", "directory", metavar="DIR", type=_DIRECTORY),
    _option("Configuration file, instead of flowsync.yaml.", _keep("config"), "--config", metavar="FILE"),
    _option("Environment of flowsync.yaml to use.", _keep("environment"), "-e", "--environment", metavar="ENV"),
    _option("Only the result, and what is wrong.", _QUIET, "-q", "--quiet", is_flag=True),
    _option("Also show each step, and every warning.", _VERBOSE, "-v", "--verbose", is_flag=True),
    _option("Colour: auto (on a terminal), always, never. NO_COLOR is honoured.", _keep("color"), "--color", **_COLOR),
)
sandbox_option = click.option(
    "--sandbox",
    "in_sandbox",
    is_flag=True,
    help="Use the embedded emulator of the API instead; state in .flowsync/sandbox.db.",
)
base_option = click.option(
    "--base",
    metavar="REF",
    help="Git revision to compare with, to detect edits in the dashboard, such as origin/main.",
)
_POLICY: Final = click.Choice([policy.value for policy in Policy])
policy_options = _all(
    _option(
        "With --base: undo edits in the dashboard, keep what was edited, or refuse.",
        _keep_guards,
        "--on-drift",
        type=_POLICY,
    ),
    _option("The same for what the branch changed too.", _keep_guards, "--on-conflict", type=_POLICY),
)
_UNSAVED: Final = "Plan and apply in one, where only saved plans are allowed."
guard_options = _all(
    policy_options,
    _option("Write however many flows there are.", _keep_guards, "--allow-many", is_flag=True),
    _option("Make a live flow one for everyone.", _keep_guards, "--allow-clear-targeting", is_flag=True),
    _option("Change the type of a flow.", _keep_guards, "--allow-type-change", is_flag=True),
    _option("Write flows marked as protected.", _keep_guards, "--allow-protected", is_flag=True),
    _option(_UNSAVED, _keep_guards, "--allow-unsaved-plan", is_flag=True),
)
write_options = _all(
    click.option(
        "--yes", is_flag=True, help="Do not ask. Only a terminal is asked: in a pipeline the merge was the approval."
    ),
    click.option("--skip-blocked", is_flag=True, help="Write the rest when some flows are blocked."),
    click.option(
        "--parallelism",
        metavar="N",
        type=click.IntRange(1, PARALLELISM_LIMIT),
        help=f"How many flows are in flight at once, 1 to {PARALLELISM_LIMIT}; "
        f"{DEFAULT_PARALLELISM} unless flowsync.yaml says otherwise.",
    ),
)
"""What apply and rollback share."""


def format_option(
    formats: Iterable[str], default: str = "text", help_: str = "Form of the result."
) -> Callable[[Decorated], Decorated]:
    """--format, one of `formats`."""
    return click.option("--format", "format_", type=click.Choice(list(formats)), default=default, help=help_)


def complete_slugs(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What a shell offers for a slug: files first, as it completes them itself, then the slugs of the flow files.

    None where they cannot be found, for nobody reads an error while completing.
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


def require_base(given: Invocation, base: str | None, hint: str = "For example --base origin/main.") -> None:
    """Raise UsageError where edits in the dashboard are to be kept or refused, and no base shows them."""
    for flag, part in _POLICIES.items():
        policy = given.guards.get(part, Policy.OVERWRITE)
        if base is None and policy is not Policy.OVERWRITE:
            message = f"{flag} {policy.value} needs --base: without it edits in the dashboard cannot be detected."
            raise UsageError(message, hint=hint)


def policy_words(given: Invocation, base: str | None) -> list[str]:
    """--base, --on-drift and --on-conflict as they were given on this command line, for another one."""
    stated = {"--base": base} | {
        flag: given.guards[part].value for flag, part in _POLICIES.items() if part in given.guards
    }
    return [word for flag, value in stated.items() if value is not None for word in (flag, value)]


def guards_allowing(project: Project, names: Iterable[str]) -> Guards:
    """The project's guards with what these names of ALLOWED let past them."""
    replaced = {part: value for name in names for part, value in ALLOWED[name].items()}
    return replace(project.settings.guards, **replaced)  # type: ignore[arg-type]  # ALLOWED holds parts of Guards


def command_line(words: Iterable[str], made: Plan, given: Invocation) -> str:
    """`flowsync` and `words`, for the same folder, configuration, environment and API as the plan `made`.

    Quoted for a shell, and inert: whoever writes flowsync.yaml chooses the names in it.
    """
    folder = ["-C", str(given.directory)] if given.directory != Path() else []
    config = ["--config", given.config] if given.config is not None else []
    environment = ["-e", made.environment] if made.environment is not None else []
    api = ["--sandbox"] if made.api_url == SANDBOX_URL else []
    return shown(shlex.join(["flowsync", *words, *folder, *config, *environment, *api]))
