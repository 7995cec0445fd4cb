"""flowsync schema: what it prints is a schema, and the one that editors find in this repository."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from flowsync import config, validate
from tests.support.command import flowsync

ROOT = Path(__file__).parents[2]
TEXTS = {"flow": validate.schema_text("flow"), "config": config.schema_text()}


@pytest.mark.parametrize("name", TEXTS)
def test_a_schema_is_printed_and_nothing_else(name: str, tmp_path: Path) -> None:
    done = flowsync("schema", name, root=tmp_path)
    assert (done.code, done.out, done.err) == (0, TEXTS[name], "")
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]
    assert list(tmp_path.iterdir()) == []


def test_without_a_name_it_is_that_of_a_flow_file(tmp_path: Path) -> None:
    assert flowsync("schema", root=tmp_path).out == TEXTS["flow"]


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = flowsync("schema", "flows", root=tmp_path)
    assert done.code == 64
    assert "'flow', 'config'" in done.err


def test_the_flows_of_this_repository_name_the_schema_that_lies_there() -> None:
    for file in sorted((ROOT / "flows").glob("*.yaml")):
        modeline = file.read_text(encoding="utf-8").partition("\n")[0]
        named = modeline.removeprefix("# yaml-language-server: $schema=")
        assert (file.parent / named).read_text(encoding="utf-8") == TEXTS["flow"]
