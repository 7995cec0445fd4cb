"""The command line: the only package that builds adapters, prints, or ends the process."""

from __future__ import annotations

import os
import sys

from flowsync import __version__

TYPE_CHECKING = False  # typing itself takes as long to import as Python to start
if TYPE_CHECKING:
    from collections.abc import Sequence


_OBJECTS_BEFORE_COLLECTING = 500_000
_INTERRUPTED = 130
"""ExitCode.INTERRUPTED as a number: a signal may arrive before the enum is imported."""

_INTERRUPTED_AS_JSON = b"""\
{
  "format": "flowsync-error/1",
  "error": {
    "code": "interrupted",
    "message": "Interrupted.",
    "hint": null,
    "exit_code": 130,
    "reasons": [],
    "problems": []
  }
}
"""
"""What `problems.failures.error_as_json` makes of an interruption, for one that comes before it is imported."""

is_interrupted = False
"""Whether a signal asked the command to end. A library may turn it into another error."""


has_result = False
"""Whether the command has written to stdout: an error after that is no second document there."""


def main() -> None:
    """Entry point of the `flowsync` command."""
    try:
        if sys.argv[1:] != ["--version"]:
            _handle_signals()
        _open_closed_streams()
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # before anything could report it, or while it was reported
        code = _interrupted()
    except Exception:  # a library that an interruption hits while it is imported may raise another error
        if not is_interrupted:
            raise
        code = _interrupted()
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib is not there yet for --version
            stream.flush()
        except OSError:  # noqa: PERF203 - two streams
            pass
    # Not sys.exit: a thread may still wait for an answer that nobody wants any more.
    os._exit(code)


def _handle_signals() -> None:
    """Let SIGTERM end a command as Ctrl-C does; a second signal ends it at once.

    A shell has what it starts in the background ignore Ctrl-C: that stays so.
    """
    import signal  # noqa: PLC0415 - --version pays for none of it

    handled = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is not signal.SIG_IGN]

    def end(_number: int, _frame: object) -> None:
        os._exit(_INTERRUPTED)

    def interrupt(_number: int, _frame: object) -> None:
        global is_interrupted  # noqa: PLW0603 - a signal is for the whole process
        is_interrupted = True
        for each in handled:
            signal.signal(each, end)
        sys.unraisablehook = _end_if_lost
        raise KeyboardInterrupt

    for each in handled:
        signal.signal(each, interrupt)


def _end_if_lost(lost: sys.UnraisableHookArgs) -> None:
    """End the process if the interruption came in a finaliser, where Python would print a traceback and go on."""
    if issubclass(lost.exc_type, KeyboardInterrupt):
        os._exit(_interrupted())


def _interrupted() -> int:
    try:
        os.write(2, b"error[interrupted] Interrupted.\n")
        if wants_document(sys.argv[1:]) and not has_result:
            os.write(1, _INTERRUPTED_AS_JSON)
    except OSError:
        pass
    return _INTERRUPTED


def wants_document(arguments: Sequence[str]) -> bool:
    """Whether stdout must hold a JSON document; read from the words, because click may not accept them."""
    words = [*" ".join(arguments).split(" -- ")[0].replace("--format=", "--format ").split(" "), ""]
    chosen = [words[at + 1] for at, word in enumerate(words) if word == "--format"]
    return chosen[-1:] == ["json"]


def _open_closed_streams() -> None:
    """Replace streams that the shell closed (`>&-`) by the null device, so that no other file takes their text."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            # Held until the end, so that no file opened later takes the stream's number.
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    if list(arguments) == ["--version"]:  # answered before anything is imported
        try:
            sys.stdout.write(f"flowsync {__version__}\n")
            sys.stdout.flush()
        except BrokenPipeError:
            return 1
        except OSError as error:
            os.write(2, f"error: The output cannot be written: {error.strerror}.\n".encode())
            return 1
        return 0
    import gc  # noqa: PLC0415 - as below

    # Files and plans are held until the end, so that looking for garbage among them is a tenth of the time for nothing;
    # among what is imported it is as futile.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)
    from flowsync.cli.app import guarded  # noqa: PLC0415 - --version pays for none of it

    return guarded(arguments)
