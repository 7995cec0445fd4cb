"""The one place where an exception becomes an exit code: expected, usage, Ctrl-C, or a bug."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flowsync import cli
from flowsync.cli.options import Invocation
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser, UsageError
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Sequence


def guarded(arguments: Sequence[str]) -> int:
    """Run the click application; every exception ends as a message on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character gets an escape, not a crash
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = Invocation()
    try:
        from flowsync.cli.commands import flowsync  # noqa: PLC0415 - an import that fails is shown like any other bug

        result = flowsync.main(args=list(arguments), prog_name="flowsync", standalone_mode=False, obj=given)
        sys.stdout.flush()
        return int(result or ExitCode.OK)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as help_:
        sys.stderr.write(f"{help_.format_message()}\n")
        return ExitCode.USAGE
    except BrokenPipeError:  # the reader of stdout went away (`| head`): keep Python from saying so at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - what is neither expected nor usage is a bug
        return _fail(error, given)


def _fail(error: BaseException, given: Invocation) -> int:
    from flowsync.cli.output import screen_of_stderr, source_lines  # noqa: PLC0415 - only failures need it
    from flowsync.render import problems  # noqa: PLC0415 - only failures need it

    if cli.is_interrupted or isinstance(error, click.Abort | KeyboardInterrupt):
        error = InterruptedByUser("Interrupted.")
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if isinstance(context, click.Context) else "flowsync"
        error = UsageError(error.format_message(), hint=f"Try `{command} --help`.")
    screen = screen_of_stderr(given)
    if isinstance(error, FlowsyncError):
        sys.stderr.write(masked(problems.error(error, screen, source_lines(given.directory))))
        return error.exit_code
    sys.stderr.write(masked(problems.bug(error, screen)))
    return ExitCode.ERROR
