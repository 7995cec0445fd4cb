"""Commands and options of other tools, each answered with flowsync's equivalent."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import click

from flowsync.errors import UsageError
from flowsync.text import closest, end_of

_ONLY_PLAN: Final = "`flowsync plan` shows what an apply would write, and writes nothing."
_PULL: Final = "`flowsync pull --new` writes the live flows into files."
_DELETE: Final = "`flowsync delete SLUG` deletes a flow for good; `active: false` in its file switches it off."
_APPLY: Final = "`flowsync plan` shows what would change live, `flowsync apply` writes it."
_ROLLBACK: Final = "`flowsync rollback` puts back what an apply replaced."
_KEYS: Final = "Keys come from the environment: FRIGADE_API_KEY (private), FRIGADE_PUBLIC_API_KEY (public)."
COMMAND_WORDS: Final = {
    **dict.fromkeys(("import", "export", "download", "fetch", "dump", "clone", "refresh"), _PULL),
    **dict.fromkeys(("sync", "push", "deploy", "upload", "up", "run", "release", "write", "update"), _APPLY),
    **dict.fromkeys(("destroy", "remove", "rm", "down", "prune", "archive", "disable"), _DELETE),
    **dict.fromkeys(("undo", "revert", "reset"), _ROLLBACK),
    **dict.fromkeys(("ls", "drift", "state", "report", "flows"), "`flowsync status` lists every flow."),
    **dict.fromkeys(("lint", "check", "verify"), "`flowsync validate` checks the flow files."),
    **dict.fromkeys(("format", "tidy"), "`flowsync fmt` formats flow files."),
    **dict.fromkeys(("log", "versions"), "`flowsync history SLUG` lists the versions of a flow."),
    **dict.fromkeys(("cat", "get", "view"), "`flowsync show SLUG` prints a flow as it is live."),
    **dict.fromkeys(("create", "add", "generate"), "`flowsync new SLUG` writes a flow file to start from."),
    **dict.fromkeys(("dry-run", "dryrun"), _ONLY_PLAN),
    **dict.fromkeys(("serve", "server", "emulator", "mock"), "`flowsync sandbox serve` serves the emulator."),
    **dict.fromkeys(("login", "auth", "configure", "logout"), _KEYS),
    **dict.fromkeys(("env", "workspace", "environments"), "`flowsync -e ENV COMMAND` chooses an environment."),
    "activate": "`flowsync publish SLUG` publishes a draft; `active: true` in its file switches a flow on.",
    "config": "`flowsync schema config` says what flowsync.yaml may hold; `flowsync doctor` shows what is set.",
    "promote": "`flowsync diff --from live@production --to live@dev` shows what a promotion would do.",
    "version": "`flowsync --version` says which version this is.",
}
"""flowsync's equivalents of other tools' commands."""


@dataclass(frozen=True, slots=True)
class Equivalent:
    """The equivalent of another tool's option, and what to say if the command has none."""

    option: str
    otherwise: str


_FORMAT: Final = Equivalent("--format", "This command has only one output format.")
_YES: Final = Equivalent("--yes", "This command asks nothing.")
_DRY_RUN: Final = Equivalent("--dry-run", _ONLY_PLAN)
_OUT: Final = Equivalent("--out", "Results go to stdout: add > FILE.")
_FORCE: Final = Equivalent(
    "--force", "Nothing forces all at once: a guard that refuses names the option that lets it pass."
)
_WORDY: Final = Equivalent("--verbose", "")
_KEY_OPTION: Final = Equivalent("", f"No key is taken from a command line. {_KEYS}")
_NAMED: Final = Equivalent("", "Name the slugs or files behind the command; with none it means all flows.")
_NO_DELETION: Final = Equivalent("", "A missing file deletes nothing: `flowsync delete SLUG` does.")
OPTION_WORDS: Final = {
    **dict.fromkeys(("--json", "--markdown", "--sarif", "--mermaid", "--dot"), _FORMAT),
    **dict.fromkeys(("-o", "--output"), _OUT),
    **dict.fromkeys(("--env", "--profile", "--workspace", "--stage"), Equivalent("--environment", "")),
    **dict.fromkeys(("-y", "--yes", "--assume-yes", "--auto-approve", "--non-interactive", "--no-input"), _YES),
    **dict.fromkeys(("-n", "--dry-run", "--dryrun", "--noop", "--what-if"), _DRY_RUN),
    **dict.fromkeys(("-f", "--force", "--overwrite", "--no-verify"), _FORCE),
    **dict.fromkeys(("--debug", "--trace", "-d", "-vv"), _WORDY),
    **dict.fromkeys(("--silent", "-s"), Equivalent("--quiet", "")),
    **dict.fromkeys(("--key", "--api-key", "--token", "-k"), _KEY_OPTION),
    **dict.fromkeys(("--url", "--api-url", "--host", "--endpoint"), Equivalent("", "FRIGADE_API_URL names the API.")),
    **dict.fromkeys(("--target", "--slug", "--flow", "--only", "--all", "-a"), _NAMED),
    **dict.fromkeys(("--prune", "--delete", "--destroy"), _NO_DELETION),
    **dict.fromkeys(("--cwd", "--chdir", "--dir", "--directory"), Equivalent("-C", "")),
    **dict.fromkeys(("--exit-code", "--exitcode"), Equivalent("--detailed-exitcode", "Exit codes: docs/commands.md.")),
    **dict.fromkeys(("--ref", "--since", "--against"), Equivalent("--base", "This command compares with no revision.")),
    **dict.fromkeys(
        ("-p", "--concurrency", "--jobs", "-j"), Equivalent("--parallelism", "This has no parallel writes.")
    ),
    **dict.fromkeys(
        ("--watch", "-w"), Equivalent("--watch", "`flowsync preview` follows the files as they are saved.")
    ),
    "--no-color": Equivalent("--color", ""),
    **dict.fromkeys(
        ("--mock", "--sandbox"), Equivalent("--sandbox", "This command does not talk to the API: leave it out.")
    ),
    "--fix": Equivalent("", "`flowsync fmt` formats flow files."),
    "-V": Equivalent("", "`flowsync --version` says which version this is."),
}
"""flowsync's equivalents of other tools' options."""
_VALUES: Final = {"--json": "json", "--markdown": "markdown", "--sarif": "sarif", "--dot": "dot", "--no-color": "never"}


def unknown_command(word: str, commands: Sequence[str]) -> UsageError:
    """The error for an unknown command, with the probable command."""
    message = f"No such command {word!r}."
    meant = COMMAND_WORDS.get(word)
    if meant is not None:
        return UsageError(message, hint=meant)
    close = closest(word, commands)
    question = f" Did you mean {close!r}?" if close else ""
    return UsageError(message + question, hint="Try `flowsync --help`.")


def refusal(error: click.ClickException, arguments: Sequence[str], commands: Collection[str]) -> UsageError:
    """What click has against a command line, as one sentence, with what is meant or the help to read."""
    if meant := unknown_option(error):
        return meant
    context = getattr(error, "ctx", None)
    if isinstance(context, click.Context):
        command = context.command_path
    else:  # click names no command where an option lacks its value
        command = " ".join(["flowsync", *[each for each in arguments if each in commands][:1]])
    message = " ".join(error.format_message().split()).replace("a valid integer range", "a whole number")
    return UsageError(end_of(message), hint=f"Try `{command} --help`.")


def unknown_option(error: click.ClickException) -> UsageError | None:
    """The error for an unknown option, with the probable option; None if none is probable."""
    if not isinstance(error, click.NoSuchOption) or error.ctx is None or error.option_name not in OPTION_WORDS:
        return None
    hint = _hint(error.option_name, error.ctx)
    return UsageError(f"No such option {error.option_name!r}.", hint=hint) if hint else None


def _hint(word: str, context: click.Context) -> str | None:
    meant = OPTION_WORDS[word]
    found = next((each for each in context.command.params if meant.option in each.opts), None)
    if found is None and context.parent is None and meant.option:
        return f"Name the command first, then {meant.option}."
    if found is None:
        return meant.otherwise or None
    value = _VALUES.get(word)
    takes_it = isinstance(found.type, click.Choice) and value in found.type.choices
    return f"Use {meant.option} {value}." if takes_it else f"Use {meant.option}."
