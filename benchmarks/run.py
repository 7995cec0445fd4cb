"""How fast flowsync is, as ratios to baselines measured in the same run.

    python benchmarks/run.py                     everything: about a quarter of an hour
    python benchmarks/run.py --quick             the set that .ci/run holds: less than two minutes
    python benchmarks/run.py --docs              and write docs/performance.md
    python benchmarks/run.py --only parallelism  one part: how many requests in flight are worth it
    python benchmarks/run.py --profile plan      where the time of one command goes

Whole processes over generated files (benchmarks/corpus.py, a fixed seed) and the sandbox's own server. The tools of
others are measured where they are installed: `pip install -e '.[bench]'`, and decK. Exits 1 when a ratio is more than
twice its budget, twice in a row.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import parts
import report
from account import Bench
from budgets import Size, outcomes
from findings import figures
from others import others
from profiles import PROFILED, profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from findings import Finding

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
PARTS: Final[Mapping[str, Callable[[Bench], Iterator[Finding]]]] = {
    "start": parts.starting,
    "files": parts.files,
    "plan": parts.plans,
    "apply": parts.applies,
    "parallelism": parts.parallelism,
    "others": others,
}
QUICK: Final = ("start", "files", "plan", "apply", "others")


def main() -> int:
    """Measure, tell, and judge."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="flowsync-bench-") as folder:
        scratch = Path(folder)
        os.environ["XDG_STATE_HOME"] = str(scratch / "state")
        if options.profile:
            return profile(options.profile, scratch)
        size = Size.quick() if options.quick else Size.full()
        names = options.only or (QUICK if options.quick else tuple(PARTS))
        found = _measured(scratch / "first", size, names)
        far = _far_over(found)
        if far:
            sys.stderr.write(f"Far over: {', '.join(far)}. Measured once more, for a busy moment is no regression.\n")
            again = _far_over(_measured(scratch / "second", size, dict.fromkeys(far.values())))
            far = {name: part for name, part in far.items() if name in again}
    every = [each for its in found.values() for each in its]
    sys.stdout.write(report.text(every, size))
    if options.json:
        Path(options.json).write_text(report.as_json(every, size), encoding="utf-8")
    if options.docs:
        PAGE.write_text(report.page(every, size), encoding="utf-8")
    return 1 if far else 0


def _measured(scratch: Path, size: Size, names: Iterable[str]) -> dict[str, list[Finding]]:
    """What each part finds."""
    scratch.mkdir()
    bench = Bench(scratch, size)
    return {name: list(PARTS[name](bench)) for name in names}


def _far_over(found: Mapping[str, Iterable[Finding]]) -> dict[str, str]:
    """The budgets that are missed by far, each with the part that measures it."""
    over = ((part, each) for part, its in found.items() for each in outcomes(figures(its)) if each.is_far_over)
    return {each.budget.name: part for part, each in over}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer flows and rounds")
    parser.add_argument("--json", metavar="FILE", help="write what was measured to FILE too")
    parser.add_argument("--docs", action="store_true", help="write docs/performance.md")
    parser.add_argument("--only", choices=tuple(PARTS), action="append", help="one part only; repeatable")
    parser.add_argument("--profile", choices=sorted(PROFILED), help="sample one command instead")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.exit(main())
