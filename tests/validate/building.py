"""Flows for the tests of this folder: from text as a file would hold it, or straight from a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flowsync import document
from flowsync.flows.files import FlowFile, flow_from_document
from flowsync.model import SENT_FIELDS, Flow, JsonValue, Location, Problem, ValuePath
from flowsync.validate import check_all, govern

HERE = Path(__file__).parent
FLOWS = HERE.parent.parent / "flows"


def flow_of(text: str, name: str = "flows/flow_example.yaml", environment: str | None = None) -> Flow:
    """The flow that a file of this text states."""
    flow = flow_from_document(document.parse(text, name), FlowFile(Path(name), name), environment)
    assert not isinstance(flow, Problem), flow
    return flow


def flows_of(text: str) -> list[Flow]:
    """The flows of several files in one text, each after a line `# flows/….yaml`; of one file without such a line."""
    pieces = re.split(r"(?m)^# (flows/.*\.yaml)\n", text)
    if len(pieces) == 1:
        return [flow_of(text)]
    return [flow_of(body, name) for name, body in zip(pieces[1::2], pieces[2::2], strict=True)]


def problems_of(text: str) -> list[Problem]:
    """Every problem of these files, as a project without settings of its own is told it."""
    flows = flows_of(text)
    remaining, unused = govern(check_all(flows), flows, {})
    return [*remaining, *unused]


@dataclass(frozen=True)
class ValueSource:
    """A source without a text: a value alone, all of it in one place."""

    value: JsonValue
    text: str = ""
    warnings: tuple[Problem, ...] = ()

    def location(self, path: ValuePath) -> Location:
        return Location("flows/flow_example.yaml", 1, 1 + len(path))

    def key_location(self, path: ValuePath) -> Location:
        return self.location(path)

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        return Location("flows/flow_example.yaml", 1, 1 + len(path) + offset)


def flow_with(value: dict[str, JsonValue]) -> Flow:
    """The flow that a file with this value states, whatever the value."""
    return Flow(
        slug="flow_example",
        file="flows/flow_example.yaml",
        fields={field: value[field] for field in SENT_FIELDS if field in value},
        written=None,
        target=None,
        protected=False,
        tests=value.get("tests"),
        source=ValueSource(value),
    )
