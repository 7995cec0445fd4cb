"""Random schedules of faults for as long as one likes: `python -m tests.faults.soak COUNT [SEED [NUMBER]]`.

Each is a plan, an apply, a rollback and another apply, held to the invariants of the tests. The first that
breaks one ends the run, and tells its seed and number; `python -m tests.faults.soak 1 SEED NUMBER` repeats it.
`python -m tests.faults.soak kills COUNT [SEED]` kills as many real processes, each at a random moment.
"""

from __future__ import annotations

import random
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.test_faults import check_schedule
from tests.faults.test_kill import check_kill

EVERY = 500


def main(arguments: list[str]) -> int:
    """Run what is asked for; 0 when every invariant held."""
    kills = arguments[:1] == ["kills"]
    numbers = [int(each) for each in arguments[kills:]]
    count = numbers[0] if numbers else 10_000
    seed = numbers[1] if len(numbers) > 1 else secrets.randbelow(2**32)
    sys.stdout.write(f"seed {seed}\n")
    if kills:
        kill(count, seed)
    else:
        soak(range(numbers[2], numbers[2] + count) if len(numbers) > 2 else range(count), seed)
    sys.stdout.write("Every invariant held.\n")
    return 0


def soak(numbers: range, seed: int) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for done, number in enumerate(numbers, start=1):
            check_schedule(seed, number, Path(folder))
            if done % EVERY == 0:
                sys.stdout.write(f"{done:,} schedules, {time.monotonic() - started:.0f} s\n")
                sys.stdout.flush()


def kill(count: int, seed: int) -> None:
    codes: Counter[int] = Counter()
    for number in range(count):
        folder = Path(tempfile.mkdtemp())
        codes[check_kill(random.Random(f"{seed}/kill/{number}"), folder)] += 1
        shutil.rmtree(folder)
    sys.stdout.write(f"exit codes: {dict(codes)}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
