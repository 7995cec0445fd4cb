"""The one place where an exception becomes an exit code: expected, usage, Ctrl-C, or a bug."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flowsync import cli
from flowsync.cli.options import Invocation
from flowsync.errors import ExitCode, FlowsyncError, InterruptedByUser, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

_INTERRUPTED = InterruptedByUser("Interrupted.")


def guarded(arguments: Sequence[str]) -> int:
    """Run the click application; every exception ends as a message on stderr and an exit code."""
    _make_streams_safe()
    given = Invocation()
    try:
        return _run(arguments, given)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.exceptions.NoArgsIsHelpError as help_:
        sys.stderr.write(f"{help_.format_message()}\n")
        return int(ExitCode.USAGE)
    except BrokenPipeError:
        return _hushed()
    except (FlowsyncError, click.ClickException, click.Abort, KeyboardInterrupt) as error:
        return _fail(_INTERRUPTED if cli.is_interrupted else _expected(error), given)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever is left is a bug, and is said to be one
        return _fail(_INTERRUPTED, given) if cli.is_interrupted else _bug(error, given)


def _run(arguments: Sequence[str], given: Invocation) -> int:
    from flowsync.cli.app import flowsync  # noqa: PLC0415 - an import that fails is shown like any other bug

    result = flowsync.main(args=list(arguments), prog_name="flowsync", standalone_mode=False, obj=given)
    sys.stdout.flush()
    return int(result or ExitCode.OK)


def _make_streams_safe() -> None:
    """A terminal that cannot show a character gets an escape instead of a crash."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _expected(error: FlowsyncError | click.ClickException | click.Abort | KeyboardInterrupt) -> FlowsyncError:
    match error:
        case FlowsyncError():
            return error
        case click.ClickException():
            return UsageError(error.format_message(), hint=_usage_hint(error))
        case _:
            return _INTERRUPTED


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if isinstance(context, click.Context) else "flowsync"
    return f"Try `{command} --help`."


def _fail(error: FlowsyncError, given: Invocation) -> int:
    from flowsync.cli.output import write_error  # noqa: PLC0415 - only failures need it

    write_error(error, given)
    return int(error.exit_code)


def _bug(error: Exception, given: Invocation) -> int:
    from flowsync.cli.output import write_bug  # noqa: PLC0415 - only bugs need it

    write_bug(error, given)
    return int(ExitCode.ERROR)


def _hushed() -> int:
    """The reader of stdout went away (`| head`): say nothing, and keep Python from saying it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.ERROR)
