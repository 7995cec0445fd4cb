"""What JavaScript's own YAML parsers read differently: the reader has noted it, here it becomes problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.model import Location, Problem
    from flowsync.validate.view import View

YAML_AMBIGUOUS: Final = Rule(
    "yaml-ambiguous",
    Severity.WARNING,
    "Something that npm yaml reads in one way and js-yaml, or one of its versions, in another: a date, 1_000, <<, a "
    "null key and the like, without quotes. flowsync reads what npm yaml reads; quotes make all of them agree.",
    "name: Welcome\nx-since: 2026-01-20\n",
    "name: Welcome\nx-since: '2026-01-20'\n",
)
YAML_TAG: Final = Rule(
    "yaml-tag",
    Severity.WARNING,
    "A tag that npm yaml passes over, and that js-yaml may refuse the whole file for.",
    "name: !custom Welcome\n",
    "name: Welcome\n",
)
RULES: Final = (YAML_AMBIGUOUS, YAML_TAG)


def check(view: View) -> Iterator[Problem]:
    """The reader's own warnings, places and all, but for those in `tests`, which no other parser ever reads."""
    if view.flow.source.warnings:
        in_tests = _in_tests(view)
        yield from (each for each in view.flow.source.warnings if not in_tests(each.location))


def _in_tests(view: View) -> Callable[[Location], bool]:
    """Whether a place is in `tests`: from its key up to the next one, or to the end of the file."""
    if "tests" not in view.value:
        return lambda _: False
    start = view.key_location(("tests",))
    end = next((key for key in sorted(view.key_location((each,)) for each in view.value) if key > start), None)
    return lambda place: start <= place and (end is None or place < end)
