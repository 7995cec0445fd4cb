"""The order in which changes are carried out: flows are created first, each after those that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.flows.expressions import expressions, references_in
from flowsync.model import AlreadyApplied, Applied, Create

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import Change, Outcome


class Order:
    """The changes of a run in their order, and which of them have to wait for flows that could not be created."""

    def __init__(self, changes: Iterable[Change]) -> None:
        kept = list(changes)
        creates = {change.slug: change for change in kept if isinstance(change, Create)}
        self._names = {change.slug: _named(change, creates) for change in kept} if creates else {}
        self._missing: set[str] = set()
        self.creates: list[Change] = _sorted(creates, self._names)
        self.others = [change for change in kept if not isinstance(change, Create)]

    def missing(self, change: Change) -> list[str]:
        """The flows that a change names, and that were to be created and are not there."""
        return sorted(self._names.get(change.slug, frozenset()) & self._missing)

    def note(self, outcome: Outcome) -> None:
        """Note what became of a change."""
        if isinstance(outcome.change, Create) and not isinstance(outcome, Applied | AlreadyApplied):
            self._missing.add(outcome.change.slug)


def _named(change: Change, creates: Mapping[str, Create]) -> frozenset[str]:
    """Those of the flows to be created that the fields that are sent name in an expression."""
    sent = {name: change.new[name] for name in change.body if name in change.new}
    named = {reference.slug for each in expressions(sent) for reference in references_in(each.text)}
    return frozenset(named & creates.keys() - {change.slug})


def _sorted(creates: Mapping[str, Create], names: Mapping[str, frozenset[str]]) -> list[Change]:
    """The flows by slug, each after those that it names; those that name each other are in the order of slugs."""
    found: dict[str, Change] = {}
    left = sorted(creates)
    while left:
        slug = next((each for each in left if names[each] <= found.keys()), left[0])
        left.remove(slug)
        found[slug] = creates[slug]
    return [*found.values()]
