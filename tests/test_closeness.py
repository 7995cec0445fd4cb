"""What somebody meant by a word that is not known."""

from __future__ import annotations

from flowsync.closeness import closest


def test_case_and_separators_do_not_count() -> None:
    assert closest("Is-Not SET", ["isSet", "isNotSet"]) == "isNotSet"
    assert closest("flow-welcome", ["flow_welcomed", "flow_welcome"]) == "flow_welcome"


def test_a_slip_is_found_whatever_its_case_and_refuses_the_far_fetched() -> None:
    assert closest("STARTSWITH", ["contains", "startsWith"]) == "startsWith"
    assert closest("zzz", ["contains"]) is None
    assert closest("x" * 100_000, ["contains"]) is None


def test_a_slip_is_found_among_many_names_at_its_start_and_at_its_end() -> None:
    known = [f"flow_{place}_{number:05d}_{place}" for number in range(300) for place in ("left", "right")]
    assert closest("flwo_left_00123_left", known) == "flow_left_00123_left"
    assert closest("FLOW_right_00299_rihgt", known) == "flow_right_00299_right"
    assert closest("nothing like it at all", known) is None
