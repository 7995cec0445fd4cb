"""Running the tests of a file, and what they cover."""

from __future__ import annotations

from datetime import datetime, timezone

from flowsync.flows.testing import Decided, Undecided, Unreadable, Unusable, run_flow_tests, run_tests
from tests.validate.building import flow_of

NOW = datetime(2026, 2, 1, tzinfo=timezone.utc)
TEXT = """\
targetingLogic: user.property('plan') == 'pro' && user.property('signup') within 2w
data:
  steps:
    - id: one
      startCriteria: user.isGuest() ==
    - id: two
      visibilityCriteria: user.isGuest() == false
tests:
  - {user: {properties: {plan: pro, signup: 2026-01-20}}, sees: true}
  - {user: {properties: {plan: pro, signup: 2026-01-20}}, at: 2026-03-01, sees: true}
  - {step: one, starts: true}
  - {step: one, shows: true}
  - {sees: maybe}
"""


def test_each_entry_has_an_outcome_of_its_own() -> None:
    outcomes = run_tests(flow_of(TEXT), NOW)
    assert [type(each) for each in outcomes] == [Decided, Decided, Unreadable, Undecided, Unusable]
    assert [each.passed for each in outcomes if isinstance(each, Decided)] == [True, False]
    assert [each.index for each in outcomes] == [0, 1, 2, 3, 4]


def test_tests_that_are_no_list_are_none() -> None:
    assert run_tests(flow_of("name: a\ntests: {}\n"), NOW) == ()


def test_coverage_tells_for_each_term_which_truths_were_seen() -> None:
    flow = flow_of(TEXT)
    ((first, second),) = [each.coverage for each in run_flow_tests([flow], NOW)]
    assert (first.expression.label, first.tests) == ("targetingLogic", 2)
    assert [(term.seen_true, term.seen_false) for term in first.terms] == [(True, False), (True, True)]
    assert (second.expression.label, second.tests) == ("steps[two].visibilityCriteria", 0)
    assert [(term.seen_true, term.seen_false) for term in second.terms] == [(False, False)]


def test_a_flow_for_some_whose_audience_no_test_decides_is_undecided() -> None:
    for text, is_undecided in [
        (TEXT, False),
        ("targetingLogic: user.isGuest()\n", True),
        ("targetingLogic: user.isGuest()\ntests: [{sees: false}]\n", False),
        ("targetingLogic: ''\n", False),
        ("targetingLogic: null\n", False),
        ("name: a\n", False),
    ]:
        (found,) = run_flow_tests([flow_of(text)], NOW)
        assert found.is_undecided is is_undecided, text


def test_an_outcome_is_wrong_where_it_failed_or_could_not_be_run() -> None:
    (found,) = run_flow_tests([flow_of(TEXT)], NOW)
    assert [test.is_wrong for test in found.tests] == [False, True, True, False, True]
    assert [test.location.line for test in found.tests] == [9, 10, 11, 12, 13]
