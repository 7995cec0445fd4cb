"""Findings about flows: which ones the plan would write, and which ones are live already.

What is wrong with a flow that is live, and stays as it is, keeps nobody from changing others. So each finding is looked
for twice: in the flows as they are live, and as they would be after the plan. One that is new there is the plan's own.
A finding about a file rather than about what it sends (its settings, its tests, how it is written) is no part of this.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import validate
from flowsync.api.rows import Chosen
from flowsync.diff.fields import observe
from flowsync.model import SENT_FIELDS, Blocked, Flow, Location, Severity
from flowsync.plan.build import row_to_write
from flowsync.plan.document import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, JsonValue, LiveFlow, Plan, Problem, Target, ValuePath
    from flowsync.targeting.references import KnownFlow

Fields: TypeAlias = "Mapping[FieldName, JsonValue]"

ALREADY_LIVE: Final = "This plan does not change it."


@dataclass(frozen=True, slots=True)
class Settled:
    """A plan without the flows that findings block.

    `errors` are those of the files that it would write, `warnings` what is wrong and stays as it is.
    """

    plan: Plan
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveFlows:
    """The live rows by slug, the rule that chooses one, and the known steps of each flow."""

    rows: Mapping[str, Sequence[LiveFlow]]
    target: Target
    known: Mapping[str, KnownFlow]

    def row(self, flow: Flow) -> LiveFlow | None:
        """The row that a file would be written to; None if there is none."""
        choice = row_to_write(self.rows.get(flow.slug, ()), flow.target or self.target)
        return choice.row if isinstance(choice, Chosen) else None

    def fields(self, flow: Flow) -> Fields:
        """The live values of the fields that a file sets; none if there is no row to write."""
        row = self.row(flow)
        return observe(row.fields, flow.fields.keys()).values if row else {}


def about_files(errors: Collection[Problem], flows: Sequence[Flow]) -> tuple[Problem, ...]:
    """Return the errors that are about the files and not about what they send; no plan can change them."""
    contents = [_Content(flow.slug, flow.file, flow.fields) for flow in flows] if errors else []
    found = {key for key, _ in _found(contents)}
    return tuple(each for each in errors if _key(each) not in found)


def settle(
    plan: Plan, errors: Sequence[Problem], live_errors: Sequence[Problem], flows: Sequence[Flow], live: LiveFlows
) -> Settled:
    """Return the plan, with the errors of the files `flows` that it would write apart from the others.

    `errors` can be seen in the files alone, `live_errors` only with the live flows; one of these blocks its flow.
    """
    if not errors and not live_errors:
        return Settled(plan)
    new = _new(plan, flows, live)
    made = [each for each in errors if _key(each) in new]
    slugs = {flow.file: flow.slug for flow in flows}
    written = {change.slug for change in plan.writes}
    blocking = [each for each in live_errors if _key(each) in new and slugs[each.location.file] in written]
    kept = [each for each in (*errors, *live_errors) if each not in made and each not in blocking]
    warnings = (replace(each, severity=Severity.WARNING, message=f"{each.message} {ALREADY_LIVE}") for each in kept)
    return Settled(_without(plan, blocking, slugs), tuple(made), tuple(warnings))


Key: TypeAlias = "tuple[str, str, str]"
"""A finding wherever it is in its file: the file, the code and the message."""


def _key(problem: Problem) -> Key:
    return problem.location.file, problem.code, problem.message


def _new(plan: Plan, flows: Sequence[Flow], live: LiveFlows) -> set[Key]:
    """The findings that occur more often after the plan than before it."""
    writes = {change.slug: change for change in plan.writes}
    missing = {blocked.slug for blocked in plan.blocked}
    before: list[_Content] = []
    after: list[_Content] = []
    for flow in flows:
        now = live.fields(flow)
        then = {name: value for name, value in flow.fields.items() if flow.slug in missing}
        if flow.slug in writes:
            change = writes[flow.slug]
            then = {name: change.new[name] if name in change.new else flow.fields[name] for name in change.body}
        before.append(_Content(flow.slug, flow.file, now))
        after.append(_Content(flow.slug, flow.file, {**now, **then}))
    found = _found(after, live.known)
    found.subtract(_found(before, live.known))
    return {key for (key, _), count in found.items() if count > 0}


def _found(
    contents: Sequence[_Content], known: Mapping[str, KnownFlow] | None = None
) -> Counter[tuple[Key, str | None]]:
    """The number of each finding about each text, including those that need the `known` live flows."""
    by_file = {content.file: content for content in contents}
    flows = [content.flow for content in contents]
    live = () if known is None else validate.check_live(flows, known, flows)
    problems = {*validate.check_all(flows), *live}
    return Counter((_key(each), by_file[each.location.file].said_at(each.location)) for each in problems)


@dataclass(frozen=True, slots=True)
class _Content:
    """Fields of a flow without their file, as a source: every place is a column of one line."""

    slug: str
    file: str
    fields: Fields
    text: str = ""
    warnings: tuple[Problem, ...] = ()
    _paths: dict[tuple[ValuePath, int], int] = field(default_factory=dict)

    @property
    def flow(self) -> Flow:
        """The flow with only these fields."""
        return Flow(self.slug, self.file, self.fields, None, None, protected=False, tests=None, source=self)

    @property
    def value(self) -> JsonValue:
        return {str(name): value for name, value in self.fields.items()}

    def location(self, path: ValuePath) -> Location:
        return self.offset_location(path, 0)

    def key_location(self, path: ValuePath) -> Location:
        return self.offset_location(path, 0)

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        return Location(self.file, 1, self._paths.setdefault((path, offset), len(self._paths) + 1))

    def said_at(self, place: Location) -> str | None:
        """The text at a place, which may be an expression; None if there is something else."""
        path = next((path for (path, _), column in self._paths.items() if column == place.column), ())
        found = self.value
        for part in path:
            if isinstance(found, dict):
                found = found.get(str(part))
            else:
                found = found[part] if isinstance(found, list) and isinstance(part, int) else None
        return found if isinstance(found, str) else None


def unstated(flows: Iterable[Flow], live: LiveFlows) -> Iterator[Problem]:
    """Yield an error for each wrong live field that its file does not set, because `pull` leaves it out.

    Targeting is left out: a plan has its own warning about it, which says who sees the flow.
    """
    for flow in flows:
        row = live.row(flow)
        missing = [name for name in SENT_FIELDS if name not in flow.fields and name != "targetingLogic"]
        values = observe(row.fields, missing).values if row else {}
        said = {name: value for name, value in values.items() if value is not None and value != ""}
        if not said or not _errors(flow, said):
            continue
        known = {_key(each) for each in _errors(flow, {})}
        for name, value in said.items():
            for error in islice((each for each in _errors(flow, {name: value}) if _key(each) not in known), 1):
                message = f"{name} is not set in the file, and the live value has an error: {error.message}"
                yield replace(error, location=Location(flow.file, 1, 1), message=message)


def _errors(flow: Flow, added: Fields) -> list[Problem]:
    found = validate.check(_Content(flow.slug, flow.file, {**flow.fields, **added}).flow)
    return [each for each in found if each.severity is Severity.ERROR]


def _without(plan: Plan, blocking: Iterable[Problem], slugs: Mapping[str, str]) -> Plan:
    """Return the plan with each change that would write one of the problems replaced by a blocked flow."""
    found: dict[str, list[Problem]] = {}
    for each in blocking:
        found.setdefault(slugs[each.location.file], []).append(each)
    if not found:
        return plan
    blocked = [_blocked(slug, problems) for slug, problems in found.items()]
    left = replace(
        plan,
        changes=tuple(each for each in plan.changes if each.slug not in found),
        unverified=tuple(each for each in plan.unverified if each.slug not in found),
        blocked=tuple(sorted((*plan.blocked, *blocked), key=lambda each: each.slug)),
    )
    return replace(left, digest=digest(left))


def _blocked(slug: str, problems: Sequence[Problem]) -> Blocked:
    first, place = problems[0], problems[0].location
    message = " ".join(f"{each.message} {each.hint or ''}".rstrip() for each in problems)
    return Blocked(slug, place.file, first.code, message, place.line, place.column)
