"""The click application, and the one place where an exception becomes an exit code.

Commands are imported when they are run: a start pays only for what it uses, and an import that fails is shown like any
other bug.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Final

import click

from flowsync import __version__, cli
from flowsync.cli.usage.help_page import Group
from flowsync.cli.usage.options import Invocation, global_options
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser
from flowsync.secrets import masked

COMMANDS: Final = {
    "init": "Set up a project: configuration, schemas, hooks, workflows.",
    "new": "Write a flow file to start from.",
    "pull": "Write what is live into the files: a first import, or edits made in the dashboard.",
    "validate": "Check every flow file, offline.",
    "test": "Run the targeting tests of the flow files, offline.",
    "plan": "Show what applying the files would do to the live flows.",
    "apply": "Write what plan shows.",
    "rollback": "Put back what an apply replaced.",
    "publish": "Publish drafts: each replaces the live version of its flow.",
    "delete": "Delete flows with all their versions, permanently.",
    "diff": "Compare two sides: files, live, draft, a version, git, of any environment.",
    "history": "List the versions of a flow: who sees each, and what changed.",
    "show": "Print one version of a flow as a flow file.",
    "restore": "Restore the content of an earlier version.",
    "status": "Show whether each flow matches its file and users see it, in every environment.",
    "audience": "Estimate how many users qualify for flows, live and with the files.",
    "explain": "Explain why a user sees a flow or does not.",
    "preview": "See every flow as users do, on a local page or as pictures.",
    "graph": "Draw which flows wait for which.",
    "fmt": "Format flow files; every comment is kept.",
    "schema": "Print the JSON Schema of a flow file or of flowsync.yaml.",
    "doctor": "Report on this machine, project, key and account, for bug reports.",
    "completion": "Let bash, zsh or fish complete commands, options, slugs and paths.",
    "ci": "Run inside GitHub Actions: comment, summary, annotations, outputs.",
    "sandbox": "Serve or reset the embedded emulator of the API.",
}
"""Every command with its line of help, in the usual order of use; the module of that name holds it."""

ALIASES: Final = {"list": "status"}
"""Former names of commands that still work."""


class LazyGroup(Group):
    """A group that knows its commands' names and imports only the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; an unknown name is refused with the nearest one, unless a shell completes."""
        name = ALIASES.get(cmd_name, cmd_name)
        if name in COMMANDS:
            command: click.Command = import_module(f"flowsync.cli.commands.{name}").command
            return command
        if ctx.resilient_parsing:
            return None
        from flowsync.cli.usage.other_tools import unknown_command  # noqa: PLC0415 - only this refusal needs it

        raise unknown_command(cmd_name, tuple(COMMANDS))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; `help COMMAND` is its help, as with --help."""
        if args[0] == "help":
            args = [*(each for each in args if each != "help"), "--help"]
        if args[0] == "--help":
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        return super().resolve_command(ctx, args)

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


def guarded(arguments: Sequence[str]) -> int:
    """Run the click application; every exception becomes a message on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character gets an escape, not a crash
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = Invocation()
    cli.has_result = False
    try:
        result = flowsync.main(args=list(arguments), prog_name="flowsync", standalone_mode=False, obj=given)
        sys.stdout.flush()
        return int(result or ExitCode.OK)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as help_:
        with suppress(OSError):
            sys.stderr.write(f"{help_.format_message()}\n")
        return ExitCode.USAGE
    except BrokenPipeError:  # the reader of stdout went away (`| head`): keep Python from saying so at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - what is neither expected nor usage is a bug
        return _fail(error, given, arguments)


def _fail(error: BaseException, given: Invocation, arguments: Sequence[str]) -> int:
    """Report an error on stderr; as a JSON document on stdout too, if the command should print one and has not."""
    from flowsync.cli.output import screen_of_stderr, source_lines, write_result  # noqa: PLC0415 - only failures need it
    from flowsync.cli.usage.other_tools import refusal  # noqa: PLC0415 - only failures need it
    from flowsync.problems import failures  # noqa: PLC0415 - only failures need it

    is_interruption = cli.is_interrupted or isinstance(error, click.Abort | KeyboardInterrupt)
    if is_interruption and not isinstance(error, InterruptedByUser):
        error = InterruptedByUser("Interrupted.")
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EIO}:  # such as `--help > /dev/full`
        error = FlowsyncError(f"The output cannot be written: {error.strerror}.")
    if isinstance(error, click.ClickException):
        error = refusal(error, arguments, COMMANDS)
    screen = screen_of_stderr(given)
    if cli.wants_document(arguments) and not cli.has_result:
        with suppress(OSError, FlowsyncError):
            write_result(failures.error_as_json(error))
    code, text = ExitCode.ERROR, ""
    if isinstance(error, FlowsyncError):
        code, text = error.exit_code, failures.error(error, screen, source_lines(given.directory))
    with suppress(OSError):  # where stderr is full or closed, the exit code is all that is left
        sys.stderr.write(masked(text or failures.bug(error, screen)))
        sys.stderr.flush()
    return code
