"""What JavaScript's own YAML parsers read differently: the reader has noted it, here it becomes problems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        places = _places_of_tests(view)
        yield from (each for each in view.flow.source.warnings if each.location not in places)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of a file, from its first place up to the one it ends before; None is the end of the file."""

    start: Location
    end: Location | None

    def __contains__(self, place: Location) -> bool:
        return self.start <= place and (self.end is None or place < self.end)


def _places_of_tests(view: View) -> _Stretch | tuple[()]:
    keys = sorted(view.key_location((key,)) for key in view.value)
    if "tests" not in view.value:
        return ()
    start = view.key_location(("tests",))
    return _Stretch(start, next((key for key in keys if key > start), None))
