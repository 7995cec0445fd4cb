"""flowsync completion install, flowsync completion show."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from shlex import quote
from typing import Final

import click
from click.shell_completion import get_completion_class

from flowsync.cli.output import write_note, write_result
from flowsync.cli.usage.help_page import Group
from flowsync.cli.usage.options import global_options, invocation
from flowsync.errors import FlowsyncError, UsageError

_PROGRAM: Final = "flowsync"
_MARK: Final = "# flowsync completion"
_COMPINIT: Final = "(( ${+functions[compdef]} )) || { autoload -Uz compinit && compinit -i; }\n"
"""zsh only knows how to complete once compinit has run; many start-up files run it, and not twice."""


class Shell(Enum):
    """A shell that can complete."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True, slots=True)
class Step:
    """A file to have with this text: the whole file, or one line of a start-up file."""

    path: Path
    text: str
    is_line: bool

    @property
    def is_done(self) -> bool:
        """Whether the file has this text already."""
        try:
            found = self.path.read_bytes()
        except FileNotFoundError:
            return False
        wanted = self.text.encode()
        return wanted.strip() in found.splitlines() if self.is_line else found == wanted

    def carry_out(self) -> None:
        """Write the file, or add the line at its end; links are followed, for start-up files often are links."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.is_line:
            self.path.write_text(self.text, encoding="utf-8")
            return
        with self.path.open("a+b") as file:
            file.seek(0)
            found = file.read()
            separator = b"" if not found or found.endswith(b"\n") else b"\n"
            file.write(separator + self.text.encode())


@click.group("completion", cls=Group)
@global_options
def command() -> None:
    """Let bash, zsh or fish complete commands, options, slugs and paths."""


_SHELLS: Final = click.Choice([each.value for each in Shell])


@command.command("show", short_help="Print the completion script of a shell.")
@click.argument("shell", metavar="bash|zsh|fish", type=_SHELLS)
@global_options
def show(shell: str) -> None:
    """Print the completion script of a shell, to keep wherever you like."""
    write_result(_script(Shell(shell)))


@command.command("install", short_help="Switch completion on for a shell.")
@click.argument("shell", metavar="[bash|zsh|fish]", type=_SHELLS, required=False)
@click.option("--print", "only_print", is_flag=True, help="Print what would be written, and where; write nothing.")
@global_options
@click.pass_context
def install(context: click.Context, *, shell: str | None, only_print: bool) -> None:
    """Switch completion on for a shell: the one that you use unless you name one. Running it again changes nothing.

    bash and zsh: the script goes to ~/.local/share/flowsync (or $XDG_DATA_HOME), and one line that reads it to the end
    of ~/.bashrc (macOS: ~/.bash_profile) or ~/.zshrc. fish: the script goes to ~/.config/fish/completions. To switch it
    off, remove that line or file.
    """
    given = invocation(context)
    chosen = Shell(shell) if shell is not None else _shell_in_use()
    try:
        done = _report_and_carry_out(_steps(chosen), only_print=only_print)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = f"flowsync completion show {chosen.value} prints the script, to keep where you can write."
        raise FlowsyncError(f"Completion for {chosen.value} cannot be installed: {reason}.", hint=hint) from None
    write_result(done)
    if not only_print:
        write_note(f"It works in every {chosen.value} that you start from now on.", given)
        if shutil.which(_PROGRAM) is None:
            write_note(
                f"note: no {_PROGRAM} is on the PATH here; a shell completes only a command that it finds.", given
            )


def _shell_in_use() -> Shell:
    name = Path(os.environ.get("SHELL", "")).name
    try:
        return Shell(name)
    except ValueError:
        hint = "Name one: flowsync completion install bash, zsh or fish."
        raise UsageError(
            "Which shell you use is not clear: $SHELL names none of bash, zsh and fish.", hint=hint
        ) from None


def _report_and_carry_out(steps: list[Step], *, only_print: bool) -> str:
    """Make the missing changes, unless they are only to be printed; show what was or would be done to each file."""
    lines = []
    for step in steps:
        if only_print:
            lines.append(
                f"{_MARK.split()[0]} {'added to' if step.is_line else 'the whole of'} {step.path}\n{step.text}"
            )
        elif step.is_done:
            lines.append(f"unchanged  {step.path}\n")
        else:
            is_new = not step.path.exists()
            step.carry_out()
            lines.append(f"{'written' if is_new or not step.is_line else 'extended'}  {step.path}\n")
    return "".join(lines)


def _steps(shell: Shell) -> list[Step]:
    """The files that switch completion on, in the order of writing."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() fails for a user without an entry
    if shell is Shell.FISH:
        config = _folder("XDG_CONFIG_HOME", home / ".config")
        return [Step(config / "fish" / "completions" / f"{_PROGRAM}.fish", _script(shell), is_line=False)]
    script = _folder("XDG_DATA_HOME", home / ".local" / "share") / _PROGRAM / f"completion.{shell.value}"
    if shell is Shell.ZSH:
        start_up = _folder("ZDOTDIR", home) / ".zshrc"
    else:  # macOS starts a login shell in each window, which reads no .bashrc
        start_up = home / (".bash_profile" if sys.platform == "darwin" else ".bashrc")
    path = quote(str(script))
    line = f"[ ! -r {path} ] || . {path} {_MARK}\n"
    return [Step(script, _script(shell), is_line=False), Step(start_up, line, is_line=True)]


def _folder(variable: str, otherwise: Path) -> Path:
    """The folder that a variable names; as the XDG specification says, only if it is an absolute path."""
    named = Path(os.environ.get(variable, ""))
    return named if named.is_absolute() else otherwise


def _script(shell: Shell) -> str:
    """The completion script that click makes for the shell; it calls the flowsync that the shell finds."""
    from flowsync.cli.app import flowsync  # noqa: PLC0415 - app imports the commands

    made = get_completion_class(shell.value)
    assert made is not None  # noqa: S101 - click has all three
    source = made(flowsync, {}, _PROGRAM, f"_{_PROGRAM.upper()}_COMPLETE").source()
    return (_COMPINIT if shell is Shell.ZSH else "") + source.strip("\n") + "\n"
