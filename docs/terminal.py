"""Pictures of a terminal: what commands really print in a copy of this repository's flows, on the sandbox."""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT: Final = Path(__file__).parent.parent
WIDTH: Final = 88
"""Columns: what a README shows at a size that can be read."""
THEMES: Final = {"light": DEFAULT_TERMINAL_THEME, "dark": MONOKAI}
TWO_FLOWS: Final = "flowsync plan flow_goals_launch flow_setup --sandbox"
STORY: Final = (
    "flowsync plan flow_goals_launch --sandbox",
    "flowsync apply flow_goals_launch --sandbox --yes",
    "flowsync plan flow_goals_launch --sandbox",
    "flowsync rollback latest --sandbox --yes",
)
"""What the moving picture shows, one command after the other."""
_SECONDS: Final = 6
"""How long each command of the moving picture is shown."""
_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def pictures() -> dict[str, str]:
    """Every picture of a terminal by its file in docs."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "flows", Path(folder) / "flows")
        plan = printed(TWO_FLOWS, folder)
        story = [(command, printed(command, folder)) for command in STORY]
    found = {f"plan-{name}.svg": still(plan, TWO_FLOWS, theme, f"plan-{name}") for name, theme in THEMES.items()}
    return {**found, "cast.svg": moving(story)}


def printed(command: str, folder: str) -> str:
    """What a command prints to a terminal of WIDTH columns, with its colours."""
    reader, writer = pty.openpty()
    words = [sys.executable, "-m", *command.split()]
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=writer, stderr=subprocess.PIPE
    ) as running:
        os.close(writer)
        text = b""
        while chunk := _read(reader):
            text += chunk
        os.close(reader)
        _, said = running.communicate()
    if running.returncode != 0:
        raise RuntimeError(f"{command}: {said.decode()}")
    return text.decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def still(ansi: str, title: str, theme: TerminalTheme, identity: str) -> str:
    """An SVG of a terminal. Nothing is fetched when it is viewed. Same input, same bytes."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH, color_system="standard", force_terminal=True)
    console.print(Text.from_ansi(ansi), no_wrap=True, overflow="ignore", crop=False, highlight=False)
    return _FONTS.sub("", console.export_svg(title=title, unique_id=identity, theme=theme), count=2)


def moving(story: Sequence[tuple[str, str]]) -> str:
    """An SVG that shows one terminal after the other, without a script; where nothing may move, all of them."""
    frames = [still(ansi, command, MONOKAI, f"cast-{number}") for number, (command, ansi) in enumerate(story)]
    sizes = [tuple(map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', frame)[0])) for frame in frames]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    part, whole = 100 / len(frames), _SECONDS * len(frames)
    steps = f"0% {{visibility: visible}} {part:g}% {{visibility: hidden}} 100% {{visibility: hidden}}"
    inner = "\n".join(
        frame.replace('<svg class="', f'<svg style="animation-delay: {number * _SECONDS}s" class="shown ', 1)
        for number, frame in enumerate(frames)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">\n'
        f"<style>.shown {{visibility: hidden; animation: show {whole}s step-end infinite}} @keyframes show {{{steps}}}"
        f"</style>\n{inner}\n</svg>\n"
    )
