"""Options of commands that plan and write: the guards that they relax, and equivalent command lines."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from flowsync.cli.usage.options import Invocation, combined, invocation, kept_option
from flowsync.config import DEFAULT_PARALLELISM, PARALLELISM_LIMIT, SANDBOX_URL, Creating, Guards, Policy
from flowsync.errors import UsageError
from flowsync.model import Plan
from flowsync.render.escape import shown

if TYPE_CHECKING:
    from flowsync.cli.project import Project
    from flowsync.record.values import Place

ALLOWED: Final[Mapping[str, Mapping[str, object]]] = {
    "many": {"max_changes": None, "max_changed_percent": None},
    "clear-targeting": {"allow_clear_targeting": True},
    "type-change": {"allow_type_change": True},
    "create": {"create": Creating.ANYWAY},
    "protected": {"allow_protected": True},
    "unsaved-plan": {"require_saved_plan": False},
    "drift": {"on_drift": Policy.OVERWRITE},
    "conflict": {"on_conflict": Policy.OVERWRITE},
}
"""The guards that can be relaxed by name, as replacements in Guards."""
_POLICIES: Final = {"--on-drift": "on_drift", "--on-conflict": "on_conflict"}


def _keep_guards(context: click.Context, parameter: click.Parameter, given: object) -> None:
    """Keep the guard that --allow-NAME relaxes, or the policy of --on-drift or --on-conflict."""
    if given:
        name = (parameter.name or "").removeprefix("allow_").replace("_", "-")
        invocation(context).guards.update(ALLOWED.get(name) or {str(parameter.name): Policy(given)})


_POLICY: Final = click.Choice([policy.value for policy in Policy])
policy_options = combined(
    kept_option(
        "With --base: overwrite edits made in the dashboard, keep them, or refuse.",
        _keep_guards,
        "--on-drift",
        type=_POLICY,
    ),
    kept_option("The same for fields that this branch changed too.", _keep_guards, "--on-conflict", type=_POLICY),
)


def _allow(name: str, help_: str) -> Callable[[Any], Any]:
    return kept_option(help_, _keep_guards, f"--allow-{name}", is_flag=True)


create_option = _allow("create", "Create flows even if that looks like a mistake.")
allow_options = combined(
    _allow("many", "Write any number of flows."),
    _allow("clear-targeting", "Remove the targeting of a live flow, so that everyone qualifies."),
    _allow("type-change", "Change the type of a flow."),
    _allow("protected", "Write flows marked as protected."),
)
"""What apply and publish share."""
guard_options = combined(
    policy_options,
    allow_options,
    create_option,
    _allow("unsaved-plan", "Apply without a saved plan where the configuration requires one."),
)
write_options = combined(
    click.option(
        "--yes", is_flag=True, help="Do not ask. Only a terminal is asked; in a pipeline the merge is the approval."
    ),
    click.option("--skip-blocked", is_flag=True, help="If some flows are blocked, write the others."),
    click.option(
        "--parallelism",
        metavar="N",
        type=click.IntRange(1, PARALLELISM_LIMIT),
        help=f"How many flows to write at once; {DEFAULT_PARALLELISM} unless flowsync.yaml sets it.",
    ),
)
"""What apply and rollback share."""


def require_base(given: Invocation, base: str | None, hint: str = "For example --base origin/main.") -> None:
    """Raise UsageError if dashboard edits should be kept or refused, and no base shows them."""
    for flag, part in _POLICIES.items():
        policy = given.guards.get(part, Policy.OVERWRITE)
        if base is None and policy is not Policy.OVERWRITE:
            message = f"{flag} {policy.value} needs --base: without it edits in the dashboard cannot be detected."
            raise UsageError(message, hint=hint)


def policy_words(given: Invocation, base: str | None) -> list[str]:
    """The options of this command line that decide the content of a plan, to be repeated in another one."""
    stated = {"--base": base} | {
        flag: given.guards[part].value for flag, part in _POLICIES.items() if part in given.guards
    }
    allowed = ["--allow-create"] if given.guards.get("create") is Creating.ANYWAY else []
    return [*(word for flag, value in stated.items() if value is not None for word in (flag, value)), *allowed]


def guards_allowing(project: Project, names: Iterable[str]) -> Guards:
    """The project's guards, relaxed by these names of ALLOWED."""
    replaced = {part: value for name in names for part, value in ALLOWED[name].items()}
    return replace(project.settings.guards, **replaced)  # type: ignore[arg-type]  # ALLOWED holds parts of Guards


def command_line(words: Iterable[str], place: Plan | Place, given: Invocation) -> str:
    """`flowsync` and `words`, with the options for the same folder, configuration, environment and API.

    Quoted for a shell, and inert: whoever writes flowsync.yaml chooses the names in it.
    """
    folder = ["-C", str(given.directory)] if given.directory != Path() else []
    config = ["--config", given.config] if given.config is not None else []
    environment = ["-e", place.environment] if place.environment is not None else []
    api = ["--sandbox"] if place.api_url == SANDBOX_URL else []
    return shown(shlex.join(["flowsync", *words, *folder, *config, *environment, *api]))
