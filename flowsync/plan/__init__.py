"""What applying would do: each file's row chosen and compared, warned about, counted and hashed."""

from flowsync.plan.base import Base
from flowsync.plan.build import Decision, body, build_plan, decide, unmanaged
from flowsync.plan.digest import FORMAT, digest
from flowsync.plan.document import Summary, summary, to_document
from flowsync.plan.guards import Kept, judged
from flowsync.plan.marks import allowed_by, marked
from flowsync.plan.read import from_document, from_text
from flowsync.plan.restore import AsPlanned, AsWritten, Edited, Restored, Stale, restored
from flowsync.plan.values import Action, action, json_safe

__all__ = [
    "FORMAT",
    "Action",
    "AsPlanned",
    "AsWritten",
    "Base",
    "Decision",
    "Edited",
    "Kept",
    "Restored",
    "Stale",
    "Summary",
    "action",
    "allowed_by",
    "body",
    "build_plan",
    "decide",
    "digest",
    "from_document",
    "from_text",
    "json_safe",
    "judged",
    "marked",
    "restored",
    "summary",
    "to_document",
    "unmanaged",
]
