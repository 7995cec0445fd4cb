"""The quick yes to a right flow, and jsonschema: both say the same of every value."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.validate import schema_text
from flowsync.validate.acceptor import UnknownKeywordError, acceptor
from tests.support.strategies import trees, wild_scalars
from tests.validate.building import FLOWS, HERE

SCHEMA = json.loads(schema_text("flow"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ACCEPTS = acceptor(SCHEMA)


FILES = sorted(path for folder in (FLOWS, HERE / "positive", HERE / "negative") for path in folder.iterdir())
VALUES: list[Any] = [document.parse(path.read_text(encoding="utf-8")).value for path in FILES]
KEYS = sorted({key for value in VALUES for key in value} | set(SCHEMA["$defs"]["step"]["properties"]) | {"x-a", "ax-"})
TYPES = SCHEMA["$defs"]["type"]["enum"]


def agree(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    accepted = ACCEPTS(value)
    assert accepted is VALIDATOR.is_valid(value), value
    return accepted


def test_both_say_the_same_of_every_example() -> None:
    assert {agree(value) for value in VALUES} == {True, False}


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


@settings(max_examples=200, deadline=None)
@given(changed())
def test_both_say_the_same_of_changed_examples(value: Any) -> None:  # noqa: ANN401 - any JSON value
    agree(value)


@settings(max_examples=100, deadline=None)
@given(trees(wild_scalars))
def test_both_say_the_same_of_anything(value: Any) -> None:  # noqa: ANN401 - any JSON value
    agree(value)


@pytest.mark.parametrize(
    ("schema", "keyword"),
    [
        ({"maxLength": 3}, "maxLength"),
        ({"properties": {"a": {"not": {}}}}, "not"),
        ({"enum": [1]}, "enum"),
        ({"properties": {"ab": {}}, "patternProperties": {"a": {}}}, "patternProperties"),
    ],
)
def test_what_a_schema_says_in_other_words_is_not_passed_over(schema: dict[str, Any], keyword: str) -> None:
    with pytest.raises(UnknownKeywordError, match=keyword):
        acceptor(schema)


def test_a_condition_without_a_consequence_refuses_nothing() -> None:
    assert acceptor({"if": {"type": "string"}})("x")
