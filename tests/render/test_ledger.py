from __future__ import annotations

import json

import pytest

from flowsync.model import Applied, Failed, FieldChange, Op, Outcome
from flowsync.render import ledger
from flowsync.render.style import Screen
from tests.render.samples import EMPTY_PLAN, OUTCOMES, WELCOME, plan_of

SCREEN = Screen()
PLAN = plan_of(*(outcome.change for outcome in OUTCOMES))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_each_outcome_is_one_line(outcome: Outcome) -> None:
    text = ledger.outcome_line(outcome)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert outcome.change.slug in text


def test_the_ledger_is_sorted_whatever_was_finished_first() -> None:
    for render in ledger.FORMATS.values():
        assert render(PLAN, OUTCOMES, SCREEN) == render(PLAN, OUTCOMES[::-1], SCREEN)


def test_what_went_well_is_only_counted() -> None:
    text = ledger.text([Applied(WELCOME), Applied(WELCOME)], SCREEN)
    assert text == "\n2 applied\n"


def test_nothing_to_tell_is_no_text() -> None:
    assert ledger.text([], SCREEN) == ""
    assert ledger.markdown(EMPTY_PLAN, []).startswith("### Nothing was to be applied to `api.frigade.com`: ")


def test_counts_are_zero_where_there_is_nothing() -> None:
    document = json.loads(ledger.as_json([], SCREEN))
    assert document == {
        "format": "flowsync-apply/1",
        "counts": {"applied": 0, "unchanged": 0, "refused": 0, "failed": 0, "not-attempted": 0},
        "outcomes": [],
    }


def test_messages_show_no_key() -> None:
    failed = Failed(WELCOME, "api", "said api_private_secret", "try api_private_other", uncertain=False)
    for render in ledger.FORMATS.values():
        text = render(PLAN, [failed], SCREEN)
        assert "secret" not in text
        assert "other" not in text


def test_long_values_are_shown_from_where_they_differ() -> None:
    words = "word " * 100
    change = FieldChange("data", "/steps/0/title", "steps[a].title", Op.REPLACE, f"{words}old end", f"{words}new")
    text = ledger.text([Applied(WELCOME, ("data",), (change,))], Screen(width=200))
    assert 'steps[a].title: sent …word word word word old end", came back …word word word word new"' in text
