"""The click application. Commands are imported when they are run: a start pays only for what it uses."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import click

from flowsync import __version__
from flowsync.cli.options import global_options

COMMANDS: Final = {
    "init": "Set up a project: configuration, schemas, hooks, workflows.",
    "pull": "Write what is live into the files: a first import, or an edit made in the dashboard.",
    "validate": "Check every flow file, offline.",
    "test": "Run the targeting tests of the flow files, offline.",
    "plan": "Show what applying the files would do to the live flows.",
    "apply": "Write what plan shows.",
    "rollback": "Put back what an apply replaced.",
    "list": "List the live flows and how they stand to the files.",
    "explain": "Tell why a user sees a flow or does not.",
    "graph": "Draw which flow waits for which.",
    "fmt": "Put flow files in canonical form, every comment kept.",
    "schema": "Print the JSON Schema of a flow file or of flowsync.yaml.",
    "ci": "Run inside GitHub Actions: comment, summary, notes, outputs.",
    "sandbox": "Serve or reset the embedded emulator of the API.",
}
"""Every command with its one line of help, in the order of a working day; the module of its name holds it."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports only the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command's object; an unknown name is refused with the nearest one, unless a shell completes."""
        if cmd_name in COMMANDS:
            command: click.Command = import_module(f"flowsync.cli.commands.{cmd_name}").command
            return command
        if ctx.resilient_parsing:
            return None
        from flowsync.closeness import closest  # noqa: PLC0415 - only this refusal needs it

        close = closest(cmd_name, tuple(COMMANDS))
        question = f" Did you mean {close!r}?" if close else ""
        raise click.UsageError(f"No such command {cmd_name!r}.{question}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Keys come from the environment: FRIGADE_API_KEY (private), FRIGADE_PUBLIC_API_KEY (public).",
)
@click.version_option(__version__, prog_name="flowsync", message="%(prog)s %(version)s")
@global_options
def flowsync() -> None:
    """Flows as code for Frigade: one YAML file per flow, planned in the pull request, applied on the merge."""
