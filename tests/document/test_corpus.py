"""What npm `yaml` reads, or a refusal with a place: never a silently different value.

The corpus lies beside the repository for its developers; where it is not there, the sample in `data/` is read.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flowsync import document
from flowsync.errors import DocumentError
from tests.document import written

HERE = Path(__file__).parent
WHOLE = HERE.parents[1].parent / "shared" / "yaml" / "corpus.jsonl"
SAMPLE = HERE / "data" / "corpus-sample.jsonl"


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    npm: dict[str, Any]
    other: dict[str, Any]
    tags: frozenset[str]


def read_cases(path: Path) -> list[Case]:
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [Case(row["name"], row["yaml"], row["yaml_js"], row["js_yaml"], frozenset(row["tags"])) for row in rows]


CASES = read_cases(WHOLE if WHOLE.exists() else SAMPLE)


def comparable(reading: Any) -> object:  # noqa: ANN401 - JSON as it comes
    return written.comparable(written.decoded(reading))


def read(text: str) -> Any:  # noqa: ANN401 - any JSON value, or the refusal
    try:
        return comparable(document.parse(text, "case.yaml").value)
    except DocumentError as error:
        return error


def test_no_document_is_read_otherwise_than_npm_yaml_reads_it() -> None:
    wrong = {}
    for case in CASES:
        got = read(case.text)
        if isinstance(got, DocumentError):
            continue
        if not case.npm["ok"] or comparable(case.npm["json"]) != got:
            wrong[case.name] = (got, case.npm)
    assert wrong == {}


def test_the_parser_without_libyaml_reads_nothing_otherwise_either() -> None:
    without = "import sys; sys.modules['yaml._yaml'] = None; import yaml; assert not yaml.__with_libyaml__"
    checks = (
        "from tests.document import test_corpus as c; c.test_no_document_is_read_otherwise_than_npm_yaml_reads_it()"
    )
    subprocess.run([sys.executable, "-c", f"{without}; {checks}"], cwd=HERE.parents[1], check=True, timeout=60)


def test_what_both_javascript_parsers_read_alike_and_is_plausible_is_accepted() -> None:
    refused, count = {}, 0
    for case in CASES:
        both = case.npm["ok"] and case.other["ok"]
        if "real" in case.tags and both and comparable(case.npm["json"]) == comparable(case.other["json"]):
            got = read(case.text)
            count += 1
            if isinstance(got, DocumentError):
                refused[case.name] = str(got)
    assert len(refused) <= count / 100, refused


def test_every_refusal_has_a_place_in_the_text_and_a_sentence() -> None:
    refusals = [(case, got) for case in CASES if isinstance(got := read(case.text), DocumentError)]
    assert refusals
    for case, error in refusals:
        where = error.problem.location
        assert where.file == "case.yaml", case.name
        assert 1 <= where.line <= case.text.count("\n") + case.text.count("\r") + 2, case.name
        assert where.column >= 1, case.name
        assert error.message.endswith("."), (case.name, error.message)


def test_what_the_javascript_parsers_read_differently_is_warned_about_or_refused() -> None:
    """Of documents that are plausible in a flow file, and that js-yaml can read at all."""
    silent = []
    for case in CASES:
        if "real" not in case.tags or not (case.npm["ok"] and case.other["ok"]):
            continue
        if comparable(case.npm["json"]) == comparable(case.other["json"]):
            continue
        try:
            warnings = document.parse(case.text).warnings
        except DocumentError:
            continue
        if not warnings:
            silent.append(case.name)
    assert silent == []


def test_the_sample_is_part_of_the_corpus() -> None:
    sample = read_cases(SAMPLE)
    assert len(sample) > 100
    if WHOLE.exists():
        assert {case.name for case in sample} <= {case.name for case in CASES}


@pytest.mark.parametrize(
    ("text", "code", "line", "column", "said"),
    [
        ("a:\n\tb: 1\n", "tab", 2, 1, "tab"),
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1, "line 1"),
        ("title: {{name}}\n", "template-braces", 1, 8, "quote"),
        ("a: !!python/object x\n", "yaml-tag", 1, 4, "tag"),
        ("a: [1, 2\n", "yaml-syntax", 1, 4, "]"),
        ("a: 1\n---\nb: 2\n", "multiple-documents", 2, 1, "a file holds one"),
        ("a: 'x\n", "unclosed-quote", 1, 4, "quote"),
        ("a: *nope\n", "yaml-alias", 1, 4, "nope"),
        ("a: 1\nb: 'x\nc: 2\n", "unclosed-quote", 2, 4, "never closed"),
        ("a: 'x\nb: 'y'\n", "indentation", 2, 1, "from line 1"),
        ("a: 1\nb\nc: 2\n", "yaml-syntax", 2, 1, "neither a key with a colon"),
        ("a:1\nb: 2\n", "yaml-syntax", 1, 1, "space is missing"),
        ("a: b: c\n", "yaml-syntax", 1, 5, "second colon"),
        ("a: 1\n  b: 2\n", "yaml-syntax", 2, 4, "second colon"),
        ("a:\n  b: 1\n c: 2\n", "indentation", 3, 2, "belongs to none"),
        ("a: 1\n- b\n", "yaml-syntax", 2, 1, "list item"),
        ("a: - b\n", "yaml-syntax", 1, 4, "line of its key"),
        ("? a\n", "yaml-complex-key", 1, 3, "marked with ?"),
        ("? a\n :b\n", "yaml-complex-key", 1, 3, "marked with ?"),
        ("? |\n  a\n: b\n", "yaml-complex-key", 1, 3, "marked with ?"),
        ("? &a b\n: c\n", "yaml-complex-key", 1, 3, "marked with ?"),
        ("{? a : b}\n", "yaml-complex-key", 1, 2, "marked with ?"),
        ("? a: 1\n: b\n", "yaml-complex-key", 1, 1, "marked with ?"),
        ("[a]: b\n", "yaml-complex-key", 1, 1, "cannot be a key"),
        ("a: [b, c\nd: e\n", "indentation", 2, 1, "still inside the [ from line 1"),
        ("a: [b c: d: e]\n", "yaml-syntax", 1, 11, "comma"),
        ("a: {b: 1\n", "yaml-syntax", 1, 4, "never closed"),
        ("a: {b: {\n", "yaml-syntax", 1, 8, "never closed"),
        ("a: [-]\n", "yaml-syntax", 1, 5, "means nothing inside"),
        ("a: 'x'y\n", "yaml-syntax", 1, 7, "follows"),
        ("a: 'x'#y\n", "yaml-syntax", 1, 7, "space before"),
        ("a: @x\n", "yaml-syntax", 1, 4, "cannot begin with @"),
        ("a: &\n", "yaml-syntax", 1, 4, "anchor"),
        ("a: |x\n", "yaml-syntax", 1, 4, "After |"),
        ("a: |\n\tx\n", "tab", 2, 1, "indentation"),
        ("a: |-\n    x\n\t # c\n", "tab", 3, 1, "tab"),
        ('a: "\\q"\n', "yaml-escape", 1, 5, "\\q"),
        ("%TAG ! x\n---\na: 1\n", "yaml-directive", 1, 1, "directives"),
        ("- a\nb\n", "yaml-syntax", 2, 1, "neither a key"),
        ("a: {<<: 1, <<: 2}\n", "duplicate-key", 1, 12, "line 1"),
        ("a\rb\n", "yaml-syntax", 1, 2, "carriage return"),
        # What the parsers of JavaScript read differently, and flowsync does not try to.
        ('a: "b\\\n\n  c"\n', "yaml-syntax", 2, 1, "backslash"),
        ("a: |1\n   b\n  \nc: 1\n", "yaml-syntax", 3, 1, "only spaces"),
        ("a: !!str\n  |\n  1\n", "yaml-syntax", 1, 9, "below its tag"),
        ("a: |\n  \t # b\n", "tab", 2, 3, "tab"),
        ("--- |\na\n", "yaml-syntax", 1, 1, "next line"),
    ],
)
def test_a_refusal_explains_itself(text: str, code: str, line: int, column: int, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        document.parse(text, "flow.yaml")
    problem = caught.value.problem
    assert (problem.code, problem.location.line, problem.location.column) == (code, line, column)
    assert said.lower() in f"{problem.message} {problem.hint}".lower()


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 2026-01-01\n", 1, 4),
        ("-\n    - a\n    -\n- b\n", 3, 6),
        ("a:\n- b:\n  -\n- c\n", 3, 4),
        ("a: 'b \n  c'\n", 1, 6),
        ("  ---\n", 1, 3),
    ],
)
def test_what_versions_of_the_javascript_parsers_read_differently_is_warned_about(
    text: str, line: int, column: int
) -> None:
    """Found by running npm yaml 2.9 and js-yaml 4.1.0, 4.3 and 5.5 over generated texts."""
    (warning,) = document.parse(text).warnings
    assert (warning.location.line, warning.location.column) == (line, column)
    assert "js-yaml" in warning.message
    assert warning.hint


@pytest.mark.parametrize("text", ["- - a\n  - b\n- c\n", "- -\n", "-\n- a\n", "a:\n  -\nb: 1\n", "- a:\n- b\n"])
def test_an_empty_item_that_all_read_alike_is_no_cause_for_a_warning(text: str) -> None:
    assert document.parse(text).warnings == ()
