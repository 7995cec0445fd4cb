"""The small parts: words for values, suggestions, and JavaScript's regular expressions."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.model import JsonValue, ValuePath
from flowsync.validate import check
from flowsync.validate.rules import described, did_you_mean, listed, named, sentence
from flowsync.validate.rules import meant as meant_by
from flowsync.validate.texts import pattern_complaint
from flowsync.validate.view import BUTTON_KEYS, FIELD_KEYS, OPTION_KEYS, PATTERN_KEYS, STEP_KEYS
from tests.validate.building import HERE, flow_of, flow_with

PATTERNS = json.loads((HERE / "patterns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing (null)"),
        (True, "true"),
        (False, "false"),
        (2024, "the number 2024"),
        (1.5, "the number 1.5"),
        ("", "an empty text"),
        ("yes", "the text 'yes'"),
        ([1], "a list"),
        ({"secret": 1}, "a mapping"),
    ],
)
def test_a_value_is_described_and_never_dumped(value: JsonValue, words: str) -> None:
    assert described(value) == words


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "the file"),
        (("data", "title"), "`title`"),
        (("data", "steps", 0), "item 1 of `steps`"),
        (("a", 1, 2), "item 3 of item 2 of `a`"),
    ],
)
def test_a_place_is_named_as_people_would(path: ValuePath, name: str) -> None:
    assert named(path) == name


def test_lists_and_sentences_read_well() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b or c"
    assert listed(["a", "b"], "and") == "a and b"
    assert sentence("item 1 is wrong.") == "Item 1 is wrong."


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("primarybutton", "primaryButton"),
        ("primary_button", "primaryButton"),
        ("Primary-Button", "primaryButton"),
        ("tittle", "title"),
        ("subtitel", "subtitle"),
        ("imageUrl", "imageUri"),
        ("selecter", "selector"),
        ("description", "subtitle"),
        ("cta", "primaryButton"),
        ("tertiaryButton", None),
        ("image", "imageUri"),
        ("columns", None),
        ("mood", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_a_slip_is_recognized_and_a_stranger_is_not(word: str, meant: str | None) -> None:
    assert meant_by(word, STEP_KEYS) == meant
    assert did_you_mean(word, STEP_KEYS) == (f"Did you mean `{meant}`?" if meant else None)


def test_a_word_of_another_tool_is_offered_only_where_it_has_a_counterpart() -> None:
    assert meant_by("href", BUTTON_KEYS) == "uri"
    assert meant_by("href", OPTION_KEYS) is None
    assert meant_by("minValue", FIELD_KEYS) == "min"
    assert meant_by("regex", FIELD_KEYS) == "pattern"
    assert meant_by("regex", PATTERN_KEYS) == "value"


@pytest.mark.parametrize("pattern", PATTERNS["accepted"])
def test_a_pattern_that_javascript_compiles_is_accepted(pattern: str) -> None:
    assert pattern_complaint(pattern) is None


@pytest.mark.parametrize("pattern", PATTERNS["refused"])
def test_a_pattern_that_javascript_refuses_is_explained(pattern: str) -> None:
    assert pattern_complaint(pattern)


@pytest.mark.skipif(shutil.which("node") is None, reason="the stored answers stand in for Node")
def test_the_stored_answers_are_those_of_node() -> None:
    script = (
        "const all = JSON.parse(require('fs').readFileSync(0));"
        "const compiles = (p) => { try { new RegExp(p); return true; } catch { return false; } };"
        "console.log(JSON.stringify({accepted: all.accepted.every(compiles), refused: all.refused.some(compiles)}));"
    )
    node = ["node", "-e", script]
    done = subprocess.run(node, input=json.dumps(PATTERNS), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"accepted": True, "refused": False}


@given(st.text(alphabet="ab01,()[]{}*+?|^$\\-:=!<>d", max_size=30))
def test_any_text_gets_a_verdict(pattern: str) -> None:
    assert pattern_complaint(pattern) is None or len(str(pattern_complaint(pattern))) < 100


AS_WRITTEN = {
    "0123": "0123",
    "1.50": "1.50",
    "89e41117": "89e41117",
    "0x1F": "0x1F",
    "+1": "+1",
    "1e3": "1e3",
    "12345678901234567890": "12345678901234567890",
    "True": "True",
    "FALSE": "FALSE",
    "&a 1.0": "1.0",
    "-.INF": "-.INF",
    "7 # seven": "7",
}


@pytest.mark.parametrize(("written", "quoted"), AS_WRITTEN.items(), ids=AS_WRITTEN)
@pytest.mark.parametrize("step", ["    - id: {}\n", "    - {{title: a, id: {}}}\n"], ids=["block", "flow"])
def test_a_value_to_be_quoted_is_shown_as_its_author_wrote_it(step: str, written: str, quoted: str) -> None:
    if "#" in written and "{{" in step:
        written = quoted
    found = check(flow_of("type: CARD\ndata:\n  steps:\n" + step.format(written)))
    (problem,) = (each for each in found if each.code == "wrong-type")
    assert problem.hint == f"Quote it, so that YAML reads text: id: '{quoted}'."
    kind = "" if quoted in ("True", "FALSE") else "the number "
    assert problem.message == f"`id` must be text, not {kind}{quoted}."
    assert not any(".inf" in each.message or "'inf'" in str(each.hint) for each in found)


@pytest.mark.parametrize(
    "text", ["x-a: &a 0123\ntype: CARD\ndata: {steps: [{id: *a}]}\n", "data: {steps: [{id: 1}]}\n"]
)
def test_what_an_alias_says_is_not_quoted(text: str) -> None:
    (problem,) = (each for each in check(flow_of(text)) if each.code == "wrong-type")
    assert problem.hint in ("Quote it, so that YAML reads text.", "Quote it, so that YAML reads text: id: '1'.")


def test_a_number_in_a_text_of_data_is_quoted_as_it_is_there() -> None:
    (problem,) = check(flow_of("type: CARD\ndata: |\n  steps:\n    - id: 1.50\n"))
    assert problem.hint == "Quote it, so that YAML reads text: id: '1.50'."


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("minLength", "maxLength"),
        ("optional", "options"),
        ("unrequired", "required"),
        ("skipCriteria", "startCriteria"),
    ],
)
def test_a_suggestion_is_never_the_opposite(word: str, known: str) -> None:
    assert meant_by(word, [known]) is None


HOSTILE = {
    "unclosed groups": "(" * 20_000,
    "unclosed variables": "${" * 20_000,
    "angle brackets": "<a " * 20_000,
    "brackets": "[" * 20_000,
    "question marks": "${a" + "?" * 20_000,
    "attributes": "<a" + " b" * 20_000 + ">",
    "blanks of attributes": "<a b" + " " * 20_000 + ">",
    "dots": "a." * 20_000,
    "braces": "{{ " * 20_000,
    "quotes": "'(" * 20_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    step: dict[str, JsonValue] = {
        "id": "a",
        "title": text,
        "imageUri": text,
        "primaryButton": {"uri": text, "title": "x"},
    }
    step["fields"] = [{"id": "a", "pattern": {"value": text}}]
    flow = flow_with({"targetingLogic": text, text: None, "data": {"steps": [step], text: None}})
    start = time.perf_counter()
    check(flow)
    assert time.perf_counter() - start < 2, "linear code needs a tenth of it, a quadratic one minutes"
