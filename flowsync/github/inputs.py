"""The inputs and outputs of the GitHub action, as action.yml declares them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

from flowsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class CiCommand(Enum):
    """The command of a run."""

    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"


class CommentMode(Enum):
    """How the pull request's comment is written."""

    UPDATE = "update"
    RECREATE = "recreate"
    CHANGES_ONLY = "changes-only"
    OFF = "off"


class ReviewRule(Enum):
    """How apply treats changes that no merged pull request showed."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


class Switch(Enum):
    """An input that is on or off; the values are how YAML and GitHub write them."""

    ON = "true"
    OFF = "false"


ALLOWABLE: Final = (
    "many",
    "clear-targeting",
    "type-change",
    "create",
    "protected",
    "unsaved-plan",
    "drift",
    "conflict",
)
"""The refusals of apply that the input allow can lift, by the names of the guards' flags."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of one run, in the order of the docs. Keys never show in a repr."""

    command: Annotated[CiCommand, "What to do: validate, plan, apply or drift."] = CiCommand.PLAN
    config: Annotated[str | None, "Path of the configuration file, if it is not flowsync.yaml."] = None
    environment: Annotated[str | None, "Environment of flowsync.yaml to use."] = None
    public_api_key: Annotated[str | None, "Public API key: enough for plan and drift."] = field(
        default=None, repr=False
    )
    private_api_key: Annotated[str | None, "Private API key: apply needs it, and plan sees drafts with it."] = field(
        default=None, repr=False
    )
    api_url: Annotated[
        str | None,
        "Address of the API, if it is not Frigade's own. No key is sent to an address that only flowsync.yaml names.",
    ] = None
    plan_file: Annotated[str | None, "File in which plan saves the plan, or whose plan apply carries out."] = None
    comment: Annotated[
        CommentMode,
        "The pull request's comment: changes-only (none while no flow changes), update, recreate, or off.",
    ] = CommentMode.CHANGES_ONLY
    require_reviewed_plan: Annotated[
        ReviewRule,
        "What apply does if it would write changes that no merged pull request showed: error, warn or off.",
    ] = ReviewRule.ERROR
    repeat: Annotated[
        Switch, "Whether apply may write reviewed changes that it already wrote, for example after a rollback."
    ] = Switch.OFF
    allow: Annotated[
        tuple[str, ...],
        f"What the guards of apply let through for this run, separated by spaces: {', '.join(ALLOWABLE)}.",
    ] = ()
    audience: Annotated[
        Switch, "Whether plan estimates how many users qualify before and after a change; needs the private key."
    ] = Switch.OFF
    preview: Annotated[
        Switch,
        "Whether plan takes pictures of flows whose appearance a pull request changes; fetches components from npm.",
    ] = Switch.OFF
    fail_on_changes: Annotated[Switch, "Whether plan and drift exit with code 2 when changes are pending."] = Switch.OFF
    pull_request: Annotated[
        Switch, "Whether drift opens a pull request that pulls live edits into the files, instead of an issue."
    ] = Switch.OFF
    live_branch: Annotated[
        str | None,
        "The only branch that is applied; plans of pull requests into other branches say that merging changes nothing.",
    ] = None
    sarif_file: Annotated[str | None, "File in which validate also writes the problems as SARIF."] = None
    sandbox: Annotated[Switch, "Whether to use the embedded emulator instead of the API; needs no key."] = Switch.OFF
    github_token: Annotated[str | None, "Token for comments and issues; the job's own by default."] = field(
        default=None, repr=False
    )


@dataclass(frozen=True, slots=True)
class ActionInput:
    """How the action declares one input: any text, unless `initial`, its default, is one of several values."""

    name: str
    description: str
    initial: Enum | None

    @property
    def variable(self) -> str:
        """The environment variable in which action.yml passes it."""
        return "GITHUB_TOKEN" if self.name == "github-token" else f"FLOWSYNC_{self.name.upper().replace('-', '_')}"

    @property
    def default(self) -> str:
        """The default as text."""
        return str(self.initial.value) if self.initial else ""

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it takes; empty if any text will do."""
        return tuple(str(each.value) for each in type(self.initial)) if self.initial else ()


def _declared() -> Mapping[str, ActionInput]:
    """Every input, by its field of `Inputs`."""
    types = get_type_hints(Inputs, include_extras=True)
    choices = {each.name: each.default if isinstance(each.default, Enum) else None for each in fields(Inputs)}
    return {
        name: ActionInput(name.replace("_", "-"), types[name].__metadata__[0], initial)
        for name, initial in choices.items()
    }


_BY_FIELD: Final = _declared()
ACTION_INPUTS: Final = tuple(_BY_FIELD.values())
"""Every input of the action. The default of `github-token` in action.yml is the job's own token."""
COMMAND: Final = _BY_FIELD["command"]
PUBLIC_KEY: Final = _BY_FIELD["public_api_key"]
PRIVATE_KEY: Final = _BY_FIELD["private_api_key"]
TOKEN: Final = _BY_FIELD["github_token"]

ACTION_OUTPUTS: Final = {
    "has-changes": "true if apply would write something, else false.",
    "exit-code": "The exit code of flowsync.",
    "plan-json": "Path of the saved plan.",
    "plan-digest": "Digest of the whole plan.",
    "plan-artifact": "Name to upload the saved plan under, so that apply can verify which run made it.",
    "creates": "Number of flows that would be created.",
    "drafts": "Number of drafts that would be created.",
    "updates": "Number of flows that would be updated.",
    "unverified": "Number of flows that are off in the files, where the API does not return whether they are on.",
    "deletes": "Number of flows that would be deleted.",
    "record": "Path of apply's record, which flowsync rollback needs. It holds what was replaced: keep it private.",
    "preview-folder": "Path of the folder with pictures of the flows whose appearance changes.",
    "preview-artifact": "Name under which the action uploads the pictures.",
    "comment-url": "Address of the pull request's comment, or of the issue or pull request about drift.",
    "sarif": "Path of the SARIF file.",
}
"""Every output of the action: paths and counts, never the content of a flow."""


def read_inputs(environ: Mapping[str, str], command: str | None = None) -> Inputs:
    """Read the inputs; `command` from the command line takes precedence over the variable.

    Raises ConfigError for a value that an input does not take.
    """
    given = environ if command is None else {**environ, COMMAND.variable: command}
    values: dict[str, Any] = {name: _value(given, input_) for name, input_ in _BY_FIELD.items()}
    allowed = tuple((values["allow"] or "").replace(",", " ").split())
    for name in allowed:
        if name not in ALLOWABLE:
            raise _refusal(_BY_FIELD["allow"], name, ALLOWABLE)
    return Inputs(**{**values, "allow": allowed})


def _value(environ: Mapping[str, str], input_: ActionInput) -> Enum | str | None:
    text = environ.get(input_.variable, "").strip()
    if input_.initial is None or not text:
        return text or input_.initial
    try:
        return type(input_.initial)(text.lower())
    except ValueError:
        raise _refusal(input_, text, input_.choices) from None


def _refusal(input_: ActionInput, value: str, choices: tuple[str, ...]) -> ConfigError:
    return ConfigError(
        f"The input {input_.name} ({input_.variable}) cannot be {value[:40]!a}.",
        hint=f"It takes {', '.join(choices)}.",
    )
