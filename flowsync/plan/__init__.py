"""What applying would do: each file's row chosen and compared, warned about, counted and hashed.

Names are loaded from their modules when first used: a plan that is not saved pays for no reading of saved ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.plan.base import Base
    from flowsync.plan.build import Decision, build_plan, decide, unmanaged
    from flowsync.plan.digesting import FORMAT, meaning
    from flowsync.plan.document import Summary, digest, summary, to_document
    from flowsync.plan.guards import Kept, judged
    from flowsync.plan.marks import allowed_by, marked
    from flowsync.plan.read import from_document, from_text
    from flowsync.plan.restore import AsPlanned, AsWritten, Edited, Restored, Stale, restored
    from flowsync.plan.values import Action, action, json_safe, restorable

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
    "build_plan",
    "decide",
    "digest",
    "from_document",
    "from_text",
    "json_safe",
    "judged",
    "marked",
    "meaning",
    "restorable",
    "restored",
    "summary",
    "to_document",
    "unmanaged",
]

_HOMES: Final = {
    "Base": "base",
    "Decision": "build",
    "build_plan": "build",
    "decide": "build",
    "unmanaged": "build",
    "FORMAT": "digesting",
    "digest": "document",
    "meaning": "digesting",
    "Summary": "document",
    "summary": "document",
    "to_document": "document",
    "Kept": "guards",
    "judged": "guards",
    "allowed_by": "marks",
    "marked": "marks",
    "from_document": "read",
    "from_text": "read",
    "AsPlanned": "restore",
    "AsWritten": "restore",
    "Edited": "restore",
    "Restored": "restore",
    "Stale": "restore",
    "restored": "restore",
    "Action": "values",
    "action": "values",
    "json_safe": "values",
    "restorable": "values",
}


__getattr__ = deferred(__name__, _HOMES)
