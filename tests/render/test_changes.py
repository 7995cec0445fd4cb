"""Differences in the words of people who know the app and not its files, and those words as Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.model import FieldChange, FieldName, JsonValue, Op, Origin, PlanWarning, Update
from flowsync.report.changes import changes_in_words, described, flow_name
from tests.render.hostile import hostile
from tests.render.parsers import pages
from tests.render.samples import data_update, update
from tests.render.test_hostile import updates


def steps(*found: JsonValue) -> JsonValue:
    return {"steps": list(found)}


GOALS: dict[str, JsonValue] = {"id": "goals", "title": "New: savings goals"}
TOUR: dict[str, JsonValue] = {"id": "tour", "title": "Take the tour"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            steps({**GOALS, "subtitle": "Soon"}),
            steps({**GOALS, "subtitle": "Now"}),
            ["text of step `New: savings goals`: `Soon` → `Now`"],
        ),
        (steps(GOALS), steps({**GOALS, "title": "Goals"}), ["title of step 1: `New: savings goals` → `Goals`"]),
        (steps(GOALS), steps(GOALS, TOUR), ["new step `Take the tour`"]),
        (steps(GOALS, TOUR), steps(TOUR), ["step `New: savings goals` removed"]),
        (steps(GOALS, TOUR), steps(TOUR, GOALS), ["step `Take the tour` moves from position 2 to 1"]),
        (steps(TOUR), steps({**TOUR, "id": "trip"}), ["id of step `Take the tour`: `tour` → `trip`"]),
        (
            steps({**TOUR, "primaryButton": {"title": "Go", "uri": "/a"}}),
            steps({**TOUR, "primaryButton": {"title": "Start", "uri": "/b"}}),
            ["button of step `Take the tour`: `Go` → `Start`", "link of button of step `Take the tour`: `/a` → `/b`"],
        ),
        (steps(TOUR), steps({**TOUR, "subtitle": "Hi"}), ["text of step `Take the tour` added: `Hi`"]),
        (steps({**TOUR, "subtitle": "Hi"}), steps(TOUR), ["text of step `Take the tour` removed: `Hi`"]),
        (steps(TOUR), steps({**TOUR, "props": {"a": 1}}), ["settings of step `Take the tour` added"]),
        (
            steps({**TOUR, "props": {"side": "left"}}),
            steps({**TOUR, "props": {"side": "right"}}),
            ["`side` of settings of step `Take the tour`: `left` → `right`"],
        ),
        (
            steps({**TOUR, "fields": [{"id": "job", "label": "Job", "placeholder": "A"}]}),
            steps({**TOUR, "fields": [{"id": "job", "label": "Job", "placeholder": "B"}]}),
            ["placeholder of field `Job` of step `Take the tour`: `A` → `B`"],
        ),
        (
            steps({**TOUR, "completionCriteria": "user.property('a') == 1"}),
            steps({**TOUR, "completionCriteria": "user.property('a') == 2"}),
            ["completion rule of step `Take the tour`: `a is 1` → `a is 2` (other users may qualify)"],
        ),
        (
            steps(TOUR),
            steps({**TOUR, "visibilityCriteria": "user.property('a') == 1"}),
            ["audience of step `Take the tour`: `everyone` → `a is 1` (fewer users qualify)"],
        ),
        ({"title": "A"}, {"title": "B"}, ["title: `A` → `B`"]),
        ({"title": "50 % of `it` | now"}, {"title": None}, ["title: ``50 % of `it` | now`` → nothing"]),
    ],
)
def test_what_changes_in_a_flow_is_said_without_paths(old: JsonValue, new: JsonValue, words: list[str]) -> None:
    said = changes_in_words(data_update(old, new))
    assert said == words
    assert "[" not in "".join(re.sub(r"`+[^`]*`+", "", each) for each in said)


@pytest.mark.parametrize(
    ("field", "old", "new", "words"),
    [
        ("active", True, False, "**switched off**"),
        ("active", False, True, "**switched on**"),
        ("name", "A", "B", "name: `A` → `B`"),
        ("type", "TOUR", "BANNER", "type: `TOUR` → `BANNER`"),
        ("description", "", "B", 'internal description: `""` → `B`'),
        (
            "targetingLogic",
            "user.property('plan') == 'pro'",
            "user.property('plan') == 'free'",
            "audience: `plan is pro` → `plan is free` (other users may qualify)",
        ),
        (
            "targetingLogic",
            "user.property('a') == 1 && user.property('plan') == 'pro'",
            "user.property('a') == 1 && user.property('plan') == 'free'",
            "audience: `plan is pro` → `plan is free` (other users may qualify)",
        ),
        ("targetingLogic", 5, "", 'audience: `5` → `""`'),
    ],
)
def test_what_changes_about_a_flow_is_said_in_words(
    field: FieldName, old: JsonValue, new: JsonValue, words: str
) -> None:
    assert changes_in_words(update({field: old}, {field: new})) == [words]


def test_a_long_text_is_shown_where_it_differs() -> None:
    long = "word " * 100
    [said] = changes_in_words(update({"name": f"{long}a"}, {"name": f"{long}b"}))
    assert said == "name: `…word word word word a` → `…word word word word b`"


def test_a_key_of_the_api_is_never_shown_even_where_a_text_is_cut() -> None:
    key = "api_private_" + "S3cret" * 40
    for old, new in ((f"{key}a", f"{key}b"), ("a", key)):
        assert "S3cret" not in "".join(changes_in_words(update({"name": old}, {"name": new})))


def test_who_made_a_change_is_said_where_it_was_not_this_branch_alone() -> None:
    change = update({"name": "A"}, {"name": "B"})

    def said(origin: Origin, *warnings: PlanWarning) -> str:
        fields = tuple(replace(field, origin=origin) for field in change.fields)
        return changes_in_words(replace(change, fields=fields, warnings=warnings))[0].removeprefix("name: `A` → `B`")

    merged = PlanWarning("waiting", "Waiting from commit 0123456 (#12), which is not applied yet: name.")
    forged = PlanWarning("waiting", "Waiting from commit 0123456, which is not applied yet: x (#13).")
    assert said(Origin.BRANCH) == ""
    assert said(Origin.DRIFT) == " <sub>(dashboard)</sub>"
    assert said(Origin.CONFLICT) == " <sub>(this PR and the dashboard)</sub>"
    assert said(Origin.WAITING) == said(Origin.WAITING, forged) == " <sub>(merged and not applied yet)</sub>"
    assert said(Origin.WAITING, merged) == " <sub>(merged in #12 and not applied yet)</sub>"


def test_the_switch_and_the_audience_come_first_and_the_rest_is_counted() -> None:
    many: JsonValue = {f"key{number}": number for number in range(9)}
    change = update(
        {"active": True, "targetingLogic": "", "data": {}}, {"active": False, "targetingLogic": "x", "data": many}
    )
    first, second, *_, last = changes_in_words(change)
    assert (first, second[:8], last) == ("**switched off**", "audience", "and 6 more changes")


def test_a_flow_goes_by_its_live_name() -> None:
    change = update({"name": "Welcome"}, {"name": "Nothing changes"})
    assert flow_name(change) == "Welcome"
    assert flow_name(replace(change, shown={"name": "Live"})) == "Live"
    assert flow_name(replace(change, old={})) == "Nothing changes"
    assert flow_name(replace(change, old={}, new={"name": " "})) is None


@pytest.mark.parametrize("path", ["/steps/0/title", "/steps/x", "/a/b/c/d/e/f/g", "/steps/99999999999/id", ""])
def test_a_place_that_is_not_there_is_named_all_the_same(path: str) -> None:
    change = FieldChange("data", path, "label", Op.REPLACE, "a", "b")
    assert described(change, data_update({}, {})).endswith(": `a` → `b`")


@given(updates())
def test_words_mean_nothing_to_markdown(change: Update) -> None:
    for line in changes_in_words(change):
        for page in pages(f"x {line}"):
            assert set(page.tags) <= {"p", "code", "sub", "strong"}
            assert not set(page.prose) & set("@#<>*_[]{}|\\`$~&")
        for page in pages(f"| a |\n| --- |\n| {line.replace('|', chr(92) + '|')} |"):
            assert page.tags.count("td") == 1


@given(st.lists(hostile, min_size=3, max_size=3))
def test_a_value_is_shown_as_it_is(texts: list[str]) -> None:
    name, old, new = (f"{text}x"[:60] for text in texts)
    change = data_update(
        steps({"id": "a", "title": name, "subtitle": old}), steps({"id": "a", "title": name, "subtitle": new})
    )
    for field in change.fields:
        for page in pages(described(field, change)):
            assert page.prose.startswith("text of step ")
            assert page.prose.strip().endswith("→")
