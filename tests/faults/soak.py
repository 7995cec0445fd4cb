"""Random schedules of faults for as long as one likes: `python -m tests.faults.soak COUNT [SEED]`.

Each is a plan, an apply, a rollback and another apply, held to the invariants of the tests. The first that
breaks one ends the run, and tells its seed and number; `python -m tests.faults.soak 1 SEED NUMBER` repeats it.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.test_faults import check_schedule

EVERY = 500


def main(arguments: list[str]) -> int:
    """Run COUNT schedules from NUMBER on."""
    count = int(arguments[0]) if arguments else 10_000
    seed = int(arguments[1]) if len(arguments) > 1 else secrets.randbelow(2**32)
    first = int(arguments[2]) if len(arguments) > 2 else 0
    sys.stdout.write(f"seed {seed}\n")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, first + count):
            check_schedule(seed, number, Path(folder))
            if (number + 1) % EVERY == 0:
                sys.stdout.write(f"{number + 1:,} schedules, {time.monotonic() - started:.0f} s\n")
                sys.stdout.flush()
    sys.stdout.write(f"{count:,} schedules, every invariant held\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
