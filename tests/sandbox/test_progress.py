"""How far a user is after what they did, as a table: actions, then the states that the SDK is answered."""

from __future__ import annotations

from typing import Any, Final

import pytest

from flowsync.sandbox.apps.progress import Action, Person, PublishedFlow, Step, UserAction, Visitor, act, states

_ACTIONS: Final = {
    "start": Action.START_STEP,
    "complete": Action.COMPLETE_STEP,
    "skip": Action.SKIP_STEP,
    "reset": Action.RESET_STEP,
    "start flow": Action.START_FLOW,
    "complete flow": Action.COMPLETE_FLOW,
    "skip flow": Action.SKIP_FLOW,
    "restart flow": Action.RESTART_FLOW,
}
# Step b is there for whoever answered yes in a, and step c completes for whoever has imported something.
_FLOW: Final = PublishedFlow(
    "f",
    "F",
    "FORM",
    1,
    "",
    {},
    (
        Step("a", {"id": "a"}),
        Step("b", {"id": "b", "visibilityCriteria": "user.flowStepData('f', 'a', 'more') == 'yes'"}),
        Step("c", {"id": "c", "completionCriteria": "user.event('imported').count > 0"}),
        Step("d", {"id": "d", "startCriteria": "user.flowStep('f', 'a') == 'COMPLETED_STEP'"}),
    ),
)


def _after(done: str, *, imported: bool = False) -> tuple[str, str, str]:
    """The current step, what is true of the flow, and of each step what is true: one letter each."""
    visitor = Visitor(0.0, user=Person(events={"imported": 1} if imported else {}))
    for number, text in enumerate(filter(None, done.split(", "))):
        words = text.split()
        name = text if text.endswith("flow") else words[0]
        answers = {"more": words[2]} if len(words) > 2 else {}
        step = "" if text.endswith("flow") else words[1]
        action = UserAction(_ACTIONS[name], f"2026-02-01T10:00:0{number}.000Z", step, answers)
        visitor = visitor.at("f", act(action, _FLOW, visitor))
    answer: Any = states([_FLOW], visitor)
    flow = answer["eligibleFlows"][0]
    return (
        flow["$state"]["currentStepId"],
        _letters(flow["$state"], "started completed skipped visible"),
        " ".join(
            _letters(step["$state"], "started completed skipped visible blocked") for step in flow["data"]["steps"]
        ),
    )


def _letters(state: dict[str, Any], names: str) -> str:
    return "".join(name[:2] if name == "skipped" else name[0] for name in names.split() if state[name]) or "-"


@pytest.mark.parametrize(
    ("done", "current", "flow", "steps"),
    [
        ("", "a", "v", "v - v vb"),
        ("start flow", "a", "sv", "v - v vb"),
        ("start a", "a", "sv", "sv - v vb"),
        ("start a, start c", "c", "sv", "sv - sv vb"),
        ("complete a", "c", "sv", "scv - sv v"),
        ("complete a yes", "b", "sv", "scv sv v v"),
        ("complete a no", "c", "sv", "scv - sv v"),
        ("complete a yes, complete b, complete a no", "c", "sv", "scv sc sv v"),
        ("skip a", "c", "sv", "sskv - sv vb"),
        ("complete a, start a", "a", "sv", "scv - sv v"),  # back: what was completed stays so
        ("complete a, skip a", "c", "sv", "sskv - sv vb"),
        ("start b", "a", "sv", "v s v vb"),  # a step that is hidden is never the current one
        ("complete d", "a", "sv", "sv - v scvb"),  # the first one that is open, where none follows
        ("complete c", "d", "sv", "v - scv svb"),
        ("complete a, reset a", "c", "sv", "v - sv vb"),
        ("start a, reset a", "a", "sv", "v - v vb"),
        ("complete a, complete c, complete d", "d", "sc", "scv - scv scv"),
        ("skip a, skip c, skip d", "d", "sv", "sskv - sskv sskvb"),  # none was completed: the flow is not
        ("skip a, skip c, complete d", "d", "sc", "sskv - sskv scvb"),
        ("complete flow", "a", "sc", "v - v vb"),
        ("skip flow", "a", "ssk", "v - v vb"),
        ("complete flow, start a", "a", "sc", "sv - v vb"),
        ("complete a, complete flow, restart flow", "a", "v", "v - v vb"),
        ("complete a yes, restart flow, complete a", "c", "sv", "scv - sv v"),  # answers are forgotten too
        ("complete nowhere", "a", "v", "v - v vb"),
    ],
)
def test_actions_lead_to_states(done: str, current: str, flow: str, steps: str) -> None:
    assert _after(done) == (current, flow, steps)


@pytest.mark.parametrize(
    ("done", "current", "flow", "steps"),
    [
        ("", "a", "sv", "v - scv vb"),  # a step that completed by itself counts as started
        ("complete a", "d", "sv", "scv - scv sv"),
        ("complete a, complete d", "d", "sc", "scv - scv scv"),
        ("reset c", "a", "sv", "v - scv vb"),
    ],
)
def test_a_step_completes_by_its_criterion(done: str, current: str, flow: str, steps: str) -> None:
    assert _after(done, imported=True) == (current, flow, steps)
