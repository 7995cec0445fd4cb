"""The targeting tests of a file: each has a verdict, a step that exists, and moments that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.audience.testing import MAXIMUM_TESTS
from flowsync.model import Problem, Severity
from flowsync.targeting.scalars import moment
from flowsync.validate.rule import Rule
from flowsync.validate.suggestion import did_you_mean
from flowsync.validate.tree import Kind
from flowsync.validate.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import JsonValue, ValuePath
    from flowsync.validate.view import View

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
RULES: Final = (TEST_VERDICT, TEST_STEP, TEST_TIME)

VERDICTS: Final = ("sees", "shows", "completes", "starts")
DONE_STATES: Final = ("COMPLETED_FLOW", "SKIPPED_FLOW")


def check(view: View) -> Iterator[Problem]:
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
