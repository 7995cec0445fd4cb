"""The flows that the SDK gets: published, switched on, and drawable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import FlowsyncError
from flowsync.flows.expressions import steps_key
from flowsync.sandbox.apps.progress import PublishedFlow, Step
from flowsync.sandbox.store import Status

if TYPE_CHECKING:
    from flowsync.model import FieldName, Flow, JsonValue
    from flowsync.sandbox.store import Store

DEFAULT_TYPE: Final = "CHECKLIST"
"""What the server takes a flow for that does not say [obs]."""

Report = Callable[[str], object]
"""Takes one line about a flow or a step that is left out, each time that it is."""


def of_store(store: Store, report: Report) -> Callable[[], Sequence[PublishedFlow]]:
    """Return a function that returns the account's flows that are published and switched on, at each call."""

    def flows() -> Sequence[PublishedFlow]:
        found = []
        for row in store.page(statuses=[Status.ACTIVE], on=True):
            texts = (row.name, row.type, row.targeting_logic or "")
            found.append(_parsed(row.slug, texts, row.data, report, row.version))
        return [flow for flow in found if flow]

    return flows


def of_files(flows: Iterable[Flow], report: Report) -> Sequence[PublishedFlow]:
    """The flows of files, as if all were published; without those that their file switches off."""
    found = []
    for flow in flows:
        if flow.fields.get("active") is not False:
            defaults: dict[FieldName, str] = {"name": flow.slug, "type": DEFAULT_TYPE, "targetingLogic": ""}
            values = ((flow.fields.get(field), default) for field, default in defaults.items())
            name, kind, targeting = (value if isinstance(value, str) and value else each for value, each in values)
            found.append(_parsed(flow.slug, (name, kind, targeting), flow.fields.get("data"), report))
    return [flow for flow in found if flow]


def _parsed(
    slug: str, texts: tuple[str, str, str], data: JsonValue, report: Report, version: int = 1
) -> PublishedFlow | None:
    if isinstance(data, str):
        try:
            data = document.parse_data(data).value
        except FlowsyncError:
            report(f"Left out {slug}: its data cannot be read.")
            return None
    return published(slug, texts, data, report, version=version)


def published(
    slug: str, texts: tuple[str, str, str], data: JsonValue, report: Report, *, version: int = 1
) -> PublishedFlow | None:
    """A flow of this name, type and targeting (`texts`) and parsed `data`; None if the SDK could draw nothing.

    It throws on a flow without a list of steps, and on one whose title is no text; an empty list blanks the page, and a
    step without an id, or with one that is taken, overwrites another.
    """
    listed = data.get("steps") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(listed, list):
        former = isinstance(data, dict) and steps_key(data) != "steps"
        why = "its steps are in the former format, a list under `data`" if former else "it has no list of steps"
        report(f"Left out {slug}: {why}.")
        return None
    for name in ("title", "subtitle"):
        if data.get(name) is not None and not isinstance(data[name], str):
            report(f"Left out {slug}: its {name} is not a text, so the SDK would throw.")
            return None
    steps: dict[str, Step] = {}
    for position, step in enumerate(listed, start=1):
        identity = step.get("id") if isinstance(step, dict) else None
        if not isinstance(step, dict) or not isinstance(identity, str) or not identity:
            report(f"Left out step {position} of {slug}: it has no id.")
        elif identity in steps:
            report(f"Left out step {position} of {slug}: another step has its id.")
        else:
            steps[identity] = Step(identity, step)
    if not steps:
        report(f"Left out {slug}: it has no steps.")
        return None
    name, kind, targeting = texts
    return PublishedFlow(slug, name, kind, version, targeting, data, tuple(steps.values()))
