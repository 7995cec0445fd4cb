"""Edits of a text: what must change changes, and not one byte more."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flowsync.diff.lists import survivors
from flowsync.document import parse, parse_data, same
from flowsync.document.editing import Reads, edited
from flowsync.document.rewriting import equal_ends
from flowsync.errors import DocumentError
from flowsync.model import JsonValue
from tests.support.strategies import KEYS, edits, flow_data, scalars, trees
from tests.support.styles import written

Change = "Callable[[Any], object]"

CHECKLIST = """\
# yaml-language-server: $schema=../.flowsync/flow.schema.json
# Owner: growth

name: Welcome   # shown in the dashboard
type: 'CHECKLIST'

x-tour: &tour {title: Take the tour, action: flow.complete} # used twice
data:
  # Shown above the steps
  title: "Caf\\u00e9 \\U0001f600"
  steps:
    # The first one
    - id: a # never rename
      title: It is
      subtitle: >-
        A long text that is folded
        over two lines

        and a second paragraph
      primaryButton: *tour

    # ---- the middle ----

    # The second one
    - id: b
      title: "Say \\"hi\\""
      primaryButton: *tour
      # subtitle: an old idea

    - id: c
      text: |
        line one
        line two
      tags: [one, "two", three]
  # End of the steps
active: true
"""


def steps(value: Any) -> Any:  # noqa: ANN401 - any document of the cases
    return value["data"]["steps"]


def put(key: str, value: JsonValue, step: int | None = None) -> Callable[[Any], object]:
    return lambda root: (root if step is None else steps(root)[step]).update({key: value})


CASES: dict[str, tuple[Callable[[Any], object], list[str]]] = {
    "plain stays plain": (put("name", "Hello"), ["-name: Welcome   # shown", "+name: Hello   # shown"]),
    "plain that cannot stay": (put("name", "a: b"), ["-name: Welcome ", '+name: "a: b"   # shown']),
    "single quotes stay": (put("type", "It's"), ["-type: 'CHECKLIST'", "+type: 'It''s'"]),
    "single quotes that cannot stay": (put("type", "a\tb"), ["-type: ", '+type: "a\\tb"']),
    "a switch": (put("active", value=False), ["-active: true", "+active: false"]),
    "a number": (put("active", 2), ["-active: true", "+active: 2"]),
    "null": (put("active", None), ["-active: true", "+active: null"]),
    "other escapes stay": (
        lambda root: root["data"].update(title="Café 😀!"),
        ['-  title: "Caf\\u00e9 \\U0001f600"', '+  title: "Caf\\u00e9 \\U0001f600!"'],
    ),
    "a word in quotes": (put("title", 'Say "ho"', 1), ['-      title: "Say \\"hi', '+      title: "Say \\"ho']),
    "a word in folded text": (
        put("subtitle", "A long text that is folded\nover two lines".replace("\n", " ") + "\nand a third paragraph", 0),
        ["-        and a second", "+        and a third paragraph"],
    ),
    "two words far apart": (
        put("subtitle", "A short text that is folded over two lines\nand a third paragraph", 0),
        ["-        A long", "+        A short", "-        and a second", "+        and a third"],
    ),
    "a line in literal text": (put("text", "line one\nline 1.5\nline two\n", 2), ["+        line 1.5"]),
    "a line less": (put("text", "line two\n", 2), ["-        line one"]),
    "no line end any more": (put("text", "line one\nline two", 2), ["-      text: |", "+      text: |-"]),
    "text that needs quotes": (put("text", " x\n", 2), ["-      text: |", "-", "-", '+      text: " x\\n"']),
    "a use of an anchor": (
        put("primaryButton", {"title": "Go"}, 1),
        ["-      primaryButton: *tour", "+      primaryButton:", "+        title: Go"],
    ),
    "an item in brackets": (
        put("tags", ["one", "2", "three"], 2),
        ['-      tags: [one, "two"', '+      tags: [one, "2", three]'],
    ),
    "an item more in brackets": (
        put("tags", ["one", "two", "three", "four"], 2),
        ["-", '+      tags: [one, "two", three, four]'],
    ),
    "an item less in brackets": (put("tags", ["two", "three"], 2), ["-", '+      tags: ["two", three]']),
    "a list that becomes empty": (put("tags", [], 2), ["-", "+      tags: []"]),
    "a new key": (
        lambda root: root["data"].update(props={"wide": True, "of": ["x"]}),
        ["+  props:", "+    wide: true", "+    of:", "+      - x"],
    ),
    "a key less": (lambda root: steps(root)[1].pop("title"), ['-      title: "Say']),
    "a step more": (
        lambda root: steps(root).insert(2, {"id": "n", "title": "New"}),
        ['+    - id: "n"', "+      title: New", "+"],
    ),
    "a step less": (
        lambda root: steps(root).pop(1),
        ["-    # The second", "-    - id: b", "-", "-", "-      # subtitle", "-"],
    ),
    "the first step less": (lambda root: steps(root).pop(0), ["-    # The first one", *["-"] * 9]),
    "a text that becomes a mapping": (
        put("title", {"en": "Hi"}, 0),
        ["-      title: It is", "+      title:", "+        en: Hi"],
    ),
    "a list that becomes a text": (put("tags", "none", 2), ["-      tags: [one", "+      tags: none"]),
}


def lines_changed(old: str, new: str) -> list[str]:
    diff = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in diff if line[:2] not in {"--", "++", "@@"} or line in {"-", "+"}]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_only_those_lines_change(case: str, ends: str) -> None:
    change, expected = CASES[case]
    text = "\ufeff" + CHECKLIST.replace("\n", ends).removesuffix(ends)
    value = deepcopy(json_copy(parse(text).value))
    change(value)
    done = edited(text, value, matching=survivors)
    assert same(parse(done.text).value, value)
    changed = lines_changed(text, done.text)
    assert len(changed) == len(expected)
    assert all(line.startswith(start) for line, start in zip(changed, expected, strict=True)), changed
    assert done.text.startswith("\ufeff# yaml")
    assert not done.text.endswith("\n")
    assert done.text.count("\r\n") == (done.text.count("\n") if ends == "\r\n" else 0)


def json_copy(value: Any) -> Any:  # noqa: ANN401 - a document without shared parts
    if isinstance(value, dict):
        return {key: json_copy(item) for key, item in value.items()}
    return [json_copy(item) for item in value] if isinstance(value, list) else value


def test_a_moved_step_takes_its_comments_along_and_leaves_what_is_not_its_own() -> None:
    value = json_copy(parse(CHECKLIST).value)
    steps(value).insert(0, steps(value).pop(2))
    done = edited(CHECKLIST, value, matching=survivors)
    assert done.rewritten == ()
    moved = '    - id: c\n      text: |\n        line one\n        line two\n      tags: [one, "two", three]\n'
    assert f"  steps:\n{moved}\n    # The first one\n    - id: a" in done.text
    assert "\n\n    # ---- the middle ----\n\n    # The second one\n    - id: b" in done.text
    assert done.text.endswith("      # subtitle: an old idea\n  # End of the steps\nactive: true\n")
    assert sorted(done.text.split("\n")) == sorted(CHECKLIST.split("\n"))


def test_every_use_of_an_anchor_that_changes_alike_follows_it() -> None:
    value = json_copy(parse(CHECKLIST).value)
    for place in (value["x-tour"], steps(value)[0]["primaryButton"], steps(value)[1]["primaryButton"]):
        place["title"] = "Start"
    done = edited(CHECKLIST, value, matching=survivors)
    assert lines_changed(CHECKLIST, done.text) == [
        "-x-tour: &tour {title: Take the tour, action: flow.complete} # used twice",
        "+x-tour: &tour {title: Start, action: flow.complete} # used twice",
    ]


def test_an_anchor_that_goes_is_taken_over_by_its_next_use() -> None:
    value = json_copy(parse(CHECKLIST).value)
    del value["x-tour"]
    done = edited(CHECKLIST, value, matching=survivors)
    assert done.rewritten == (("data", "steps", 0, "primaryButton"),)
    assert "      primaryButton: &tour\n        title: Take the tour\n" in done.text
    assert done.text.count("*tour") == 1


def test_an_anchored_value_changes_without_its_uses() -> None:
    value = json_copy(parse(CHECKLIST).value)
    value["x-tour"]["title"] = "Start"
    done = edited(CHECKLIST, value, matching=survivors)
    assert done.rewritten == (("data", "steps", 0, "primaryButton"), ("data", "steps", 1, "primaryButton"))
    assert same(parse(done.text).value, value)


def test_comments_of_a_list_that_becomes_empty_stay_where_they_belong_to_no_item() -> None:
    value = json_copy(parse(CHECKLIST).value)
    steps(value).clear()
    done = edited(CHECKLIST, value, matching=survivors)
    assert "  steps: []\n  # ---- the middle ----\n  # End of the steps\nactive: true\n" in done.text


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("a:\n", {"a": "x"}, "a: x\n"),
        ("? a # k\n: b # v\nc: 1\n", {"a": "x", "c": 1}, "? a # k\n: x # v\nc: 1\n"),
        ("? a\n:\n  - ? b\n    : 1 # v\n", {"a": [2, {"b": 1}]}, "? a\n:\n  - 2\n  - ? b\n    : 1 # v\n"),
        ("c: 1\n? a\n: b\nd: 1\n", {"c": 1, "d": 1}, "c: 1\nd: 1\n"),
        ("a: # none yet\n", {"a": [1]}, "a: # none yet\n  - 1\n"),
        ("- \n- a\n", ["x", "a"], "- x\n- a\n"),
        ("a: {b: , c: 1}\n", {"a": {"b": 2, "c": 1}}, "a: {b: 2 , c: 1}\n"),
        ("a: {b}\n", {"a": {"b": 2}}, "a: {b: 2}\n"),
        ("a: [b: 1, c]\n", {"a": [{"b": 2}, "c"]}, "a: [b: 2, c]\n"),
        ("a: [b: 1, c]\n", {"a": [{"x": 2}, "c"]}, "a: [{x: 2}, c]\n"),
        ("a: !!str 12\n", {"a": 13}, "a: 13\n"),
        ("a: [!!str 12]\n", {"a": [13]}, "a: [13]\n"),
        ('{"a": [{"b": "c"}], "d": 1}', {"a": [{"b": "c", "e": 1}], "d": "x"}, '{"a": [{"b": "c", "e": 1}], "d": "x"}'),
        ("a: [\n  1, # one\n  2,\n]\n", {"a": [1, 2, 3]}, "a: [1, 2, 3]\n"),
        ("a: [\n  1,\n  2,\n]\n", {"a": [1, 2, 3]}, "a: [\n  1,\n  2,\n  3,\n]\n"),
        ("- - a\n  - b\n", [["b"]], "- - b\n"),
        ("- a: 1\n  # about b\n  b: 2\n", [{"b": 2}], "-\n  # about b\n  b: 2\n"),
        ("a:\n   b:\n   - 1\n", {"a": {"b": [1, {"d": {"e": 2}}]}}, "a:\n   b:\n   - 1\n   - d:\n        e: 2\n"),
        ("a: | # why\n  x\nb: 1\n", {"a": 2, "b": 1}, "a: 2 # why\nb: 1\n"),
        ("a: b # why\n  # more\n", {"a": "c\nd\n"}, "a: | # why\n  c\n  d\n# more\n"),
        ("- k: |-\n    a\n   # c\n  l: 1\n", [{"k": "b", "l": 1}], "- k: |-\n    b\n   # c\n  l: 1\n"),
        ("k: 'one\n  two'\n", {"k": "one  two"}, "k: 'one  two'\n"),
        ('k: "one\n  two"\n', {"k": "one  two"}, 'k: "one  two"\n'),
        ("k: one\n  two # c\n", {"k": "one  two"}, "k: one  two # c\n"),
        ("k: [a, b]\n", {"k": ["a] b", "b"]}, 'k: ["a] b", b]\n'),
        ("k: [&x 1, *x, 2]\n", {"k": [1, 1, 3]}, "k: [&x 1, *x, 3]\n"),
        ("k: [{a: &x 1, b: *x}]\n", {"k": [{"a": 1, "b": 2}]}, "k: [{a: &x 1, b: 2}]\n"),
        (
            "k: >-\n  one two\n  three four five six seven\n",
            {"k": "one two  three four five six seven eight nine ten"},
            "k: >-\n  one two  three four five\n  six seven eight nine ten\n",
        ),
        ("a: >-\n  some words\n", {"a": "no " * 30 + "end"}, None),
        ("---\n# head\na: 1\n...\n", {"a": 2}, "---\n# head\na: 2\n...\n"),
        ("# head\nword # beside\n", "other", "# head\nother\n # beside\n"),
        ("# head\n- 1\n", {"a": 1}, "# head\na: 1\n"),
        ("# only a comment\n", {"a": 1}, "# only a comment\na: 1\n"),
        ("|\n  a\n", "a b", "|-\n  a b\n"),
        ("[1, 2]", [1], "[1]"),
        ("a: 1\r\nb: 2\nc: 3\r\n", {"a": 1, "b": 3, "c": 3, "d": 4}, "a: 1\r\nb: 3\r\nc: 3\r\nd: 4\r\n"),
        ("&k a: *k\n", {"a": "b"}, "&k a: b\n"),
        ("x: &a 1\n*a : 2\n", {"x": 3, "1": 2}, None),
        ("\ufeff{}\r\n", {"a": 1}, "\ufeffa: 1\r\n"),
        ("\ufeff[]\n", ["a"], "- a\n"),
        ("a: &n [1]\nb: {c: *n, d: *n}\n", {"b": {"c": [1], "d": [1]}}, "b: {c: &n [1], d: *n}\n"),
    ],
)  # fmt: skip
def test_small_texts(text: str, value: JsonValue, expected: str | None) -> None:
    done = edited(text, value, matching=survivors)
    assert same(parse(done.text).value, value)
    if expected is not None:
        assert done.text == expected


def test_what_is_not_yaml_or_cannot_be_written_is_an_error() -> None:
    with pytest.raises(DocumentError):
        edited("a: [", {"a": 1})
    with pytest.raises(DocumentError):
        edited("a: 1", {"a": 2**53 + 1})


def test_a_text_that_only_json_reads_is_written_anew() -> None:
    done = edited('{"a": 1, "a": 2}', {"a": 3}, reads=lambda text: parse_data(text).value)
    assert (done.text, done.rewritten) == ("a: 3", ((),))


def garbling(*wrong: str) -> Reads:
    """A reader that takes some ways of writing for something else, and refuses what says REFUSED."""

    def read(text: str) -> JsonValue:
        for each in wrong:
            text = text.replace(each, "wrong")
        if "REFUSED" in text:
            raise document_error()
        return parse(text).value

    return read


def document_error() -> DocumentError:
    try:
        parse("[")
    except DocumentError as error:
        return error
    raise AssertionError


def test_what_comes_out_wrong_is_written_anew_and_no_more_than_that() -> None:
    text = "a:\n  # kept\n  b: 'one word'\n  c:\n    - 'x' # beside\n    - 2\n"
    value: JsonValue = {"a": {"b": "two words", "c": ["y", 2]}}
    done = edited(text, value, reads=garbling("'two words'"))
    assert done.text == "a:\n  # kept\n  b: two words\n  c:\n    - 'y' # beside\n    - 2\n"
    done = edited(text, value, reads=garbling("'two words'", "'y'"))
    assert done.text == 'a:\n  # kept\n  b: two words\n  c:\n    - "y" # beside\n    - 2\n'
    done = edited(text, value, reads=garbling("'y' # beside", '"y" # beside'))
    assert done.text == "a:\n  # kept\n  b: 'two words'\n  c:\n    - \"y\"\n    - 2\n"
    assert done.rewritten == (("a", "c"),)


def test_what_cannot_be_read_is_written_anew_from_the_edits_outwards() -> None:
    text = "# head\na:\n  # kept\n  b: 'x'\nc: 1\n"
    value: JsonValue = {"a": {"b": "REFUSED"}, "c": 1}
    with pytest.raises(DocumentError):
        edited(text, value, reads=garbling())
    everything = edited(text, {"a": {"b": "x"}, "c": 2}, reads=garbling("  # kept\n  b"))
    assert (everything.text, everything.rewritten) == ("# head\na:\n  b: x\nc: 2\n", ((),))
    quoted: JsonValue = {"a": {"b": "REFUSE"}, "c": 1}
    done = edited(text, quoted, reads=lambda text: garbling()(text.replace("'REFUSE'", "REFUSED")))
    assert done.text == "# head\na:\n  # kept\n  b: REFUSE\nc: 1\n"


def test_very_long_text_is_edited_without_comparing_each_word_with_each() -> None:
    old, new = " ".join(f"a{n}" for n in range(1200)), " ".join(f"b{n}" for n in range(1200))
    assert edited(f"k: start {old} end # c\n", {"k": f"start {new} end"}).text == f"k: start {new} end # c\n"


def test_folded_text_that_is_all_new_is_folded_as_wide() -> None:
    text = "k: >2-\n  some words on a line here\n  and more\n"
    done = edited(text, {"k": "x " * 20 + "end\nnext"})
    assert same(parse(done.text).value, {"k": "x " * 20 + "end\nnext"})


prose = st.text(st.sampled_from("ab \n'\"#:é😀,{}[]-|>&*!%@1."), max_size=20) | st.lists(
    st.sampled_from(["the", "quick", "fox", "<b>x</b>", "it's", '"q"', "#1", "a: b", "\n", "\n\n"]), max_size=12
).map(" ".join)


@st.composite
def repeating(draw: st.DrawFn) -> JsonValue:
    """Values that hold the same thing several times, for anchors."""
    part = st.sampled_from(draw(st.lists(trees(scalars | prose, 4), min_size=1, max_size=3)))
    inner = part | st.dictionaries(KEYS, part, max_size=3) | st.lists(part, max_size=3)
    return draw(st.lists(inner, min_size=1, max_size=6) | st.dictionaries(KEYS, inner, min_size=1, max_size=5))


values: st.SearchStrategy[JsonValue] = trees(scalars | prose) | flow_data.map(lambda data: data) | repeating()


@given(edits(values), st.integers(0, 2**32))
def test_an_edited_text_says_what_is_wanted(pair: tuple[JsonValue, JsonValue], seed: int) -> None:
    old, new = pair
    text = written(old, seed)
    # A text after | that is the whole document may not have a comment below it.
    assume(not isinstance(old, str) or "\n#" not in text)
    assume(same(parse(text).value, old))
    done = edited(text, new, matching=survivors)
    assert same(parse(done.text).value, new)
    assert edited(text, old, matching=survivors).text == text
    assert edited(done.text, new, matching=survivors).text == done.text


@given(flow_data, st.integers(0, 2**32), st.data())
def test_a_changed_word_changes_one_line_and_no_comment_goes(data: JsonValue, seed: int, draw: st.DataObject) -> None:
    """Of all texts but those that tell items apart."""
    text = written(data, seed)
    value = parse(text).value
    paths = [path for path in scalar_paths(value) if path[-1] not in {"id", "value"}]
    places = [path for path in paths if isinstance(at(value, path), str)]
    assume(same(value, data) and places)
    path = draw.draw(st.sampled_from(places))
    wanted = replaced(value, path, "word")
    done = edited(text, wanted, matching=survivors)
    assert same(parse(done.text).value, wanted)
    assert re.findall(r"# c\d+\.", done.text) == re.findall(r"# c\d+\.", text)
    if not re.search(r"[&*]a\d", text) and at(value, path) not in {"", "word"}:
        old_lines, new_lines = text.split("\n"), done.text.split("\n")
        if len(old_lines) == len(new_lines):
            assert sum(map(str.__ne__, old_lines, new_lines)) == 1


def scalar_paths(value: JsonValue, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in scalar_paths(item, (*path, key))]
    if isinstance(value, list):
        return [found for index, item in enumerate(value) for found in scalar_paths(item, (*path, index))]
    return [path]


def at(value: Any, path: tuple[str | int, ...]) -> JsonValue:  # noqa: ANN401 - walked by path
    for part in path:
        value = value[part]
    found: JsonValue = value
    return found


def replaced(value: Any, path: tuple[str | int, ...], new: JsonValue) -> JsonValue:  # noqa: ANN401 - walked by path
    copy = json_copy(value)
    inner = copy
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = new
    result: JsonValue = copy
    return result


@pytest.mark.parametrize(
    ("old", "new", "ends"),
    [("", "", (0, 0)), ("abc", "abc", (3, 0)), ("abxc", "abyyc", (2, 1)), ("aa", "a", (1, 0)), ("b", "ab", (0, 1))],
)
def test_the_end_begins_behind_the_beginning(old: str, new: str, ends: tuple[int, int]) -> None:
    assert equal_ends(old, new) == ends


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_both_are_equal_and_as_long_as_can_be(old: list[int], new: list[int]) -> None:
    head, tail = equal_ends(old, new)
    assert old[:head] == new[:head]
    rest, other = old[head:], new[head:]
    assert not (rest and other) or rest[0] != other[0]
    assert rest[len(rest) - tail :] == other[len(other) - tail :]
    left, right = rest[: len(rest) - tail], other[: len(other) - tail]
    assert not (left and right) or left[-1] != right[-1]
