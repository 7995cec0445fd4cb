"""How far a run is, on one line. The command line rewrites it in place on a terminal."""

from __future__ import annotations

from typing import Final

BAR: Final = 20
"""How many characters the bar takes."""


def progress_line(verb: str, done: int, total: int, in_flight: int = 0, waiting: int = 0) -> str:
    """Return e.g. `Applying [#####...............] 10/40, 8 in flight`, without an end.

    `waiting` counts those in flight that hold off because the server asked for it.
    """
    filled = BAR * done // total if total else BAR
    bar = "#" * filled + "." * (BAR - filled)
    extras = ((in_flight, "in flight"), (waiting, "waiting for the server"))
    told = "".join(f", {count:,} {words}" for count, words in extras if count)
    return f"{verb} [{bar}] {done:,}/{total:,}{told}"
