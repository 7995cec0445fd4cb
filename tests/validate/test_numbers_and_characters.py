"""Whole numbers beyond 2^53 and control characters, wherever a file can hold them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import Severity
from flowsync.validate import check
from tests.validate.building import flow_of

LARGE = "9007199254740993"
"""2^53 + 1, which a double cannot hold."""

LARGE_INTEGERS = {
    "at an anchor": (f"x-a: &a {LARGE}\ndata: {{a: *a}}\n", [(1, 9)]),
    "below an anchor": (f"data:\n  a: &a\n    {LARGE}\n", [(3, 5)]),
    "behind a tag": (f"data:\n  a: !!int {LARGE}\n", [(2, 12)]),
    "as a key": (f"data:\n  {LARGE}: x\n", [(2, 3)]),
    "in JSON": (f'data: |\n  {{"a": [1, {LARGE}]}}\n', [(2, 13)]),
    "in JSON in quotes": (f'data: "{{\\"a\\": {LARGE}}}"\n', [(1, 16)]),
    "in YAML in a text": (f"data: |\n  # numbers\n  a: -{LARGE}\n", [(3, 6)]),
    "in an overlay": (f"name: x\nenvironments:\n  dev: {{data: {{a: {LARGE}}}}}\n", [(3, 19)]),
    "behind zeros": (f"data:\n  a: {'0' * 5000}{LARGE}\n", [(2, 6)]),
    "in many digits": (f"data:\n  a: {'9' * 300}\n", [(2, 6)]),
    "in more digits than a double has": (f"data:\n  a: -{'9' * 5000}\n  {'9' * 400}: a\n", [(2, 6), (3, 3)]),
    "in octal": ("data:\n  a: 0o400000000000000001\n", [(2, 6)]),
    "behind a byte order mark": (f"\ufeffdata: {{a: {LARGE}}}\n", [(1, 11)]),
    "none": (f"data: {{a: {int(LARGE) - 1}, b: '{LARGE}', '{LARGE}': c, d: 1e300, e: {LARGE}.5}} # {LARGE}\n", []),
    "none in JSON": (f'data: \'{{"{LARGE}": "{LARGE}", "a": 1e300}}\'\n', []),
}


@pytest.mark.parametrize(("text", "places"), LARGE_INTEGERS.values(), ids=LARGE_INTEGERS)
def test_a_whole_number_beyond_a_double_is_an_error_where_it_is(text: str, places: list[tuple[int, int]]) -> None:
    found = [each for each in check(flow_of(text)) if each.severity is Severity.ERROR]
    assert {each.code for each in found} <= {"large-integer"}
    assert [(each.location.line, each.location.column) for each in found] == places


NUMBERS = st.lists(
    st.sampled_from([*"0179.eE+-", "0x", "0o", "F", "999", "0" * 13, "9" * 310, "inf", "Inf", "NAN", "nan"]), max_size=7
).map("".join)
HALVES = st.lists(st.sampled_from(["a", r"\ud83d", r"\uDE00", r"\U0000d83d", r"\x5c", "ud800", r"\\ud83d"]), max_size=4)


@pytest.mark.parametrize(
    "form", ["data: {a: [%s]}", "data:\n  %s: x", "data: '{\"a\": [%s]}'"], ids=["value", "key", "JSON"]
)
@given(scalar=NUMBERS | HALVES.map(lambda parts: f'"{"".join(parts)}"'))
def test_whatever_json_cannot_hold_is_an_error(form: str, scalar: str) -> None:
    try:
        flow = flow_of(form % scalar + "\n")
        json.dumps(flow.fields, ensure_ascii=False, allow_nan=False).encode()
    except DocumentError:
        return
    except ValueError:
        assert {each.code for each in check(flow)} & {"not-json", "large-integer"}


def places_of(text: str, code: str) -> list[tuple[int, int]]:
    return [(each.location.line, each.location.column) for each in check(flow_of(text)) if each.code == code]


NOT_ALLOWED = "\x00\x01\x08\x0b\x0e\x1b\x1f\x7f\x80\x84\x86\x9b\x9f\ufffe\uffff"


@pytest.mark.parametrize("character", NOT_ALLOWED, ids=lambda each: f"U+{ord(each):04X}")
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: a@b\n", (1, 8)),
        ("data: |\n  a: '@'\n", (2, 7)),
        ("name: x # @\n", (1, 11)),
        ("data: {'@': 1}\n", (1, 9)),
    ],
    ids=["value", "block", "comment", "key"],
)
def test_a_control_character_is_an_error_where_it_is(text: str, place: tuple[int, int], character: str) -> None:
    assert places_of(text.replace("@", character), "control-character") == [place]


@pytest.mark.parametrize(
    "character", "\t\x85\xa0\u2028\ud7ff\ue000\ufffd\U0001f389", ids=lambda each: f"U+{ord(each):04X}"
)
def test_what_yaml_calls_printable_is_fine(character: str) -> None:
    assert places_of(f'name: "a{character}b"\n', "control-character") == []


def test_a_control_character_that_an_escape_puts_into_sent_text_is_an_error() -> None:
    assert places_of('data: "a: \\x0b"\n', "control-character") == [(1, 11)]
    assert places_of('data: {a: "\\x0b"}\n', "control-character") == []
    assert places_of('data: \'{"a": "\\u000b"}\'\n', "control-character") == []


@pytest.mark.parametrize("number", [1e20, -12345678901234567000.0, 2**53 + 2, 2**53, 1e21, 123456.5])
def test_a_large_number_of_a_live_flow_is_pulled_as_no_large_integer(number: float) -> None:
    text = document.dump({"data": {"a": float(number)}})
    assert document.parse(text).value == {"data": {"a": number}}
    assert places_of(text, "large-integer") == []
