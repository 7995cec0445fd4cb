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
from flowsync.validate.view import BUTTON_KEYS, OPTION_KEYS, STEP_KEYS
from tests.validate.building import HERE, flow_with

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
