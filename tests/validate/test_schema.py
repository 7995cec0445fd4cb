"""The schemas: valid, self-contained, documented for editors, in step with the code and with what `check` reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.model import SENT_FIELDS, Target
from flowsync.targeting.context import CaseError, case_from
from flowsync.validate import check, schema_text
from flowsync.validate import schema as words
from flowsync.validate.rules import Rule
from flowsync.validate.schema import TRANSLATIONS
from flowsync.validate.view import (
    BUTTON,
    FIELD,
    FIELD_TYPES,
    FLOW_TYPES,
    LEGACY_FLOW_TYPES,
    LIMIT,
    LIMITS,
    OPTION,
    PATTERN,
    ROOT,
    STEP,
)
from tests.support import language_server
from tests.validate.building import FLOWS, HERE, flow_of

Schema = dict[str, Any]

FLOW: Schema = json.loads(schema_text("flow"))
DATA: Schema = json.loads(schema_text("data"))

MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs")
LISTS_OF_SCHEMAS = ("allOf", "anyOf")
SCHEMAS = ("items", "additionalProperties", "if", "then", "contains")
EDITOR_ANNOTATIONS = {"enumDescriptions", "defaultSnippets", "errorMessage"}
"""What VS Code's YAML extension shows beyond the standard."""
ANNOTATIONS = {"$schema", "$ref", "title", "description", "examples", "default", *EDITOR_ANNOTATIONS}
CONDITIONS = {"if", "then", "allOf", "anyOf", "items", "minItems", "const", *MAPS_OF_SCHEMAS}
"""Keywords that refuse nothing by themselves; `minItems`, `const` and `anyOf` occur only where they cannot."""


def all_schemas(schema: Schema, place: str = "#") -> Iterator[tuple[str, Schema]]:
    yield place, schema
    for keyword, value in schema.items():
        if keyword in MAPS_OF_SCHEMAS:
            inner = {f"{keyword}/{name}": child for name, child in value.items()}
        elif keyword in LISTS_OF_SCHEMAS:
            inner = {f"{keyword}/{index}": child for index, child in enumerate(value)}
        else:
            inner = {keyword: value} if keyword in SCHEMAS and isinstance(value, dict) else {}
        for name, child in inner.items():
            yield from all_schemas(child, f"{place}/{name}")


def resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**resolved(root["$defs"][reference.removeprefix("#/$defs/")], root), **schema}


def definition(name: str, schema: Schema = DATA) -> Schema:
    return resolved({"$ref": f"#/$defs/{name}"}, schema)


DOCUMENTED = [
    (f"{name}:{place}", schema, root)
    for name, root in (("flow", FLOW), ("data", DATA))
    for place, schema in all_schemas(root)
    if "/properties/" in place and "/then/" not in place and "/if/" not in place and "needs" not in place
    if place.rpartition("/")[0].endswith("/properties")
]


@pytest.mark.parametrize(("schema", "root"), [case[1:] for case in DOCUMENTED], ids=[case[0] for case in DOCUMENTED])
def test_every_property_has_a_title_a_description_and_examples_that_fit(schema: Schema, root: Schema) -> None:
    whole = resolved(schema, root)
    assert isinstance(whole.get("title"), str)
    assert whole["description"].endswith(".")
    assert not any(mark in whole["description"] for mark in ("`", "**", "]("))
    assert whole["examples"]
    validator = jsonschema.Draft202012Validator({**whole, "$defs": root["$defs"]})
    assert [error.message for example in whole["examples"] for error in validator.iter_errors(example)] == []


@pytest.mark.parametrize("root", [FLOW, DATA], ids=["flow", "data"])
def test_every_reference_stays_inside_the_text_and_every_definition_is_used(root: Schema) -> None:
    used = {each["$ref"].removeprefix("#/$defs/") for _, each in all_schemas(root) if "$ref" in each}
    assert used
    assert used <= set(root["$defs"])
    assert set(root["$defs"]) <= used | {
        each["$ref"].removeprefix("#/$defs/") for _, each in all_schemas(FLOW) if "$ref" in each
    }


def test_every_keyword_that_refuses_has_words_and_no_word_is_idle() -> None:
    used = {
        keyword
        for _, schema in all_schemas(FLOW)
        for keyword, value in schema.items()
        if keyword not in ANNOTATIONS | CONDITIONS and not (keyword == "additionalProperties" and value is not False)
    }
    assert used == set(TRANSLATIONS)


def test_what_refuses_nothing_by_itself_is_used_only_as_a_condition() -> None:
    for place, schema in all_schemas(FLOW):
        if "minItems" in schema or "const" in schema:
            assert "/if" in place
        assert {} in schema.get("anyOf", [{}])


FILE_KEYS = (*SENT_FIELDS, "slug", "target", "protected", "environments", "tests")


@pytest.mark.parametrize(
    ("listed", "known"),
    [
        (DATA, ROOT.keys),
        (definition("step"), STEP.keys),
        *((definition("field")["properties"][name], LIMIT.keys) for name in LIMITS),
        (definition("button"), BUTTON.keys),
        (definition("field"), FIELD.keys),
        (definition("option"), OPTION.keys),
        (definition("field")["properties"]["pattern"], PATTERN.keys),
        (definition("overlay", FLOW), (*SENT_FIELDS, "target", "protected")),
        (FLOW, FILE_KEYS),
    ],
    ids=["root", "step", *LIMITS, "button", "field", "option", "pattern", "overlay", "file"],
)
def test_schema_and_code_know_the_same_keys(listed: Schema, known: Iterable[str]) -> None:
    assert sorted(listed["properties"]) == sorted(known)


def test_schema_and_code_know_the_same_words() -> None:
    assert definition("type", FLOW)["enum"] == [*FLOW_TYPES, *LEGACY_FLOW_TYPES]
    assert definition("target", FLOW)["enum"] == [target.value for target in Target]
    suggested, anything = definition("field")["properties"]["type"]["anyOf"]
    assert (suggested["enum"], anything) == ([*FIELD_TYPES], {})


def test_each_choice_has_its_description() -> None:
    for place, schema in all_schemas(FLOW):
        if "enumDescriptions" in schema:
            assert len(schema["enum"]) == len(schema["enumDescriptions"]), place


BY_SCHEMA = {each.code for each in vars(words).values() if isinstance(each, Rule)}
EXAMPLES = sorted([*(HERE / "negative").glob("*.yaml"), *(HERE / "positive").glob("*.yaml"), *FLOWS.glob("*.yaml")])


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_an_editor_underlines_just_the_files_that_check_refuses_by_the_schema(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    value = document.parse(text, file.name).value
    assert isinstance(value, dict)
    refused = not jsonschema.Draft202012Validator(FLOW).is_valid(value)
    told = any(problem.code in BY_SCHEMA for problem in check(flow_of(text, f"flows/{file.name}")))
    # What `data` as a text says, only `check` can see.
    assert refused == (told and not isinstance(value.get("data"), str))


@pytest.mark.parametrize("file", sorted(FLOWS.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_data_of_the_flows_fits_the_schema_of_data(file: Path) -> None:
    value = document.parse(file.read_text(encoding="utf-8"), file.name).value
    assert isinstance(value, dict)
    assert list(jsonschema.Draft202012Validator(DATA).iter_errors(value["data"])) == []


MODELINE = "# yaml-language-server: $schema=flow.schema.json\n"


def underlined(folder: Path, texts: Mapping[str, str]) -> dict[str, set[int]]:
    """The lines where an editor that has the schema finds fault.

    The server behind editors is asked where it is installed; where not, jsonschema, at a value or at a key that nobody
    knows. The summary of a test run says which of the two it was.
    """
    if not language_server.is_installed():
        return {name: judged(text) for name, text in texts.items()}
    (folder / "flow.schema.json").write_text(schema_text("flow"), encoding="utf-8")
    with language_server.editor(folder) as editor:
        found = editor.findings({name: MODELINE + text for name, text in texts.items()})
    return {name: {each.line - 1 for each in findings} for name, findings in found.items()}


def judged(text: str) -> set[int]:
    """The lines where jsonschema finds fault."""
    read = document.parse(text)
    lines = set()
    for error in jsonschema.Draft202012Validator(FLOW).iter_errors(read.value):
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            known = set(dict(error.schema)["properties"])
            keys = [key for key in dict(error.instance) if key not in known and not key.startswith("x-")]
            lines |= {read.key_location((*path, key)).line for key in keys}
        else:
            lines.add(read.location(path).line)
    return lines


def pointed_at(file: Path) -> set[int]:
    """The lines that `check` points at by the schema; what `data` as a text says, no editor sees."""
    text = file.read_text(encoding="utf-8")
    parsed = document.parse(text)
    assert isinstance(parsed.value, dict)
    if isinstance(parsed.value.get("data"), str):
        return set()
    flow = flow_of(text) if file.parent.name == "negative" else flow_of(text, f"flows/{file.name}")
    told = [problem for problem in check(flow) if problem.code in BY_SCHEMA]
    return {problem.location.line for problem in told}


def test_an_editor_underlines_the_lines_that_check_points_at(tmp_path: Path) -> None:
    files = {f"{file.parent.name}-{file.name}": file for file in EXAMPLES}
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    wanted = {name: pointed_at(file) for name, file in files.items()}
    assert len([lines for lines in wanted.values() if lines]) >= 25
    assert underlined(tmp_path, texts) == wanted


ANYTHING = st.sampled_from([None, True, 1, -1, 1.5, "x", "2026-02-01", [], ["a"], [1], {}, {"a": 1}, {"a": [None]}])


def mappings(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mappings with some of these keys, and now and then anything else."""
    return ANYTHING | st.fixed_dictionaries({}, optional=keys)


PROGRESS = mappings(
    steps=mappings(a=mappings(state=st.sampled_from(["STARTED_STEP", "STARTED"]), data=ANYTHING)),
    state=st.sampled_from(["STARTED_FLOW", "STARTED"]),
) | st.fixed_dictionaries({"state": st.just("COMPLETED_FLOW"), "done": st.sampled_from([None, "2026-02-01", 1])})
USERS = mappings(
    properties=ANYTHING,
    groups=ANYTHING,
    url=ANYTHING,
    guest=ANYTHING,
    events=mappings(login=ANYTHING),
    flows=mappings(flow_a=PROGRESS),
    propertys=ANYTHING,
)
ENTRIES = st.fixed_dictionaries(
    {"sees": ANYTHING},
    optional={
        "name": ANYTHING,
        "user": USERS,
        "group": mappings(properties=ANYTHING, events=mappings(login=ANYTHING), url=ANYTHING),
        "at": st.sampled_from(["2026-02-01", 1, None]),
    },
)


@settings(max_examples=150, deadline=None)
@given(ENTRIES)
def test_validate_refuses_just_the_tests_that_cannot_be_run(entry: dict[str, Any]) -> None:
    try:
        case_from(entry, datetime(2026, 2, 1, tzinfo=timezone.utc))
        runs = True
    except CaseError:
        runs = False
    assert jsonschema.Draft202012Validator({**definition("test", FLOW), "$defs": FLOW["$defs"]}).is_valid(entry) == runs
