"""Flows compared by what they mean: canonical values, fingerprints, differences.

`compare` tells a file's fields from a live row's. Lists whose items have an identity are matched by
it, so that an inserted step is one change, a moved one a move, and a renamed id is told as such.
"""

from flowsync.diff.canonical import canonical, canonical_text
from flowsync.diff.comparison import FieldComparison, changes_between, compare
from flowsync.diff.fields import Observed, comparable, fingerprint, observe, sha256
from flowsync.diff.origin import attributed, differing
from flowsync.diff.places import quoted
from flowsync.diff.undo import undone
from flowsync.diff.walk import differences

__all__ = [
    "FieldComparison",
    "Observed",
    "attributed",
    "canonical",
    "canonical_text",
    "changes_between",
    "comparable",
    "compare",
    "differences",
    "differing",
    "fingerprint",
    "observe",
    "quoted",
    "sha256",
    "undone",
]
