"""Files and live rows in, a plan out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose, newest
from flowsync.closeness import closest
from flowsync.diff.data import quoted
from flowsync.diff.fields import compare
from flowsync.lookalikes import appearance, code_points_that_differ, look_alike
from flowsync.model import SENT_FIELDS, Blocked, Plan, Target, Unchanged, Unmanaged, Update, View
from flowsync.plan.base import Subject, told
from flowsync.plan.document import digest
from flowsync.plan.warnings import warnings_of_unchanged, warnings_of_update

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, Origin
    from flowsync.plan.base import Base

MOST_SUGGESTIONS: Final = 100
"""Where more flows are blocked, no slip of the fingers is the reason."""
NO_SUCH_FLOW: Final = "no-such-flow"
"""The code of a file whose slug is not live."""

Decision: TypeAlias = "Update | Unchanged | Blocked"
DecisionType = TypeVar("DecisionType", Update, Unchanged, Blocked)


def build_plan(
    flows: Sequence[Flow],
    rows: Mapping[str, Sequence[LiveFlow]],
    *,
    environment: str | None,
    api_url: str,
    target: Target,
    base: Base | None = None,
    keep: Collection[Origin] = (),
    also_managed: Collection[str] = (),
    view: View = View.WHOLE,
) -> Plan:
    """Return what writing `flows` over the live `rows` (by slug, every version) would do.

    `target` holds for the files that name none. `base` tells whose each difference is, and edits of the
    origins in `keep` are left as they are live. `also_managed` are the slugs of files that are not among
    `flows`, because a command was narrowed: theirs are not unmanaged. `view` is what the rows were read from.
    """
    ordered = sorted(flows, key=lambda flow: flow.slug)
    decisions = [decide(flow, rows.get(flow.slug, ()), target, base, keep, view=view) for flow in ordered]
    managed = {flow.slug for flow in flows}.union(also_managed)
    plan = Plan(
        environment=environment,
        api_url=api_url,
        base=None if base is None else base.revision,
        changes=tuple(each for each in _only(Update, decisions) if each.is_verified),
        unchanged=_only(Unchanged, decisions),
        blocked=tuple(_suggested(_only(Blocked, decisions), [slug for slug in rows if slug not in managed])),
        unmanaged=unmanaged(rows, managed),
        digest="",
        unverified=tuple(each for each in _only(Update, decisions) if not each.is_verified),
        view=view,
    )
    return replace(plan, digest=digest(plan))


def decide(
    flow: Flow,
    rows: Sequence[LiveFlow],
    target: Target,
    base: Base | None = None,
    keep: Collection[Origin] = (),
    *,
    view: View = View.WHOLE,
) -> Decision:
    """Return what becomes of one file, given every version of its slug; the rest as in `build_plan`."""
    wanted = flow.target or target
    match choose(rows, wanted):
        case Chosen(row, published):
            text = flow.data_text
            heard = told(flow, compare(flow.fields, row.fields, text), base, keep)
            return _compared(Subject(flow, wanted, row, published, newest(rows) or row, heard, text, view))
        case NoSuchFlow():
            return _no_such_flow(flow, view)
        case OnlyArchived():
            return _only_archived(flow)
        case NoSuchTarget():
            return _no_such_target(flow, wanted, view)
        case UnknownStatus(row):
            return _unknown_status(flow, row)


def unmanaged(rows: Mapping[str, Sequence[LiveFlow]], managed: Collection[str]) -> tuple[Unmanaged, ...]:
    """Return the live flows that no file names, by slug; those with archived versions only are gone."""
    choices = ((slug, choose(rows[slug], Target.LATEST)) for slug in sorted(rows) if slug not in managed)
    latest = ((slug, choice.row) for slug, choice in choices if isinstance(choice, Chosen))
    return tuple(Unmanaged(slug, row.id, _name(row)) for slug, row in latest)


def _compared(subject: Subject) -> Update | Unchanged:
    comparison = subject.comparison
    if comparison.changes or subject.told.sent_unseen:
        return _update(subject, {*comparison.changed, *comparison.unseen})
    if subject.must_be_switched_off:
        return replace(_update(subject, {"active"}), is_verified=False)
    return _unchanged(subject)


def _update(subject: Subject, sent: Collection[FieldName]) -> Update:
    """A write of the fields `sent` to the row."""
    flow, row, comparison = subject.flow, subject.row, subject.comparison
    fingerprints = comparison.fingerprints()
    return Update(
        slug=flow.slug,
        file=flow.file,
        id=row.id,
        version=row.version,
        status=row.status,
        live=subject.is_felt_at_once,
        fields=comparison.changes,
        unseen=comparison.unseen,
        warnings=warnings_of_update(subject),
        body=_body(subject, sent),
        before=fingerprints.before,
        after=fingerprints.after,
        old=comparison.old,
        new=comparison.new,
        target=subject.target,
        shown=row.fields,
        hashed=fingerprints.data,
    )


def _unchanged(subject: Subject) -> Unchanged:
    flow, row = subject.flow, subject.row
    return Unchanged(
        slug=flow.slug,
        file=flow.file,
        id=row.id,
        version=row.version,
        status=row.status,
        unseen=subject.comparison.unseen,
        warnings=warnings_of_unchanged(subject),
    )


def _suggested(blocked: Sequence[Blocked], live: Collection[str]) -> Iterator[Blocked]:
    """Ask, of each flow that is not live, whether one of the unmanaged `live` slugs was meant; not of very many."""
    if len(blocked) > MOST_SUGGESTIONS:
        yield from blocked
        return
    by_form = {_folded(slug): slug for slug in live}
    for each in blocked:
        near = by_form.get(_folded(each.slug)) or closest(each.slug, live) if each.code == NO_SUCH_FLOW else None
        yield each if near is None else replace(each, message=f"{each.message} {_question(each.slug, near)}")


def _question(slug: str, near: str) -> str:
    """Whether another slug was meant, and how it differs where that is hard to see."""
    if near.casefold() == slug.casefold():
        return f"Did you mean {quoted(near)}, which differs in capital letters only?"
    if look_alike(slug, near):
        differing = code_points_that_differ(slug, near)
        return f"Did you mean {quoted(near)}, which looks the same? They differ in {differing}."
    return f"Did you mean {quoted(near)}?"


def _folded(slug: str) -> str:
    return appearance(slug).casefold()


def _no_such_flow(flow: Flow, view: View) -> Blocked:
    message = (
        f"No live flow has the slug {quoted(flow.slug)}. Create it in the dashboard, "
        f"or check the file's name and whether the key is for this environment.{_hidden(view)}"
    )
    return Blocked(flow.slug, flow.file, NO_SUCH_FLOW, message)


def _only_archived(flow: Flow) -> Blocked:
    message = (
        f"Every version of {quoted(flow.slug)} is archived, and archived versions are read-only. "
        "Make a new version in the dashboard, or delete the file."
    )
    return Blocked(flow.slug, flow.file, "only-archived", message)


def _hidden(view: View) -> str:
    return "" if view is View.WHOLE else " The public list, which was read, may hide drafts."


def _no_such_target(flow: Flow, wanted: Target, view: View) -> Blocked:
    message = (
        f"{quoted(flow.slug)} has no {wanted.value} version. "
        f'Make one in the dashboard, or choose another version with "target" in the file or in flowsync.yaml.'
        f"{_hidden(view)}"
    )
    return Blocked(flow.slug, flow.file, "no-such-target", message)


def _unknown_status(flow: Flow, row: LiveFlow) -> Blocked:
    message = (
        f"Version {row.version} of {quoted(flow.slug)} has the status {quoted(row.status)}, which flowsync does not "
        'know: nothing is written to it. Choose another version with "target", or look at the flow in the dashboard.'
    )
    return Blocked(flow.slug, flow.file, "unknown-status", message)


def _body(subject: Subject, fields: Collection[FieldName]) -> dict[FieldName, JsonValue]:
    """Return these `fields` of a file as the API takes them [doc]: null texts are "", `data` is text."""
    return {name: _sent(subject, name) for name in SENT_FIELDS if name in fields}


def _sent(subject: Subject, name: FieldName) -> JsonValue:
    if name == "data":
        return subject.data_text
    value = subject.flow.fields[name]
    return "" if value is None else value


def _name(row: LiveFlow) -> str:
    name = row.fields.get("name")
    return name if isinstance(name, str) else ""


def _only(kind: type[DecisionType], decisions: Iterable[Decision]) -> tuple[DecisionType, ...]:
    return tuple(decision for decision in decisions if isinstance(decision, kind))
