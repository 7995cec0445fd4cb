from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flowsync.config import SANDBOX_URL
from flowsync.diff.data import quoted
from flowsync.model import FieldChange, JsonValue, Op, Origin, Plan, PlanWarning, Unmanaged
from flowsync.plan.document import to_document
from flowsync.render import wording
from flowsync.render.escape import columns
from flowsync.render.style import NAMES_SHOWN, Colour, Detail, Screen
from flowsync.report import plans
from flowsync.report.comment import PLAN_FORMATS, plan_json, plan_markdown
from tests.render.samples import (
    BLOCKED,
    DRAFT,
    EMPTY_PLAN,
    FULL_PLAN,
    NEW_PLAN,
    UNCHANGED,
    WELCOME,
    data_update,
    plan_of,
)

VERBOSE = Screen(detail=Detail.VERBOSE)


def facts(plan: Plan) -> list[str]:
    """What a reader of any format must find."""
    found = [wording.short_digest(plan.digest), *filter(None, [plan.environment, plan.base])]
    for change in plan.changes:
        found += [change.slug, change.file, str(change.id), str(change.version), str(change.status), *change.unseen]
        found += [each.label.partition(".")[0] for each in change.fields]
        found += [each.message for each in change.warnings if each.code != "goes-live"]
        found += [each.origin.value for each in change.fields if each.origin]
    found += [part for each in plan.blocked for part in (each.slug, each.code, each.message)]
    return found + [part for each in plan.unmanaged for part in (each.slug, str(each.id), each.name)]


@pytest.mark.parametrize("name", PLAN_FORMATS)
def test_every_format_tells_every_fact(name: str) -> None:
    shown = PLAN_FORMATS[name](FULL_PLAN, VERBOSE).replace("`", "").replace('\\"', '"')
    words = {"drift": "dashboard", "no-such-flow": "blocked"} if name == "markdown" else {}
    assert [fact for fact in facts(FULL_PLAN) if words.get(fact, fact) not in shown] == []


def test_the_json_is_the_plans_document() -> None:
    assert list(json.loads(plan_json(FULL_PLAN)).items()) == list(to_document(FULL_PLAN).items())


def test_the_json_is_ascii_and_holds_no_log_command() -> None:
    name = "\u202e\x7f\x1b\ud800##[group]##vso[x"
    shown = plan_json(replace(EMPTY_PLAN, unmanaged=(Unmanaged("flow_x", 1, name),)))
    assert shown.isascii()
    assert shown.replace("\n", "").isprintable()
    assert "##[" not in shown
    assert "##vso[" not in shown
    assert json.loads(shown)["unmanaged"][0]["name"] == name


def test_numbers_that_json_lacks_do_not_break_it() -> None:
    shown = plan_json(plan_of(data_update({"x": float("inf")}, {"x": float("nan")})))
    assert json.loads(shown)["changes"][0]["fields"][0]["new"] == ".nan"


def test_an_empty_plan_says_that_all_is_as_it_should_be() -> None:
    assert "No changes. The live flows match the files." in plans.text(EMPTY_PLAN)
    assert "changes nothing for users: the live flows match the files." in plan_markdown(EMPTY_PLAN)


def test_blocked_flows_without_changes_are_not_told_as_all_being_well() -> None:
    blocked = replace(EMPTY_PLAN, blocked=(BLOCKED,))
    for shown in (plans.text(blocked), plan_markdown(blocked)):
        assert "the live flows match the files" not in shown.lower()
    assert "Apply writes nothing while flows are blocked.\n" in plans.text(blocked)
    assert "unless you skip them with --skip-blocked" in plans.text(replace(plan_of(WELCOME), blocked=(BLOCKED,)))
    assert "Applying this changes nothing yet: resolve 1 blocked flow first." in plan_markdown(blocked)


def test_what_to_run_next_is_said_by_plan_and_not_by_apply() -> None:
    plan = plan_of(WELCOME)
    assert plans.text(plan) == plans.preview(plan) + "Next: flowsync apply\n"


@pytest.mark.parametrize(
    ("plan", "sentence"),
    [
        (plan_of(DRAFT), ""),
        (plan_of(WELCOME), "Users notice it as soon as this is applied."),
        (plan_of(WELCOME, WELCOME), "Users notice all of them as soon as this is applied."),
        (plan_of(WELCOME, DRAFT), "Users notice 1 of them as soon as this is applied."),
        (plan_of(WELCOME, WELCOME, DRAFT), "Users notice 2 of them as soon as this is applied."),
    ],
)
def test_how_much_goes_live_is_said_first(plan: Plan, sentence: str) -> None:
    assert wording.goes_live(plan) == sentence


@pytest.mark.parametrize(
    ("plan", "question"),
    [
        (FULL_PLAN, "Change 2 flows in production (api.frigade.com), 1 of them seen by users at once? [y/N] "),
        (NEW_PLAN, "Create 2 flows and make 1 draft in api.frigade.com, 1 of them seen by users at once? [y/N] "),
        (plan_of(DRAFT), "Change 1 flow in api.frigade.com, not seen by users yet? [y/N] "),
    ],
)
def test_the_question_says_how_much_goes_where(plan: Plan, question: str) -> None:
    assert plans.confirm_question(plan) == question
    assert question.split("?", maxsplit=1)[0] in plans.confirm_question(plan, Screen(colour=Colour.ALWAYS))


@pytest.mark.parametrize(
    ("status", "live", "words"),
    [("ACTIVE", True, "live at once"), ("DRAFT", False, "nobody sees it yet"), ("ACTIVE", False, "not shown to users")],
)
def test_each_change_says_who_sees_it(status: str, live: bool, words: str) -> None:  # noqa: FBT001 - a value of a case
    change = replace(WELCOME, status=status, live=live)
    assert words in plans.text(plan_of(change))
    assert words in plan_markdown(plan_of(change))


def test_a_warning_that_is_live_is_not_told_twice_but_kept_where_it_says_more() -> None:
    assert [each.code for each in wording.warnings(WELCOME)] == ["targeting-cleared"]
    assert [each.code for each in wording.warnings(replace(WELCOME, live=False))] == ["goes-live", "targeting-cleared"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ((Op.MOVE, "/steps/0", "steps[a]", 2, 0), "steps[a] moves from position 3 to 1"),
        ((Op.MOVE, "/steps/0", "steps[a]", None, None), "steps[a] moves from position ? to ?"),
        ((Op.MOVE, "/steps/1", "steps[a]", 1, 1), "steps[a] stays at position 2, between other items"),
        ((Op.RENAME, "/steps/0/id", "steps[a].id", "b", "a"), 'steps[a].id is renamed from "b" to "a"'),
        ((Op.ADD, "/steps/1", "steps[a]", None, {}), "steps[a] is new, at position 2"),
        ((Op.REMOVE, "/steps/1", "steps[a]", {}, None), "steps[a] is removed"),
        ((Op.ADD, "/title", "title", None, "x"), ""),
        ((Op.REMOVE, "/props/a b", 'props["a b"]', 1, None), ""),
        ((Op.REPLACE, "/steps/0", "steps[0]", 1, 2), ""),
    ],
)
def test_changes_of_structure_are_told_in_words(
    change: tuple[Op, str, str, JsonValue, JsonValue], sentence: str
) -> None:
    op, path, label, old, new = change
    assert wording.structural(FieldChange("data", path, label, op, old, new)) == sentence


def test_drift_and_conflict_are_told_with_their_places() -> None:
    change = replace(
        WELCOME,
        fields=tuple(
            replace(each, origin=origin)
            for each, origin in zip(WELCOME.fields, [Origin.DRIFT, Origin.DRIFT, Origin.CONFLICT], strict=False)
        ),
    )
    assert list(wording.origins(change)) == [
        "drift: targetingLogic, title were edited in the dashboard; apply overwrites the edit",
        (
            "conflict: steps[invite] was edited both in the files and in the dashboard; "
            "apply overwrites the dashboard edit"
        ),
    ]


def test_unseen_fields_that_are_not_sent_are_only_noted() -> None:
    change = replace(WELCOME, unseen=("description", "active"), body={"data": "…"})
    assert wording.unseen(change) == "the API does not return description, active, so they are not compared"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.frigade.com", "api.frigade.com"),
        ("http://127.0.0.1:8080/v1", "127.0.0.1:8080"),
        ("nonsense", "nonsense"),
        (SANDBOX_URL, "the sandbox"),
    ],
)
def test_the_host_is_what_people_recognise(url: str, host: str) -> None:
    assert wording.host_of(url) == host


def test_many_names_are_counted() -> None:
    assert wording.listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_many_unmanaged_flows_are_counted_unless_all_is_asked_for() -> None:
    plan = replace(EMPTY_PLAN, unmanaged=tuple(Unmanaged(f"flow_{n}", n, "x") for n in range(NAMES_SHOWN + 3)))
    assert "  … 3 more\n" in plans.text(plan)
    assert "more" not in plans.text(plan, VERBOSE)


def test_unchanged_flows_are_named_when_all_is_asked_for() -> None:
    assert UNCHANGED.slug not in plans.text(EMPTY_PLAN)
    assert f"= {UNCHANGED.slug}" in plans.text(EMPTY_PLAN, VERBOSE)


def test_a_long_diff_is_cut_unless_all_is_asked_for() -> None:
    plan = plan_of(data_update({}, {f"key{number}": number for number in range(1_000)}))
    assert "601 more lines" in plans.text(plan)
    assert "more lines" not in plan_markdown(plan)
    assert "key999: 999" in plans.text(plan, VERBOSE)


def test_labels_are_found_as_the_comparison_makes_them() -> None:
    change = data_update({"steps": [{"id": "a b", "title": "x"}]}, {"steps": [{"id": "a b", "title": "y"}]})
    assert wording.changed_places(change) == [f"steps[{quoted('a b')}].title"]


def test_what_is_true_of_several_drafts_is_said_once_unless_all_is_asked_for() -> None:
    messages = ["No version is live.", "Version 1, which is live, differs from the planned content in data."]
    drafts = [
        replace(DRAFT, slug=f"flow_{number}", warnings=(PlanWarning("draft-unseen", f"Version 2 is a draft. {said}"),))
        for number, said in enumerate(messages)
    ]
    once = (
        "Nobody sees these drafts until they are published: flow_0, flow_1. "
        "The live version differs from the planned content of flow_1."
    )
    plan = plan_of(*drafts)
    assert once in plans.text(plan)
    assert "warning[draft-unseen]" not in plans.text(plan)
    assert plans.text(plan, VERBOSE).count("warning[draft-unseen]") == len(drafts)
    markdown = plan_markdown(plan)
    assert "- Nobody sees these drafts until they are published: `flow_0`, `flow_1`." in markdown
    assert "Version 2" not in markdown
    assert "warning[draft-unseen] Version 2 is a draft. No version is live." in plans.text(plan_of(drafts[0]))


def test_a_diff_is_broken_between_words_on_a_terminal_unless_that_hides_blanks() -> None:
    long = " ".join(f"word{number}" for number in range(30))
    shown = plans.text(plan_of(data_update({"title": long}, {"title": f"{long} end"})), Screen(width=60, wrap=60))
    assert all(columns(row) <= 60 for row in shown.splitlines())
    assert "\n    + title: word0 word1" in shown
    blanks = plans.text(
        plan_of(data_update({"title": f"{long} a"}, {"title": f"{long}  a"})), Screen(width=60, wrap=60)
    )
    assert any(columns(row) > 60 for row in blanks.splitlines())
