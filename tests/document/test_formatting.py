"""A text in canonical form says the same with the same comments, and is not changed by being put in form again."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync import document
from flowsync.document.formatting import KeyOrder, formatted
from flowsync.errors import DocumentError
from flowsync.model import JsonValue
from tests.document.styles import Styled, flow_value
from tests.document.test_corpus import CASES as CASES_OF_CORPUS
from tests.document.written import comparable

BUTTON = KeyOrder(first=("title", "action", "uri"))
OPTION = KeyOrder(first=("label", "value"))
FIELD = KeyOrder(first=("id", "type", "label", "options"), inside={"options": OPTION})
STEP = KeyOrder(
    first=("id", "title", "subtitle", "fields", "primaryButton", "props"),
    inside={"primaryButton": BUTTON, "fields": FIELD},
)
DATA = KeyOrder(first=("title",), last=("steps",), inside={"steps": STEP})
FILE = KeyOrder(
    first=("name", "type", "active", "targetingLogic"),
    last=("data", "target", "environments", "tests"),
    inside={"data": DATA, "environments": KeyOrder(others=KeyOrder(first=("name", "active")))},
)


def comments(text: str) -> list[str]:
    return re.findall(r"# (?:above|beside|head|end) [^\n]*?\d+[^\n]*", text)


@settings(max_examples=120)
@given(st.integers(0, 2**32))
def test_value_and_comments_stay_whatever_the_style(seed: int) -> None:
    random = Random(seed)
    author = Styled(random)
    value = flow_value(random)
    text = author.text(value)
    assert comparable(document.parse(text).value) == comparable(value)
    result = formatted(text, "flow.yaml", FILE)
    assert comparable(document.parse(result).value) == comparable(value)
    found = Counter(line.strip() for line in comments(result))
    assert found == Counter(comment.strip() for comment in author.comments)
    assert signs(result) == signs(text)
    assert formatted(result, "flow.yaml", FILE) == result
    require_style(text, result, value)


def signs(text: str) -> Counter[str]:
    """How often each character stands in a text that is no blank: moving lines changes none of it."""
    return Counter(re.sub(r"[ \t\r\n\ufeff]", "", text))


def require_style(text: str, result: str, value: dict[str, JsonValue]) -> None:
    assert result.endswith("\n")
    assert "\r" not in result
    assert not result.startswith(("\ufeff", "\n"))
    if "yaml-language-server" in text:
        assert result.startswith("# yaml-language-server")
    if "&shared" not in text:
        keys = re.findall(r"^([\w-]+):", result, re.MULTILINE)
        assert keys == sorted(value, key=FILE.rank), result
    lines = result.split("\n")
    for index, line in enumerate(lines):
        about = re.search(r"# (above|beside) (\S+) ", line)
        if about and about[2] != "-":
            held = line if about[1] == "beside" else next(each for each in lines[index:] if is_said(each))
            assert f"{about[2]}:" in held or about[1] == "beside", (line, held)


def is_said(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("#")


CASES = {
    "keys in order, the comment above with its key": (
        "# about active\nactive: true # yes\n# about name\nname: x\n",
        "# about name\nname: x\n# about active\nactive: true # yes\n",
    ),
    "the editor's line stays first": (
        "# yaml-language-server: $schema=a.json\n# about type\ntype: CARD\nname: x\n",
        "# yaml-language-server: $schema=a.json\nname: x\n# about type\ntype: CARD\n",
    ),
    "the editor's line goes first": (
        "# Owner: growth\n\n# yaml-language-server: $schema=a.json\n\nname: x\n",
        "# yaml-language-server: $schema=a.json\n# Owner: growth\n\nname: x\n",
    ),
    "a head that a blank line parts stays at the head": (
        "# Owner: growth\n\ntype: CARD\nname: x\n",
        "# Owner: growth\n\nname: x\ntype: CARD\n",
    ),
    "what is indented deeper belongs to what is above": (
        "data:\n  steps: []\n  # end of data\n# about name\nname: x\n",
        "# about name\nname: x\ndata:\n  steps: []\n  # end of data\n",
    ),
    "comments at the end stay at the end": ("type: CARD\nname: x\n\n# end\n", "name: x\ntype: CARD\n\n# end\n"),
    "two columns a level, lists below their key": (
        "data:\n    steps:\n    -   id: a\n        # about fields\n        fields:\n        - id: f\n",
        "data:\n  steps:\n    - id: a\n      # about fields\n      fields:\n        - id: f\n",
    ),
    "text two columns below its key, what is deeper in it stays so": (
        "name: |\n      a\n        b\n\n      c\ntype: >-\n CARD\n",
        "name: |\n  a\n    b\n\n  c\ntype: >-\n  CARD\n",
    ),
    "text with its indentation stated keeps it": (
        "data:\n    own: |4\n          a\n        b\n",
        "data:\n  own: |4\n        a\n      b\n",
    ),
    "text that keeps its blank lines keeps just those": (
        "type: |+\n  a\n\nactive: true\n\nname: |+\n  x\n",
        "name: |+\n  x\ntype: |+\n  a\n\nactive: true\n",
    ),
    "one blank line at most, none at either end": ("\n\nname: x\n\n\n\ntype: CARD\n\n\n", "name: x\n\ntype: CARD\n"),
    "no blanks at the ends of lines, but those of text": (
        "name: x  \ntype: | \n  a  \n  b\nown: 'c  \n  d'   # e  \n",
        "name: x\ntype: |\n  a  \n  b\nown: 'c  \n  d'   # e\n",
    ),
    "line ends of Windows, a byte order mark, no end": ("\ufefftype: CARD\r\nname: x", "name: x\ntype: CARD\n"),
    "brackets on one line": (
        "data:\n  steps:\n    - {title: T, id: a, primaryButton: {uri: /x, title: Go}}\n",
        "data:\n  steps:\n    - {id: a, title: T, primaryButton: {title: Go, uri: /x}}\n",
    ),
    "brackets over several lines stay": (
        "data:\n    steps: [\n        {title: T,\n         id: a}, # one\n        {title: T, id: b}]\n",
        "data:\n  steps: [\n      {title: T,\n       id: a}, # one\n      {id: b, title: T}]\n",
    ),
    "an alias never comes before its anchor": (
        "target: &t latest\nx-b: &b {title: Go}\nname: *t\ndata: {own: *b}\n",
        "target: &t latest\nname: *t\nx-b: &b {title: Go}\ndata: {own: *b}\n",
    ),
    "a name that is given twice": ("data: &a x\nname: *a\ntype: &a CARD\n", "data: &a x\nname: *a\ntype: &a CARD\n"),
    "an anchor and an alias as keys": (
        "x-a: {&k own: 1}\ndata:\n  *k : 2\n  title: T\n",
        "x-a: {&k own: 1}\ndata:\n  title: T\n  *k : 2\n",
    ),
    "a comment beside a dash's first key that moves": (
        "data:\n  steps:\n    - title: T\n      # about id\n      id: a\n",
        "data:\n  steps:\n    # about id\n    - id: a\n      title: T\n",
    ),
    "a dash on a line of its own": (
        "data:\n  steps:\n    - # one\n      title: T\n      id: a\n",
        "data:\n  steps:\n    - # one\n      id: a\n      title: T\n",
    ),
    "lists of lists": ("own:\n- -  a\n  - b\n-\n  - c\n", "own:\n  - - a\n    - b\n  -\n    - c\n"),
    "a comment below text is not taken into it": (
        "data:\n  own: |\n        a\n    # about what is above\n  title: T\n",
        "data:\n  title: T\n  own: |\n    a\n  # about what is above\n",
    ),
    "a whole file below the margin": ("  type: CARD\n  name: x\n", "name: x\ntype: CARD\n"),
    "the marks of a document": (
        "%YAML 1.2\n---   # start\ntype: CARD\nname: x\n...\n# after  \n",
        "%YAML 1.2\n---   # start\nname: x\ntype: CARD\n...\n# after\n",
    ),
    "keys that are unknown keep their order": (
        "data:\n  zeta: 1\n  alpha: 2\n  title: T\n",
        "data:\n  title: T\n  zeta: 1\n  alpha: 2\n",
    ),
    "every environment": (
        "environments:\n  b: {active: true, name: x}\n  a:\n    active: true\n    name: x\n",
        "environments:\n  b: {name: x, active: true}\n  a:\n    name: x\n    active: true\n",
    ),
    "no mapping at all": ("- a  \n-   b\n", "- a\n- b\n"),
    "brackets as a whole": ("{type: CARD,  \n name: x}", "{type: CARD,\n name: x}\n"),
    "nothing but a comment": ("# later  \n\n", "# later\n\n"),
    "nothing": ("", "\n"),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES.keys())
def test_the_canonical_form(text: str, wanted: str) -> None:
    assert formatted(text, "flow.yaml", FILE) == wanted
    assert formatted(wanted, "flow.yaml", FILE) == wanted


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("name: x\ndata:\n  &a\n  title: T\n", "unformattable", 3),
        ("type: CARD\n? name\n: x\n", "unformattable", 2),
        ("name: [x\n", "yaml-syntax", 1),
    ],
    ids=["an anchor on a line of its own", "a marked key", "unreadable"],
)
def test_what_cannot_be_kept_is_refused_with_its_place(text: str, code: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        formatted(text, "flow.yaml", FILE)
    problem = caught.value.problem
    assert (problem.code, problem.location.file, problem.location.line) == (code, "flow.yaml", line)


def in_form(text: str) -> str | None:
    """The text in form; None where that is refused."""
    try:
        return formatted(text, "flow.yaml", FILE)
    except DocumentError:
        return None


def test_whatever_is_read_is_put_in_form_or_left_alone_but_never_changed() -> None:
    read = {case.name: case.text for case in CASES_OF_CORPUS if is_readable(case.text)}
    results = {name: in_form(text) for name, text in read.items()}
    kept = {name: result for name, result in results.items() if result is not None}
    assert len(kept) > len(read) * 0.97
    for name, result in kept.items():
        assert comparable(document.parse(result).value) == comparable(document.parse(read[name]).value), name
        assert signs(result) == signs(read[name]), name
        assert in_form(result) == result, name


def is_readable(text: str) -> bool:
    try:
        document.parse(text)
    except DocumentError:
        return False
    return True
