"""What GitHub shows of a run: read by real parsers, hostile, too long, and as a person has read it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import DocumentError, FlowsyncError, InvalidFilesError
from flowsync.flows.waits import Bond, ChangedWaits, Edge, Node, Wait, WaitingGraph
from flowsync.model import (
    AlreadyApplied,
    Applied,
    Failed,
    JsonValue,
    Location,
    NotAttempted,
    Op,
    Plan,
    PlanWarning,
    Problem,
    Refused,
    Severity,
    Unmanaged,
    Update,
)
from flowsync.render.report import (
    ApplyReport,
    DriftReport,
    FailureReport,
    FilesReport,
    Moment,
    PlanReport,
    Report,
    Scene,
    fit,
    short,
)
from flowsync.render.report_parts import COMMENT, SUMMARY, Limits, enumerated, fitting, utf8_bytes, utf16_units
from flowsync.text import shortened
from tests.render.hostile import hostile
from tests.render.parsers import pages
from tests.render.samples import DRAFT, EMPTY_PLAN, FULL_PLAN, OUTCOMES, PROBLEMS, WELCOME, data_update, plan_of, update
from tests.render.test_hostile import SLOW, assert_means_nothing, outcome_values, plan_values, problem_values

RUN = "https://github.example/acorn/flows/actions/runs/4711"
SCENE = Scene("0123456789abcdef", RUN)

reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(PlanReport, st.just(SCENE), plan_values),
    st.builds(DriftReport, st.just(SCENE), plan_values),
    st.builds(
        ApplyReport, st.just(SCENE), plan_values, outcome_values.map(tuple), st.lists(hostile, max_size=2).map(tuple)
    ),
    st.builds(FilesReport, st.just(SCENE), problem_values.map(tuple)),
    st.builds(
        FailureReport,
        st.just(SCENE),
        st.just("plan"),
        hostile,
        st.one_of(
            st.builds(lambda message, hint: FlowsyncError(message, hint=hint), hostile, hostile),
            st.builds(InvalidFilesError, hostile, problem_values),
        ),
        plan_values.map(lambda plan: plan.changes),
    ),
)


@SLOW
@given(reports)
def test_a_report_means_nothing_to_markdown(report: Report) -> None:
    for markdown in (fit(report, COMMENT).text, fit(report, SUMMARY).text, short(report)):
        assert_means_nothing(markdown, links=2)


@SLOW
@given(reports, st.integers(200, 4_000))
def test_a_report_without_room_is_whole_blocks_of_it(report: Report, size: int) -> None:
    limits = Limits(size, size // 4, size // 4, size // 4, utf16_units)
    fitted = fit(report, limits)
    assert_means_nothing(fitted.text, links=2)
    for page in pages(fitted.text):
        assert (
            page.tags.count("details") == page.tags.count("pre") <= len(getattr(report, "plan", EMPTY_PLAN).changes) + 2
        )


LONG = "\u202e\U000e0041😀|`" * 200
ODD = replace(
    data_update({"title": LONG, "steps": []}, {"title": f"{LONG}!", "steps": []}),
    file=LONG,
    status=LONG,
    warnings=tuple(PlanWarning("odd", LONG, 3) for _ in range(9)),
)
SHORT = replace(ODD, **{name: getattr(data_update({"title": "a"}, {"title": "b"}), name) for name in ("old", "new")})
ODD_PLAN = replace(
    FULL_PLAN,
    environment=LONG,
    base=LONG,
    changes=(ODD, *(replace(SHORT, slug=f"{number}{LONG}") for number in range(110))),
    unmanaged=tuple(Unmanaged(f"{number}{LONG}", number, LONG) for number in range(110)),
    blocked=tuple(FULL_PLAN.blocked[0]._replace(slug=f"{number}{LONG}", message=LONG) for number in range(110)),
)
ODD_PROBLEMS = [Problem(Location(LONG, 1, 1), Severity.ERROR, LONG, LONG, LONG)] * 110
WORST: list[Report] = [
    PlanReport(SCENE, ODD_PLAN),
    DriftReport(SCENE, ODD_PLAN),
    ApplyReport(SCENE, ODD_PLAN, OUTCOMES * 20, tuple(LONG for _ in range(110))),
    FilesReport(SCENE, tuple(ODD_PROBLEMS)),
    FailureReport(SCENE, "plan", LONG, InvalidFilesError(LONG, ODD_PROBLEMS, hint=LONG), ODD_PLAN.changes),
]


@pytest.mark.parametrize("report", WORST, ids=lambda report: type(report).__name__)
def test_the_worst_still_fits(report: Report) -> None:
    comment, summary = fit(report, COMMENT, reserved=16_200), fit(report, SUMMARY)
    assert utf16_units(comment.text) <= COMMENT.total - 16_200
    assert utf8_bytes(summary.text) <= SUMMARY.total
    assert utf16_units(short(report)) < 5_000
    assert_means_nothing(comment.text, links=2)


def many(count: int, lines: int) -> Plan:
    old: JsonValue = {"steps": [{"id": f"step-{number}", "title": f"Title {number}"} for number in range(lines)]}
    new: JsonValue = {"steps": [{"id": f"step-{number}", "title": f"Other {number}"} for number in range(lines)]}
    change = data_update(old, new)
    return plan_of(*(replace(change, slug=f"flow_{number:04}") for number in range(count)))


def test_what_does_not_fit_is_counted_and_named() -> None:
    fitted = fit(PlanReport(SCENE, many(120, 20)), COMMENT)
    assert fitted.is_truncated
    named = fitted.text.count("| update |")
    assert f"| and {120 - named} more | | | |" in fitted.text
    assert 50 < named <= 100
    shown = fitted.text.count("<details>")
    assert 5 < shown < 120
    assert f"No room here for the details of {120 - shown} flows: `flow_{shown:04}`, " in fitted.text
    assert not fit(PlanReport(SCENE, many(120, 20)), SUMMARY).is_truncated


def test_a_long_diff_is_cut_at_the_end_of_a_line() -> None:
    fitted = fit(PlanReport(SCENE, many(1, 500)), COMMENT)
    assert fitted.is_truncated
    assert "\n… " in fitted.text
    assert " more lines\n```\n\n</details>" in fitted.text
    assert utf16_units(fitted.text) < 8_000 + 2_000


def test_without_the_address_of_a_run_nothing_links_to_it() -> None:
    report = PlanReport(Scene("abc", None), many(120, 20))
    for markdown in (fit(report, COMMENT).text, short(report)):
        assert "](" not in markdown


@pytest.mark.parametrize(
    ("plan", "moment", "said"),
    [
        (EMPTY_PLAN, Moment.MERGE, "Nothing changes for users: the live flows are as the files say."),
        (plan_of(WELCOME), Moment.MERGE, "When this is merged, 1 flow changes for users at once."),
        (plan_of(WELCOME, DRAFT), Moment.APPLY, "When this is applied, 2 flows change, 1 of them for users at once."),
        (plan_of(DRAFT), Moment.MERGE, "When this is merged, 1 flow changes. Users notice nothing yet."),
        (plan_of(replace(DRAFT, warnings=(), fields=())), Moment.MERGE, "[!NOTE]\n> **When this is merged"),
        (
            replace(EMPTY_PLAN, unchanged=FULL_PLAN.unchanged),
            Moment.MERGE,
            "[!WARNING]\n> **Nothing changes for users, but:**",
        ),
    ],
)
def test_the_first_sentence_says_what_users_will_notice(plan: Plan, moment: Moment, said: str) -> None:
    assert said in fit(PlanReport(Scene("abc", RUN, moment), plan), COMMENT).text


def waits_of(added: list[Wait], edges: list[Edge]) -> ChangedWaits:
    nodes = tuple(
        Node(slug, has_file=True) for slug in sorted({slug for edge in edges for slug in (edge.waiting, edge.awaited)})
    )
    return ChangedWaits(tuple(added), (("flow_c", "flow_d", Bond.STEP),), WaitingGraph(nodes, tuple(edges), ()))


def test_changed_waits_are_told_and_drawn() -> None:
    waits = waits_of([("flow_a", "flow_b", Bond.MUST)], [Edge("flow_a", "flow_b", Bond.MUST)])
    shown = fit(PlanReport(SCENE, EMPTY_PLAN, waits), COMMENT).text
    assert "- `flow_a` now waits for `flow_b`\n- no step of `flow_c` waits for `flow_d` any more" in shown
    assert "```mermaid\nflowchart LR\n" in shown
    many_edges = [Edge(f"flow_{number}", "flow_b", Bond.MUST) for number in range(41)]
    crowded = waits_of([(edge.waiting, edge.awaited, edge.bond) for edge in many_edges], many_edges)
    assert "mermaid" not in fit(PlanReport(SCENE, EMPTY_PLAN, crowded), COMMENT).text
    assert "mermaid" not in fit(PlanReport(SCENE, EMPTY_PLAN, waits_of([], [])), COMMENT).text


@SLOW
@given(st.lists(st.tuples(hostile, hostile, st.sampled_from(Bond)), max_size=3))
def test_waits_of_hostile_names_mean_nothing(added: list[Wait]) -> None:
    edges = [Edge(waiting, awaited, bond, (waiting,)) for waiting, awaited, bond in added]
    assert_means_nothing(fit(PlanReport(SCENE, EMPTY_PLAN, waits_of(added, edges)), COMMENT).text, links=2)


def alerted(*changes: Update) -> str:
    return fit(PlanReport(SCENE, plan_of(*changes)), COMMENT).text.partition("\n| ")[0]


def test_what_changes_most_for_users_is_told_first_and_never_cut_for_the_rest() -> None:
    cleared = replace(WELCOME, slug="flow_z", warnings=(PlanWarning("targeting-cleared", "For everyone.", 3),))
    drafts = [
        replace(DRAFT, slug=f"flow_{number:03}", warnings=(PlanWarning("draft-unseen", "Nobody sees it."),), fields=())
        for number in range(300)
    ]
    first, *_, last = alerted(*drafts, cleared).split("\n> - ")[1:]
    assert first.startswith("`flow_z`, line 3: For everyone.")
    assert last.startswith("and ")


def test_where_nothing_was_written_users_see_nothing_new() -> None:
    for outcome, seen in (
        (Applied(WELCOME), "applied | **live now**"),
        (AlreadyApplied(WELCOME), "unchanged | **live now**"),
        (Refused(WELCOME, "stale", "It was edited."), "refused | as before"),
        (NotAttempted(WELCOME, "Stopped."), "not attempted | as before"),
        (Failed(WELCOME, "rejected", "Too odd.", None, uncertain=False), "failed | as before"),
        (Failed(WELCOME, "timeout", "No answer.", None, uncertain=True), "failed | not known"),
    ):
        shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (outcome,)), COMMENT).text
        assert f"| `{WELCOME.slug}` | {seen} |" in shown
    draft = fit(ApplyReport(SCENE, plan_of(DRAFT), (Applied(DRAFT),)), COMMENT).text
    assert f"| `{DRAFT.slug}` | applied | nobody sees it yet |" in draft


def test_drift_says_which_side_is_which() -> None:
    shown = fit(DriftReport(SCENE, FULL_PLAN), COMMENT).text
    assert "3 flows are live otherwise than the files say." in shown
    assert "`-` is what is live and `+` what the files say" in shown
    assert "The live flows are as the files say." in fit(DriftReport(SCENE, EMPTY_PLAN), COMMENT).text


def test_one_document_that_cannot_be_read_is_shown_as_its_problem() -> None:
    report = FailureReport(SCENE, "plan", "", DocumentError(PROBLEMS[2]))
    assert "| `flows/a.yaml:2:12` | error `tab` |" in fit(report, COMMENT).text


def test_new_and_removed_steps_are_told_in_words() -> None:
    change = data_update({"steps": [{"id": "a"}]}, {"steps": [{"id": "b"}, {"id": "c"}]})
    shown = fit(PlanReport(SCENE, plan_of(change)), COMMENT).text
    assert {field.op for field in change.fields} & {Op.ADD, Op.REMOVE, Op.RENAME}
    assert "is new, at position" in shown


def test_lines_fit_as_long_as_there_is_room() -> None:
    assert fitting(["ab", "cd"], 6, len) == ["ab", "cd"]
    assert fitting(["ab", "cd"], 5, len) == ["ab"]
    assert fitting(["ab"], 2, len) == []
    assert enumerated(["a", "b"], 6, len) == "a, b"
    assert enumerated(["a", "b"], 5, len) == "a and 1 more"
    assert enumerated(["a", "b"], 2, len) == "2 in all"
    assert shortened("abcd", 4) == "abcd"
    assert shortened("abcde", 4) == "abc…"
    assert (utf16_units("a😀"), utf8_bytes("é😀\ud800")) == (3, 9)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("user.property('a') == 1", "user.property('a') == 1 && user.property('b') == 2", "fewer users qualify"),
        ("", "user.property('a') == 1", "targeting"),
        ("user.property('a') == 1", "", None),
        (None, "user.property('a') == 1", None),
        ("user.property('a') == 1", "user.property('a') == 1", None),
    ],
)
def test_what_a_new_targeting_means_for_users_is_told_first(old: JsonValue, new: JsonValue, told: str | None) -> None:
    change = update({"targetingLogic": old, "name": "A"}, {"targetingLogic": new, "name": "B"})
    alert = fit(PlanReport(SCENE, plan_of(change)), COMMENT).text.partition("\n| ")[0]
    assert (told or "") in alert
    assert ("targeting:" in alert) == (told is not None)
