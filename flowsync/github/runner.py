"""What the runner of GitHub Actions says of a run, the inputs of the action, and where its results go."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowsync.config import url_complaint
from flowsync.errors import ConfigError, FlowsyncError
from flowsync.problems.annotations import stopped
from flowsync.render.escape import shown
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED: Final = ("GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_SHA")
"""Variables that every run has [doc: default environment variables]; without them this is no run."""
DEFAULT_SERVER: Final = "https://github.com"
DEFAULT_API: Final = "https://api.github.com"


@dataclass(frozen=True, slots=True)
class Runner:
    """One run. `ref` is the full name, such as refs/heads/main; `summary` and `output` may be missing."""

    event_name: str
    event_path: Path
    repository: str
    sha: str
    ref: str
    actor: str
    server_url: str
    api_url: str
    graphql_url: str
    run_id: str
    summary: Path | None
    output: Path | None
    temporary: Path

    @property
    def run_url(self) -> str | None:
        """The page of this run."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}" if self.run_id.isdecimal() else None

    @property
    def branch(self) -> str | None:
        """The branch this run is for, None for a tag or a pull request."""
        return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None


def read_runner(environ: Mapping[str, str], default_temporary: str) -> Runner:
    """Read the runner's variables.

    Raises ConfigError outside of GitHub Actions, and for an address that no token may be sent to.
    """
    missing = [name for name in NEEDED if not environ.get(name)]
    if missing:
        raise ConfigError(
            f"This is no run of GitHub Actions: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set.",
            hint="flowsync validate, plan and apply work anywhere; ci adds what only GitHub can show.",
        )
    api = _address(environ, "GITHUB_API_URL", DEFAULT_API)
    return Runner(
        event_name=environ["GITHUB_EVENT_NAME"],
        event_path=Path(environ["GITHUB_EVENT_PATH"]),
        repository=environ["GITHUB_REPOSITORY"],
        sha=environ["GITHUB_SHA"],
        ref=environ.get("GITHUB_REF", ""),
        actor=environ.get("GITHUB_ACTOR", ""),
        server_url=_address(environ, "GITHUB_SERVER_URL", DEFAULT_SERVER),
        api_url=api,
        graphql_url=_address(environ, "GITHUB_GRAPHQL_URL", f"{api}/graphql"),
        run_id=environ.get("GITHUB_RUN_ID", ""),
        summary=_path(environ, "GITHUB_STEP_SUMMARY"),
        output=output_of(environ),
        temporary=Path(environ.get("RUNNER_TEMP") or default_temporary),
    )


def output_of(environ: Mapping[str, str]) -> Path | None:
    """The file that takes the step's outputs."""
    return _path(environ, "GITHUB_OUTPUT")


def _path(environ: Mapping[str, str], variable: str) -> Path | None:
    return Path(environ[variable]) if environ.get(variable) else None


def _address(environ: Mapping[str, str], variable: str, default: str) -> str:
    url = environ.get(variable) or default
    if complaint := url_complaint(url):
        raise ConfigError(f"{variable} {complaint}.")
    return url.rstrip("/")


def write_outputs(path: Path | None, values: Mapping[str, str]) -> None:
    """Add outputs to the file GITHUB_OUTPUT names. Raises FlowsyncError when it cannot be written."""
    masked_values = {name: masked(value) for name, value in values.items()}
    _append(path, outputs_text(masked_values, f"flowsync_{secrets.token_hex(16)}"))


def write_summary(path: Path | None, markdown: str) -> None:
    """Add to the file GITHUB_STEP_SUMMARY names. Raises FlowsyncError when it cannot be written."""
    _append(path, f"{masked(markdown)}\n")


def outputs_text(values: Mapping[str, str], delimiter: str) -> str:
    """The lines that set outputs [doc: workflow commands, multiline strings].

    `delimiter` cannot be guessed by whoever made a value; one that holds it is refused with ValueError.
    """
    for name, value in values.items():
        if name not in ACTION_OUTPUTS or delimiter in value:
            raise ValueError(f"{name} cannot be written as an output")
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _append(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise FlowsyncError(f"{path.name}, which the runner names, cannot be written: {error.strerror}.") from None


def notice(text: str) -> str:
    """The line that makes GitHub show a sentence on the run's page."""
    return f"::notice title=flowsync::{shown(text).replace('%', '%25')}\n"


def warning(text: str) -> str:
    """The same for a sentence that somebody should act on."""
    return f"::warning title=flowsync::{shown(text).replace('%', '%25')}\n"


def inert(text: str) -> str:
    """A text from which the runner takes no commands."""
    return stopped(text, secrets.token_hex(16))


class CiCommand(Enum):
    """What a run does."""

    VALIDATE = "validate"
    PLAN = "plan"
    APPLY = "apply"
    DRIFT = "drift"


class CommentMode(Enum):
    """What becomes of the pull request's comment."""

    UPDATE = "update"
    RECREATE = "recreate"
    CHANGES_ONLY = "changes-only"
    OFF = "off"


class ReviewRule(Enum):
    """What happens when apply would write something that no merged pull request showed."""

    ERROR = "error"
    WARN = "warn"
    OFF = "off"


class Switch(Enum):
    """An input that is on or off; the values are how YAML and GitHub write them."""

    ON = "true"
    OFF = "false"


@dataclass(frozen=True, slots=True)
class ActionInput:
    """One input of the action. Any text will do unless `initial`, what is meant without one, is one of several."""

    name: str
    description: str
    initial: Enum | None = None

    @property
    def variable(self) -> str:
        """The environment variable in which action.yml hands it over."""
        return "GITHUB_TOKEN" if self.name == "github-token" else f"FLOWSYNC_{self.name.upper().replace('-', '_')}"

    @property
    def default(self) -> str:
        """What is meant without it, as text."""
        return str(self.initial.value) if self.initial else ""

    @property
    def choices(self) -> tuple[str, ...]:
        """What it takes; empty where any text will do."""
        return tuple(str(each.value) for each in type(self.initial)) if self.initial else ()


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
"""What can be let past the guards of apply, by the names of its flags."""
COMMAND: Final = ActionInput("command", "What to do: validate, plan, apply or drift.", CiCommand.PLAN)
PUBLIC_KEY: Final = ActionInput("public-api-key", "Public API key: enough for plan and drift.")
PRIVATE_KEY: Final = ActionInput("private-api-key", "Private API key: apply needs it; plan sees drafts with it.")
TOKEN: Final = ActionInput("github-token", "Token for comments and issues; the job's own unless another is given.")
_INPUTS: Final = {
    "command": COMMAND,
    "config": ActionInput("config", "Configuration file, where it is not flowsync.yaml."),
    "environment": ActionInput("environment", "Environment of flowsync.yaml to use."),
    "public_key": PUBLIC_KEY,
    "private_key": PRIVATE_KEY,
    "api_url": ActionInput(
        "api-url",
        "Address of the API, where it is not Frigade's own. An address in flowsync.yaml alone is given no key.",
    ),
    "plan_file": ActionInput("plan-file", "Where plan saves the plan; for apply, the saved plan to carry out."),
    "comment": ActionInput(
        "comment",
        "The pull request's comment: changes-only (none while no flow changes), update, recreate, or off.",
        CommentMode.CHANGES_ONLY,
    ),
    "require_reviewed_plan": ActionInput(
        "require-reviewed-plan",
        "When apply would write what no merged pull request showed: error, warn or off.",
        ReviewRule.ERROR,
    ),
    "repeat": ActionInput(
        "repeat",
        "Whether apply may write once more what it wrote already, as after a rollback: a review counts once.",
        Switch.OFF,
    ),
    "allow": ActionInput(
        "allow", f"What apply's guards let through this time, separated by spaces: {', '.join(ALLOWABLE)}."
    ),
    "audience": ActionInput(
        "audience",
        "Whether plan estimates how many users qualify before and after a change; that takes the private key.",
        Switch.OFF,
    ),
    "preview": ActionInput(
        "preview",
        "Whether plan takes pictures of flows that a pull request makes look different; fetches components from npm.",
        Switch.OFF,
    ),
    "fail_on_changes": ActionInput(
        "fail-on-changes", "Whether plan and drift end with code 2 when changes are pending.", Switch.OFF
    ),
    "pull_request": ActionInput(
        "pull-request",
        "Whether drift opens a pull request that pulls the live edits into the files, in place of an issue.",
        Switch.OFF,
    ),
    "live_branch": ActionInput(
        "live-branch",
        "The only branch that is applied: a pull request into another one says that merging it changes nothing live.",
    ),
    "sarif_file": ActionInput("sarif-file", "Where validate also writes its problems as SARIF; nowhere when empty."),
    "sandbox": ActionInput(
        "sandbox",
        "Whether to use the embedded emulator of the API in place of the real one: no key is needed.",
        Switch.OFF,
    ),
    "token": TOKEN,
}
"""The inputs by the fields of `Inputs`, in the order in which the docs list them."""
ACTION_INPUTS: Final = tuple(_INPUTS.values())
"""Every input of the action. TOKEN's default there is the job's own token."""

ACTION_OUTPUTS: Final = {
    "has-changes": "true when apply would write something, else false.",
    "exit-code": "The exit code of flowsync.",
    "plan-json": "Path of the saved plan.",
    "plan-digest": "Digest of the plan, over all that it says.",
    "plan-artifact": "Name to upload the saved plan under, so that apply can tell that this run made it.",
    "creates": "How many flows would be created.",
    "drafts": "How many drafts would be made.",
    "updates": "How many flows would be updated.",
    "unverified": "How many flows are off in the files though the API does not say whether they are.",
    "deletes": "How many flows would be deleted.",
    "record": "Path of apply's record, which flowsync rollback needs: what was replaced, so keep it from strangers.",
    "preview-folder": "Path of the folder with the pictures of the flows that look different.",
    "preview-artifact": "Name that the action uploads the pictures under.",
    "comment-url": "Address of the pull request's comment, or of the drift's issue or pull request.",
    "sarif": "Path of the SARIF file.",
}
"""Every output of the action: paths and counts, never what is in a flow."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of one run, read and checked. None where an input was left empty. Keys never show in a repr."""

    command: CiCommand
    config: str | None
    environment: str | None
    public_key: str | None = field(repr=False)
    private_key: str | None = field(repr=False)
    api_url: str | None
    plan_file: str | None
    comment: CommentMode
    require_reviewed_plan: ReviewRule
    repeat: Switch
    allow: tuple[str, ...]
    audience: Switch
    preview: Switch
    fail_on_changes: Switch
    pull_request: Switch
    live_branch: str | None
    sarif_file: str | None
    sandbox: Switch
    token: str | None = field(repr=False)


def read_inputs(environ: Mapping[str, str], command: str | None = None) -> Inputs:
    """Read the inputs; `command` from the command line goes before the variable.

    Raises ConfigError for a value that an input does not take.
    """
    given = environ if command is None else {**environ, COMMAND.variable: command}
    values: dict[str, Any] = {field: _value(given, input_) for field, input_ in _INPUTS.items()}
    allowed = tuple((values["allow"] or "").replace(",", " ").split())
    for name in allowed:
        if name not in ALLOWABLE:
            raise _refusal(_INPUTS["allow"], name, ALLOWABLE)
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
