"""What is wrong with a flow, told offline: the schema first, then one module for each group of rules.

    check(flow)       the problems of one flow
    check_all(flows)  those of all flows, and of all together
    govern(problems)  what a project's own levels and ignores leave of them
    rules()           every kind of problem, documented
    schema_text(name) the JSON Schema that editors use, and `check` too

Nothing here raises on what an author wrote, and nothing repeats more than a short, printable excerpt of it.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.model import Location, Problem, Severity
from flowsync.validate import expressions, testing
from flowsync.validate.expressions import check_mentions, check_together, mentioning
from flowsync.validate.registry import CHECKS, RULES, govern, level_complaint
from flowsync.validate.rule import Rule, view
from flowsync.validate.schema import SchemaName, schema_problems, schema_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow
    from flowsync.targeting.references import KnownFlow
    from flowsync.validate.expressions import Speaking
    from flowsync.validate.rule import View

__all__ = [
    "TEST_FAILS",
    "UNKNOWN_FLOW",
    "Rule",
    "SchemaName",
    "check",
    "check_all",
    "check_environments",
    "check_live",
    "govern",
    "level_complaint",
    "rules",
    "schema_text",
]


MAXIMUM_PROBLEMS: Final = 1_000
"""Problems of one file that are looked for: a file of a pull request must not keep a runner busy for minutes."""
UNKNOWN_FLOW: Final = expressions.UNKNOWN_FLOW.code
"""The rule that only knowledge of the live flows settles."""
TEST_FAILS: Final = testing.TEST_FAILS.code
"""The rule that holds a file against its own tests."""


def check(flow: Flow) -> tuple[Problem, ...]:
    """Every problem of one flow, in the order of the file; none is told twice."""
    return _in_order(_problems(view(flow)))


def check_all(flows: Iterable[Flow], unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every flow, and of all flows together, by file, line and column.

    `unread` are the slugs of files that could not be read: of their flows nothing is known but that they have a file.
    """
    return check_environments([tuple(flows)], unread)


def check_environments(environments: Sequence[Sequence[Flow]], unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """As `check_all`, for the flows as they are in each of several environments.

    A flow that is the same object in several is looked at once.
    """
    found: list[Problem] = []
    mentions: dict[int, list[Speaking]] = {}
    for flows in environments:
        for flow in flows:
            if id(flow) not in mentions:
                looked_at = view(flow)
                found += _problems(looked_at)
                mentions[id(flow)] = mentioning(flow, looked_at.expressions)
        speaking = [each for flow in flows for each in mentions[id(flow)]]
        found += (*check_together(flows), *check_mentions(flows, speaking, unread))
    return _in_order(found)


def check_live(flows: Iterable[Flow], live: Mapping[str, KnownFlow], files: Sequence[Flow]) -> tuple[Problem, ...]:
    """References of `flows` to what is neither among the `live` flows (by slug) nor among those of all `files`."""
    return _in_order(expressions.check_live(flows, live, files))


def rules() -> tuple[Rule, ...]:
    """Every kind of problem that can be reported, by code."""
    return RULES


def _problems(looked_at: View) -> Iterator[Problem]:
    """The problems of one flow; of very many the first, and one more than are reported."""
    checks = (schema_problems, *CHECKS)
    yield from islice(chain.from_iterable(check_group(looked_at) for check_group in checks), MAXIMUM_PROBLEMS + 1)


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file, line and column, each once; that patterns are not checked is said of the first one only."""
    ordered = sorted(_bounded(dict.fromkeys(problems)), key=lambda problem: problem.sort_key)
    unchecked = [problem for problem in ordered if problem.code == UncheckedPatternError.code]
    return tuple(problem for problem in ordered if problem not in unchecked[1:])


def _bounded(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Of each file the first problems, and an error where there are more: what is left out may be errors."""
    counts: Counter[str] = Counter()
    for problem in problems:
        file = problem.location.file
        counts[file] += 1
        if counts[file] <= MAXIMUM_PROBLEMS:
            yield problem
        elif counts[file] == MAXIMUM_PROBLEMS + 1:
            message = f"There are more than {MAXIMUM_PROBLEMS:,} problems in this file; the rest is not reported."
            yield Problem(Location(file, 1, 1), Severity.ERROR, "too-many-problems", message, "Correct these first.")
