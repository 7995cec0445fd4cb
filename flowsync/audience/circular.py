"""Flows that wait for each other in a circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.audience.expressions import mentions, parsed
from flowsync.targeting.mentions import cycles, waits_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import Flow


def circles(flows: Iterable[Flow]) -> tuple[tuple[str, ...], ...]:
    """Flows whose targeting waits for each other in a circle; a flow that waits for itself is one alone."""
    return cycles(targeting_waits(flows))


def targeting_waits(flows: Iterable[Flow]) -> Mapping[str, frozenset[str]]:
    """For each flow the slugs of those without which its targeting cannot hold."""
    return {flow.slug: _waits(flow) for flow in flows}


def _waits(flow: Flow) -> frozenset[str]:
    text = flow.fields.get("targetingLogic")
    tree = parsed(text) if isinstance(text, str) and mentions(text) else None
    return frozenset() if tree is None else waits_for(tree)
