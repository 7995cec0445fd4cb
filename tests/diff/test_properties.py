"""What holds for every pair of values."""

from __future__ import annotations

import json
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from flowsync.diff.canonical import ValueNumbers, canonical, canonical_text
from flowsync.diff.data import differences, undone
from flowsync.model import FieldChange, JsonValue
from tests.diff.patch import patch
from tests.support import strategies as flows

Pair: TypeAlias = "tuple[JsonValue, JsonValue]"

wild = flows.trees(flows.wild_scalars)
flow_edits = flows.edits(flows.flow_data)
tree_edits = flows.edits(flows.trees(flows.scalars))
few = st.lists(st.sampled_from([0, 1, True, "1", None]), max_size=8)
pairs = flow_edits | flows.rearranged_steps() | st.tuples(few, few) | tree_edits | st.tuples(wild, wild)


@given(pairs)
def test_the_changes_applied_to_the_old_value_give_the_new_one(pair: Pair) -> None:
    old, new = pair
    assert canonical_text(patch(old, differences("data", old, new))) == canonical_text(new)


@given(pairs)
def test_the_changes_taken_back_from_the_new_value_give_the_old_one(pair: Pair) -> None:
    old, new = pair
    assert canonical_text(undone(new, differences("data", old, new))) == canonical_text(old)


@given(pairs)
def test_there_are_changes_exactly_where_the_canonical_texts_differ(pair: Pair) -> None:
    old, new = pair
    assert bool(differences("data", old, new)) == (canonical_text(old) != canonical_text(new))


@given(st.data(), wild | flows.flow_data)
def test_shuffled_keys_and_other_spellings_of_numbers_change_nothing(data: st.DataObject, value: JsonValue) -> None:
    again = data.draw(flows.rewritten(value))
    assert differences("data", value, again) == ()
    assert canonical_text(value) == canonical_text(again)


@given(st.data(), flow_edits | flows.rearranged_steps())
def test_shuffled_keys_change_no_change(data: st.DataObject, pair: Pair) -> None:
    old, new = pair
    shuffled = differences("data", data.draw(flows.rewritten(old)), data.draw(flows.rewritten(new)))
    assert told(shuffled) == told(differences("data", old, new))


mixed = st.recursive(
    st.sampled_from([True, 1, 1.0, False, 0, -0.0, "1", None, 2**53, 2.0**53, 2**53 + 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)


@given(pairs | st.tuples(mixed, mixed))
def test_the_same_is_what_has_the_same_canonical_text(pair: Pair) -> None:
    old, new = pair
    assert ValueNumbers().same(old, new) is (canonical_text(old) == canonical_text(new))


@given(wild)
def test_canonical_values_are_their_own_canonical_form(value: JsonValue) -> None:
    assert canonical_text(canonical(value)) == canonical_text(value)
    assert canonical_text(value).isascii()


@given(wild)
def test_texts_that_look_like_numbers_and_numbers_that_do_not_are_told_apart(value: JsonValue) -> None:
    carefully = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"))
    assert canonical_text(value) == carefully
    assert canonical_text([value, 1.0, "2.0"]) == f'[{carefully},1,"2.0"]'


def told(changes: tuple[FieldChange, ...]) -> list[str]:
    return sorted(canonical_text([each.path, each.op.value, each.old, each.new]) for each in changes)
