"""Places, the author's own lines, limits, JSON text, and writing."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import JsonValue, ValuePath

TEXT = """\
# about
name: Welcome   # note
x-button: &button {title: Go, action: flow.start}
data:
  # first
  steps:
    - id: one
      title: "A \\u00e9 b"
      'sub title': it's
      primaryButton: *button
    -   id: two
        text: |
          Hello
          there
        more: >-
          folded
          text
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("? a\n: b\n", {"a": "b"}),
        ("? 'a b' # key\n# c\n: # value\n  x\n", {"a b": "x"}),
        ("? a\n: - 1\n  - 2\nb: 3\n", {"a": [1, 2], "b": 3}),
        ("- ? a\n  : k: 1\n    l: 2\n", [{"a": {"k": 1, "l": 2}}]),
        ("o:\n  ? a\n  :\n    ? b\n    : |\n      c\n", {"o": {"a": {"b": "c\n"}}}),
        ('? "long\n  key"\n: {a: 1}\n', {"long key": {"a": 1}}),
    ],
)
def test_a_key_may_be_marked_with_its_value_below(text: str, value: JsonValue) -> None:
    assert document.parse(text).value == value


def test_a_marked_key_and_its_value_have_their_places() -> None:
    read = document.parse("o:\n  ? a\n  : xyz\n", "flow.yaml")
    assert [(at.line, at.column) for at in (read.key_location(("o", "a")), read.location(("o", "a")))] == [
        (2, 5),
        (3, 5),
    ]
    assert read.offset_location(("o", "a"), 2).column == 7


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (2, 1), (2, 1)),
        (("name",), (2, 7), (2, 1)),
        (("data", "steps"), (7, 5), (6, 3)),
        (("data", "steps", 0), (7, 7), (7, 7)),
        (("data", "steps", 0, "id"), (7, 11), (7, 7)),
        (("data", "steps", 0, "sub title"), (9, 20), (9, 7)),
        (("data", "steps", 0, "primaryButton"), (10, 22), (10, 7)),
        (("data", "steps", 0, "primaryButton", "action"), (3, 39), (3, 31)),
        (("data", "steps", 1, "id"), (11, 13), (11, 9)),
        (("data", "steps", 1, "absent"), (11, 9), (11, 9)),
        (("nowhere", "at", "all"), (2, 1), (2, 1)),
    ],
)
def test_every_value_and_key_has_its_place(path: ValuePath, value: tuple[int, int], key: tuple[int, int]) -> None:
    read = document.parse(TEXT, "flow.yaml")
    at, at_key = read.location(path), read.key_location(path)
    assert (at.file, at.line, at.column) == ("flow.yaml", *value)
    assert (at_key.line, at_key.column) == key


@pytest.mark.parametrize(
    ("path", "offset", "place"),
    [
        (("name",), 0, (2, 7)),
        (("name",), 7, (2, 14)),
        (("data", "steps", 0, "title"), 2, (8, 17)),
        (("data", "steps", 0, "title"), 3, (8, 23)),
        (("data", "steps", 1, "text"), 0, (13, 11)),
        (("data", "steps", 1, "text"), 6, (14, 11)),
        (("data", "steps", 1, "more"), 7, (17, 11)),
        (("data", "steps", 0), 5, (7, 7)),
    ],
)
def test_every_character_of_a_text_has_its_place(path: ValuePath, offset: int, place: tuple[int, int]) -> None:
    at = document.parse(TEXT).offset_location(path, offset)
    assert (at.line, at.column) == place


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("data:\n  # why\n  steps: []\n  # end\nname: x\n", "# why\nsteps: []\n# end\n"),
        ("data:\n- a\n- b # last\n", "- a\n- b # last\n"),
        ("data:\n- [a,\n  b\n]\n- {c: d\n}\nname: x\n", "- [a,\n  b\n]\n- {c: d\n}\n"),
        ("data:\n    a: |\n      text\n\n      more\n", "a: |\n  text\n\n  more\n"),
        ("data:\r\n  a: 1\r\n", "a: 1\n"),
        ("data:\n  a: 1", "a: 1\n"),
        ("data: {a: 1}\n", None),
        ("x-a: &a 1\ndata:\n  b: *a\n", None),
        ("data:\n  b: &a 1\n  c: *a\n", "b: &a 1\nc: *a\n"),
        ("data: text\n", None),
        ("name: x\n", None),
        ("- data\n", None),
    ],
)
def test_the_authors_own_lines_are_kept_where_they_stand_alone(text: str, lines: str | None) -> None:
    assert document.parse(text).own_lines("data") == lines


def code_of(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        document.parse(text)
    return caught.value.problem.code


def test_limits_are_clear_errors() -> None:
    assert code_of("a: " + "[" * 101 + "]" * 101) == "nesting"
    assert code_of("\n".join(" " * depth + "a:" for depth in range(102))) == "nesting"
    assert code_of("#" * (1024 * 1024 + 1)) == "too-large"
    assert code_of("a: " + "[" * 100_000) == "nesting"
    laughs = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert code_of("\n".join(laughs)) == "alias-bomb"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [" + "1," * 49_997 + "1]\n", None),
        ("a: [" + "1," * 49_998 + "1]\n", "too-many-values"),
        ("a: [" + "1," * 50_000 + "]]]", "too-many-values"),
        ("- {" + ", ".join(f"k{number}: 1" for number in range(50_000)) + ": : :", "too-many-values"),
        ("- &a [" + "1," * 999 + "1]\n" + "- *a\n" * 48, None),
        ("- &a [" + "1," * 999 + "1]\n" + "- *a\n" * 49, "too-many-values"),
    ],
    ids=["at the limit", "beyond it", "never read to its end", "keys", "aliases", "one alias more"],
)
def test_a_text_with_too_many_values_is_refused_as_soon_as_that_is_known(text: str, code: str | None) -> None:
    if code is None:
        document.parse(text)
    else:
        assert code_of(text) == code


@pytest.mark.parametrize(
    "text", ["a: &a\n  1\n", 'a: &a # c\n  "1"\n', "a:\n- &a\n- !t\n  # c\n\n  1\n", "- !!str\n  1\n  2\n"]
)
def test_a_text_below_its_anchor_or_tag_is_read_where_it_is(text: str) -> None:
    read = document.parse(text)
    path: list[str | int] = []
    value = read.value
    while isinstance(value, dict | list):
        key = next(iter(value)) if isinstance(value, dict) else len(value) - 1
        path, value = [*path, key], value[key]  # type: ignore[index]
    place = read.location(tuple(path))
    assert text.split("\n")[place.line - 1][place.column - 1 :].startswith(("1", '"1'))


@pytest.mark.parametrize(
    "text",
    [
        "- \n" * 200_000,
        "- 2026-01-01\n" * 50_000,
        "- !!str\n" * 100_000,
        "- " * 50 + "\n" * 500_000,
        "a: |\n  x" + "\n" * 500_000 + " \nb: 1\n",
        'a: "b\n' + "    c d\n" * 100_000,
        "[a # # # # # #\n" + "# # # # c\n" * 50_000 + " ? b]\n",
    ],
    ids=["empty items", "warnings", "tags", "nested", "blank lines", "an open quote", "comments in brackets"],
)
def test_the_time_it_takes_grows_with_the_text_and_no_faster(text: str) -> None:
    start = time.thread_time()
    with suppress(DocumentError):
        document.parse(text).location((0,))
    assert time.thread_time() - start < 10, "linear code needs less than two seconds, quadratic code a minute"


def test_bytes_are_utf_8() -> None:
    assert document.decode("name: Grüße 🎉\n".encode(), "flow.yaml") == "name: Grüße 🎉\n"
    with pytest.raises(DocumentError) as caught:
        document.decode(b"ok: 1\nname: \xe4\n", "flow.yaml")
    problem = caught.value.problem
    assert (problem.code, problem.location.line, problem.location.column) == ("not-utf8", 2, 7)
    with pytest.raises(DocumentError, match="1 MiB"):
        document.decode(b"#" * (1024 * 1024 + 1), "flow.yaml")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_another_encoding_is_called_by_its_name(encoding: str) -> None:
    with pytest.raises(DocumentError) as raised:
        document.read("\ufeffname: x\n".encode(encoding), "a.yaml")
    assert raised.value.problem.hint == f"The file is {encoding[:6].upper()}: save it as UTF-8."


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('  [1, 2.50, 1e2, 12345678901234567890, "\\ud83d\\ude00"]', [1, 2.5, 100.0, 12345678901234567890.0, "😀"]),
        ('{"a": "x\\ty"}', {"a": "x\ty"}),
        ("{a: 1}", {"a": 1}),
        ("steps: []\n", {"steps": []}),
        ("", None),
    ],
)
def test_data_of_a_live_flow_is_json_or_yaml(text: str, value: JsonValue) -> None:
    assert document.parse_data(text).value == value


def test_json_that_is_nested_too_deep_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        document.parse_data("[" * 102 + "]" * 102)
    assert caught.value.problem.code == "nesting"
    with pytest.raises(DocumentError):
        document.parse_data("[" * 200_000)
    assert document.parse_data('{"a": 1}').location(("a",)).line == 1


AMBIGUOUS = "no On 12:30 2026-01-01 1_000 0x1F 0o17 .5 -.inf null ~ << 1e3 = --- ..."
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet=" \n\t#:-?,[]{}&*!|>'\"%@`~aA01.eExX_+=\\$<\u00e9\u2028\ufeff\ud83d\U0001f600", max_size=20),
    st.sampled_from(AMBIGUOUS.split()),
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats()
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=15,
)


def same(left: Any, right: Any) -> bool:  # noqa: ANN401 - JSON values
    if isinstance(left, dict) and isinstance(right, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, float) and math.isnan(left):
        return isinstance(right, float) and math.isnan(right)
    return bool(left == right)


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back_the_same(value: Any) -> None:  # noqa: ANN401 - JSON values
    written = document.dump(value)
    assert written.endswith("\n")
    assert same(document.parse(written).value, value)


@settings(max_examples=150, deadline=None)
@given(TEXTS | st.text(alphabet="ab:- \n[]{},'\"#|>&*!?\t0", max_size=40))
def test_reading_any_text_raises_nothing_but_its_own_error(text: str) -> None:
    for read in (document.parse, document.parse_data):
        with suppress(DocumentError):
            assert read(text).location(()).line >= 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": "yes", "b": "12:30", "c": "1e3", "d": "plain text"}, 'a: "yes"\nb: "12:30"\nc: "1e3"\nd: plain text\n'),
        ({"a": "two\nlines\n"}, "a: |\n  two\n  lines\n"),
        ({"a": [], "b": {}, "c": ""}, 'a: []\nb: {}\nc: ""\n'),
        ({"steps": [{"id": "a", "size": 1.0}]}, "steps:\n  - id: a\n    size: 1\n"),
        ({"a": "\u2028\u202e\x1b"}, 'a: "\\u2028\\u202e\\x1b"\n'),
        ({"a": math.inf, "b": math.nan}, "a: .inf\nb: .nan\n"),
    ],
)
def test_the_form_of_what_is_written(value: JsonValue, text: str) -> None:
    assert document.dump(value) == text


@pytest.mark.parametrize(
    ("value", "code"), [({"a": 2**53 + 1}, "unsafe-integer"), ({"k" * 2000: 1}, "yaml-key"), (None, "nesting")]
)
def test_what_cannot_be_written_exactly_is_refused(value: JsonValue, code: str) -> None:
    if value is None:
        for _ in range(150):
            value = [value]
    with pytest.raises(DocumentError) as caught:
        document.dump(value)
    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("<<<<<<< HEAD\nname: a\n=======\nname: b\n>>>>>>> other\n", 1),
        ("name: a\n<<<<<<< HEAD\ntype: CARD\n=======\ntype: TOUR\n>>>>>>> other\n", 2),
        ("data:\n  text: |\n    a\n<<<<<<< HEAD\n    b\n=======\n    c\n>>>>>>> other\n", 4),
    ],
)
def test_a_conflict_that_git_left_is_told_as_such(text: str, line: int) -> None:
    with pytest.raises(DocumentError, match="Git left a merge conflict here") as caught:
        document.parse(text, "flow.yaml")
    place = caught.value.problem.location
    assert (place.line, place.column, caught.value.problem.code) == (line, 1, "yaml-syntax")


def test_an_error_before_a_conflict_or_without_one_is_told_itself() -> None:
    for text in ("a: b: c\nd:\n<<<<<<< HEAD\n", "a: |\n  <<<<<<< x\nb: c: d\n"):
        with pytest.raises(DocumentError, match="A second colon"):
            document.parse(text, "flow.yaml")


def test_a_text_says_the_same_whatever_was_read_before() -> None:
    """The reader remembers short scalars; an empty one may have a gap that reads as the gap and text of another."""
    document.parse("a: b\n-: c\n")
    document.parse("a: b\n?: c\n")
    assert document.parse("\n-").value == [None]
    for text in ("a: b\n?", "a: b\n?\n", "\n? "):
        with pytest.raises(DocumentError):
            document.parse(text)


@given(st.lists(st.text("ax:-?,#'| \n", max_size=8), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_texts_are_read_alike_in_any_order(texts: list[str], order: Random) -> None:
    def read(text: str) -> object:
        with suppress(DocumentError):
            return document.parse(text).value
        return "refused"

    first = {text: read(text) for text in texts}
    order.shuffle(texts)
    assert {text: read(text) for text in texts} == first
