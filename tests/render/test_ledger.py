from __future__ import annotations

import dataclasses
import json

import pytest

from flowsync.api.rows import live_flow
from flowsync.model import Applied, Create, Failed, FieldChange, JsonValue, LiveFlow, NewDraft, Op, Outcome
from flowsync.render import ledger
from flowsync.render.style import Screen
from flowsync.report.comment import APPLY_FORMATS, apply_markdown
from tests.render.samples import EMPTY_PLAN, OUTCOMES, WELCOME, plan_of

SCREEN = Screen()
PLAN = plan_of(*(outcome.change for outcome in OUTCOMES))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_each_outcome_is_one_line(outcome: Outcome) -> None:
    text = ledger.outcome_line(outcome)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert outcome.change.slug in text


def test_a_terminal_shows_a_reason_once() -> None:
    failed = Failed(WELCOME, "api-server", "The API answered 500.", None, uncertain=True)
    assert "The API answered 500." in ledger.outcome_line(failed)
    terminal = Screen(width=60, wrap=60)
    line = f"failed         {WELCOME.slug}  id {WELCOME.id}  error[api-server]\n"
    assert ledger.outcome_line(failed, terminal) == line
    assert "The API answered 500." in ledger.text([failed], terminal)


def test_the_ledger_is_sorted_whatever_was_finished_first() -> None:
    for render in APPLY_FORMATS.values():
        assert render(PLAN, OUTCOMES, SCREEN) == render(PLAN, OUTCOMES[::-1], SCREEN)


def test_what_went_well_is_only_counted() -> None:
    text = ledger.text([Applied(WELCOME), Applied(WELCOME)], SCREEN)
    assert text == "\n2 applied\n"


def test_nothing_to_tell_is_no_text() -> None:
    assert ledger.text([], SCREEN) == ""
    assert apply_markdown(EMPTY_PLAN, []).startswith("### Nothing to apply to `api.frigade.com`: ")


def test_counts_are_zero_where_there_is_nothing() -> None:
    document = json.loads(ledger.as_json([], SCREEN))
    assert document == {
        "format": "flowsync-apply/1",
        "counts": {"applied": 0, "unchanged": 0, "refused": 0, "failed": 0, "not-attempted": 0},
        "outcomes": [],
    }


def test_messages_show_no_key() -> None:
    failed = Failed(WELCOME, "api", "said api_private_secret", "try api_private_other", uncertain=False)
    for render in APPLY_FORMATS.values():
        text = render(PLAN, [failed], SCREEN)
        assert "secret" not in text
        assert "other" not in text


def test_long_values_are_shown_from_where_they_differ() -> None:
    words = "word " * 100
    change = FieldChange("data", "/steps/0/title", "steps[a].title", Op.REPLACE, f"{words}old end", f"{words}new")
    text = ledger.text([Applied(WELCOME, ("data",), (change,))], Screen(width=200))
    assert 'steps[a].title: sent …word word word word old end", came back …word word word word new"' in text


NEW = Create("flow_new", "flows/flow_new.yaml", (), (), {"name": "New", "active": False}, "", {"name": "New"})
DRAFTED = NewDraft(*(getattr(WELCOME, each.name) for each in dataclasses.fields(WELCOME)))


def made(status: str = "ACTIVE", **fields: JsonValue) -> LiveFlow:
    return live_flow({"id": 7, "slug": "flow_new", "version": 1, "status": status, **fields})


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Applied(NEW, made=made(active=False)), "applied        flow_new  id 7  created, switched off: name, active"),
        (Applied(NEW, made=made(active=True)), "created, switched on, so users may see it: name, active"),
        (Applied(NEW, made=made()), "created, sent as switched off, which the API does not confirm: name, active"),
        (Applied(NEW, made=made("DRAFT")), "created as a draft that nobody sees until it is published: name"),
        (Applied(DRAFTED, made=made("DRAFT")), "draft created, version 1: "),
        (
            Failed(NEW, "api", "500.", None, uncertain=True),
            "flow_new  500. The flow may exist now: run plan to check.",
        ),
    ],
)
def test_what_was_made_is_said(outcome: Applied | Failed, says: str) -> None:
    assert says in ledger.outcome_line(outcome, Screen(width=200))
    (document,) = json.loads(ledger.as_json([outcome], SCREEN))["outcomes"]
    assert document["id"] == (7 if outcome.made else None)
    assert document["action"] == ("draft" if outcome.change is DRAFTED else "create")
    assert document["status"] == (outcome.made.status if outcome.made else None)
