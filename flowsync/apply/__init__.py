"""Carry out a plan: read each flow again, write what was planned, compare what comes back.

What a write replaces is kept first; if that cannot be done nothing is written. `run` gives each change its turn,
so that a flow is created before those that name it. `updating` and `creating` hold the turns; `posting` has what
creating a flow and a draft share, `turns` what all share. `publishing` and `deleting` are no part of a plan.
"""

from flowsync.apply.run import apply_change, apply_changes, exit_code
from flowsync.apply.turns import MOST_WAITS, POLL_INTERVAL, RETRY_PAUSE, WRITE_ATTEMPTS, ApplyRecord, FlowStore
from flowsync.apply.updating import Match, Moved, compare_rows

__all__ = [
    "MOST_WAITS",
    "POLL_INTERVAL",
    "RETRY_PAUSE",
    "WRITE_ATTEMPTS",
    "ApplyRecord",
    "FlowStore",
    "Match",
    "Moved",
    "apply_change",
    "apply_changes",
    "compare_rows",
    "exit_code",
]
