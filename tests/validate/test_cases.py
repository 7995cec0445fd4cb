"""Every example in `positive/` is fine; every one in `negative/` has just the problems it names itself."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.flows.files import FlowSource, load_flows
from flowsync.model import SENT_FIELDS, FieldName, JsonValue, Location, Problem, Severity, ValuePath
from flowsync.validate import SchemaName, check, check_all, schema_text
from tests.support.strategies import trees, wild_scalars
from tests.validate.building import flow_of, flow_with

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
NEGATIVE = sorted((HERE / "negative").glob("*.yaml"))
POSITIVE = sorted((HERE / "positive").glob("*.yaml"))
EXPECTED = re.compile(r"# expected: (\d+):(\d+) (error|warning) ([\w-]+)")


def expected(text: str) -> list[tuple[int, int, str, str]]:
    return sorted((int(line), int(column), severity, code) for line, column, severity, code in EXPECTED.findall(text))


@pytest.mark.parametrize("file", NEGATIVE, ids=lambda file: file.stem)
def test_a_bad_example_has_just_the_problems_it_names(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = [
        (problem.location.line, problem.location.column, problem.severity.value, problem.code)
        for problem in check(flow_of(text))
    ]
    assert sorted(found) == expected(text)
    assert found


@pytest.mark.parametrize("file", POSITIVE, ids=lambda file: file.stem)
def test_a_good_example_has_no_problem(file: Path) -> None:
    assert check(flow_of(file.read_text(encoding="utf-8"), f"flows/{file.name}")) == ()


class Placeless(FlowSource):
    def location(self, path: ValuePath) -> Location:
        pytest.fail(f"the place of {path} was asked for, which takes as long as reading the file")


@pytest.mark.parametrize("file", POSITIVE, ids=lambda file: file.stem)
def test_no_place_is_looked_for_in_a_good_example(file: Path) -> None:
    flow = flow_of(file.read_text(encoding="utf-8"), f"flows/{file.name}")
    source = flow.source
    assert isinstance(source, FlowSource)
    assert check(replace(flow, source=Placeless(source.file, source.environment, source.data))) == ()


@pytest.mark.parametrize("environment", [None, "development", "production", "staging"])
def test_the_flows_of_this_repository_are_fine(environment: str | None) -> None:
    repository = load_flows(ROOT, "flows", environment)
    assert repository.problems == ()
    assert check_all(repository.flows) == ()
    assert len(repository.flows) >= 8
    types = {flow.fields.get("type") for flow in repository.flows}
    assert types >= {"ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"}


@pytest.mark.parametrize("name", get_args(SchemaName))
def test_the_schemas_are_schemas(name: SchemaName) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text(name)))


def test_problems_of_several_files_come_in_order() -> None:
    flows = [flow_of("nmae: x\nname: a\nfoo: y\n", f"flows/flow_{name}.yaml") for name in "ba"]
    places = [(problem.location.file, problem.location.line) for problem in check_all(flows)]
    assert places == [(f"flows/flow_{name}.yaml", line) for name in "ab" for line in (1, 3)]


def test_no_message_holds_a_long_or_unprintable_excerpt() -> None:
    hostile = "\x1b[31m\u202e" + "x" * 500
    problems = check(flow_with({"type": hostile, hostile: 1, "data": {"steps": [{"id": "a", "imageUri": hostile}]}}))
    assert problems
    told = "".join(f"{problem.message}{problem.hint}" for problem in problems)
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "x" * 200 not in told


KEYS = st.sampled_from(
    [*SENT_FIELDS, "steps", "id", "fields", "options", "type", "tests", "environments", "primaryButton", "user"]
)


def shaped(inner: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    return st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, st.recursive(trees(wild_scalars), shaped, max_leaves=20), max_size=5))
def test_whatever_the_value_checking_it_raises_nothing_and_tells_nothing_twice(value: dict[str, JsonValue]) -> None:
    problems = check(flow_with(value))
    assert len(problems) == len(set(problems))
    assert list(problems) == sorted(problems, key=lambda problem: problem.sort_key)


def test_field_names_are_those_of_the_model() -> None:
    assert get_args(FieldName) == SENT_FIELDS


def test_problems_that_differ_in_their_hints_alone_have_an_order() -> None:
    one = Problem(Location("a", 1, 1), Severity.ERROR, "code", "message", "One way.")
    assert one.sort_key < replace(one, hint="The other way.").sort_key
    assert replace(one, hint=None).sort_key < one.sort_key
