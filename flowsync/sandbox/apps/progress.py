"""A user's progress in a flow, how an action of the SDK changes it, and the answer to the SDK.

The shapes and the rules are those that the vendor's browser SDK needs. Everything here is a pure function over frozen
values; `users` stores them, `sdk` speaks HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError
from flowsync.flows.expressions import parsed
from flowsync.targeting.context import Context, FlowProgress, FlowState, StepProgress, StepState, moment
from flowsync.targeting.evaluation import evaluate
from flowsync.targeting.nodes import Everyone

if TYPE_CHECKING:
    from flowsync.model import JsonValue


class Action(Enum):
    """An action of a user that the SDK reports; the value is `actionType` of the request."""

    START_FLOW = "STARTED_FLOW"
    COMPLETE_FLOW = "COMPLETED_FLOW"
    SKIP_FLOW = "SKIPPED_FLOW"
    RESTART_FLOW = "NOT_STARTED_FLOW"
    START_STEP = "STARTED_STEP"
    COMPLETE_STEP = "COMPLETED_STEP"
    SKIP_STEP = "SKIPPED_STEP"
    RESET_STEP = "NOT_STARTED_STEP"

    @property
    def is_about_a_step(self) -> bool:
        """Whether it needs the id of a step."""
        return self.value.endswith("_STEP")


_FLOW_STATES: Final = {
    Action.START_FLOW: FlowState.STARTED,
    Action.COMPLETE_FLOW: FlowState.COMPLETED,
    Action.SKIP_FLOW: FlowState.SKIPPED,
}


@dataclass(frozen=True, slots=True)
class UserAction:
    """An action of a user and its time, by the app's clock; `data` is what they entered, by field id.

    For an action on the flow, `step_id` is "" and `data` is empty.
    """

    action: Action
    at: str
    step_id: str = ""
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a published flow; `content` is the whole step, as its author wrote it."""

    id: str
    content: Mapping[str, JsonValue]

    def criterion(self, name: str) -> str | None:
        """One of the three criteria; None if there is none."""
        text = self.content.get(name)
        return text if isinstance(text, str) and text.strip() else None


@dataclass(frozen=True, slots=True)
class PublishedFlow:
    """A flow that the SDK can load: all `steps` have different ids. `data` is everything under the root."""

    slug: str
    name: str
    type: str
    version: int
    targeting: str
    data: Mapping[str, JsonValue]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class KeptStep:
    """The stored progress of a user in one step; `at` is when they last acted, as the SDK wrote it."""

    state: StepState = StepState.NOT_STARTED
    started: bool = False
    data: Mapping[str, JsonValue] = field(default_factory=dict)
    at: str | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it was completed or skipped."""
        return self.state in {StepState.COMPLETED, StepState.SKIPPED}


@dataclass(frozen=True, slots=True)
class KeptFlow:
    """The stored progress of a user in one flow; `current` is the id of their present step."""

    state: FlowState = FlowState.NOT_STARTED
    at: str | None = None
    current: str | None = None
    steps: Mapping[str, KeptStep] = field(default_factory=dict)

    def step(self, name: str) -> KeptStep:
        """The stored progress in one step."""
        return self.steps.get(name, KeptStep())


@dataclass(frozen=True, slots=True)
class Person:
    """The facts that an app reported about a user or a group. `groups` are the groups that a user was seen with."""

    properties: Mapping[str, JsonValue] = field(default_factory=dict)
    events: Mapping[str, int] = field(default_factory=dict)
    groups: Sequence[str] = ()

    def reported(self, properties: Mapping[str, JsonValue], events: Iterable[str]) -> Person:
        """The person with more properties, which replace earlier ones, and more events, which are counted."""
        counts = dict(self.events)
        for event in events:
            counts[event] = counts.get(event, 0) + 1
        return replace(self, properties={**self.properties, **properties}, events=counts)

    def seen_with(self, group: str) -> Person:
        """The person with one more group."""
        return self if group in self.groups else replace(self, groups=[*self.groups, group])


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user on a page, with everything that targeting and criteria can use. `now` is milliseconds since 1970."""

    now: float
    is_guest: bool = False
    user: Person = Person()
    group: Person = Person()
    url: str | None = None
    flows: Mapping[str, KeptFlow] = field(default_factory=dict)

    def context(self) -> Context:
        """The same user for the targeting language."""
        return Context(
            at=self.now,
            properties=self.user.properties,
            groups=tuple(self.user.groups),
            url=self.url,
            guest=self.is_guest,
            events=self.user.events,
            flows={slug: _progress(kept) for slug, kept in self.flows.items()},
            group_properties=self.group.properties,
            group_events=self.group.events,
        )

    def at(self, slug: str, kept: KeptFlow) -> Visitor:
        """The same user with other progress in one flow."""
        return replace(self, flows={**self.flows, slug: kept})


def _progress(kept: KeptFlow) -> FlowProgress:
    is_done = kept.state in {FlowState.COMPLETED, FlowState.SKIPPED}
    steps = {name: StepProgress(step.state, step.data) for name, step in kept.steps.items()}
    return FlowProgress(kept.state, moment(kept.at) if is_done and kept.at else None, steps)


def act(done: UserAction, flow: PublishedFlow, visitor: Visitor) -> KeptFlow:
    """Return a user's progress in a flow after an action; an unknown step changes nothing."""
    kept = visitor.flows.get(flow.slug, KeptFlow())
    if done.action in _FLOW_STATES:
        return replace(kept, state=_FLOW_STATES[done.action], at=done.at)
    if done.action is Action.RESTART_FLOW:
        return KeptFlow()
    if all(step.id != done.step_id for step in flow.steps):
        return kept
    if done.action is Action.RESET_STEP:
        return replace(kept, steps={**kept.steps, done.step_id: KeptStep()})
    if done.action is Action.START_STEP:
        return _at_step(kept, done.step_id, done.at)
    return _finished(done, flow, visitor)


def _at_step(kept: KeptFlow, step_id: str, at: str) -> KeptFlow:
    """The flow with a step started; a finished one stays finished, which is how "back" works."""
    step = kept.step(step_id)
    state = step.state if step.is_finished else StepState.STARTED
    started = replace(step, state=state, started=True, at=at)
    return replace(_begun(kept, at), current=step_id, steps={**kept.steps, step_id: started})


def _begun(kept: KeptFlow, at: str) -> KeptFlow:
    is_new = kept.state is FlowState.NOT_STARTED
    return replace(kept, state=FlowState.STARTED, at=at) if is_new else kept


def _finished(done: UserAction, flow: PublishedFlow, visitor: Visitor) -> KeptFlow:
    """The flow with a step finished, and the next one begun, judged with the answers just given."""
    kept = _begun(visitor.flows.get(flow.slug, KeptFlow()), done.at)
    step = kept.step(done.step_id)
    state = StepState.COMPLETED if done.action is Action.COMPLETE_STEP else StepState.SKIPPED
    finished = KeptStep(state, started=True, data={**step.data, **done.data}, at=done.at)
    kept = replace(kept, steps={**kept.steps, done.step_id: finished})
    judged = _judged(flow, visitor.at(flow.slug, kept))
    position = [each.step.id for each in judged].index(done.step_id)
    # Which one is next where steps were finished out of order is not known: the one after it, else the first.
    following = next((each for each in (*judged[position + 1 :], *judged) if each.is_open), None)
    return kept if following is None else _at_step(kept, following.step.id, done.at)


@dataclass(frozen=True, slots=True)
class _Judged:
    """One step with its truths for one user at this moment."""

    step: Step
    kept: KeptStep
    visible: bool
    blocked: bool
    completed: bool

    @property
    def skipped(self) -> bool:
        return self.kept.state is StepState.SKIPPED

    @property
    def is_open(self) -> bool:
        """Whether the user can see it and has not finished it."""
        return self.visible and not self.completed and not self.skipped

    def shown(self) -> dict[str, JsonValue]:
        """The step with its state, in the SDK's form."""
        state: dict[str, JsonValue] = {
            "started": self.kept.started or self.completed,
            "completed": self.completed,
            "skipped": self.skipped,
            "visible": self.visible,
            "blocked": self.blocked,
        }
        if self.kept.at is not None:
            state["lastActionAt"] = self.kept.at
        return {**self.step.content, "$state": state}


def _judged(flow: PublishedFlow, visitor: Visitor) -> Sequence[_Judged]:
    context, kept = visitor.context(), visitor.flows.get(flow.slug, KeptFlow())
    return [_judge(step, kept.step(step.id), context) for step in flow.steps]


def _judge(step: Step, kept: KeptStep, context: Context) -> _Judged:
    shows, starts, completes = (
        step.criterion(name) for name in ("visibilityCriteria", "startCriteria", "completionCriteria")
    )
    is_completed = kept.state is StepState.COMPLETED or (completes is not None and holds(completes, context))
    return _Judged(
        step,
        kept,
        visible=shows is None or holds(shows, context),
        blocked=starts is not None and not holds(starts, context),
        completed=is_completed,
    )


def holds(text: str, context: Context) -> bool:
    """Whether an expression is true for a user; one that cannot be read is false, as on the server [obs].

    So is one that depends on what the vendor's sources contradict each other about, and one with a pattern where
    google-re2 is not installed.
    """
    tree = parsed(text)
    try:
        return tree is not None and evaluate(tree, context) is True
    except UncheckedPatternError:
        return False


def is_for(flow: PublishedFlow, context: Context) -> bool:
    """Whether targeting shows a flow to a user."""
    tree = parsed(flow.targeting)
    return isinstance(tree, Everyone) or holds(flow.targeting, context)


def shown_flow(flow: PublishedFlow, visitor: Visitor) -> JsonValue:
    """A flow with a user's state, as one of `eligibleFlows`: even if its targeting is false, but then not `visible`."""
    kept = visitor.flows.get(flow.slug, KeptFlow())
    judged = _judged(flow, visitor)
    current = _current(kept, judged)
    seen = [each for each in judged if each.visible]
    finished = bool(seen) and not any(each.is_open for each in seen) and any(each.completed for each in seen)
    is_completed = kept.state is FlowState.COMPLETED or finished
    is_skipped = kept.state is FlowState.SKIPPED
    state: dict[str, JsonValue] = {
        "currentStepId": judged[current].step.id,
        "currentStepIndex": current,
        "started": kept.state is not FlowState.NOT_STARTED
        or any(each.kept.started or each.completed for each in judged),
        "completed": is_completed,
        "skipped": is_skipped,
        "visible": bool(seen) and not is_completed and not is_skipped and is_for(flow, visitor.context()),
    }
    if kept.at is not None:
        state["lastActionAt"] = kept.at
    steps: list[JsonValue] = [each.shown() for each in judged]
    return {
        "flowSlug": flow.slug,
        "flowName": flow.name,
        "flowType": flow.type,
        "version": flow.version,
        "data": {**flow.data, "type": flow.data.get("type", flow.type), "steps": steps},
        "$state": state,
    }


def _current(kept: KeptFlow, judged: Sequence[_Judged]) -> int:
    """The index of a step that is visible, if any is: the current one, else the first open one, else the last."""
    at_current = [index for index, each in enumerate(judged) if each.visible and each.step.id == kept.current]
    still_open = [index for index, each in enumerate(judged) if each.is_open]
    for index in (*at_current, *still_open):
        return index
    return max((index for index, each in enumerate(judged) if each.visible), default=0)


def states(flows: Iterable[PublishedFlow], visitor: Visitor) -> JsonValue:
    """The answer to a request for states. Collections are not emulated: an order would draw flows twice."""
    eligible: list[JsonValue] = [shown_flow(flow, visitor) for flow in flows]
    return {"eligibleFlows": eligible, "ineligibleFlows": [], "collections": {"computedOrder": []}}
