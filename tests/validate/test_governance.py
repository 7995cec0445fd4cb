"""Levels of a project and ignores on a line: what they take away, what they must not, and what is told of them."""

from __future__ import annotations

import pytest

from flowsync.config import Level
from flowsync.model import Severity
from flowsync.validate import RULES, check_all, govern, level_complaint
from flowsync.validate.ignores import ignores_of
from tests.validate.building import flow_of, flows_of


def governed(text: str, levels: dict[str, Level] | None = None) -> list[tuple[int, int, str, str]]:
    """Line, column, severity and code of what remains, unused ignores among it."""
    flows = flows_of(text)
    remaining, unused = govern(check_all(flows), flows, levels or {})
    every = sorted((*remaining, *unused), key=lambda problem: problem.sort_key)
    return [(each.location.line, each.location.column, each.severity.value, each.code) for each in every]


MONTHS = "user.property('seen') within 30m"
IGNORED = {
    "behind the line": f"targetingLogic: {MONTHS} # flowsync: ignore[targeting-months]\n",
    "above the line": f"# flowsync: ignore[targeting-months]\ntargetingLogic: {MONTHS}\n",
    "above another comment": f"# flowsync: ignore[targeting-months]\n# By design.\ntargetingLogic: {MONTHS}\n",
    "spaces as one likes": f"targetingLogic: {MONTHS} #flowsync : ignore [ targeting-months , ]\n",
    "with a reason": f"targetingLogic: {MONTHS} # flowsync: ignore[targeting-months] really months\n",
    "on a block scalar": f"targetingLogic: >- # flowsync: ignore[targeting-months]\n  true &&\n  {MONTHS}\n",
    "above a block scalar": f"# flowsync: ignore[targeting-months]\ntargetingLogic: |\n\n  true &&\n\n  {MONTHS}\n",
    "above a text on the next line": f"# flowsync: ignore[targeting-months]\ntargetingLogic:\n  {MONTHS}\n",
    "above quotes over lines": f'# flowsync: ignore[targeting-months]\ntargetingLogic: "true &&\n\n  {MONTHS}"\n',
    "behind a step": f"data: {{steps: [\n  {{startCriteria: {MONTHS}, id: a}}]}} #flowsync: ignore[targeting-months]\n",
    "without a last line feed": f"targetingLogic: {MONTHS} # flowsync: ignore[targeting-months]",
    "carriage returns": f"# flowsync: ignore[targeting-months]\r\ntargetingLogic: {MONTHS}\r\n",
    "beside lists and numbers": (
        "type: FORM\nactive: true\ndata:\n  steps:\n    - id: a\n      props: {words: [one, two]}\n"
        "      fields: [{id: b, type: radio, options: [{label: a, value: a}], maxLength: 3}]\n"
        f"      startCriteria: {MONTHS} # flowsync: ignore[targeting-months]\n"
    ),
    "beside a text like our own marker": (
        f"x-a: mark0. markk1.\ntargetingLogic: {MONTHS} # flowsync: ignore[targeting-months]\n"
    ),
}


@pytest.mark.parametrize("text", IGNORED.values(), ids=IGNORED)
def test_an_ignored_problem_is_not_told(text: str) -> None:
    assert [code for *_, code in governed(text, {"targeting-constant": Level.OFF})] == []


NOT_COMMENTS = {
    "in a literal block": "description: |\n  # flowsync: ignore[targeting-months]\ntargetingLogic: {0}\n",
    "in a folded block": "description: >\n  see\n  # flowsync: ignore[targeting-months]\ntargetingLogic: {0}\n",
    "in double quotes": 'x-a: "# flowsync: ignore[targeting-months]"\ntargetingLogic: {0}\n',
    "in single quotes": "x-a: 'it''s # flowsync: ignore[targeting-months]'\ntargetingLogic: {0}\n",
    "in quotes over lines": 'x-a: "see\n  # flowsync: ignore[targeting-months]"\ntargetingLogic: {0}\n',
    "in a key": '"x-# flowsync: ignore[targeting-months]": 1\ntargetingLogic: {0}\n',
    "in a plain text": "x-a: see# flowsync:ignore[targeting-months]\ntargetingLogic: {0}\n",
    "in data given as text": "data: |\n  # flowsync: ignore[targeting-months]\n  title: a\ntargetingLogic: {0}\n",
}


@pytest.mark.parametrize("text", NOT_COMMENTS.values(), ids=NOT_COMMENTS)
def test_what_only_looks_like_a_comment_ignores_nothing(text: str) -> None:
    assert [code for *_, code in governed(text.format(MONTHS))] == ["targeting-months"]
    assert ignores_of(text.format(MONTHS), "flows/a.yaml") == ()


def test_an_ignore_is_about_its_line_its_code_and_its_file_only() -> None:
    text = (
        "# flows/flow_a.yaml\ndata:\n  steps:\n    - id: a\n"
        f"      startCriteria: {MONTHS} # flowsync: ignore[targeting-months]\n      completionCriteria: {MONTHS}\n"
        f"# flows/flow_b.yaml\nname: b\nx-a: 1\nx-b: 1\ntargetingLogic: {MONTHS}\n"
    )
    assert governed(text) == [(5, 56, "warning", "targeting-months"), (4, 46, "warning", "targeting-months")]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("ignore[targeting-months]", "no `targeting-months` here"),
        ("ignore[targeting-monts]", "Did you mean `targeting-months`?"),
        ("ignore[qqq]", "no rule `qqq`"),
        ("ignore", "names no rule"),
        ("ignore[]", "names no rule"),
        ("ignore[targeting-syntax]", "cannot be ignored"),
    ],
)
def test_an_ignore_that_ignores_nothing_is_told_at_its_place(comment: str, said: str) -> None:
    flow = flow_of(f"name: a\ntype: CARD # flowsync: {comment}\n")
    remaining, (unused,) = govern((), [flow], {})
    assert remaining == ()
    assert (unused.location.line, unused.location.column) == (2, 12)
    assert (unused.code, unused.severity) == ("unused-ignore", Severity.WARNING)
    assert said in f"{unused.message} {unused.hint}"


def test_an_expression_that_cannot_be_read_cannot_be_ignored_or_lowered() -> None:
    text = "targetingLogic: user.isGuest( # flowsync: ignore[targeting-syntax]\n"
    found = governed(text, {"targeting-syntax": Level.OFF, "unused-ignore": Level.OFF})
    assert found == [(1, 30, "error", "targeting-syntax")]


@pytest.mark.parametrize(
    ("level", "found"), [(Level.ERROR, ["error"]), (Level.WARNING, ["warning"]), (Level.OFF, [])], ids=str
)
def test_a_level_of_the_project_weighs_every_problem_of_a_rule(level: Level, found: list[str]) -> None:
    told = governed(f"targetingLogic: {MONTHS}\n", {"targeting-months": level, "targeting-syntax": Level.OFF})
    assert [severity for _, _, severity, _ in told] == found


def test_a_level_weighs_the_ignores_too() -> None:
    text = "name: a # flowsync: ignore[targeting-months]\n"
    assert governed(text, {"unused-ignore": Level.ERROR}) == [(1, 9, "error", "unused-ignore")]


@pytest.mark.parametrize(
    ("name", "level", "said"),
    [
        ("targeting-syntax", Level.WARNING, "cannot be lowered"),
        ("not-json", Level.OFF, "cannot be lowered"),
        ("targeting_months", Level.OFF, "Did you mean `targeting-months`?"),
        ("nonsense", Level.OFF, "docs/rules.md"),
    ],
)
def test_a_level_that_cannot_be_set_is_complained_about(name: str, level: Level, said: str) -> None:
    complaint = level_complaint(name, level)
    assert complaint is not None
    assert said in " ".join(filter(None, complaint))


def test_every_other_level_can_be_set() -> None:
    assert [rule.code for rule in RULES if level_complaint(rule.code, Level.ERROR) is not None] == []
    firm = {rule.code for rule in RULES if level_complaint(rule.code, Level.OFF) is not None}
    assert firm == {
        *("targeting-syntax", "targeting-too-long", "data-unreadable", "not-json"),
        *("private-key", "control-character", "large-integer"),
    }


def test_ignores_of_a_file_that_cannot_be_read_are_none() -> None:
    assert ignores_of("name: [ # flowsync: ignore[wrong-type]\n", "flows/a.yaml") == ()
