"""What `dump` writes is read back as the same value by every YAML parser of JavaScript.

Where Node and the parsers are installed they are asked about thousands of new values; a stored sample of their answers
is held to `dump` everywhere. The summary of a test run says which of the two it was.
"""

from __future__ import annotations

import random

import pytest
import yaml

from flowsync import document
from tests.document import written
from tests.document.written import Written
from tests.support import javascript

COUNT = 3000
STORED = written.stored()


def fresh() -> list[Written]:
    """New values for each run (pytest prints the seed) and the parsers' answers; none without parsers."""
    if javascript.modules() is None:
        return []
    return written.asked(list(written.generated(random.getrandbits(32), COUNT)))


def test_every_javascript_parser_reads_back_what_was_written() -> None:
    assert written.misread([*STORED, *fresh()])[:3] == []


def test_what_the_sample_holds_is_what_is_written_today() -> None:
    """Else the stored answers are about other texts: `python -m tests.document.written` asks again."""
    assert [each.text for each in STORED if document.dump(each.value) != each.text] == []
    assert len(STORED) >= 100
    assert {parser for each in STORED for parser in each.readings} == set(javascript.PARSERS)


def test_flowsync_reads_back_what_it_wrote() -> None:
    values = [each.value for each in STORED] + list(written.generated(random.getrandbits(32), COUNT // 10))
    for value in values:
        assert written.comparable(document.parse(document.dump(value)).value) == written.comparable(value)


def test_another_writer_would_be_found_out() -> None:
    """PyYAML's own dump: what it leaves unquoted is a number to JavaScript."""
    careless = yaml.safe_dump({"a": "1e3", "b": "0o17"})
    reading = {"ok": {"a": 1000, "b": 15}}
    readings = dict.fromkeys(javascript.PARSERS, reading)
    if javascript.modules() is not None:
        assert javascript.read([careless]).by_text == [readings]
    assert len(written.misread([Written({"a": "1e3", "b": "0o17"}, careless, readings)])) == len(javascript.PARSERS)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("word " * 30 + "end", [">-", "  " + ("word " * 19).rstrip(), "  " + "word " * 11 + "end"]),
        ("word  " * 30 + "end", None),
        ("word " * 30, None),
        ("https://acorn.example/" + "x" * 100, None),
        (("word " * 30 + "end\n") * 2, ["|", *["  " + "word " * 30 + "end"] * 2]),
    ],
    ids=["folded", "double spaces", "a space at the end", "no place to fold", "lines of its own"],
)
def test_long_text_is_written_as_a_block_where_that_reads_back_the_same(text: str, lines: list[str] | None) -> None:
    shown = document.dump({"subtitle": text})
    assert shown.count("\n") == len(lines or [""])
    if lines is not None:
        assert shown == "subtitle: " + "\n".join([*lines, ""])


def test_text_that_stands_deep_still_gets_room() -> None:
    value: object = "word " * 30 + "end"
    for _ in range(45):
        value = [value]
    assert max(len(line.strip()) for line in document.dump(value).split("\n")) >= 35  # type: ignore[arg-type]


def test_a_diff_keeps_each_text_on_one_line() -> None:
    assert document.dump({"subtitle": "word " * 30 + "end"}, document.UNFOLDED).count("\n") == 1
