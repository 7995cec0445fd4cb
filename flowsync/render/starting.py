"""What `init` did, file by file, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import FileState
from flowsync.render.columns import columns, padded
from flowsync.render.layout import hint_lines, sentences
from flowsync.render.style import Span, Style, line, paint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.model import StartFile
    from flowsync.render.screen import Screen
    from flowsync.render.style import Line

_STYLES: Final = {
    FileState.CREATED: Style.ADDED,
    FileState.EXTENDED: Style.ADDED,
    FileState.KEPT: Style.MUTED,
    FileState.BY_HAND: Style.WARNING,
}
_STATE_WIDTH: Final = max(len(state.value) for state in FileState)


def files(done: Sequence[StartFile], screen: Screen) -> str:
    """What became of each file, and below one that people must see to what belongs into it."""
    widest = max((columns(file.name) for file in done), default=0)
    return paint((row for file in done for row in _file_lines(file, widest)), screen.colour)


def _file_lines(file: StartFile, width: int) -> Iterator[Line]:
    state = Span(padded(file.state.value, _STATE_WIDTH), _STYLES[file.state])
    note = [f"  {file.note}"] if file.note else []
    yield line(state, "  ", padded(file.name, width) if note else file.name, *note)
    if file.state is FileState.BY_HAND:
        yield from (line(f"    {row}") for row in file.text.split("\n")[:-1])


def steps(commands: Sequence[tuple[str, str]], advice: Sequence[str], screen: Screen) -> str:
    """What to do next: commands with what they are good for, then what only people can do."""
    return paint(_step_lines(commands, advice, screen), screen.colour)


def _step_lines(commands: Sequence[tuple[str, str]], advice: Sequence[str], screen: Screen) -> Iterator[Line]:
    yield ()
    yield line(Span("Next", Style.HEADING))
    widest = max((columns(command) for command, _ in commands), default=0)
    for command, purpose in commands:
        told = line("  ", Span(padded(command, widest), Style.HINT), f"  {purpose}")
        yield from sentences(told, screen, indent=widest + 4)
    for each in advice:
        yield from hint_lines(each, screen)
