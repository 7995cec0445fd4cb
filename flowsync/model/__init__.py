"""The frozen values that travel from room to room: files in, flows, differences, plan, outcomes.

Names are loaded from their modules when first used: making a class of values takes half a millisecond, and who only
validates needs four of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.deferred import deferred

if TYPE_CHECKING:
    from flowsync.model.files import (
        SENT_FIELDS,
        FieldName,
        Flow,
        JsonValue,
        Location,
        Problem,
        Severity,
        Target,
        ValuePath,
    )
    from flowsync.model.lists import FileState, ListedFlow, ListState, StartFile
    from flowsync.model.outcomes import AlreadyApplied, Applied, Failed, NotAttempted, Outcome, Refused
    from flowsync.model.plans import (
        Blocked,
        Change,
        FieldChange,
        LiveFlow,
        Op,
        Origin,
        Plan,
        PlanWarning,
        Refusal,
        Unchanged,
        Unmanaged,
        Update,
        View,
    )
    from flowsync.model.sources import Source, Writing

__all__ = [
    "SENT_FIELDS",
    "AlreadyApplied",
    "Applied",
    "Blocked",
    "Change",
    "Failed",
    "FieldChange",
    "FieldName",
    "FileState",
    "Flow",
    "JsonValue",
    "ListState",
    "ListedFlow",
    "LiveFlow",
    "Location",
    "NotAttempted",
    "Op",
    "Origin",
    "Outcome",
    "Plan",
    "PlanWarning",
    "Problem",
    "Refusal",
    "Refused",
    "Severity",
    "Source",
    "StartFile",
    "Target",
    "Unchanged",
    "Unmanaged",
    "Update",
    "ValuePath",
    "View",
    "Writing",
]

_HOMES: Final = {
    "JsonValue": "files",
    "ValuePath": "files",
    "FieldName": "files",
    "SENT_FIELDS": "files",
    "Severity": "files",
    "Target": "files",
    "Location": "files",
    "Problem": "files",
    "Flow": "files",
    "ListState": "lists",
    "ListedFlow": "lists",
    "FileState": "lists",
    "StartFile": "lists",
    "Applied": "outcomes",
    "AlreadyApplied": "outcomes",
    "Refused": "outcomes",
    "Failed": "outcomes",
    "NotAttempted": "outcomes",
    "Outcome": "outcomes",
    "Op": "plans",
    "Origin": "plans",
    "LiveFlow": "plans",
    "FieldChange": "plans",
    "PlanWarning": "plans",
    "Update": "plans",
    "View": "plans",
    "Unchanged": "plans",
    "Blocked": "plans",
    "Unmanaged": "plans",
    "Change": "plans",
    "Refusal": "plans",
    "Plan": "plans",
    "Source": "sources",
    "Writing": "sources",
}


__getattr__ = deferred(__name__, _HOMES)
