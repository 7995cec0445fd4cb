"""How far a run is, on one line. The command line rewrites it in place on a terminal."""

from __future__ import annotations

from typing import Final

BAR: Final = 20
"""How many characters the bar takes."""


def progress_line(verb: str, done: int, total: int, waiting: int = 0) -> str:
    """Return e.g. `Applying [#####...............] 10/40, 30 left, 8 waiting for the rate limit`, without an end.

    `waiting` counts those in flight that hold off because the server asked for it.
    """
    filled = BAR * done // total if total else BAR
    bar = "#" * filled + "." * (BAR - filled)
    extras = ((total - done, "left"), (waiting, "waiting for the rate limit"))
    told = "".join(f", {count:,} {words}" for count, words in extras if count)
    return f"{verb} [{bar}] {done:,}/{total:,}{told}"


def reading_line(waiting: int) -> str:
    """Return what is shown while live flows are read, without an end."""
    return f"Reading the live flows{f', {waiting:,} requests waiting for the rate limit' if waiting else ''} ..."


def pulling_line(done: int) -> str:
    """Return what is shown while live flows are taken over into texts, without an end."""
    return f"Pulling, {done:,} {'flow' if done == 1 else 'flows'} done ..."


def writing_line() -> str:
    """Return what is shown while files are written, without an end."""
    return "Writing the files ..."
