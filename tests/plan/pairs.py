"""Generated plans: what files state beside what the server has."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from hypothesis import strategies as st

from flowsync import document
from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, Plan
from tests.plan.builders import flow, plan_of, row_of
from tests.support import strategies as flows

Pairs: TypeAlias = "dict[str, tuple[dict[FieldName, JsonValue], dict[FieldName, JsonValue]]]"
"""By slug, what a file states and what the server has, `data` parsed."""

stated_and_live = st.dictionaries(
    st.sampled_from(["flow_a", "flow_b"]), st.tuples(flows.flow_fields, flows.flow_fields)
)


def plan_from(pairs: Pairs) -> Plan:
    return plan_of(files(pairs), rows(pairs))


def rows(pairs: Pairs) -> list[LiveFlow]:
    return [row_of(sent(live), slug) for slug, (_, live) in pairs.items()]


def files(pairs: Pairs) -> list[Flow]:
    data_texts = {slug: sent(stated).get("data") for slug, (stated, _) in pairs.items()}
    return [
        replace(flow(slug), fields=stated, written=text if isinstance(text := data_texts[slug], str) else None)
        for slug, (stated, _) in pairs.items()
    ]


def sent(fields: dict[FieldName, JsonValue]) -> dict[str, JsonValue]:
    return {name: document.dump(value) if name == "data" else value for name, value in fields.items()}
