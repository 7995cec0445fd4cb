"""Which of the machine's cores this process uses."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATE: Final = Path("/proc/thread-self/stat")
_FIELD_OF_CORE: Final = 39
"""Counted from 1, see proc_pid_stat(5); the third follows the name, which may hold blanks and ends with `)`."""


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and those it starts meanwhile, on one core, where the system lets it be chosen.

    Python lets one thread run at a time. Threads that mostly wait for the network only hand that right to and fro
    between the cores, each with the other's work missing from its cache; on one core the same work takes a fifth less
    processor time, and no longer on the clock. It is the core that the system last gave this thread: what else keeps
    cores busy is mostly on others, or can be moved away.
    """
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    with suppress(OSError, ValueError, IndexError):
        os.sched_setaffinity(0, {_current_core()})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)


def _current_core() -> int:
    return int(_STATE.read_text().rpartition(")")[2].split()[_FIELD_OF_CORE - 3])
