"""Plans to write the content of a former version to the row that apply would write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flowsync.diff.data import quoted
from flowsync.diff.fields import changes_between, places
from flowsync.flows.expressions import as_sent
from flowsync.model import SENT_FIELDS, Blocked, PlanWarning
from flowsync.plan.build import build_plan
from flowsync.plan.document import digest, restorable
from flowsync.versions.sides import as_file, without_places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.model import FieldName, Flow, LiveFlow, Plan, Problem, Target, View

RESTORED: Final[tuple[FieldName, ...]] = tuple(name for name in SENT_FIELDS if name != "active")
"""What is restored. Whether a flow is on is no matter of its versions: a restore neither shows nor hides a flow."""


def plan_restore(
    former: LiveFlow,
    rows: Sequence[LiveFlow],
    *,
    file: str,
    managed: Flow | None,
    target: Target,
    environment: str | None,
    api_url: str,
    view: View,
    judge: Callable[[Flow], Sequence[Problem]],
) -> Plan:
    """Return the plan that gives the row chosen by `target` the content of the row `former`, of the same slug.

    `rows` are all versions; `managed` is the flow's file, if it has one, and `file` its name, or what it would be.
    Blocked is content for which `judge` would refuse a file, or that cannot be read.
    """
    flow = flow_of_version(former, file, managed, target)
    live = {former.slug: rows}
    made = build_plan([flow], live, environment=environment, api_url=api_url, target=target, view=view)
    if complaint := _complaint(former, flow, judge):
        blocked = Blocked(former.slug, file, "invalid-version", complaint)
        made = replace(made, changes=(), unchanged=(), unverified=(), blocked=(blocked,))
    else:
        warnings = tuple(_warnings(former, flow, managed))
        changes = (replace(each, warnings=(*without_places(each.warnings), *warnings)) for each in made.changes)
        unchanged = (replace(each, warnings=(*without_places(each.warnings), *warnings)) for each in made.unchanged)
        made = replace(made, changes=tuple(changes), unchanged=tuple(unchanged))
    return replace(made, digest=digest(made))


def flow_of_version(former: LiveFlow, file: str, managed: Flow | None, target: Target) -> Flow:
    """Return the content of a version as a flow file: the fields that the API returns and takes."""
    sendable = restorable({name: former.fields[name] for name in RESTORED if name in former.fields})
    return as_file(former.slug, sendable, file, managed, (managed and managed.target) or target)


def _complaint(former: LiveFlow, flow: Flow, judge: Callable[[Flow], Sequence[Problem]]) -> str:
    """Why the content must not be written, because a plan would refuse a file with it; empty if it may."""
    wrong = [each.message for each in judge(flow)]
    if not wrong:
        return ""
    more = f" And {len(wrong) - 1:,} more." if len(wrong) > 1 else ""
    return (
        f"Version {former.version} cannot be restored as it is: {wrong[0]}{more} Correct it in the file and apply "
        f"that: flowsync show {former.slug} --version {former.version} prints it as a file."
    )


def _warnings(former: LiveFlow, flow: Flow, managed: Flow | None) -> list[PlanWarning]:
    warnings = []
    if missing := [name for name in RESTORED if name not in flow.fields]:
        fields = ", ".join(missing)
        message = f"The API does not show these fields of version {former.version}, so they stay as they are: {fields}."
        warnings.append(PlanWarning("not-restorable", message))
    if managed is None:
        return warnings
    differences = changes_between(flow.fields, as_sent(managed.fields))
    if differences:
        message = (
            f"{managed.file} differs ({places(differences)}), so the next apply would undo the restore: "
            f"flowsync pull {quoted(former.slug)[1:-1]} takes the restored content into the file."
        )
        warnings.append(PlanWarning("file-says-otherwise", message))
    return warnings
