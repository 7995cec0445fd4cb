from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from flowsync import targeting
from flowsync.targeting.wording import did_you_mean, printable, shown

if TYPE_CHECKING:
    from types import FrameType


def test_every_published_name_is_there_and_no_module_hides_one() -> None:
    for name in targeting.__all__:
        assert not isinstance(getattr(targeting, name), ModuleType)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        targeting.nonsense  # noqa: B018 - reading it is the point


def test_shown_texts_are_short_quoted_and_harmless() -> None:
    assert shown("abc") == "`abc`"
    assert shown("a`b") == "a`b"
    assert shown("\x1b[2J\u202e") == "`<U+001B>[2J<U+202E>`"
    assert len(shown("x" * 10_000)) < 50
    assert printable("a\nb") == "a<U+000A>b"


def test_did_you_mean_ignores_case_and_refuses_the_far_fetched() -> None:
    assert did_you_mean("STARTSWITH", ["contains", "startsWith"]) == "startsWith"
    assert did_you_mean("zzz", ["contains"]) is None
    assert did_you_mean("x" * 100_000, ["contains"]) is None


def test_a_slip_is_found_among_thousands_of_names_at_its_start_and_at_its_end() -> None:
    known = [f"flow_{place}_{number:05d}_{place}" for number in range(3000) for place in ("left", "right")]
    assert did_you_mean("flwo_left_01234_left", known) == "flow_left_01234_left"
    assert did_you_mean("FLOW_right_02999_rihgt", known) == "flow_right_02999_right"
    assert did_you_mean("nothing like it at all", known) is None


def test_an_unknown_name_is_compared_letter_by_letter_with_few_of_many() -> None:
    known = [f"flow_onboarding_{number:05d}" for number in range(3000)]
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    did_you_mean("flow_onboarding_x", known)
    sys.setprofile(count)
    try:
        did_you_mean("flow_onboarding_y", known)
    finally:
        sys.setprofile(None)
    assert calls < len(known)
