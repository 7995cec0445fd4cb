"""Files of a pull request that would keep a runner busy: each limit is an error that names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.command import flowsync, process, write_flows

MIB = 2**20
CONDITION = "user.property('plan') == 'pro' && "


def filled(head: str, line: str, size: int = MIB) -> str:
    """A file of `size` bytes: a head, and a line again and again, with its number in place of @."""
    lines: list[str] = []
    left = size - len(head) - 1
    while left > 0:
        lines.append(line.replace("@", str(len(lines))))
        left -= len(lines[-1])
    return head + "".join(lines[:-1])


STEPS = "type: CHECKLIST\ndata:\n  steps:\n"


def hostile() -> dict[str, tuple[str, str]]:
    """By name: the text of a file, and the code of what it is refused for."""
    return {
        "anchors": (filled("x-a:\n", "  - &a@ x\n"), "too-many-anchors"),
        "values": (filled(f"{STEPS[:-1]} [", "a,", MIB - 9) + "a]\n", "too-many-values"),
        "dates": (filled("data:\n  a:\n", "    - 2026-01-01\n", MIB // 2), "too-many-problems"),
        "tags": (filled("data:\n  a:\n", "    - !own a\n"), "too-many-values"),
        "text": (
            filled("type: CHECKLIST\ndata: |\n  steps:\n", "    - {id: s@, titel: " + "x" * 40 + "}\n"),
            "too-many-problems",
        ),
        "numbers": (filled("data:\n  a:\n", "    - 12345678901234567890\n"), "too-many-problems"),
        "expression": (filled("targetingLogic: ", CONDITION) + "true\n", "targeting-too-long"),
        "tests": (
            filled(f"targetingLogic: {CONDITION * 99}true\ntests:\n", "  - {sees: true}\n", MIB // 3),
            "too-many-tests",
        ),
        "flows": (
            filled(
                STEPS, "    - {id: s@, title: t, startCriteria: \"user.flow('f@') == 'COMPLETED_FLOW'\"}\n", MIB // 2
            ),
            "too-many-problems",
        ),
        "environments": (filled("name: x\nenvironments:\n", "  e@: {name: y}\n", MIB // 3), "too-many-environments"),
    }


def test_ten_hostile_files_are_refused_within_seconds(tmp_path: Path) -> None:
    files = hostile()
    write_flows(tmp_path, {name: text for name, (text, _) in files.items()})
    before = os.times().children_user
    shown = process("validate", "--format", "json", root=tmp_path)
    seconds = os.times().children_user - before
    assert shown.code == 3, shown.err
    found = {(problem["file"], problem["code"]) for problem in shown.json["problems"]}
    assert {(f"flows/{name}.yaml", code) for name, (_, code) in files.items()} <= found
    assert seconds < 60  # seconds, not minutes: it takes eight, three times as long while coverage is measured


@pytest.mark.parametrize(
    "text",
    [
        "x-a: &a [" + "1," * 400 + "1]\ndata:\n  a:\n" + "    - [*a, *a]\n" * 49 + "  b: [" + "1, " * 20_000 + "1]\n",
        'type: CUSTOM\ndata: \'{"a": [' + "1," * 50_000 + "1]}'\n",
    ],
    ids=["aliases", "JSON"],
)
def test_what_aliases_repeat_and_a_text_of_data_count_as_values_too(tmp_path: Path, text: str) -> None:
    write_flows(tmp_path, {"flow_a": text})
    shown = flowsync("validate", root=tmp_path)
    assert shown.code == 3
    assert "more than 50,000 values" in shown.out


def test_a_large_file_that_is_fine_is_read(tmp_path: Path) -> None:
    steps = filled("type: ANNOUNCEMENT\ndata:\n  steps:\n", "    - {id: s@, title: " + "word " * 12 + "x}\n")
    write_flows(tmp_path, {"flow_a": steps})
    shown = flowsync("validate", root=tmp_path)
    assert (shown.code, shown.out) == (0, "No problems found.\n")


@pytest.mark.parametrize("code", ["too-many-problems", "too-many-tests", "duplicate-slug", "too-many-environments"])
def test_no_comment_hides_what_has_no_rule(tmp_path: Path, code: str) -> None:
    environments = "".join(f", e{each}: {{name: y}}" for each in range(60))
    begins = {
        "too-many-tests": "tests: [" + "{sees: true}, " * 501 + "]",
        "too-many-problems": "x-a: [" + "2026-01-01, " * 1_001 + "]",
        "too-many-environments": f"environments: {{a: {{name: z}}{environments}}}",
    }
    write_flows(
        tmp_path,
        {
            "flow_a": f"{begins.get(code, 'name: x')} # flowsync: ignore[{code}]\nname: x\n".replace(
                "name: x #", "x-b: 1 #"
            )
        },
    )
    if code == "duplicate-slug":
        (tmp_path / "flows" / "flow_a.yml").write_text("name: x\n")
    shown = flowsync("validate", root=tmp_path)
    assert shown.code == 3, shown.both
    assert f"error[{code}]" in shown.out


def test_each_environment_of_a_file_is_checked_and_reported_once(tmp_path: Path) -> None:
    files = {f"flow_{each}": "name: x\n" for each in "abc"}
    overlays = "environments:\n  dev: {type: NOTHING}\n  test: {data: '['}\n"
    write_flows(tmp_path, {**files, "flow_d": f"name: x\n{overlays}"})
    shown = flowsync("validate", "--format", "json", root=tmp_path)
    found = [(problem["line"], problem["code"]) for problem in shown.json["problems"]]
    assert found == [(3, "wrong-value"), (4, "data-unreadable")]


def test_a_failing_test_of_a_long_expression_shows_the_first_lines(tmp_path: Path) -> None:
    conditions = "".join(f"user.property('a{each}') == 'b' && " for each in range(50))
    write_flows(tmp_path, {"flow_a": f"targetingLogic: {conditions}true\ntests:\n  - {{sees: true}}\n"})
    shown = flowsync("validate", root=tmp_path)
    assert "more lines" in shown.out
    assert "'a49'" not in shown.out.split("error[test-fails]")[1]
