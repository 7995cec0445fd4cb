"""Every rule is documented by an example that has the problem, at the severity it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flowsync import document, validate
from flowsync.model import Severity
from flowsync.validate import RULES, Rule, check, check_all
from flowsync.validate.rules import listed
from flowsync.validate.texts import HTML_TAGS
from tests.validate.building import HERE, flow_of, problems_of


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_example_of_a_rule_has_that_problem(rule: Rule) -> None:
    found = {(problem.code, problem.severity) for problem in problems_of(rule.example)}
    assert (rule.code, rule.severity) in found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_documented_in_one_paragraph_of_whole_sentences_and_a_good_example(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.code)
    assert "\n" not in rule.documentation
    assert rule.documentation.endswith((".", ".)"))
    assert len(rule.documentation) > 40
    assert "\n" not in rule.source
    assert rule.source.endswith(".")
    found = {problem.code for problem in problems_of(rule.good)}
    assert found <= {"targeting-unknown-flow"} - {rule.code}, "only that a flow it names is not part of the example"


def test_every_rule_of_the_documentation_exists_and_names_what_the_code_knows() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    texts = document.parse((Path(validate.__file__).parent / "rules.yaml").read_text(encoding="utf-8")).value
    assert isinstance(texts, dict)
    assert [*texts] == codes
    (tags,) = (rule.documentation for rule in RULES if rule.code == "html-tag")
    assert tags.endswith(f"It shows {listed(HTML_TAGS, 'and')}.")


def test_every_rule_about_one_file_has_a_negative_example() -> None:
    texts = "".join(file.read_text(encoding="utf-8") for file in (HERE / "negative").glob("*.yaml"))
    shown = set(re.findall(r"# expected: \d+:\d+ \w+ ([\w-]+)", texts))
    assert {rule.code for rule in RULES} - shown == {
        "similar-slug",
        "unusual-slug",
        "unused-ignore",
        *(f"targeting-{of}" for of in ("unknown-flow", "unknown-step", "unknown-field", "self", "cycle", "self-step")),
    }


def test_slugs_that_differ_by_case_only_are_told_at_the_later_file() -> None:
    flows = [flow_of("name: x\n", f"flows/{slug}.yaml") for slug in ("flow_a", "flow_b", "flow_A")]
    (problem,) = check_all(flows)
    found = (problem.code, problem.location.file, problem.severity)
    assert found == ("similar-slug", "flows/flow_A.yaml", Severity.WARNING)
    assert "`flow_a`" in problem.message


@pytest.mark.parametrize("slug", ["flow welcome", "flow.welcome", "flöw", "flow%2F"])
def test_a_slug_that_frigade_would_not_give_is_a_warning(slug: str) -> None:
    assert [problem.code for problem in check(flow_of("name: x\n", f"flows/{slug}.yaml"))] == ["unusual-slug"]


def test_half_of_a_surrogate_pair_cannot_be_sent_as_text_or_as_key() -> None:
    text = r'data: {props: {a: "\ud83d", "\ude00": 1, b: ["fine \ud83c\udf30"]}}'
    problems = check(flow_of(f"type: CUSTOM\n{text}\n"))
    assert [problem.code for problem in problems] == ["not-json", "not-json"]
    assert all(problem.message.isprintable() for problem in problems)


def test_what_an_overlay_makes_wrong_is_told_in_that_environment_only() -> None:
    overlay = "environments:\n  staging:\n    type: TOUR\n    data:\n      title: <blink>Staging</blink>\n"
    text = f"type: CARD\ndata:\n  steps:\n    - id: reports\n{overlay}"
    assert check(flow_of(text)) == ()
    found = [
        (each.location.line, each.location.column, each.code) for each in check(flow_of(text, environment="staging"))
    ]
    assert found == [(4, 7, "selector-missing"), (9, 14, "html-tag")]
