"""The one place where an exception becomes an exit code: expected, usage, Ctrl-C, or a bug."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import click

from flowsync import cli
from flowsync.cli.options import Invocation
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED: Final = InterruptedByUser("Interrupted.")


def guarded(arguments: Sequence[str]) -> int:
    """Run the click application; every exception ends as a message on stderr and an exit code."""
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a character gets an escape, not a crash
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    given = Invocation()
    try:
        return _run(arguments, given)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as help_:
        sys.stderr.write(f"{help_.format_message()}\n")
        return ExitCode.USAGE
    except BrokenPipeError:  # the reader of stdout went away (`| head`): keep Python from saying so at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.ERROR
    except (FlowsyncError, click.ClickException, click.Abort, KeyboardInterrupt) as error:
        return _fail(error, given)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever is left is a bug, and is said to be one
        return _fail(error, given)


def _run(arguments: Sequence[str], given: Invocation) -> int:
    from flowsync.cli.commands import flowsync  # noqa: PLC0415 - an import that fails is shown like any other bug

    result = flowsync.main(args=list(arguments), prog_name="flowsync", standalone_mode=False, obj=given)
    sys.stdout.flush()
    return int(result or ExitCode.OK)


def _fail(error: BaseException, given: Invocation) -> int:
    from flowsync.cli.output import write_bug, write_error  # noqa: PLC0415 - only failures need it

    if cli.is_interrupted or isinstance(error, click.Abort | KeyboardInterrupt):
        error = _INTERRUPTED
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if isinstance(context, click.Context) else "flowsync"
        error = UsageError(error.format_message(), hint=f"Try `{command} --help`.")
    if isinstance(error, FlowsyncError):
        write_error(error, given)
        return error.exit_code
    write_bug(error, given)
    return ExitCode.ERROR
