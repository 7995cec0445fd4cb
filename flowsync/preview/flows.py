"""The content of the preview: each flow before and after, and who sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.errors import FlowsyncError, TargetingError, UncheckedPatternError
from flowsync.flows.expressions import parse_result, targeting_expression
from flowsync.sandbox.apps.progress import KeptFlow, KeptStep, Person, PublishedFlow, Visitor
from flowsync.sandbox.apps.published import DEFAULT_TYPE, published
from flowsync.targeting.context import CaseError, Context, FlowProgress, Persona, StepState, case_from, persona_from
from flowsync.targeting.evaluation import trace, trace_lines
from flowsync.targeting.nodes import Everyone

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flowsync.model import Flow, JsonValue, Problem

CUSTOM: Final = "Custom"
"""Drawn by the app itself; the page lists the texts."""
_COMPONENTS: Final = {
    "ANNOUNCEMENT": "Announcement",
    "BANNER": "Banner",
    "CARD": "Card",
    "CHECKLIST": "Checklist.Collapsible",
    "EMBEDDED_TIP": "Card",
    "FORM": "Form",
    "NPS_SURVEY": "Survey.NPS",
    "SURVEY": "Survey.NPS",
    "TOUR": "Tour",
}
CHOICES: Final = (*dict.fromkeys(_COMPONENTS.values()), "Checklist.Carousel", "Checklist.Floating", "Form.Dialog")
"""The values of `x-preview: {component: …}`."""
_DRAWN_FIELDS: Final = frozenset({"text", "textarea", "select", "radio", "checkbox"})
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_MARKED: Final = "$\u2060{"
"""Keeps a variable without a value visible: the SDK would remove it."""
MOST_USERS: Final = 200
NO_SELECTOR: Final = "(no selector)"


@dataclass(frozen=True, slots=True)
class Side:
    """A flow before or after. `flow` is the one to draw; if it cannot be drawn, `trouble` says why.

    `anchors` are the selectors of a tour's steps in the file, by step. `notes` name what the components leave out.
    """

    flow: PublishedFlow | None
    component: str
    anchors: Mapping[str, str]
    notes: tuple[str, ...] = ()
    trouble: str | None = None

    @property
    def digest(self) -> str:
        """The hash of all that is drawn: 16 hexadecimal digits."""
        drawn = None if self.flow is None else [self.flow.name, self.flow.type, dict(self.flow.data)]
        said = json.dumps([self.component, drawn, dict(self.anchors), self.trouble], sort_keys=True)
        return sha256(said.encode(errors="surrogatepass")).hexdigest()[:16]


class Difference(Enum):
    """How a flow differs from the base."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Shown:
    """One flow of the page. `before` is None for a new flow, and without a base."""

    slug: str
    name: str
    type: str
    file: str
    after: Side | None
    before: Side | None
    difference: Difference
    source: Flow | None = None


def shown_flows(
    flows: Iterable[Flow],
    unread: Mapping[str, Problem],
    before: Mapping[str, Flow | None] | None,
    variables: Mapping[str, JsonValue],
) -> Sequence[Shown]:
    """Every flow, by slug: those of the files, `unread` ones with their problem, and those that only `before` has.

    `before` is None without a base; its values are None for files that could not be read then.
    """
    files = {flow.slug: flow for flow in flows}
    slugs = {*files, *unread, *(before or {})}
    return [_shown(slug, files.get(slug), unread.get(slug), before, variables) for slug in sorted(slugs)]


def _shown(
    slug: str,
    flow: Flow | None,
    problem: Problem | None,
    before: Mapping[str, Flow | None] | None,
    variables: Mapping[str, JsonValue],
) -> Shown:
    after = None if flow is None else side_of(flow, variables)
    if problem is not None:
        place = problem.location
        trouble = f"{place.file}:{place.line}:{place.column} cannot be read: {problem.message}"
        after = Side(None, CUSTOM, {}, trouble=trouble)
    former = None if before is None else before.get(slug)
    was = None if former is None else side_of(former, variables)
    if before is None or (slug in before and former is None):
        difference = Difference.SAME
    elif after is None:
        difference = Difference.DELETED
    elif was is None:
        difference = Difference.NEW
    else:
        difference = Difference.SAME if was.digest == after.digest else Difference.CHANGED
    source = flow or former
    fields = {} if source is None else source.fields
    file = source.file if source is not None else "" if problem is None else problem.location.file
    return Shown(
        slug,
        _text(fields.get("name"), slug),
        _text(fields.get("type"), DEFAULT_TYPE),
        file,
        after,
        was if difference in {Difference.CHANGED, Difference.DELETED} else None,
        difference,
        source,
    )


def side_of(flow: Flow, variables: Mapping[str, JsonValue]) -> Side:
    """The drawable side of a flow, with its own `x-preview` and these variables."""
    kind, name = _text(flow.fields.get("type"), DEFAULT_TYPE), _text(flow.fields.get("name"), flow.slug)
    own = _preview_of(flow)
    chosen = own.get("component")
    component = chosen if isinstance(chosen, str) and chosen in CHOICES else _COMPONENTS.get(kind, CUSTOM)
    try:
        data = _data(flow)
    except FlowsyncError as error:
        return Side(None, component, {}, trouble=f"{flow.file}: data cannot be read: {error.message}")
    said: list[str] = []
    drawn = published(flow.slug, (name, kind, ""), data, said.append)
    if drawn is None:
        return Side(None, component, {}, trouble=f"{said[0]} The components draw nothing.")
    of_file = own.get("variables")
    known = {**variables, **(of_file if isinstance(of_file, dict) else {})}
    anchors = _anchors(drawn) if component == "Tour" else {}
    if chosen is not None and chosen != component:
        said.append(f"x-preview names a component that does not exist; use one of {', '.join(CHOICES)}.")
    return Side(_prepared(drawn, known), component, anchors, (*said, *_notes(drawn, component)))


def _preview_of(flow: Flow) -> Mapping[str, JsonValue]:
    value = flow.source.value
    own = value.get("x-preview") if isinstance(value, dict) else None
    return own if isinstance(own, dict) else {}


def _data(flow: Flow) -> JsonValue:
    data = flow.fields.get("data")
    return document.parse_data(data).value if isinstance(data, str) else data


def _text(value: JsonValue, default: str) -> str:
    return value if isinstance(value, str) and value else default


def anchor_id(position: int) -> str:
    """The id of the element that represents the selector of a tour's step."""
    return f"anchor-{position}"


def _anchors(flow: PublishedFlow) -> Mapping[str, str]:
    stated = {step.id: step.content.get("selector") for step in flow.steps}
    return {step: selector for step, selector in stated.items() if isinstance(selector, str) and selector}


def _notes(flow: PublishedFlow, component: str) -> list[str]:
    """Notes on what the components leave out, so that it does not seem to be missing from the file."""
    notes = []
    drawn = _DRAWN_FIELDS | ({"nps"} if component == "Survey.NPS" else set())
    for step in flow.steps:
        if component == "Tour" and not step.content.get("selector"):
            notes.append(f"{step.id}: it has no selector, so nothing of it is drawn.")
        fields = step.content.get("fields")
        for field in fields if isinstance(fields, list) else ():
            kind = field.get("type") if isinstance(field, dict) else None
            if isinstance(field, dict) and not (isinstance(kind, str) and kind in drawn):
                notes.append(
                    f"{step.id}: the field {field.get('id')} has the type {kind}, which your app draws itself."
                )
    return notes


def _prepared(flow: PublishedFlow, variables: Mapping[str, JsonValue]) -> PublishedFlow:
    """The flow with variables filled in, and the selectors of a tour replaced by elements of the frame."""
    data = _filled(dict(flow.data), variables)
    steps = []
    for position, step in enumerate(flow.steps):
        content = _filled(dict(step.content), variables)
        if isinstance(content, dict):
            moved = {"selector": f"#{anchor_id(position)}"} if content.get("selector") else {}
            steps.append(replace(step, content={**content, **moved}))
    return replace(flow, data=data if isinstance(data, dict) else {}, steps=tuple(steps))


def _filled(value: JsonValue, variables: Mapping[str, JsonValue]) -> JsonValue:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _value_of(found, variables), value)
        case list():
            return [_filled(item, variables) for item in value]
        case dict():
            return {key: _filled(item, variables) for key, item in value.items()}
        case _:
            return value


def _value_of(found: re.Match[str], variables: Mapping[str, JsonValue]) -> str:
    value = variables.get(found[1])
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{_MARKED}{found[1]}}}"
    return str(value)


class Verdict(Enum):
    """Whether a user sees a flow; the values are shown on the page."""

    EVERYONE = "seen by everyone"
    SEES = "this user sees it"
    HIDDEN = "this user does not see it"
    OFF = "switched off"
    BROKEN = "cannot be read: nobody sees it"
    UNKNOWN = "unknown: the vendor's sources conflict"
    UNSTATED = "the file does not say who sees it"


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict for one user, with a line for each condition."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(flow: Flow, context: Context) -> Judged:
    """Whether a user sees a flow, according to its file."""
    stated = targeting_expression(flow.fields)
    if flow.fields.get("active") is False:
        return Judged(Verdict.OFF)
    if stated is None:
        return Judged(Verdict.UNSTATED)
    tree = parse_result(stated.text)
    if isinstance(tree, TargetingError):
        return Judged(Verdict.BROKEN, (tree.message,))
    if isinstance(tree, Everyone):
        return Judged(Verdict.EVERYONE)
    try:
        found = trace(tree, context)
    except UncheckedPatternError as error:
        return Judged(Verdict.UNKNOWN, (error.message,))
    verdict = {True: Verdict.SEES, False: Verdict.HIDDEN, None: Verdict.UNKNOWN}[found.truth]
    return Judged(verdict, tuple(trace_lines(found)))


def sample_users(flows: Iterable[Flow], now: datetime) -> Sequence[Persona]:
    """Nobody in particular, a guest, then every different user of `tests:`, without invalid entries."""
    users = [
        replace(persona_from({}, now), name="Nobody in particular"),
        replace(persona_from({"user": {"guest": True}}, now), name="A new guest"),
    ]
    for flow in flows:
        tests = flow.tests if isinstance(flow.tests, list) else []
        for position, entry in enumerate(tests, start=1):
            try:
                case = case_from(entry, now)
            except CaseError:
                continue
            if all(case.context != user.context for user in users) and len(users) < MOST_USERS:
                users.append(Persona(case.context, f"{flow.slug}: {case.name or f'test {position}'}"))
    return users


def variables_of(user: Context) -> Mapping[str, JsonValue]:
    """The variables that a user's and a group's properties set."""
    return {**user.group_properties, **user.properties}


def visitor_of(user: Context) -> Visitor:
    """The user in the form that the sandbox needs."""
    flows = {slug: _kept(progress) for slug, progress in user.flows.items()}
    group = Person(user.group_properties, user.group_events)
    return Visitor(user.at, user.guest, Person(user.properties, user.events, user.groups), group, user.url, flows)


def _kept(progress: FlowProgress) -> KeptFlow:
    steps = {
        name: KeptStep(step.state, step.state is not StepState.NOT_STARTED, step.data)
        for name, step in progress.steps.items()
    }
    return KeptFlow(progress.state, steps=steps)
