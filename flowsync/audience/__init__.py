"""The targeting of whole flows: where expressions stand, what tests say of them, which flow waits for which.

expressions(fields)   every targeting expression of a flow, with its path
run_tests(flow, now)  the outcome of each entry of `tests:`
flow_coverage(...)    which terms some test saw true, and which false
waiting_graph(flows)  which flow waits for which
known_flow(…)         the steps and fields that references are held against
"""

from flowsync.audience.explanation import Explained, Explanation, explained
from flowsync.audience.expressions import Stated, expressions, own_fields, parsed, step_criteria, targeting_of
from flowsync.audience.known import flow_of_file, flow_of_rows, mentioned
from flowsync.audience.tested import Tested, TestedFlow, tested
from flowsync.audience.testing import (
    ExpressionCoverage,
    Held,
    TestOutcome,
    Undecided,
    Unreadable,
    Unusable,
    flow_coverage,
    run_tests,
)
from flowsync.audience.waiting import Bond, Edge, Node, WaitingGraph, around, circles, waiting_graph

__all__ = [
    "Bond",
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
    "circles",
    "explained",
    "expressions",
    "flow_coverage",
    "flow_of_file",
    "flow_of_rows",
    "mentioned",
    "own_fields",
    "parsed",
    "run_tests",
    "step_criteria",
    "targeting_of",
    "tested",
    "waiting_graph",
]
