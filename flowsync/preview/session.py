"""The state of a running preview: the current flows, the sample users, and the progress in each frame."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from flowsync.preview.flows import Shown, sample_users, shown_flows, variables_of, visitor_of
from flowsync.sandbox.apps.progress import KeptFlow, KeptStep, act, states
from flowsync.targeting.context import FlowState, StepState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flowsync.flows.watching import Seen
    from flowsync.model import Flow, JsonValue, Problem
    from flowsync.preview.flows import Side
    from flowsync.sandbox.apps.progress import UserAction
    from flowsync.sandbox.store import Clock
    from flowsync.targeting.context import Persona

MOST_FRAMES: Final = 5_000
"""Frames whose progress is kept; older ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a frame shows: one side of a flow for a user. `step` is the step to begin at, or ""."""

    slug: str
    side: str
    user: int
    step: str = ""


class Session:
    """The flows, users and progress of a preview. Threads may share it.

    The page shows only slugs that `includes` returns true for.
    """

    def __init__(
        self,
        seen: Seen,
        before: Mapping[str, Flow | None] | None,
        variables: Mapping[str, JsonValue],
        clock: Clock,
        includes: Callable[[str], bool],
    ) -> None:
        self._before = None if before is None else {slug: flow for slug, flow in before.items() if includes(slug)}
        self._variables = variables
        self._includes = includes
        self._clock = clock
        self._changed = threading.Condition()
        self._progress: OrderedDict[str, tuple[Look, KeptFlow]] = OrderedDict()
        self._own_users: list[Persona] = []
        self._has_ended = False
        self.revision = 0
        self.take(seen)

    def take(self, seen: Seen) -> None:
        """Replace the content of the files."""
        with self._changed:
            self._flows = [flow for flow in seen.flows if self._includes(flow.slug)]
            unread = {_stem(problem): problem for problem in seen.problems}
            self._unread = {slug: problem for slug, problem in unread.items() if slug and self._includes(slug)}
            self._users = sample_users(self._flows, self._clock())
            self.revision += 1
            self._changed.notify_all()

    def wait(self, revision: int, seconds: float) -> int:
        """Wait until the current revision differs from `revision`, time is up or the session ends; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended or self.revision != revision, seconds)
            return self.revision

    def end(self) -> None:
        """End every `wait`."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    @property
    def users(self) -> Sequence[Persona]:
        """The sample users: those described on the page, then those of `tests:`."""
        with self._changed:
            return [*self._own_users, *self._users]

    def add_user(self, user: Persona) -> None:
        """Add a user that was described on the page; it comes first."""
        with self._changed:
            self._own_users.insert(0, user)
            self.revision += 1
            self._changed.notify_all()

    def shown(self, user: Persona) -> Sequence[Shown]:
        """Every flow, with the variables that this user's properties set."""
        return self._shown(user, lambda _slug: True)

    def _shown(self, user: Persona, wanted: Callable[[str], bool]) -> Sequence[Shown]:
        with self._changed:
            flows = [flow for flow in self._flows if wanted(flow.slug)]
            unread = {slug: problem for slug, problem in self._unread.items() if wanted(slug)}
        before = None if self._before is None else {slug: was for slug, was in self._before.items() if wanted(slug)}
        return shown_flows(flows, unread, before, {**variables_of(user.context), **self._variables})

    def side(self, look: Look) -> Side | None:
        """What a frame draws; None if the flow or the user no longer exists."""
        users = self.users
        if not 0 <= look.user < len(users):
            return None
        # Only this flow: each frame sends three requests, and there may be hundreds of flows.
        found = next(iter(self._shown(users[look.user], look.slug.__eq__)), None)
        return None if found is None else found.before if look.side == "before" else found.after

    def open(self, look: Look) -> str:
        """Register a new frame, with the progress of its user, and return the id of its guest."""
        guest = f"guest_{secrets.token_hex(8)}"
        kept = visitor_of(self.users[look.user].context).flows.get(look.slug, KeptFlow())
        if look.step:
            kept = self._at(look)
        with self._changed:
            self._progress[guest] = look, kept
            while len(self._progress) > MOST_FRAMES:
                self._progress.popitem(last=False)
        return guest

    def _at(self, look: Look) -> KeptFlow:
        """The progress of somebody who completed every step before the one to begin at."""
        side = self.side(look)
        ids = [step.id for step in side.flow.steps] if side is not None and side.flow is not None else []
        done = takewhile(lambda step: step != look.step, ids)
        steps = {step: KeptStep(StepState.COMPLETED, started=True) for step in done}
        return KeptFlow(FlowState.STARTED, current=look.step, steps=steps)

    def states(self, guest: str, done: UserAction | None) -> JsonValue:
        """The states for a frame's SDK, after the action `done`; without a flow for an unknown frame."""
        with self._changed:
            look, kept = self._progress.get(guest, (None, KeptFlow()))
        side = None if look is None else self.side(look)
        if look is None or side is None or side.flow is None:
            return {"eligibleFlows": [], "ineligibleFlows": [], "collections": {"computedOrder": []}}
        visitor = visitor_of(self.users[look.user].context).at(look.slug, kept)
        if done is not None:
            kept = act(done, side.flow, visitor)
            with self._changed:
                self._progress[guest] = look, kept
        return states([side.flow], visitor.at(look.slug, kept))


def _stem(problem: Problem) -> str:
    return problem.location.file.rsplit("/", 1)[-1].rpartition(".")[0]
