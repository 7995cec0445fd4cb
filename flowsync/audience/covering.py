"""What the tests of a flow file leave untested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.audience.expressions import expressions, own_fields, parsed
from flowsync.audience.testing import Held
from flowsync.targeting.nodes import Everyone
from flowsync.targeting.tracing import coverage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flowsync.audience.expressions import Stated
    from flowsync.audience.testing import TestOutcome
    from flowsync.model import Flow
    from flowsync.targeting.tracing import TermCoverage


@dataclass(frozen=True, slots=True)
class ExpressionCoverage:
    """What tests say of one expression: how many decide it, and for each term which truths they saw."""

    stated: Stated
    tests: int
    terms: tuple[TermCoverage, ...]


def flow_coverage(flow: Flow, outcomes: Iterable[TestOutcome]) -> tuple[ExpressionCoverage, ...]:
    """For every expression of a flow that can be read and says something, what its tests saw of it."""
    held = [outcome for outcome in outcomes if isinstance(outcome, Held)]
    every = (_coverage(stated, held) for stated in expressions(own_fields(flow)))
    return tuple(each for each in every if each is not None)


def _coverage(stated: Stated, held: list[Held]) -> ExpressionCoverage | None:
    tree = parsed(stated.text)
    if tree is None or isinstance(tree, Everyone):
        return None
    contexts = tuple(each.case.context for each in held if each.stated.path == stated.path)
    return ExpressionCoverage(stated, len(contexts), coverage(tree, contexts))
