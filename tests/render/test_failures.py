from __future__ import annotations

import pytest

from flowsync.errors import DocumentError, FlowsyncError, ForbiddenError, InvalidFilesError
from flowsync.render import problems
from flowsync.render.problems import bug
from flowsync.render.style import Screen
from tests.render.samples import PROBLEMS, source_line

SECRET = "api_private_secret"


def test_an_error_is_its_code_its_sentence_and_its_hint() -> None:
    error = ForbiddenError("The key was refused.", status=403, hint="Look at it.")
    assert problems.error(error) == "error[api-forbidden] The key was refused.\n  hint: Look at it.\n"


def test_a_long_hint_is_wrapped_to_the_width() -> None:
    text = problems.error(FlowsyncError("No.", hint="word " * 20), Screen(width=50))
    rows = text.split("\n")
    assert rows[1].startswith("  hint: word")
    assert rows[2].startswith("        word")
    assert all(len(row) <= 50 for row in rows)


def test_problems_of_files_come_before_the_sentence() -> None:
    error = InvalidFilesError("The files cannot be planned as they are.", PROBLEMS, hint="Mend them.")
    text = problems.error(error, source_line=source_line)
    assert text.startswith("flows/a.yaml:2:12: error[tab] A tab cannot indent.\n  | \\tname")
    assert text.endswith(
        "error[invalid-files] The files cannot be planned as they are. (3 errors, 1 warning in 2 files)\n"
        "  hint: Mend them.\n"
    )


def test_files_without_problems_leave_the_sentence() -> None:
    assert problems.error(InvalidFilesError("There are none.", [])) == "error[invalid-files] There are none.\n"


def test_an_unreadable_document_is_told_where_it_is() -> None:
    assert problems.error(DocumentError(PROBLEMS[0])) == (
        'flows/b.yaml:1:1: error[unknown-key] "titel" is no key.\n  hint: Use "title".\n'
    )


def test_errors_show_no_key_and_nothing_unseen() -> None:
    text = problems.error(FlowsyncError(f"said {SECRET}\x1b[2J\n::error::x", hint=f"not {SECRET}"))
    assert "secret" not in text
    assert r"\u001b[2J\n::error::x" in text


def test_a_bug_says_so_and_how_to_report_it() -> None:
    with pytest.raises(KeyError) as raised:
        dict[str, str]()[SECRET]
    text = bug(raised.value)
    assert text.startswith("error[bug] KeyError: this is a bug in flowsync, not in your flows; please report it")
    assert "test_failures.py" in text
    assert "secret" not in text
    assert "flowsync 0." in text
