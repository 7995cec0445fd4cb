"""What GitHub shows of a run: read by real parsers, hostile, too long, and as a person has read it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.errors import DocumentError, FlowsyncError, InvalidFilesError, RefusedError
from flowsync.flows.waits import Bond, ChangedWaits, Edge, Node, Wait, WaitingGraph
from flowsync.model import (
    AlreadyApplied,
    Applied,
    Dropped,
    DroppedKind,
    Failed,
    FieldChange,
    JsonValue,
    Location,
    NotAttempted,
    Op,
    Origin,
    Plan,
    PlanWarning,
    Problem,
    Refusal,
    Refused,
    Removed,
    SettingChange,
    Severity,
    Unmanaged,
    Update,
)
from flowsync.render.wording import Reader
from flowsync.report.comment import fit, short
from flowsync.report.layout import COMMENT, SUMMARY, Limits, enumerated, fitting, utf8_bytes, utf16_units
from flowsync.report.values import (
    ApplyReport,
    DriftReport,
    FailureReport,
    FilesReport,
    Looks,
    Moment,
    OtherPull,
    PlanReport,
    Report,
    Scene,
)
from flowsync.text import shortened
from tests.render.hostile import hostile
from tests.render.parsers import pages
from tests.render.samples import (
    DRAFT,
    EMPTY_PLAN,
    FULL_PLAN,
    OUTCOMES,
    PROBLEMS,
    UNCHANGED,
    WELCOME,
    data_update,
    plan_of,
    update,
)
from tests.render.test_hostile import PULL, assert_means_nothing, outcome_values, plan_values, problem_values

RUN = "https://github.example/acorn/flows/actions/runs/4711"
SCENE = Scene("0123456789abcdef", RUN)

settings_changes = st.builds(SettingChange, hostile, st.none() | hostile, st.none() | hostile)
plan_reports = st.builds(
    PlanReport,
    st.builds(Scene, st.just("0123456789abcdef"), st.just(RUN), st.sampled_from(Moment), st.sampled_from(Reader)),
    plan_values,
    problems=problem_values.map(tuple),
    settings=st.lists(settings_changes, max_size=2).map(tuple),
    others=st.lists(st.builds(OtherPull, st.just(PULL), st.lists(hostile).map(tuple)), max_size=1).map(tuple),
    into=st.none() | hostile,
    applied=st.none() | hostile,
    looks=st.none() | st.builds(Looks, st.lists(hostile).map(tuple), st.integers(0, 1), hostile, hostile),
)
reports: st.SearchStrategy[Report] = st.one_of(
    plan_reports,
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
            st.builds(
                lambda message, reasons, plan: RefusedError(message, reasons=reasons, plan=plan),
                hostile,
                st.lists(hostile | st.just("x --allow-many allows it."), max_size=2),
                st.none() | plan_values,
            ),
        ),
        plan_values.map(lambda plan: plan.changes),
    ),
)


@given(reports)
def test_a_report_means_nothing_to_markdown(report: Report) -> None:
    for markdown in (fit(report, COMMENT).text, fit(report, SUMMARY).text, short(report)):
        assert_means_nothing(markdown, links=3)


@given(reports, st.integers(200, 4_000))
def test_a_report_without_room_is_whole_blocks_of_it(report: Report, size: int) -> None:
    limits = Limits(size, size // 4, size // 4, size // 4, utf16_units)
    fitted = fit(report, limits)
    assert_means_nothing(fitted.text, links=3)
    for page in pages(fitted.text):
        assert (
            page.tags.count("pre") <= page.tags.count("details") <= len(getattr(report, "plan", EMPTY_PLAN).changes) + 2
        )


LONG = "\u202e\U000e0041😀|`" * 40
"""Longer than every limit for a part of a report, once its characters are escaped."""
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
    refusals=tuple(Refusal("x", f"{number}{LONG}", "--allow-many", (f"0{LONG}",)) for number in range(110)),
    removed=tuple(Removed(f"{number}{LONG}", LONG, number, LONG, 1, LONG, LONG) for number in range(110)),
    dropped=tuple(
        Dropped(f"{number // 10}{LONG}", LONG, DroppedKind.FIELD, LONG, LONG, LONG, is_shown=True)
        for number in range(1100)
    ),
    blocked=tuple(replace(FULL_PLAN.blocked[0], slug=f"{number}{LONG}", message=LONG) for number in range(110)),
)
ODD_PROBLEMS = [Problem(Location(LONG, 1, 1), Severity.ERROR, LONG, LONG, LONG)] * 110
ODD_EDGES = [Edge(f"{number}{LONG}", LONG, Bond.MUST) for number in range(40)]
ODD_NODES = tuple(Node(slug, has_file=True) for slug in [LONG, *(edge.waiting for edge in ODD_EDGES)])
ODD_WAITS = ChangedWaits(
    tuple((edge.waiting, edge.awaited, edge.bond) for edge in ODD_EDGES),
    (),
    WaitingGraph(ODD_NODES, tuple(ODD_EDGES), ()),
)
WORST: list[Report] = [
    PlanReport(
        SCENE,
        ODD_PLAN,
        waits=ODD_WAITS,
        problems=tuple(ODD_PROBLEMS),
        settings=(SettingChange(LONG, LONG, f"{LONG}!"),) * 110,
        others=tuple(OtherPull(PULL, (LONG,) * 9) for _ in range(110)),
        into=LONG,
        applied=LONG,
    ),
    DriftReport(SCENE, ODD_PLAN),
    ApplyReport(SCENE, ODD_PLAN, OUTCOMES * 20, tuple(LONG for _ in range(110))),
    FilesReport(SCENE, tuple(ODD_PROBLEMS)),
    FailureReport(SCENE, "plan", LONG, InvalidFilesError(LONG, ODD_PROBLEMS, hint=LONG), ODD_PLAN.changes),
]


@pytest.mark.parametrize("report", WORST, ids=lambda report: type(report).__name__)
def test_the_worst_still_fits(report: Report) -> None:
    comment, summary = fit(report, COMMENT, reserved=34_000), fit(report, SUMMARY)
    assert utf16_units(comment.text) <= COMMENT.total - 34_000
    assert utf8_bytes(summary.text) <= SUMMARY.total
    assert utf16_units(short(report)) < 6_000
    assert_means_nothing(comment.text, links=2)


def many(count: int, lines: int) -> Plan:
    old: JsonValue = {"steps": [{"id": f"step-{number}", "title": f"Title {number}"} for number in range(lines)]}
    new: JsonValue = {"steps": [{"id": f"step-{number}", "title": f"Other {number}"} for number in range(lines)]}
    change = data_update(old, new)
    return plan_of(*(replace(change, slug=f"flow_{number:04}") for number in range(count)))


def test_what_does_not_fit_is_counted_and_named() -> None:
    fitted = fit(PlanReport(SCENE, many(120, 20)), COMMENT)
    assert fitted.is_truncated
    named = fitted.text.count("· live at once</sub> |") + fitted.text.count("<sub>live at once</sub> |")
    assert f"| and {120 - named} more | |" in fitted.text
    assert 20 < named <= 100
    shown = fitted.text.count("in detail</summary>")
    assert 5 < shown < 120
    assert f"The details of {120 - shown} flows do not fit here: `flow_{shown:04}`, " in fitted.text
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


REMOVED = Removed("flow_old", "flows/flow_old.yaml", 7, "Old news", 3, "ACTIVE")
CONFLICT = Refusal("overwrites-conflict", "An edit would be undone.", "--on-conflict overwrite", ("flow_welcome",))
CLEARED = Refusal("clears-targeting", "The targeting would be cleared.", "--allow-clear-targeting", ("flow_welcome",))


@pytest.mark.parametrize(
    ("plan", "moment", "said"),
    [
        (EMPTY_PLAN, Moment.MERGE, "Merging this changes nothing for users: the live flows match the files."),
        (plan_of(WELCOME), Moment.MERGE, "Merging this changes 1 flow. Users notice it at once."),
        (plan_of(WELCOME, DRAFT), Moment.APPLY, "Applying this changes 2 flows. Users notice 1 of them at once."),
        (plan_of(DRAFT), Moment.MERGE, "Merging this changes 1 flow. Users notice nothing yet."),
        (
            FULL_PLAN,
            Moment.MERGE,
            "nothing yet: resolve 1 blocked flow first. Then it changes 2 flows. Users notice 1 of them at once.",
        ),
        (
            replace(plan_of(WELCOME), refusals=(CONFLICT, CLEARED)),
            Moment.MERGE,
            "nothing yet: resolve 1 conflict and 1 cleared audience first. Then it changes 1 flow. Users notice it",
        ),
        (
            replace(EMPTY_PLAN, blocked=FULL_PLAN.blocked),
            Moment.MERGE,
            "changes nothing yet: resolve 1 blocked flow first.\n",
        ),
        (
            replace(EMPTY_PLAN, removed=(REMOVED,)),
            Moment.MERGE,
            "Merging this changes nothing for users: 1 flow is no longer managed and stays as it is.",
        ),
        (
            replace(EMPTY_PLAN, unverified=(replace(DRAFT, body={"active": False}),)),
            Moment.MERGE,
            "Merging this sends active: false to 1 flow, because",
        ),
    ],
)
def test_the_first_sentence_says_what_users_will_notice(plan: Plan, moment: Moment, said: str) -> None:
    report = PlanReport(Scene("abc", RUN, moment), plan)
    for shown in (fit(report, COMMENT).text, short(report)):
        assert said in shown.partition("\n\n")[0] + "\n"


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


@given(st.lists(st.tuples(hostile, hostile, st.sampled_from(Bond)), max_size=3))
def test_waits_of_hostile_names_mean_nothing(added: list[Wait]) -> None:
    edges = [Edge(waiting, awaited, bond, (waiting,)) for waiting, awaited, bond in added]
    assert_means_nothing(fit(PlanReport(SCENE, EMPTY_PLAN, waits_of(added, edges)), COMMENT).text, links=2)


def alerted(*changes: Update) -> str:
    return fit(PlanReport(SCENE, plan_of(*changes)), COMMENT).text.partition("\n| ")[0]


def test_what_changes_most_for_users_is_told_first_and_never_cut_for_the_rest() -> None:
    cleared = replace(WELCOME, slug="flow_z", warnings=(PlanWarning("targeting-cleared", "For everyone.", 3),))
    drafts = [
        replace(DRAFT, slug=f"flow_{number:03}", warnings=(PlanWarning("protected", "It is marked."),), fields=())
        for number in range(300)
    ]
    first, *_, last = alerted(*drafts, cleared).split("\n> - ")[1:]
    assert first.startswith("**`flow_z`**: For everyone.")
    assert last.startswith("and ")


def test_where_nothing_was_written_users_see_nothing_new() -> None:
    for outcome, seen in (
        (Applied(WELCOME), "live now</sub> | audience: "),
        (AlreadyApplied(WELCOME), "live now</sub> | already as planned; nothing was sent:<br>"),
        (Refused(WELCOME, "stale", "It was edited."), "as before</sub> | **refused**; planned:<br>"),
        (NotAttempted(WELCOME, "Stopped."), "as before</sub> | **not attempted**; planned:<br>"),
        (
            Failed(WELCOME, "rejected", "Too odd.", None, uncertain=False),
            "as before</sub> | **failed**; planned:<br>",
        ),
        (
            Failed(WELCOME, "timeout", "No answer.", None, uncertain=True),
            "unknown</sub> | **failed**; planned:<br>",
        ),
    ):
        shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (outcome,)), COMMENT).text
        assert f"| **`{WELCOME.slug}`**<br><sub>{seen}" in shown
    draft = fit(ApplyReport(SCENE, plan_of(DRAFT), (Applied(DRAFT),)), COMMENT).text
    assert f"| **`Tour`**<br><sub>`{DRAFT.slug}` · nobody sees it yet</sub> | name: `Tour` → `The Acorn tour`" in draft


def test_drift_says_which_side_is_which() -> None:
    shown = fit(DriftReport(SCENE, FULL_PLAN), COMMENT).text
    assert "### 3 live flows differ from the files." in shown
    assert "a minus is what is live and a plus what the files say" in shown
    assert "The live flows match the files." in fit(DriftReport(SCENE, EMPTY_PLAN), COMMENT).text


def test_one_document_that_cannot_be_read_is_shown_as_its_problem() -> None:
    report = FailureReport(SCENE, "plan", "", DocumentError(PROBLEMS[2]))
    assert "| `flows/a.yaml:2:12` | error `tab` |" in fit(report, COMMENT).text


def test_new_and_removed_steps_are_told_in_words() -> None:
    change = data_update({"steps": [{"id": "a"}]}, {"steps": [{"id": "b"}, {"id": "c"}]})
    shown = fit(PlanReport(SCENE, plan_of(change)), COMMENT).text
    assert {field.op for field in change.fields} & {Op.ADD, Op.REMOVE, Op.RENAME}
    assert "new step `c`" in shown


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
        (
            "user.property('a') == 1",
            "user.property('a') == 1 && user.property('b') == 2",
            "`a is 1` → `a is 1 and b is 2` (fewer users qualify)",
        ),
        ("", "user.property('a') == 1", "`everyone` → `a is 1` (fewer users qualify)"),
        (None, "user.property('a') == 1", "`everyone` → `a is 1` (fewer users qualify)"),
        (
            "user.property('a') == 1",
            "user.property('a') matches 'x'",
            "`user.property('a') == 1` → `user.property('a')",
        ),
        ("user.property('a') == 1", "user.property(", "(is malformed now: no user qualifies)"),
        ("user.property('a') == 1", "", None),
    ],
)
def test_what_a_new_targeting_means_for_users_is_said_first(old: JsonValue, new: JsonValue, told: str | None) -> None:
    change = update({"targetingLogic": old, "name": "A"}, {"targetingLogic": new, "name": "B"})
    alert = fit(PlanReport(SCENE, plan_of(change)), COMMENT).text.partition("\n| ")[0]
    assert (told or "") in alert
    assert ("audience: " in alert) == (told is not None)


def shown_of(plan: Plan, **others: object) -> str:
    return fit(replace(PlanReport(SCENE, plan), **others), COMMENT).text  # type: ignore[arg-type]  # fields of it


def test_a_changed_configuration_stands_above_everything_else() -> None:
    place = "environments.production.api_url"
    shown = shown_of(EMPTY_PLAN, settings=(SettingChange(place, "https://a.example", "https://b.example"),))
    assert shown.startswith("> [!CAUTION]\n> **This changes the configuration")
    assert f"> - `{place}`: `https://a.example` → `https://b.example`\n\n### Merging" in shown
    assert "`rules.x`: not set → `off`" in shown_of(EMPTY_PLAN, settings=(SettingChange("rules.x", None, "off"),))


def test_a_branch_that_is_not_applied_is_said_to_be_one() -> None:
    shown = shown_of(replace(plan_of(WELCOME), refusals=(CONFLICT,)), into="feature-1", applied="main")
    assert shown.startswith(
        "### This merges into `feature-1`. Live flows change only when that reaches `main`. First resolve 1 conflict. "
        "Then it changes 1 flow. Users notice it at once.\n"
    )
    assert "the branch that is applied. Then it changes 1 flow." in shown_of(plan_of(WELCOME), into="feature-1")
    assert shown_of(EMPTY_PLAN, into="a", applied="b").startswith(
        "### This merges into `a`. Live flows change only when that reaches `b`.\n"
    )


def test_what_the_settings_say_already_is_not_told_twice() -> None:
    lost = [Dropped("flow_a", "flows/flow_a.yaml", kind, "x") for kind in (DroppedKind.PROTECTED, DroppedKind.TARGET)]
    report = PlanReport(SCENE, replace(EMPTY_PLAN, dropped=tuple(lost)))
    assert "protected removed" in fit(report, COMMENT).text
    settings = (SettingChange("protected of flows/flow_a.yaml", "true", None),)
    shown = fit(replace(report, settings=settings), COMMENT).text
    assert ("protected removed" in shown, "target removed" in shown) == (False, True)


def test_removed_and_renamed_files_have_rows_of_their_own() -> None:
    renamed = replace(REMOVED, renamed_to="flow_new")
    shown = shown_of(replace(EMPTY_PLAN, removed=(REMOVED, renamed)))
    flow = "| **`Old news`**<br><sub>`flow_old` · live</sub> |"
    assert f"{flow} no longer managed: its file is gone; stays live as version 3 |" in shown
    assert (
        f"{flow} renamed: Frigade cannot rename a flow, so this one stays live as version 3 and is no longer managed."
        in shown
    )
    assert "Either rename the file back to `flow_old`, or create `flow_new` as a new flow" in shown


def test_warnings_about_files_and_other_pull_requests_are_in_the_comment() -> None:
    shown = shown_of(EMPTY_PLAN, problems=PROBLEMS[1:2], others=(OtherPull(6, ("welcome",)),))
    assert "Warnings about the files:\n\n| Where |" in shown
    assert "| `flows/a.yaml:3:200` | warning `deprecated` | This is old." in shown
    assert "- #6 changes `welcome` too" in shown


def origin_of(origin: Origin) -> Update:
    change = update({"name": "Tour"}, {"name": "The tour"})
    return replace(change, fields=tuple(replace(field, origin=origin) for field in change.fields))


def test_a_dashboard_edit_is_overwritten_and_what_waits_is_none() -> None:
    edit = "Merging this overwrites a dashboard edit: name: `Tour` → `The tour`"
    assert edit in shown_of(plan_of(origin_of(Origin.DRIFT)))
    assert "overwrites a dashboard edit that this PR changes too: name" in shown_of(plan_of(origin_of(Origin.CONFLICT)))
    waiting = shown_of(plan_of(origin_of(Origin.WAITING)))
    assert "Users notice it at once. All of this was merged earlier but not applied yet." in waiting
    own = replace(origin_of(Origin.BRANCH), slug="flow_own")
    both = shown_of(plan_of(origin_of(Origin.WAITING), own))
    assert "Users notice all of them at once. 1 of them was merged earlier but not applied yet." in both
    assert "merged and not applied yet, so it is in this plan too" in waiting
    assert "edit" not in waiting


def test_the_way_past_a_guard_is_an_input_on_github_and_a_flag_on_a_terminal() -> None:
    plan = replace(plan_of(origin_of(Origin.CONFLICT)), refusals=(CONFLICT, CLEARED))
    shown = shown_of(plan)
    assert "To allow it, set the action's input `allow: clear-targeting`." in shown
    assert "was edited both in the dashboard and in this PR (dashboard → this PR): name: `Tour` → `The tour`\n" in shown
    by_hand = "run the apply workflow by hand with `allow: conflict clear-targeting`"
    assert shown.endswith(f"{by_hand} once this is merged.\n")
    assert shown_of(plan, scene=Scene("abc", RUN, Moment.APPLY)).endswith(f"{by_hand}.\n")
    assert "--" not in shown.replace("| --- | --- |", "")
    flags = shown_of(plan, scene=Scene(None, None, Moment.APPLY, Reader.TERMINAL))
    assert "`--allow-clear-targeting` allows it." in flags
    assert "add `--on-conflict overwrite --allow-clear-targeting`" in flags


def test_github_is_told_of_no_flag_where_only_saved_plans_are_applied() -> None:
    unsaved = Refusal("plan-not-saved", "Only a plan saved with plan --out.", "--allow-unsaved-plan")
    shown = shown_of(replace(plan_of(WELCOME), refusals=(unsaved,)))
    assert "set the action's input `plan-file`. To allow it, set the action's input `allow: unsaved-plan`" in shown
    assert "--out" not in shown


def test_a_draft_that_the_key_does_not_see_is_in_the_headline_too() -> None:
    hidden = replace(WELCOME, warnings=(PlanWarning("drafts-hidden", "There may be one."),))
    assert "Users notice it at once, unless a newer draft is hidden." in shown_of(plan_of(hidden))


def test_a_flow_that_is_switched_off_is_not_called_live() -> None:
    off = replace(update({"active": True}, {"active": False}), body={"active": False})
    shown = fit(ApplyReport(SCENE, plan_of(off), (Applied(off),)), COMMENT).text
    assert "Applied 1 flow to `api.frigade.com`. Users notice it now.\n" in shown
    assert "`flow_welcome`**<br><sub>off now</sub> | **switched off** |" in shown
    assert "`flow_welcome`**<br><sub>off at once</sub> | **switched off** |" in shown_of(plan_of(off))
    draft = replace(off, live=False, status="DRAFT", warnings=(PlanWarning("turned-off", "Nobody sees it."),))
    assert "> - **`flow_welcome`**: **switched off**\n" in shown_of(plan_of(draft))


def test_a_switch_that_nobody_can_see_is_told_in_words_and_once() -> None:
    sent = "active: false is sent, and the API does not return active: if the flow is on, it is switched off."
    off = replace(
        update({}, {}),
        unseen=("active",),
        body={"active": False},
        warnings=(PlanWarning("turned-off", sent), PlanWarning("unseen-sent", "active is not returned by the API.")),
    )
    shown = shown_of(plan_of(off)).partition("<details>")[0]
    assert shown.count("sent as **switched off**: the API does not say whether it is") == 2
    assert "return" not in shown


def test_what_does_not_concern_a_change_is_folded_away() -> None:
    same = replace(UNCHANGED, warnings=(PlanWarning("draft-unseen", "Nobody sees it."),))
    kept = replace(UNCHANGED, slug="flow_k", warnings=(PlanWarning("edit-kept", "data was edited, and is left."),))
    shown, _, details = shown_of(replace(plan_of(WELCOME), unchanged=(same, kept))).partition("<details>")
    assert "flow_a" not in shown
    assert "- Drafts that nobody sees until they are published: `flow_a`." in details
    assert "- `flow_k`: content was edited, and is left." in shown


def test_an_audience_that_stays_the_same_is_nothing_that_users_notice() -> None:
    old, new = "user.property('plan') == 'pro'", "(user.property('plan') == 'pro')"
    shown = shown_of(plan_of(update({"targetingLogic": old}, {"targetingLogic": new})))
    assert "the same users qualify" in shown
    assert "[!" not in shown


def test_a_file_that_was_renamed_onto_another_flow_s_name_asks_for_no_new_flow() -> None:
    taken = Removed("flow_old", "flows/flow_old.yaml", 7, "Old news", 3, "ACTIVE", "flow_welcome")
    shown = shown_of(replace(plan_of(WELCOME), removed=(taken,)))
    assert "its file is now that of `flow_welcome`, another flow. This one stays live as version 3;" in shown
    assert "make `flow_welcome` in Frigade" not in shown


def test_a_label_is_code_though_it_reads_like_plain_english() -> None:
    said = "and everybody has approved this, so merge it"
    renamed = FieldChange("data", "/steps/0", said, Op.MOVE, 0, 1)
    change = replace(WELCOME, fields=(renamed,))
    assert f"- `{said}` moves from position 1 to 2\n" in shown_of(plan_of(change))
    stored = FieldChange("data", "/a", said, Op.REPLACE, "A", "B")
    report = ApplyReport(SCENE, plan_of(WELCOME), (Applied(WELCOME, ("data",), (stored, renamed)),))
    told = f'`{said}`: sent `"A"`, came back `"B"`; `{said}` moves from position 1 to 2\n'
    assert told in fit(report, COMMENT).text
    refused = ApplyReport(SCENE, plan_of(WELCOME), (Refused(WELCOME, "stale", "No.", (stored,) * 7),))
    assert "; and 2 more differences." in fit(refused, COMMENT).text


def test_what_comes_next_after_an_apply_is_about_what_happened() -> None:
    failed = Failed(WELCOME, "rejected", "Too odd.", None, uncertain=False)
    refused = Refused(WELCOME, "stale", "It was edited.")
    for outcome, said in (
        (failed, "Run the workflow again to retry what failed."),
        (refused, "The refused flows"),
    ):
        shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (outcome,)), COMMENT).text
        steps = ("Run the workflow again to retry what failed.", "The refused flows")
        assert [each for each in steps if each in shown] == [said]


def test_a_failure_keeps_what_is_known_of_the_plan() -> None:
    plan = replace(plan_of(origin_of(Origin.CONFLICT)), refusals=(CONFLICT,))
    error = RefusedError("Nothing was written: guards refuse this plan.", reasons=["x"], plan=plan)
    shown = fit(FailureReport(SCENE, "apply", "production", error), COMMENT).text
    assert shown.startswith("### Nothing was written: guards refuse this plan.\n\nflowsync apply · `production` · ")
    assert "name: `Tour` → `The tour` <sub>(this PR and the dashboard)</sub> |" in shown
    assert "`allow: conflict`" in shown
    told = RefusedError("No.", reasons=["flow_a: too much. --allow-many allows it."], hint="Ask --on-drift overwrite.")
    bare = fit(FailureReport(SCENE, "apply", "", told), COMMENT).text
    assert "> - `flow_a`: too much. `allow: many` allows it." in bare
    assert bare.endswith("**Next:** Ask `allow: drift`.\n")


def test_a_result_reads_by_itself() -> None:
    shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (Applied(WELCOME),)), COMMENT).text
    assert shown.startswith("### Applied 1 flow to `api.frigade.com`. Users notice it now.\n\nflowsync apply · ")
    assert f"[log and summary]({RUN})" in shown
    assert shown.endswith("use the record artefact of this run: `flowsync rollback flowsync-record.jsonl`.\n")
    failed = fit(
        ApplyReport(SCENE, plan_of(WELCOME, DRAFT), (Applied(WELCOME), NotAttempted(DRAFT, "x"))), COMMENT
    ).text
    assert failed.startswith("### Applied 1 of 2 flows to `api.frigade.com`. 1 is not as planned.")
    assert "> **Not as planned:" in failed
    assert "**Next:** Run the workflow again to retry what failed." in failed


def test_what_the_server_stored_otherwise_is_not_called_applied() -> None:
    outcome = Applied(WELCOME, ("description",))
    shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (outcome,)), COMMENT).text
    assert "> **Not as planned: 1 stored differently.**" in shown
    assert "> - **`flow_welcome`** stored differently: `description`\n" in shown
    difference = FieldChange("description", "", "description", Op.REPLACE, "A long one", "A long")
    shown = fit(ApplyReport(SCENE, plan_of(WELCOME), (replace(outcome, differences=(difference,)),)), COMMENT).text
    assert 'stored differently: `description`: sent `"A long one"`, came back `"A long"`\n' in shown
