"""What is wrong with a flow, told offline: the schema first, then one module for each group of rules.

    check(flow)       the problems of one flow
    check_all(flows)  those of all flows, and of all together
    govern(problems)  what a project's own levels and ignores leave of them
    rules()           every kind of problem, documented
    schema_text(name) the JSON Schema that editors use, and `check` too

Nothing here raises on what an author wrote, and nothing repeats more than a short, printable excerpt of it.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.model import Problem, Severity
from flowsync.validate.governance import govern, level_complaint
from flowsync.validate.groups import outcomes, references
from flowsync.validate.groups.references import check_mentions, mentioning
from flowsync.validate.groups.together import check_together
from flowsync.validate.registry import GROUPS, RULES
from flowsync.validate.rule import Rule
from flowsync.validate.schema import SchemaName, schema_problems, schema_text
from flowsync.validate.view import view

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow
    from flowsync.targeting.checks import KnownFlow
    from flowsync.validate.groups.references import Speaking
    from flowsync.validate.view import View

__all__ = [
    "TEST_FAILS",
    "UNKNOWN_FLOW",
    "Rule",
    "SchemaName",
    "check",
    "check_all",
    "check_live",
    "govern",
    "level_complaint",
    "rules",
    "schema_text",
]


MAXIMUM_PROBLEMS: Final = 1_000
"""Problems of one file that are looked for: a file of a pull request must not keep a runner busy for minutes."""
UNKNOWN_FLOW: Final = references.UNKNOWN_FLOW.code
"""The rule that only knowledge of the live flows settles."""
TEST_FAILS: Final = outcomes.TEST_FAILS.code
"""The rule that holds a file against its own tests."""


def check(flow: Flow) -> tuple[Problem, ...]:
    """Every problem of one flow, in the order of the file; none is told twice."""
    return _in_order(_problems(view(flow)))


def check_all(flows: Iterable[Flow], unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every flow, and of all flows together, by file, line and column.

    `unread` are the slugs of files that could not be read: of their flows nothing is known but that they have a file.
    """
    known = tuple(flows)
    found: list[Problem] = []
    speaking: list[Speaking] = []
    for flow in known:
        looked_at = view(flow)
        found += _problems(looked_at)
        speaking += mentioning(flow, looked_at.expressions)
    return _in_order([*found, *check_together(known), *check_mentions(known, speaking, unread)])


def check_live(flows: Iterable[Flow], live: Mapping[str, KnownFlow], files: Sequence[Flow]) -> tuple[Problem, ...]:
    """References of `flows` to what is neither among the `live` flows (by slug) nor among those of all `files`."""
    return _in_order(references.check_live(flows, live, files))


def rules() -> tuple[Rule, ...]:
    """Every kind of problem that can be reported, by code."""
    return RULES


def _problems(looked_at: View) -> Iterator[Problem]:
    """The problems of one flow; of very many the first, and an error that says so, for the rest may hold errors too."""
    every = _every_problem(looked_at)
    yield from islice(every, MAXIMUM_PROBLEMS)
    if next(every, None) is not None:
        message = f"There are more than {MAXIMUM_PROBLEMS:,} problems in this file; the rest is not looked at."
        yield Problem(looked_at.location(()), Severity.ERROR, "too-many-problems", message, "Correct these first.")


def _every_problem(looked_at: View) -> Iterator[Problem]:
    yield from schema_problems(looked_at)
    for group in GROUPS:
        yield from group.check(looked_at)


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By file, line and column, each once; that patterns are not checked is said of the first one only."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.sort_key)
    unchecked = [problem for problem in ordered if problem.code == UncheckedPatternError.code]
    return tuple(problem for problem in ordered if problem not in unchecked[1:])
