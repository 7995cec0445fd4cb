"""Runs flowsync's command line and tells where its processor time went, in all of its threads.

    python watched.py ARGUMENTS…      the tables go to stderr

Each call of each function is timed by its thread's own clock, which stands still while the thread waits; what watching
takes is left out as far as it is known, yet small functions look dearer than they are. cProfile knows one thread only.
"""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from pathlib import Path
from time import thread_time
from types import CodeType
from typing import TYPE_CHECKING, Final

from flowsync.cli import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

ROWS: Final = 40


class Watch:
    """The seconds of one thread: by function, without what it calls and with it, and how often it was called."""

    def __init__(self, thread: str) -> None:
        self.thread = thread
        self.own: defaultdict[object, float] = defaultdict(float)
        self.whole: defaultdict[object, float] = defaultdict(float)
        self.calls: defaultdict[object, int] = defaultdict(int)
        self._open: list[tuple[object, float]] = []
        self._within = [0.0]
        self._watching = thread_time()

    def __call__(self, frame: FrameType, event: str, what: object) -> None:
        """What Python tells at each call and each return."""
        now = thread_time() - self._watching
        function = frame.f_code if event in {"call", "return"} else what
        if event in {"call", "c_call"}:
            self._open.append((function, now))
            self._within.append(0.0)
        elif self._open:
            self._close(now)
        self._watching = thread_time() - now

    def _close(self, now: float) -> None:
        function, began = self._open.pop()
        took, within = now - began, self._within.pop()
        self._within[-1] += took
        self.calls[function] += 1
        self.own[function] += took - within
        if all(function is not other for other, _ in self._open):
            self.whole[function] += took


WATCHES: Final[list[Watch]] = []


def watch(frame: FrameType, event: str, what: object) -> None:
    """What a new thread calls first: from here on it has a watch of its own."""
    WATCHES.append(Watch(threading.current_thread().name.rstrip("_0123456789")))
    sys.setprofile(WATCHES[-1])
    WATCHES[-1](frame, event, what)


def main() -> int:
    """Run, then tell."""
    threading.setprofile(watch)
    sys.setprofile(watch)
    code = run(sys.argv[1:])
    sys.setprofile(None)
    threading.setprofile(None)
    sys.stderr.write(tables())
    return code


def tables() -> str:
    """The threads, then the functions that took most by themselves."""
    threads, own, whole, calls = (defaultdict[object, float](float) for _ in range(4))
    for each in WATCHES:
        threads[each.thread] += sum(each.own.values())
        for total, part in ((own, each.own), (whole, each.whole), (calls, each.calls)):
            for function, amount in part.items():
                total[function] += amount
    lines = [f"{threads[thread]:9.3f} s  {thread}" for thread in dearest(threads)]
    lines += ["", "  by itself   with callees      calls"]
    for function in dearest(own)[:ROWS]:
        lines.append(f"{own[function]:9.3f} s  {whole[function]:11.3f} s  {calls[function]:9,.0f}  {named(function)}")
    return "\n".join(lines) + "\n"


def dearest(seconds: Mapping[object, float]) -> list[object]:
    """The keys, from the most to the least."""
    return sorted(seconds, key=lambda key: -seconds[key])


def named(function: object) -> str:
    """What it is called and where it stands, as short as it is clear."""
    if isinstance(function, CodeType):
        return f"{'/'.join(Path(function.co_filename).parts[-2:])}:{function.co_firstlineno} {function.co_name}"
    return f"{getattr(function, '__module__', None) or ''} {getattr(function, '__qualname__', repr(function))}".strip()


if __name__ == "__main__":
    sys.exit(main())
