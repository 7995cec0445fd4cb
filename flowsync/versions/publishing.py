"""The publishing of a draft: compares it with the live version, as a plan compares a file with a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync import validate
from flowsync.api.rows import Chosen, choose
from flowsync.diff.fields import FieldComparison, compare, fingerprint
from flowsync.flows.expressions import parse_result
from flowsync.model import SENT_FIELDS, Blocked, FieldChange, Flow, Op, PlanWarning, Severity, Target, Update
from flowsync.plan import warnings
from flowsync.plan.base import FileAndRow
from flowsync.targeting import rules
from flowsync.targeting.checks import check
from flowsync.versions.sides import as_file, without_places
from flowsync.versions.status import reaches_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.api.endpoints import ArchiveBehavior
    from flowsync.config import Level
    from flowsync.model import LiveFlow, Outcome, Problem
    from flowsync.targeting.references import KnownFlow

NO_FILE: Final = "no file"
"""What takes the place of the file of a flow that has none."""
NOT_AS_THE_FILE: Final = "differs-from-file"
FOR_EVERYONE: Final = "for-everyone"
FOR_NOBODY: Final = "for-nobody"
STAYS_HIDDEN: Final = "stays-hidden"
ACTIVE_UNSEEN: Final = "active-unseen"
_UNEXPECTED_REACH: Final = frozenset({rules.CONSTANT.code, rules.TAUTOLOGY.code})
"""What is wrong with targeting that reaches more users, or fewer, than it seems to."""


@dataclass(frozen=True, slots=True)
class Publish:
    """A draft that will replace the live version.

    `change` says how they differ, as an update of the live version does in a plan; its id, version and status are the
    draft's. `published` is the version that is live now, None if none is. `users` says what becomes of the users
    who are in that one. `also_live` are older versions that are shown as live too, which some server never archived.
    """

    change: Update
    draft: LiveFlow
    published: LiveFlow | None
    users: ArchiveBehavior
    also_live: tuple[LiveFlow, ...] = ()

    @property
    def slug(self) -> str:
        """The flow's slug."""
        return self.draft.slug


@dataclass(frozen=True, slots=True)
class Published:
    """The result for one draft. `still_live`: other versions that were not returned as archived yet."""

    publish: Publish
    outcome: Outcome
    still_live: tuple[LiveFlow, ...] = ()


def publish_of(rows: Sequence[LiveFlow], file: Flow | None, users: ArchiveBehavior) -> Publish | None:
    """Return what publishing the draft among the `rows` of one slug would do; None if there is no draft.

    `file` is the flow's file, if it has one.
    """
    choice = choose(rows, Target.DRAFT)
    if not isinstance(choice, Chosen):
        return None
    draft, published = choice.row, choice.published
    content = content_of(draft, file)
    comparison = (
        _all_new(content) if published is None else compare(content.fields, published.fields, content.data_text)
    )
    values = dict(content.fields) | ({} if content.data_text is None else {"data": content.data_text})
    change = Update(
        slug=draft.slug,
        file=content.file,
        id=draft.id,
        version=draft.version,
        status=draft.status,
        live=draft.fields.get("active") is not False and not reaches_nobody(draft.fields.get("targetingLogic")),
        fields=comparison.changes,
        unseen=comparison.unseen,
        warnings=(),
        body={name: values[name] for name in SENT_FIELDS if name in comparison.changed},
        before=fingerprint(comparison.old),
        after=fingerprint(comparison.new),
        old=comparison.old,
        new=comparison.new,
        target=Target.DRAFT,
    )
    found = [*_warnings_of(content, comparison, published), *_warnings_about(draft, published, file)]
    others = tuple(row for row in rows if row.is_published and row is not published)
    for row in others:
        message = f"Version {row.version} (id {row.id}) is shown as live too, though it is older."
        found.append(PlanWarning("also-live", message))
    return Publish(replace(change, warnings=tuple(without_places(found))), draft, published, users, others)


def content_of(row: LiveFlow, file: Flow | None) -> Flow:
    """Return a live row as a flow file."""
    return as_file(row.slug, row.fields, NO_FILE if file is None else file.file, file)


def _all_new(content: Flow) -> FieldComparison:
    """Return an empty comparison."""
    new = {name: value for name, value in content.fields.items() if value is not None and value != ""}
    changes = tuple(FieldChange(name, "", name, Op.ADD, None, value) for name, value in new.items())
    return FieldComparison(changes, (), {}, new, live_data_is_unreadable=False)


def _warnings_of(content: Flow, comparison: FieldComparison, published: LiveFlow | None) -> Iterator[PlanWarning]:
    """Yield the warnings of a plan that would write the draft over the live version."""
    if published is None:
        if content.protected:
            yield PlanWarning(warnings.PROTECTED, "The flow is marked as protected.")
        return
    pair = FileAndRow(content, Target.ACTIVE, published, None, published, comparison, content.data_text)
    yield from warnings.warnings_of_publish(pair)


def _warnings_about(draft: LiveFlow, published: LiveFlow | None, file: Flow | None) -> Iterator[PlanWarning]:
    """Yield warnings about a draft that do not depend on the live version."""
    differing = () if file is None else compare(file.fields, draft.fields, file.data_text).changed
    if file is not None and differing:
        message = f"The draft differs from the file in {', '.join(differing)}: the draft is what gets published."
        yield PlanWarning(NOT_AS_THE_FILE, message)
    if draft.fields.get("active") is False:
        yield PlanWarning(STAYS_HIDDEN, "active is false: nobody sees the flow before it is switched on.")
    elif draft.fields.get("active") is not True:
        message = "The API does not return active: whether the flow is switched on is not known."
        yield PlanWarning(ACTIVE_UNSEEN, message)
    targeting = draft.fields.get("targetingLogic")
    if reaches_nobody(targeting):
        yield PlanWarning(FOR_NOBODY, "Its targeting matches nobody: nobody sees the flow.")
    elif isinstance(targeting, str):
        for finding in check(targeting, parse_result(targeting)):
            if finding.code in _UNEXPECTED_REACH:
                yield PlanWarning(finding.code, finding.message)
    rows = [draft] if published is None else [draft, published]  # what clears targeting is warned of as such
    if all(warnings.is_for_everyone(row.fields.get("targetingLogic", "not known")) for row in rows):
        yield PlanWarning(FOR_EVERYONE, "It has no targeting: everyone can see it.")


def checked(
    publishes: Sequence[Publish], files: Mapping[str, Flow], known: Mapping[str, KnownFlow], levels: Mapping[str, Level]
) -> tuple[list[Publish], list[Blocked]]:
    """Return the drafts without errors, and what prevents the others from being published.

    An error that is live already keeps nobody from publishing, and is warned of. `known` are the live flows, `levels`
    what flowsync.yaml says of rules.
    """
    fit: list[Publish] = []
    blocked: list[Blocked] = []
    for publish in publishes:
        file = files.get(publish.slug)
        live = _errors(publish.published, file, known, levels)
        found = _errors(publish.draft, file, known, levels)
        new = [each for key, each in found.items() if key not in live.keys() | _excused(file, levels)]
        if new:
            said = " ".join(f"{each.message} {each.hint or ''}".rstrip() for each in new)
            blocked.append(Blocked(publish.slug, publish.change.file, new[0].code, f"The draft has an error. {said}"))
            continue
        kept = (PlanWarning(each.code, f"Live already: {each.message}") for key, each in found.items() if key in live)
        change = replace(publish.change, warnings=(*publish.change.warnings, *kept))
        fit.append(replace(publish, change=change))
    return fit, blocked


def _errors(
    row: LiveFlow | None, file: Flow | None, known: Mapping[str, KnownFlow], levels: Mapping[str, Level]
) -> dict[tuple[str, str], Problem]:
    """The errors in a row's content, by code and message; empty fields are not checked."""
    if row is None:
        return {}
    content = content_of(row, file)
    fields = {name: value for name, value in content.fields.items() if value is not None and value != ""}
    flow = replace(content, fields=fields)
    found = [each for each in validate.check_all((flow,)) if each.code != validate.UNKNOWN_FLOW]
    found += validate.check_live((flow,), known, (flow,))  # whether a flow exists, only the live ones tell
    problems, _ = validate.govern(found, (flow,), levels)
    return {(each.code, each.message): each for each in problems if each.severity is Severity.ERROR}


def _excused(file: Flow | None, levels: Mapping[str, Level]) -> set[tuple[str, str]]:
    """The errors that comments in the flow's own file suppress."""
    if file is None:
        return set()
    found = validate.check_all((file,))
    left, _ = validate.govern(found, (file,), levels)
    return {(each.code, each.message) for each in found} - {(each.code, each.message) for each in left}
