"""What GitHub shows of a run: a plan, what applying it did, or why there is neither.

For a reviewer who has never seen flowsync: first what users will notice and what to be wary of, then
a table, then each flow's diff folded away. A report is made of blocks, so that where there is little
room whole blocks are left out, counted and named, and what is left is well-formed.
"""

from flowsync.render.report.composing import fit, short
from flowsync.render.report.values import (
    ApplyReport,
    DriftReport,
    FailureReport,
    FilesReport,
    Fitted,
    Moment,
    PlanReport,
    Report,
    Scene,
    TakeoverReport,
    differing,
)

__all__ = [
    "ApplyReport",
    "DriftReport",
    "FailureReport",
    "FilesReport",
    "Fitted",
    "Moment",
    "PlanReport",
    "Report",
    "Scene",
    "TakeoverReport",
    "differing",
    "fit",
    "short",
]
