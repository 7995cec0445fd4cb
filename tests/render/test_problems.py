from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import DocumentError, FlowsyncError, ForbiddenError, InvalidFilesError
from flowsync.model import Location, Problem, Severity
from flowsync.problems import failures, listing
from flowsync.render.escape import columns
from flowsync.render.style import NARROWEST, Screen
from tests.render.hostile import hostile
from tests.render.samples import PROBLEMS, source_line

SCREEN = Screen()
SMALL = Screen(width=10)


def excerpt(source: str, column: int, screen: Screen = SCREEN) -> tuple[str, str]:
    problem = Problem(Location("a.yaml", 1, column), Severity.ERROR, "code", "message")
    text = listing.text([problem], lambda _: source, screen)
    _, shown, caret, _ = text.removesuffix("\n").split("\n")
    return shown, caret


@pytest.mark.parametrize(
    ("source", "column", "above_the_caret"),
    [
        ("name: x", 1, "n"),
        ("name: x", 7, "x"),
        ("\t\tname", 3, "n"),
        ("日本: x", 5, "x"),
        ("e\u0301a\u0301: x", 6, " "),
        ("\u202ename", 2, "n"),
        ("y" * 2_000 + "N" + "y" * 2_000, 2_001, "N"),
        ("api_public_abcdef: x", 20, "x"),
        ("##[x]##[y", 9, "y"),
    ],
)
def test_the_caret_is_under_the_column(source: str, column: int, above_the_caret: str) -> None:
    shown, caret = excerpt(source, column)
    before = next(end for end in range(len(shown) + 1) if columns(shown[:end]) == len(caret) - 1)
    assert shown[before:].lstrip("\u0301")[0] == above_the_caret


def test_the_caret_of_a_place_behind_the_end_is_behind_the_end() -> None:
    assert excerpt("name: x", 9) == ("  | name: x", "  |        ^")


def test_the_ellipsis_is_there_only_where_something_is_left_out() -> None:
    assert excerpt("x" * 94, 1)[0] == "  | " + "x" * 94
    assert excerpt("x" * 95, 1)[0] == "  | " + "x" * 94 + "…"


@given(hostile, st.integers(1, 60))
def test_an_excerpt_fits_the_screen(source: str, column: int) -> None:
    shown, caret = excerpt(source * 5 or " ", column, SMALL)
    assert columns(shown) <= NARROWEST + 8
    assert columns(caret) <= NARROWEST


def test_problems_are_sorted_whatever_order_they_come_in() -> None:
    assert listing.text(PROBLEMS, source_line, SCREEN) == listing.text(PROBLEMS[::-1], source_line, SCREEN)


def test_no_problems_are_told_as_such() -> None:
    assert listing.text([], source_line, SCREEN) == "No problems found.\n"
    assert listing.markdown([], source_line, SCREEN) == "No problems found.\n"
    assert json.loads(listing.as_json([], source_line, SCREEN)) == {"format": "flowsync-problems/1", "problems": []}


def test_the_document_holds_every_part_in_order() -> None:
    document = json.loads(listing.as_json(PROBLEMS, source_line, SCREEN))
    assert [(each["file"], each["line"]) for each in document["problems"]] == [
        ("flows/a.yaml", 2),
        ("flows/a.yaml", 3),
        ("flows/a.yaml", 9),
        ("flows/b.yaml", 1),
    ]
    assert list(document["problems"][3]) == ["file", "line", "column", "severity", "code", "message", "hint"]
    assert document["problems"][3]["hint"] == 'Use "title".'
    assert document["problems"][2]["hint"] is None


SECRET = "api_private_secret"


def test_an_error_is_its_code_its_sentence_and_its_hint() -> None:
    raised = ForbiddenError("The key was refused.", status=403, hint="Look at it.")
    assert failures.error(raised) == "error[api-forbidden] The key was refused.\n  hint: Look at it.\n"


def test_a_long_hint_is_wrapped_to_the_width() -> None:
    text = failures.error(FlowsyncError("No.", hint="word " * 20), Screen(width=50, wrap=50))
    rows = text.split("\n")
    assert rows[1].startswith("  hint: word")
    assert rows[2].startswith("        word")
    assert all(len(row) <= 50 for row in rows)


def test_problems_of_files_come_before_the_sentence() -> None:
    raised = InvalidFilesError("The files cannot be planned as they are.", PROBLEMS, hint="Mend them.")
    text = failures.error(raised, source_line=source_line)
    assert text.startswith("flows/a.yaml:2:12: error[tab] A tab cannot indent.\n  | \\tname")
    assert text.endswith(
        "error[invalid-files] The files cannot be planned as they are. (3 errors, 1 warning in 2 files)\n"
        "  hint: Mend them.\n"
    )


def test_files_without_problems_leave_the_sentence() -> None:
    assert failures.error(InvalidFilesError("There are none.", [])) == "error[invalid-files] There are none.\n"


def test_an_unreadable_document_is_told_where_it_is() -> None:
    assert failures.error(DocumentError(PROBLEMS[0])) == (
        'flows/b.yaml:1:1: error[unknown-key] "titel" is no key.\n  hint: Use "title".\n'
    )


def test_errors_show_no_key_and_nothing_unseen() -> None:
    text = failures.error(FlowsyncError(f"said {SECRET}\x1b[2J\n::error::x", hint=f"not {SECRET}"))
    assert "secret" not in text
    assert r"\u001b[2J\n::error::x" in text


def test_a_bug_says_so_and_how_to_report_it() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()[SECRET]
    text = failures.bug(caught.value)
    assert text.startswith("error[bug] KeyError: this is a bug in flowsync, not in your flows; please report it")
    assert "test_problems.py" in text
    assert "secret" not in text
    assert "flowsync 0." in text
