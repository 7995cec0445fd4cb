from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings

from flowsync import validate
from flowsync.model import Location, Problem, Severity
from flowsync.problems.sarif import FINGERPRINT, sarif
from flowsync.render.style import Screen
from tests.render.samples import PROBLEMS, source_line
from tests.render.test_hostile import problem_values

SCHEMA = json.loads((Path(__file__).parent.parent / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
SCREEN = Screen()
OFFICIAL = jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def run_of(problems: Sequence[Problem]) -> Any:  # noqa: ANN401 - a JSON document, looked into
    log = json.loads(sarif(problems, source_line, SCREEN))
    assert [error.message for error in OFFICIAL.iter_errors(log)] == []
    (run,) = log["runs"]
    return run


def at(line: int, code: str = "tab", file: str = "flows/a.yaml") -> Problem:
    return Problem(Location(file, line, 1), Severity.ERROR, code, "A tab cannot indent.")


def fingerprints(problems: Sequence[Problem], lines: Sequence[str]) -> list[str]:
    log = json.loads(sarif(problems, lambda where: lines[where.line - 1], SCREEN))
    return [result["partialFingerprints"][FINGERPRINT] for result in log["runs"][0]["results"]]


def test_the_official_schema_is_one_that_can_say_no() -> None:
    OFFICIAL.check_schema(SCHEMA)
    assert OFFICIAL.is_valid({"version": "2.1.0", "runs": []})
    assert not OFFICIAL.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_every_problem_is_a_result_of_its_rule_at_its_place() -> None:
    run = run_of(PROBLEMS)
    rules = run["tool"]["driver"]["rules"]
    assert len(run["results"]) == len(PROBLEMS)
    for result, problem in zip(run["results"], sorted(PROBLEMS, key=lambda each: each.sort_key), strict=True):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == problem.code
        assert result["level"] == problem.severity.value
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": problem.location.file, "uriBaseId": "%SRCROOT%"}
        assert place["region"] == {"startLine": problem.location.line, "startColumn": problem.location.column}
        assert problem.message in result["message"]["text"]
        assert (problem.hint or "").split(".")[0] in result["message"]["text"]


def test_every_rule_there_is_comes_with_what_github_shows_of_it() -> None:
    rules = {rule["id"]: rule for rule in run_of([])["tool"]["driver"]["rules"]}
    assert list(rules) == [rule.code for rule in validate.RULES]
    for rule in validate.RULES:
        told = rules[rule.code]
        assert told["fullDescription"]["text"] == rule.documentation
        assert rule.documentation.startswith(told["shortDescription"]["text"])
        assert told["shortDescription"]["text"].endswith(".")
        assert rule.example in told["help"]["markdown"]
        assert told["defaultConfiguration"]["level"] == rule.severity.value


def test_a_problem_of_reading_has_a_rule_of_its_own() -> None:
    run = run_of([at(1, "yaml-syntax"), at(2, "no-flows"), at(3, "yaml-syntax")])
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]][-2:] == ["no-flows", "yaml-syntax"]


def test_a_fingerprint_stays_while_lines_come_and_go_above_it() -> None:
    before = fingerprints([at(1), at(2)], ["name: x", "type: y"])
    after = fingerprints([at(3), at(4)], ["# new", "", "name: x", "  type: y  "])
    assert before == after


def test_fingerprints_tell_apart_what_is_not_the_same() -> None:
    lines = ["same", "same", "other"]
    found = fingerprints([at(1), at(2), at(3), at(1, "space"), at(1, file="flows/b.yaml")], lines)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("file", ["flows/a b.yaml", "flows/ä#?.yaml", "flows/100%.yaml", "flows/a:b.yaml"])
def test_a_file_name_is_a_relative_uri(file: str) -> None:
    uri = run_of([at(1, file=file)])["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == file
    assert not set(uri) & set(" #?:")


def test_a_link_in_a_message_leads_nowhere() -> None:
    hostile = Problem(Location("a.yaml", 1, 1), Severity.ERROR, "c", "[x](https://evil.example) of [a][b] in (c)")
    text = run_of([hostile])["results"][0]["message"]["text"]
    assert text == r"[x\](https://evil.example) of [a][b] in (c)"


@settings(max_examples=20)
@given(problem_values)
def test_hostile_problems_make_a_log_that_the_official_schema_takes(problems: list[Problem]) -> None:
    run_of(problems)
