"""The targeting tests of a file: each has a verdict, a step that exists, and moments that can be read."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.flows.testing import MAXIMUM_TESTS, Decided, Undecided, Unreadable, Unusable, run_tests
from flowsync.model import Problem, Severity
from flowsync.targeting.context import moment
from flowsync.validate.rule import Kind, Rule, code, did_you_mean, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.flows.testing import TestOutcome
    from flowsync.model import JsonValue, ValuePath
    from flowsync.targeting.context import Case
    from flowsync.validate.rule import View

TEST_VERDICT: Final = Rule(
    "test-verdict",
    Severity.ERROR,
    "An entry of `tests` expects nothing, or more than one thing: it needs `sees`, or `step` together with one of "
    "`shows`, `completes` and `starts`.",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - user: {properties: {plan: pro}}\n",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - user: {properties: {plan: pro}}\n    sees: true\n",
)
TEST_STEP: Final = Rule(
    "test-step",
    Severity.ERROR,
    "An entry of `tests` names a step that this flow does not have.",
    "data:\n  steps:\n    - id: welcome\ntests:\n  - {step: wellcome, shows: true}\n",
    "data:\n  steps:\n    - id: welcome\n      visibilityCriteria: user.isGuest() == false\n"
    "tests:\n  - {step: welcome, shows: true}\n",
)
TEST_TIME: Final = Rule(
    "test-time",
    Severity.ERROR,
    "A moment in `tests` is not a date or a date and time such as 2026-02-01 or 2026-02-01T09:30:00Z, or a flow that "
    "is not done says when it was.",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - {at: next tuesday, sees: true}\n",
    "targetingLogic: user.property('plan') == 'pro'\ntests:\n  - {at: 2026-02-01, sees: false}\n",
)
EXPECTATIONS_RULES: Final = (TEST_VERDICT, TEST_STEP, TEST_TIME)

VERDICTS: Final = ("sees", "shows", "completes", "starts")
DONE_STATES: Final = ("COMPLETED_FLOW", "SKIPPED_FLOW")


def check_expectations(view: View) -> Iterator[Problem]:
    """Report entries of `tests` that cannot be run."""
    tests = view.flow.tests if isinstance(view.flow.tests, list) else []
    if len(tests) > MAXIMUM_TESTS:
        message = f"There are {len(tests):,} tests, and at most {MAXIMUM_TESTS} are run."
        place = view.location(("tests", MAXIMUM_TESTS))
        yield Problem(place, Severity.ERROR, "too-many-tests", message, "Keep those that tell users apart.")
    for index, entry in enumerate(tests[:MAXIMUM_TESTS]):
        if isinstance(entry, dict):
            path: ValuePath = ("tests", index)
            yield from _verdict(view, path, entry)
            yield from _step(view, path, entry)
            yield from _moments(view, path, entry)


def _verdict(view: View, path: ValuePath, entry: Mapping[str, JsonValue]) -> Iterator[Problem]:
    match [key for key in entry if key in VERDICTS]:
        case []:
            yield TEST_VERDICT.at(view.location(path), "This test expects nothing.", "Add sees: true or sees: false.")
        case ["sees"] if "step" in entry:
            yield TEST_VERDICT.at(
                view.key_location((*path, "step")),
                "`sees` is about the whole flow, and a step is named.",
                "Write shows, completes or starts for the step, or leave step out.",
            )
        case [verdict] if verdict != "sees" and "step" not in entry:
            yield TEST_VERDICT.at(
                view.key_location((*path, verdict)),
                f"`{verdict}` is about a step, and none is named.",
                "Add step: and its id.",
            )
        case [_, second, *_]:
            yield TEST_VERDICT.at(
                view.key_location((*path, second)), "This test has more than one verdict.", "Write one test for each."
            )
        case _:
            pass


def _step(view: View, path: ValuePath, entry: Mapping[str, JsonValue]) -> Iterator[Problem]:
    step = entry.get("step")
    if "data" not in view.value or not isinstance(step, str):
        return
    known = [identity for part in view.of(Kind.STEP) if isinstance(identity := part.value.get("id"), str)]
    if step not in known:
        yield TEST_STEP.at(
            view.location((*path, "step")), f"This flow has no step {code(step)}.", did_you_mean(step, known)
        )


def _moments(view: View, path: ValuePath, entry: Mapping[str, JsonValue]) -> Iterator[Problem]:
    yield from _moment(view, (*path, "at"), entry.get("at"))
    user = entry.get("user")
    flows = user.get("flows") if isinstance(user, dict) else None
    for slug, progress in (flows if isinstance(flows, dict) else {}).items():
        if isinstance(progress, dict) and "done" in progress:
            yield from _done(view, (*path, "user", "flows", slug), progress)


def _done(view: View, path: ValuePath, progress: Mapping[str, JsonValue]) -> Iterator[Problem]:
    yield from _moment(view, (*path, "done"), progress["done"])
    if progress.get("state") not in DONE_STATES:
        yield TEST_TIME.at(
            view.key_location((*path, "done")),
            "`done` says when the flow was completed or skipped, and its state says neither.",
            "Add state: COMPLETED_FLOW or state: SKIPPED_FLOW, or leave done out.",
        )


def _moment(view: View, path: ValuePath, stated: JsonValue) -> Iterator[Problem]:
    if isinstance(stated, str) and moment(stated) is None:
        yield TEST_TIME.at(
            view.location(path), f"{code(stated)} is not a moment.", "Write 2026-02-01 or 2026-02-01T09:30:00Z."
        )


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
OUTCOMES_RULES: Final = (TEST_FAILS, TEST_UNDECIDED, TEST_NUMBER)


def check_outcomes(view: View) -> Iterator[Problem]:
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
        case Decided(_, case) if not outcome.passed:
            yield TEST_FAILS.at(view.location(path), failure(case), _HINT, _tree(outcome))
        case Undecided(_, case) if _has_step(view, case.step):
            yield TEST_UNDECIDED.at(view.key_location((*path, case.verdict.value)), _undecided(case))
        case Unusable(_, error) if _is_odd_number(view.flow.tests, (outcome.index, *error.path)):
            yield TEST_NUMBER.at(view.location((*path, *error.path)), "No user has this number.")
        case Decided() | Undecided() | Unreadable() | Unusable():
            # The form of an entry, a step that does not exist, and syntax have rules of their own.
            return


def _has_step(view: View, step: str | None) -> bool:
    """Whether a test's step is one of the flow's, or cannot be known not to be."""
    return step is None or "data" not in view.value or step in [part.value.get("id") for part in view.of(Kind.STEP)]


def _tree(failed: Decided) -> tuple[str, ...]:
    from flowsync.targeting.evaluation import trace_text  # noqa: PLC0415 - only a failure needs it

    lines = trace_text(failed.trace).split("\n")
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
