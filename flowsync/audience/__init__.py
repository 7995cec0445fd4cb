"""The targeting of whole flows: where expressions stand, what tests say of them, which flow waits for which.

expressions(fields)   every targeting expression of a flow, with its path
run_tests(flow, now)  the outcome of each entry of `tests:`
flow_coverage(...)    which terms some test saw true, and which false
waiting_graph(flows)  which flow waits for which
changed_waits(…)      what a change does to that
known_flow(…)         the steps and fields that references are held against
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.audience.expressions import (
    Stated,
    expressions,
    mentions,
    own_fields,
    parsed,
    read,
    step_criteria,
    targeting_of,
)
from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.audience.changing import ChangedWaits, changed_waits
    from flowsync.audience.circular import circles
    from flowsync.audience.covering import ExpressionCoverage, flow_coverage
    from flowsync.audience.explanation import Explained, Explanation, explained
    from flowsync.audience.known import flow_of_file, flow_of_rows, mentioned
    from flowsync.audience.running import Tested, TestedFlow, tested
    from flowsync.audience.testing import (
        MAXIMUM_TESTS,
        Held,
        TestOutcome,
        Undecided,
        Unreadable,
        Unusable,
        run_tests,
    )
    from flowsync.audience.waiting import Bond, Edge, Node, WaitingGraph, around, waiting_graph

__all__ = [
    "MAXIMUM_TESTS",
    "Bond",
    "ChangedWaits",
    "Edge",
    "Explained",
    "Explanation",
    "ExpressionCoverage",
    "Held",
    "Node",
    "Stated",
    "TestOutcome",
    "Tested",
    "TestedFlow",
    "Undecided",
    "Unreadable",
    "Unusable",
    "WaitingGraph",
    "around",
    "changed_waits",
    "circles",
    "explained",
    "expressions",
    "flow_coverage",
    "flow_of_file",
    "flow_of_rows",
    "mentioned",
    "mentions",
    "own_fields",
    "parsed",
    "read",
    "run_tests",
    "step_criteria",
    "targeting_of",
    "tested",
    "waiting_graph",
]

_HOMES: Final = {
    "ChangedWaits": "changing",
    "changed_waits": "changing",
    "Explained": "explanation",
    "Explanation": "explanation",
    "explained": "explanation",
    "flow_of_file": "known",
    "flow_of_rows": "known",
    "mentioned": "known",
    "Tested": "running",
    "TestedFlow": "running",
    "tested": "running",
    "ExpressionCoverage": "covering",
    "Held": "testing",
    "MAXIMUM_TESTS": "testing",
    "TestOutcome": "testing",
    "Undecided": "testing",
    "Unreadable": "testing",
    "Unusable": "testing",
    "flow_coverage": "covering",
    "run_tests": "testing",
    "Bond": "waiting",
    "Edge": "waiting",
    "Node": "waiting",
    "WaitingGraph": "waiting",
    "around": "waiting",
    "circles": "circular",
    "waiting_graph": "waiting",
}


__getattr__ = deferred(__name__, _HOMES)
