from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from flowsync.errors import FlowsyncError
from flowsync.model import Location, Origin, Problem, Severity, Update
from flowsync.problems.annotations import annotate, github, stopped
from flowsync.render.escape import shown
from flowsync.render.style import Screen
from flowsync.report.plans import plan_problems
from tests.plan.builders import flow_of, row, update_of
from tests.render.hostile import hostile
from tests.render.samples import BLOCKED, FULL_PLAN, plan_of
from tests.support import runner


def note(message: str = "Look.", severity: Severity = Severity.ERROR) -> Problem:
    return Problem(Location("flows/flow_a.yaml", 3, 5), severity, "a-code", message)


def test_an_annotation_is_the_command_that_github_documents() -> None:
    assert annotate([note()]) == "::error file=flows/flow_a.yaml,line=3,col=5,title=a-code::Look.\n"
    assert annotate([FlowsyncError("No.", hint="Look.")]) == "::error title=error::No. Look.\n"
    assert annotate([KeyError("api_private_abc")]) == (
        "::error title=bug::KeyError: this is a bug in flowsync, not in your flows. The log has what to report.\n"
    )


def test_what_means_something_to_the_runner_is_encoded_where_it_does() -> None:
    odd = replace(note("100 %: a, b\r\nc"), location=Location("flows/a,b: 1%.yaml", 1, 2))
    assert annotate([odd]) == (
        r"::error file=flows/a%2Cb%3A 1%25.yaml,line=1,col=2,title=a-code::100 %25: a, b\r\nc" + "\n"
    )


@given(hostile, hostile, hostile)
def test_the_runner_reads_back_what_was_meant_and_no_other_command(file: str, title: str, message: str) -> None:
    log = annotate([Problem(Location(file, 1, 2), Severity.WARNING, title, message), note()])
    commands, texts = runner.read(log)
    assert texts == []
    assert [command.name for command in commands] == ["warning", "error"][::-1]
    assert commands[1].message == shown(message.rstrip())
    assert commands[1].properties == {"file": shown(file), "line": "1", "col": "2", "title": shown(title)}


@pytest.mark.parametrize(
    ("count", "lines", "last"), [(0, 0, None), (10, 10, "9"), (11, 10, "2 more."), (30, 10, "21 more.")]
)
def test_as_many_as_github_shows_are_sent_and_the_last_says_how_many_are_left(
    count: int, lines: int, last: str | None
) -> None:
    commands, _ = runner.read(annotate([note(str(number)) for number in range(count)]))
    assert len(commands) == lines
    assert last is None or commands[-1].message.startswith(last)


def test_errors_go_before_warnings_and_what_is_left_out_weighs_as_much_as_it_holds() -> None:
    mixed = [note("w", Severity.WARNING)] * 6 + [note("e")] * 6
    names = [command.name for command in runner.read(annotate(mixed))[0]]
    assert names == ["error"] * 6 + ["warning"] * 4
    assert [command.name for command in runner.read(annotate(mixed * 2))[0]] == ["error"] * 10


@given(hostile)
def test_nothing_in_stopped_text_is_a_command(text: str) -> None:
    commands, _ = runner.read(stopped(f"::error::{text}", "t0ken") + "::notice::on again\n")
    assert [command.name for command in commands] == ["notice"]


def test_a_token_that_stands_in_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="token"):
        stopped("::t0ken::\n::error::x", "t0ken")


def test_the_github_format_has_the_annotations_and_then_every_problem_as_text() -> None:
    found = [Problem(Location("flows/a.yaml", line, 1), Severity.ERROR, "c", f"Wrong {line}.") for line in range(1, 21)]
    commands, texts = runner.read(github(found, lambda _: None, Screen()))
    assert len(commands) == 10
    assert texts == [
        *(f"flows/a.yaml:{line}:1: error[c] Wrong {line}." for line in range(1, 21)),
        "20 errors in 1 file",
    ]


def test_a_plan_is_annotated_where_it_is_blocked_warned_about_or_edited_elsewhere() -> None:
    notes = list(plan_problems(FULL_PLAN, []))
    assert [(each.code, each.location) for each in notes] == [
        (BLOCKED.code, Location(BLOCKED.file, 1, 1)),
        ("draft-unseen", Location("flows/flow_tour.yaml", 1, 1)),
        ("targeting-cleared", Location("flows/flow_welcome.yaml", 6, 1)),
    ]
    assert notes[0].severity is Severity.ERROR


ORIGINS = (*Origin, None)


def attributed(change: Update, origin: Origin | None) -> Update:
    return replace(change, warnings=(), fields=tuple(replace(each, origin=origin) for each in change.fields))


def test_an_edit_made_elsewhere_is_told_at_the_line_it_would_undo() -> None:
    stated = flow_of("name: A\ndata:\n  steps:\n    - id: one\n      title: Ours\n", "flow_tour")
    live = row("flow_tour", name="A", data="steps:\n  - id: one\n    title: Theirs\n")
    change = update_of(stated, live)
    notes = {origin: list(plan_problems(plan_of(attributed(change, origin)), [stated])) for origin in ORIGINS}
    assert {origin: len(found) for origin, found in notes.items()} == {
        Origin.DRIFT: 1, Origin.CONFLICT: 1, Origin.BRANCH: 0, Origin.WAITING: 0, None: 0,
    }  # fmt: skip
    (edit,) = notes[Origin.DRIFT]
    assert edit.location == Location("flows/flow_tour.yaml", 5, 14)
    assert edit.code == "drift"
    assert edit.message.startswith("steps[one].title was edited in the dashboard")
    assert "Theirs" in edit.message
