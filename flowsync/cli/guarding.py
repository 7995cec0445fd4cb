"""The plan of the files as they are, as plan and apply make it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from flowsync import lock
from flowsync.cli.connection import fetch, prepare_state
from flowsync.cli.files import check_references, load_selection, read_base
from flowsync.cli.options import Api
from flowsync.cli.output import write_sentence, write_warnings
from flowsync.cli.planning import make_plan
from flowsync.config import Policy, place_of
from flowsync.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.cli.connection import Connection
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.config import Guards
    from flowsync.model import Flow, Plan


def fresh_plan(
    project: Project,
    connect: Callable[[Sequence[Flow]], Connection],
    slugs: Sequence[str],
    given: Invocation,
    *,
    base: str | None,
    allowed: Guards,
) -> tuple[Plan, Connection]:
    """Load the files, read what is live, compare (with the revision `base` too), and tell every warning on the way.

    No guard has judged it yet. Raises what keeps it from being made; what is wrong with files or `base` comes first.
    """
    selection = load_selection(project, slugs)
    write_warnings(selection.warnings, project, given)
    compared_with = None if base is None else read_base(project, selection.flows, base)
    connection = connect(selection.flows)
    listing = fetch(connection, selection.flows, given)
    write_warnings(check_references(project, selection, listing), project, given)
    made = make_plan(
        project, selection, listing, connection.api_url, access=connection.access, base=compared_with, guards=allowed
    )
    return made, connection


Decorated = TypeVar("Decorated", bound="Callable[..., Any]")

_ALLOWED: Final = "flowsync.guards"
"""Where click keeps what the options of a command line allow, as replacements in Guards."""


def _allowance(flag: str, help_: str, allowed: Mapping[str, object]) -> Callable[[Decorated], Decorated]:
    """Return an option that replaces parts of the Guards."""

    def remember(context: click.Context, _parameter: click.Parameter, given: object) -> None:
        if given:
            context.meta.setdefault(_ALLOWED, {}).update(allowed)

    return click.option(flag, is_flag=True, expose_value=False, callback=remember, help=help_)


def _policy(flag: str, part: str, help_: str) -> Callable[[Decorated], Decorated]:
    def remember(context: click.Context, _parameter: click.Parameter, given: str | None) -> None:
        if given is not None:
            context.meta.setdefault(_ALLOWED, {})[part] = Policy(given)

    choices = click.Choice([policy.value for policy in Policy])
    return click.option(flag, type=choices, expose_value=False, callback=remember, help=help_)


base_option = click.option(
    "--base",
    metavar="REF",
    help="Git revision to tell this branch's own changes from edits in the dashboard by, such as origin/main.",
)
_POLICY_PARTS: Final = {"--on-drift": "on_drift", "--on-conflict": "on_conflict"}
_POLICIES: Final = (
    _policy("--on-drift", "on_drift", "With --base: undo edits in the dashboard, keep what was edited, or refuse."),
    _policy("--on-conflict", "on_conflict", "The same for what the branch changed too."),
)
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
_ALLOWANCES: Final = (
    _allowance("--allow-many", "Write however many flows there are.", ALLOWED["many"]),
    _allowance("--allow-clear-targeting", "Make a live flow one for everyone.", ALLOWED["clear-targeting"]),
    _allowance("--allow-type-change", "Change the type of a flow.", ALLOWED["type-change"]),
    _allowance("--allow-protected", "Write flows marked as protected.", ALLOWED["protected"]),
    _allowance(
        "--allow-unsaved-plan", "Plan and apply in one, where only saved plans are allowed.", ALLOWED["unsaved-plan"]
    ),
)


def policy_options(command: Decorated) -> Decorated:
    """--on-drift and --on-conflict."""
    for option in reversed(_POLICIES):
        command = option(command)
    return command


def policy_words(context: click.Context, base: str | None) -> list[str]:
    """--base, --on-drift and --on-conflict as they stood on this command line, for another one."""
    given = context.meta.get(_ALLOWED, {})
    stood = {"--base": base} | {flag: given[part].value for flag, part in _POLICY_PARTS.items() if part in given}
    return [word for flag, value in stood.items() if value is not None for word in (flag, value)]


def need_base(context: click.Context, base: str | None, hint: str = "For example --base origin/main.") -> None:
    """Raise UsageError where edits in the dashboard are to be minded, and none can be told for want of a base."""
    given = context.meta.get(_ALLOWED, {})
    for flag, part in _POLICY_PARTS.items():
        if base is None and given.get(part, Policy.OVERWRITE) is not Policy.OVERWRITE:
            told = f"{flag} {given[part].value} needs --base: without it no edit in the dashboard can be told."
            raise UsageError(told, hint=hint)


def guard_options(command: Decorated) -> Decorated:
    """Every option that lets something past a guard."""
    for option in reversed(_POLICIES + _ALLOWANCES):
        command = option(command)
    return command


def guards(context: click.Context, project: Project) -> Guards:
    """The project's guards, as the command line loosens or tightens them."""
    return replace(project.settings.guards, **context.meta.get(_ALLOWED, {}))


def guards_allowing(project: Project, names: Iterable[str]) -> Guards:
    """The project's guards with what these names of ALLOWED let past them."""
    replaced = {part: value for name in names for part, value in ALLOWED[name].items()}
    return replace(project.settings.guards, **replaced)  # type: ignore[arg-type]  # ALLOWED holds parts of Guards


def refuse_guarded(made: Plan) -> None:
    """Raise RefusedError when guards have something against a plan (`plan.judged`)."""
    from flowsync.render import wording  # noqa: PLC0415 - only this refusal needs it

    if made.refusals:
        raise RefusedError(
            "Nothing was written: guards refuse this plan.",
            reasons=wording.refusals(made),
            hint="What is meant can be allowed by the flag, or under guards in flowsync.yaml.",
        )


@contextmanager
def only_run(project: Project, api: Api, command: str, given: Invocation) -> Iterator[None]:
    """Keep every other run on this machine from writing to the same API and environment meanwhile.

    Raises LockedError while there is one.
    """
    path = _lock_path(project, api)
    if path.parent == project.state:
        prepare_state(project, "The lock would lie there, or where XDG_STATE_HOME names a directory to write to.")
    with lock.held(path, command) as left:
        if left is not None:
            write_sentence(
                f"The last run ended without finishing ({left}): what it had in flight may or may not have landed. "
                "The plan shows how the flows stand.",
                given,
            )
        yield


def _lock_path(project: Project, api: Api) -> Path:
    """The sandbox is the project's own; an account is the same for every clone on this machine."""
    settings = project.settings
    match api:
        case Api.SANDBOX:
            return project.state / "sandbox.lock"
        case Api.REAL:
            home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails for a user without an entry
            place = lock.directory(os.environ, home, project.state)
            return place / lock.name(place_of(settings.api_url), settings.environment or "")
