"""The targeting tests of a file, run: each says who sees what, and the expressions must agree."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from flowsync.audience.testing import Held, Undecided, Unreadable, Unusable, run_tests
from flowsync.errors import UncheckedPatternError
from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind
from flowsync.validate.wording import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.audience.testing import TestOutcome
    from flowsync.model import JsonValue, Problem, ValuePath
    from flowsync.targeting.cases import Case
    from flowsync.validate.view import View

TEST_FAILS: Final = Rule(
    "test-fails",
    Severity.ERROR,
    "An entry of `tests` expects something else than the expression gives for that user. The tree below the message "
    "shows each condition with its value: `+` holds, `-` does not.",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - user: {properties: {plan: Pro}}\n    sees: true\n",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - user: {properties: {plan: pro}}\n    sees: true\n",
)
TEST_UNDECIDED: Final = Rule(
    "test-undecided",
    Severity.WARNING,
    "An entry of `tests` is about an expression that the file does not state, so that nothing is tested.",
    "name: Welcome\ntests:\n  - sees: true\n",
    "targetingLogic: user.isGuest() == false\ntests:\n  - sees: true\n",
)
TEST_NUMBER: Final = Rule(
    "test-number",
    Severity.ERROR,
    "A number in `tests` is one that no user can have: .inf or .nan.",
    "targetingLogic: user.property('seats') > 3\ntests:\n  - {user: {properties: {seats: .inf}}, sees: true}\n",
    "targetingLogic: user.property('seats') > 3\ntests:\n  - {user: {properties: {seats: 4}}, sees: true}\n",
)
RULES: Final = (TEST_FAILS, TEST_UNDECIDED, TEST_NUMBER)


def check(view: View) -> Iterator[Problem]:
    """Report the tests that fail, and those that decide nothing."""
    try:
        outcomes = run_tests(view.flow, datetime.now(timezone.utc)) if view.flow.tests else ()
    except UncheckedPatternError:  # the patterns themselves are reported as not checked
        return
    for outcome in outcomes:
        yield from _problems(view, outcome)


def _problems(view: View, outcome: TestOutcome) -> Iterator[Problem]:
    path: ValuePath = ("tests", outcome.index)
    match outcome:
        case Held(_, case) if not outcome.passed:
            yield TEST_FAILS.at(view.location(path), failure(case), _HINT, _tree(outcome))
        case Undecided(_, case) if _has_step(view, case.step):
            yield TEST_UNDECIDED.at(view.key_location((*path, case.verdict.value)), _undecided(case))
        case Unusable(_, error) if _is_odd_number(view.flow.tests, (outcome.index, *error.path)):
            yield TEST_NUMBER.at(view.location((*path, *error.path)), "No user has this number.")
        case Held() | Undecided() | Unreadable() | Unusable():
            # The form of an entry, a step that does not exist, and syntax have rules of their own.
            return


def _has_step(view: View, step: str | None) -> bool:
    """Whether a test's step is one of the flow's, or cannot be known not to be."""
    return step is None or "data" not in view.value or step in [part.value.get("id") for part in view.of(Kind.STEP)]


def _tree(failed: Held) -> tuple[str, ...]:
    from flowsync.targeting.tracing import explained  # noqa: PLC0415 - only a failure needs it

    lines = explained(failed.trace).split("\n")
    left_out = len(lines) - _LINES_SHOWN
    return (*lines[:_LINES_SHOWN], f"… and {left_out} more lines") if left_out > 0 else tuple(lines)


_LINES_SHOWN: Final = 40
_HINT: Final = "Correct the expression, or what the test expects."


def failure(case: Case) -> str:
    """What a failing test expected, and what came out."""
    wanted, found = ("true", "false") if case.expected else ("false", "true")
    name = "This test" if case.name is None else f"The test '{excerpt(case.name)}'"
    step = "" if case.step is None else f" of the step '{excerpt(case.step)}'"
    return f"{name} fails: it expects {case.verdict.value}: {wanted}, and {case.verdict.field}{step} is {found}."


def _undecided(case: Case) -> str:
    if case.step is None:
        return f"The file states no {case.verdict.field}, so this test decides nothing."
    return f"The step '{excerpt(case.step)}' states no {case.verdict.field}, so this test decides nothing."


def _is_odd_number(value: JsonValue, path: ValuePath) -> bool:
    """Whether a number that JavaScript writes as no number stands at `path` of the tests, or inside of it."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
    return isinstance(value, float) and not math.isfinite(value)
