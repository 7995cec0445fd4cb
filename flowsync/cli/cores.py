"""Which of the machine's cores this process uses."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def on_one_core() -> Iterator[None]:
    """Keep this thread, and those it starts meanwhile, on one core, where the system lets it be chosen.

    Python lets one thread run at a time. Threads that mostly wait for the network only hand that right to and fro
    between the cores, each with the other's work missing from its cache; on one core the same work takes a fifth less
    processor time, and no longer on the clock. Runs beside each other choose different cores.
    """
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    chosen = sorted(allowed)[os.getpid() % len(allowed)]
    with suppress(OSError):
        os.sched_setaffinity(0, {chosen})
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, allowed)
