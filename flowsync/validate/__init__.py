"""Checks flows offline: the schema first, then each group of rules.

Nothing here raises on what an author wrote, and nothing repeats more than a short, printable excerpt of it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.model import Location, Problem, Severity
from flowsync.validate import expressions, keys, rules, sending, showing, texts
from flowsync.validate.ignores import govern, level_complaint
from flowsync.validate.rules import RULES, Rule, code
from flowsync.validate.schema import SchemaName, check_schema, schema_text
from flowsync.validate.view import view

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Flow
    from flowsync.targeting.references import KnownFlow
    from flowsync.validate.view import View

__all__ = [
    "RULES",
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
    "schema_text",
]

MAXIMUM_PROBLEMS: Final = 1_000
"""Problems of one file that are looked for: a file of a pull request must not keep a runner busy for minutes."""
UNKNOWN_FLOW: Final = rules.UNKNOWN_FLOW.code
"""The rule that only knowledge of the live flows settles."""
TEST_FAILS: Final = rules.TEST_FAILS.code
"""The rule that runs a file's own tests."""
_CHECKS: Final[tuple[Callable[[View], Iterator[Problem]], ...]] = (
    check_schema,
    sending.check_javascript,
    sending.check_sendable,
    keys.check_file,
    keys.check_keys,
    keys.check_lists,
    showing.check_shown,
    texts.check_texts,
    texts.check_links,
    texts.check_patterns,
    expressions.check_expressions,
    expressions.check_test_entries,
    expressions.check_test_outcomes,
)


def check(flow: Flow) -> tuple[Problem, ...]:
    """Every problem of one flow, in the order of the file, each once."""
    return _in_order(_check_view(view(flow)))


def check_all(flows: Iterable[Flow], unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """Every problem of every flow, and of all flows together, by file, line and column.

    `unread` are the slugs of files that could not be read: all that is known of their flows is that they have a file.
    """
    return check_environments([tuple(flows)], unread)


def check_environments(environments: Sequence[Sequence[Flow]], unread: Collection[str] = ()) -> tuple[Problem, ...]:
    """As `check_all`, for the flows as they are in each of several environments.

    A flow that is the same object in several is checked once.
    """
    found: list[Problem] = []
    mentions: dict[int, list[expressions.Mention]] = {}
    for flows in environments:
        for flow in flows:
            if id(flow) not in mentions:
                seen = view(flow)
                found += _check_view(seen)
                mentions[id(flow)] = expressions.mentions_in(flow, seen.expressions)
        found += _check_slugs(flows)
        found += expressions.check_mentions(flows, [each for flow in flows for each in mentions[id(flow)]], unread)
    return _in_order(found)


def check_live(flows: Iterable[Flow], live: Mapping[str, KnownFlow], files: Sequence[Flow]) -> tuple[Problem, ...]:
    """Report references of `flows` to flows that are neither `live` (by slug) nor among all `files`."""
    return _in_order(expressions.check_live(flows, live, files))


def _check_view(seen: View) -> Iterator[Problem]:
    """The problems of one flow; if there are very many, the first ones and one more than are reported."""
    return islice((problem for check_group in _CHECKS for problem in check_group(seen)), MAXIMUM_PROBLEMS + 1)


def _check_slugs(flows: Iterable[Flow]) -> Iterator[Problem]:
    first: dict[str, Flow] = {}
    for flow in flows:
        earlier = first.setdefault(unicodedata.normalize("NFC", flow.slug).casefold(), flow)
        if earlier.slug != flow.slug:
            yield rules.SIMILAR_SLUG.at(
                flow.source.location(()),
                f"The slug {code(flow.slug)} differs from {code(earlier.slug)} by case or accents only.",
                "Rename one of the files, and the flow in Frigade.",
            )


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sort by file, line and column; drop repeats, and all but the first note that patterns are not checked.

    Of each file the first problems remain, with an error where there are more: what is left out may be errors.
    """
    counts: Counter[str] = Counter()
    kept: list[Problem] = []
    for problem in dict.fromkeys(problems):
        file = problem.location.file
        counts[file] += 1
        if counts[file] <= MAXIMUM_PROBLEMS:
            kept.append(problem)
        elif counts[file] == MAXIMUM_PROBLEMS + 1:
            message = f"There are more than {MAXIMUM_PROBLEMS:,} problems in this file; the rest is not reported."
            kept.append(
                Problem(Location(file, 1, 1), Severity.ERROR, "too-many-problems", message, "Correct these first.")
            )
    kept.sort(key=lambda problem: problem.sort_key)
    unchecked = [problem for problem in kept if problem.code == UncheckedPatternError.code]
    return tuple(problem for problem in kept if problem not in unchecked[1:])
