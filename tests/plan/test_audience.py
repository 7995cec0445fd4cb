"""What is asked of the estimate about each change, and that estimates are no part of a plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flowsync import document
from flowsync.api.audience import (
    EVERYONE,
    Nobody,
    NoEstimate,
    Question,
    answered,
    expressions_of,
    question_of,
    questions_of,
)
from flowsync.model import Audience, Create, JsonValue, Qualifying
from flowsync.plan.document import digest, to_document
from flowsync.plan.saved import from_text
from flowsync.render.audience import in_words, rounded
from tests.plan.builders import flow, flow_of, plan_of, row, row_of

PRO, FREE = "user.property('plan') == 'pro'", "user.property('plan') == 'free'"


def questions(stated: dict[str, JsonValue], live: dict[str, JsonValue], status: str = "ACTIVE") -> tuple[Question, ...]:
    return questions_of(plan_of([flow_of(document.dump(stated))], [row_of(live, status=status)]))


@pytest.mark.parametrize(
    ("stated", "live", "before", "after"),
    [
        ({"targetingLogic": PRO}, {"targetingLogic": FREE, "active": True}, FREE, PRO),
        ({"targetingLogic": f"{PRO}\n&&\n{FREE}"}, {"targetingLogic": None}, "", f"{PRO} && {FREE}"),
        ({"targetingLogic": ""}, {"targetingLogic": FREE}, FREE, ""),
        ({"targetingLogic": PRO}, {"targetingLogic": FREE, "active": False}, Nobody.SWITCHED_OFF, Nobody.SWITCHED_OFF),
        ({"active": False}, {"targetingLogic": f"{FREE}\n", "active": True}, FREE, Nobody.SWITCHED_OFF),
        ({"active": True}, {"targetingLogic": FREE, "active": False}, Nobody.SWITCHED_OFF, FREE),
        ({"active": True}, {"active": False}, Nobody.SWITCHED_OFF, NoEstimate.UNSEEN),
        ({"active": True}, {"targetingLogic": 7, "active": False}, Nobody.SWITCHED_OFF, NoEstimate.UNREADABLE),
    ],
)
def test_both_sides_of_a_change(
    stated: dict[str, JsonValue], live: dict[str, JsonValue], before: object, after: object
) -> None:
    assert questions(stated, live) == (Question("flow_a", before, after),)  # type: ignore[arg-type]  # cases as data
    assert [each.live for each in questions(stated, live, "DRAFT")] == [False]


def test_a_change_of_anything_else_and_a_flow_in_step_are_not_asked_about() -> None:
    assert questions({"name": "New"}, {"name": "Old", "targetingLogic": FREE}) == ()
    assert questions({"targetingLogic": PRO}, {"targetingLogic": PRO}) == ()


def test_a_new_flow_is_for_nobody_before() -> None:
    made = plan_of([], [])
    for body, after in (
        ({"name": "A", "active": True}, ""),
        ({"name": "A", "active": True, "targetingLogic": PRO}, PRO),
        ({"name": "A", "active": False, "targetingLogic": PRO}, Nobody.SWITCHED_OFF),
    ):
        new = Create("flow_a", "flows/flow_a.yaml", (), (), body, "sha256:0", body)  # type: ignore[arg-type]  # as above
        asked = questions_of(replace(made, changes=(new,)))
        assert asked == (Question("flow_a", Nobody.NEW, after),)
        answer = answered(asked[0], dict.fromkeys(expressions_of(asked), 120))
        assert in_words(answer).startswith("0 (new) → ")


def test_a_flow_is_asked_about_as_it_is_published_and_with_its_file() -> None:
    rows = [
        row(number=1, version=1, status="ARCHIVED", targetingLogic="user.isGuest()"),
        row(number=2, version=2, targetingLogic=FREE),
        row(number=3, version=3, status="DRAFT", targetingLogic=PRO),
    ]
    assert question_of("flow_a", rows, None) == Question("flow_a", FREE, None)
    assert question_of("flow_a", rows, flow(name="A")) == Question("flow_a", FREE, PRO)
    assert question_of("flow_a", [], flow(name="A")) == Question("flow_a", None, "")
    assert question_of("flow_a", rows[2:], None) == Question("flow_a", Nobody.NOT_PUBLISHED, None)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (Qualifying(796), Qualifying(123), "about 800 → about 120 users qualify"),
        (Qualifying(0), Qualifying(9), "none of the users sampled → fewer than 10 users qualify"),
        (Qualifying(10), Qualifying(0), "about 10 → none of the users sampled qualify"),
        (Qualifying(995), Qualifying(12_345_678), "about 1,000 → about 12,000,000 users qualify"),
        (Qualifying(1_049, is_everyone=True), Qualifying(95), "everyone (about 1,000) → about 100 users qualify"),
        (Qualifying(None, "timeout", is_everyone=True), Qualifying(None, "key"), "everyone → not available (key)"),
        (Qualifying(None, "timeout"), Qualifying(None, "timeout"), "not available (timeout)"),
        (Qualifying(0, "switched off"), Qualifying(0, is_everyone=True), "0 (switched off) → everyone"),
        (Qualifying(44), Qualifying(0, "switched off"), "about 40 → 0 (switched off)"),
    ],
)
def test_numbers_are_said_as_an_estimate_deserves(before: Qualifying, after: Qualifying, words: str) -> None:
    assert in_words(Audience("flow_a", before, after)) == words
    later = in_words(Audience("flow_a", before, after, live=False))
    assert later == f"{words}, once it is published"


def test_a_rounded_number_stays_what_it_is() -> None:
    numbers = [*range(10, 2_000), 99_499, 99_500, 10**10]
    assert [each for each in numbers if rounded(rounded(each)) != rounded(each)] == []
    assert [each for each in numbers if abs(rounded(each) - each) > max(5, each * 0.05)] == []


def test_estimates_are_no_part_of_the_digest_and_a_saved_plan_with_them_is_read_without_them() -> None:
    plan = plan_of([flow(targetingLogic=PRO)], [row(targetingLogic=FREE)])
    (question,) = questions_of(plan)
    assert [*expressions_of([question, Question("flow_b", "", " ")])] == [FREE, PRO, EVERYONE, EVERYONE]
    estimated = replace(plan, audiences=(answered(question, {FREE: 800, PRO: NoEstimate.TIMEOUT}),))
    shown = to_document(estimated)
    assert digest(estimated) == plan.digest
    assert estimated == plan
    assert shown == {**to_document(plan), "audience": shown["audience"]}
    for found in (shown["audience"], 7, None, [{"slug": "\x1b[31m"}]):
        read = from_text(json.dumps({**shown, "audience": found}))
        assert (read.digest, read.audiences) == (plan.digest, None)
