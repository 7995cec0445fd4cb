"""jsonschema-rs says which flows are valid, and jsonschema explains the others: no invalid one may pass."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.validate import schema_text
from tests.support.strategies import trees, wild_scalars
from tests.validate.building import FLOWS, HERE

SCHEMA = json.loads(schema_text("flow"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
QUICK = jsonschema_rs.Draft202012Validator(SCHEMA)


FILES = sorted(path for folder in (FLOWS, HERE / "positive", HERE / "negative") for path in folder.iterdir())
VALUES: list[Any] = [document.parse(path.read_text(encoding="utf-8")).value for path in FILES]
KEYS = sorted({key for value in VALUES for key in value} | set(SCHEMA["$defs"]["step"]["properties"]) | {"x-a", "ax-"})
TYPES = SCHEMA["$defs"]["type"]["enum"]


def is_passed(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Whether jsonschema-rs accepts it, in which case jsonschema, which is then not asked, must accept it too."""
    try:
        accepted = QUICK.is_valid(value)
    except ValueError:
        return False
    assert VALIDATOR.is_valid(value) or not accepted, value
    return accepted


def test_right_examples_are_passed_and_wrong_ones_are_not() -> None:
    assert {is_passed(value) for value in VALUES} == {True, False}
    assert all(is_passed(document.parse(path.read_text(encoding="utf-8")).value) for path in FLOWS.iterdir())


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - any JSON value
    """Each container with each of its keys or indices."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in [(value, key), *places(item)]]


@st.composite
def changed(draw: st.DrawFn) -> Any:  # noqa: ANN401 - any JSON value
    """An example with some of its values replaced, dropped or put under another key."""
    value = copy.deepcopy(draw(st.sampled_from(VALUES)))
    for _ in range(draw(st.integers(1, 3))):
        found = places(value)
        if not found:
            break
        container, key = draw(st.sampled_from(found))
        match draw(st.sampled_from(["replace", "replace", "drop", "rename"])):
            case "replace":
                container[key] = draw(
                    trees(wild_scalars, 3) | st.sampled_from([*TYPES, 1.0, 0, -1, True, False, None, "", " ", [], {}])
                )
            case "rename" if isinstance(container, dict):
                container[draw(st.sampled_from(KEYS))] = container[key]
            case _:
                del container[key]
    return value


@settings(max_examples=150, deadline=None)
@given(changed() | trees(wild_scalars))
def test_nothing_wrong_is_passed(value: Any) -> None:  # noqa: ANN401 - any JSON value
    is_passed(value)
