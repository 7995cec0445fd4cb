"""Changed targeting expressions: a sentence, and the tree with what came and went."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.model import FieldChange, Op
from flowsync.render.style import Colour, paint
from flowsync.render.yaml_diff import expression_diff, remark
from tests.render import hostile

PRO = "user.property('plan') == 'pro'"
GUEST = "user.isGuest() == false"
SEATS = "user.property('seats') > {}"


def shown(old: str, new: str) -> str:
    """The lines, without those of carets under the words that changed."""
    lines = paint(expression_diff("targetingLogic", old, new), Colour.NEVER).splitlines(keepends=True)
    return "".join(line for line in lines if line.strip(" ^\n"))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            PRO,
            f"{PRO} && {GUEST}",
            f"  targetingLogic: adds a condition: fewer users qualify\n    all of\n      {PRO}\n+     {GUEST}\n",
        ),
        (
            f"{PRO} && {GUEST}",
            GUEST,
            f"  targetingLogic: drops a condition: more users qualify\n    all of\n      {GUEST}\n-     {PRO}\n",
        ),
        (PRO, "", f"  targetingLogic: now everyone\n-   {PRO}\n+   everyone\n"),
        ("", PRO, f"  targetingLogic: no longer everyone: fewer users qualify\n-   everyone\n+   {PRO}\n"),
        (
            SEATS.format(3),
            SEATS.format(5),
            "  targetingLogic: changes a condition: fewer users qualify\n-   {}\n+   {}\n".format(
                *map(SEATS.format, (3, 5))
            ),
        ),
        (PRO, GUEST, f"  targetingLogic: changes a condition\n-   {PRO}\n+   {GUEST}\n"),
        # Where no condition came or went, the texts stand whole.
        (
            f"{PRO} && {GUEST}",
            f"{GUEST} && {PRO}",
            f"  targetingLogic: same meaning\n-   {PRO} && {GUEST}\n+   {GUEST} && {PRO}\n",
        ),
        (
            "true && (",
            GUEST,
            f"  targetingLogic: was malformed, so no user qualified; now it can be read\n-   true && (\n+   {GUEST}\n",
        ),
    ],
)
def test_a_change_is_told_as_a_tree(old: str, new: str, text: str | None) -> None:
    assert shown(old, new) == text


def criterion(name: str, op: Op, old: str | None, new: str | None) -> FieldChange:
    return FieldChange("data", f"/steps/0/{name}", f"steps[a].{name}", op, old, new)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            criterion("startCriteria", Op.REPLACE, PRO, f"{PRO} && {GUEST}"),
            "steps[a].startCriteria: adds a condition: fewer users qualify",
        ),
        (
            criterion("visibilityCriteria", Op.ADD, None, PRO),
            "steps[a].visibilityCriteria: no longer everyone: fewer users qualify",
        ),
        (criterion("visibilityCriteria", Op.REMOVE, PRO, None), "steps[a].visibilityCriteria: now everyone"),
        (criterion("completionCriteria", Op.REMOVE, PRO, None), ""),
        (criterion("startCriteria", Op.REPLACE, "((", "))"), "steps[a].startCriteria: was malformed and still is"),
        (criterion("title", Op.REPLACE, PRO, GUEST), ""),
    ],
)
def test_a_changed_criterion_is_told_in_a_sentence(change: FieldChange, sentence: str) -> None:
    assert remark(change).partition(": no user")[0] == sentence


@settings(max_examples=40, deadline=None)
@given(hostile.hostile.filter(lambda text: "'" not in text), st.sampled_from([PRO, ""]))
def test_hostile_values_stay_on_their_lines(value: str, old: str) -> None:
    text = shown(old, f"user.property('{value}') == '{value}'")
    assert hostile.unseen_characters(text) == []
    assert hostile.log_commands(text) == []
