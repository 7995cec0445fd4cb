"""Builds a plan of files and live rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose, newest
from flowsync.diff.data import quoted
from flowsync.diff.fields import compare, fingerprint
from flowsync.flows.expressions import as_sent
from flowsync.model import (
    Blocked,
    Create,
    NewDraft,
    Plan,
    RowChange,
    Target,
    Unchanged,
    Unmanaged,
    Update,
    View,
)
from flowsync.plan.base import FileAndRow, body_of, compared_with, dropped
from flowsync.plan.creating import Creation, Scope, created, removed_flows
from flowsync.plan.document import digest
from flowsync.plan.warnings import warnings_of_change, warnings_of_unchanged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from flowsync.api.rows import Choice
    from flowsync.model import Change, FieldName, Flow, LiveFlow, Origin
    from flowsync.plan.base import Base

NO_SUCH_FLOW: Final = "no-such-flow"
"""The code of a rollback to a flow that is not live."""

Decision: TypeAlias = "Change | Unchanged | Blocked"
DecisionType = TypeVar("DecisionType", Update, Unchanged, Blocked)
RowChangeType = TypeVar("RowChangeType", Update, NewDraft)


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
    creation: Creation = Creation(),  # noqa: B008 - a frozen value
) -> Plan:
    """Return the plan to write `flows` over the live `rows` (by slug, every version).

    `target` applies to files that name none. `base` gives each difference its origin; those of the
    origins in `keep` stay as they are live. `also_managed` are the slugs of files that are not among
    `flows`, because a command was narrowed: theirs are not unmanaged. `view` is what the rows were read from.
    `creation` decides whether files without a live flow become flows.
    """
    ordered = sorted(flows, key=lambda flow: flow.slug)
    chosen = [(flow, row_to_write(rows.get(flow.slug, ()), flow.target or target)) for flow in ordered]
    missing = [flow for flow, each in chosen if isinstance(each, NoSuchFlow)]
    # One after the other, for a pair holds the text of its data; a base needs all of them.
    pairs = (_paired(flow, each, rows[flow.slug], target, view) for flow, each in chosen if isinstance(each, Chosen))
    decisions: list[Decision] = [
        _compared(pair) for pair in (pairs if base is None else compared_with(base, [*pairs], keep))
    ]
    decisions += [
        _blocked(flow, each, flow.target or target, view)
        for flow, each in chosen
        if not isinstance(each, Chosen | NoSuchFlow)
    ]
    managed = {flow.slug for flow in flows}.union(also_managed)
    removed = () if base is None else removed_flows(base, flows, rows, managed)
    unfiled = {each.slug for each in unmanaged(rows, managed)}.union(creation.others)
    scope = Scope(len(flows), unfiled, creation.removed or removed, base, target, view)
    decisions += created(missing, scope, creation.guard)
    decisions.sort(key=lambda each: each.slug)
    unnamed = {*managed, *(each.slug for each in removed)}
    rows_to_write = [(flow, each.row if isinstance(each, Chosen) else None) for flow, each in chosen]
    plan = Plan(
        environment=environment,
        api_url=api_url,
        base=None if base is None else base.revision,
        changes=tuple(each for each in decisions if isinstance(each, RowChange | Create) and each.is_verified),
        unchanged=_only(Unchanged, decisions),
        blocked=_only(Blocked, decisions),
        unmanaged=unmanaged(rows, unnamed),
        digest="",
        unverified=tuple(each for each in _only(Update, decisions) if not each.is_verified),
        view=view,
        removed=removed,
        dropped=() if base is None else dropped(base, rows_to_write),
    )
    return replace(plan, digest=digest(plan))


def row_to_write(rows: Sequence[LiveFlow], target: Target) -> Choice:
    """Return, as `choose`, the row to compare a file with; if its draft is to be created, the latest row."""
    choice = choose(rows, target)
    return choose(rows, Target.LATEST) if choice == NoSuchTarget(Target.DRAFT) else choice


def decide(flow: Flow, rows: Sequence[LiveFlow], target: Target) -> Update | Unchanged | Blocked:
    """Return the plan's entry for a file that creates no flow and no draft, given every version of its slug.

    The rest as in `build_plan`.
    """
    wanted = flow.target or target
    choice = choose(rows, wanted)
    if not isinstance(choice, Chosen):
        return _blocked(flow, choice, wanted, View.WHOLE)
    found = _compared(_paired(flow, choice, rows, target, View.WHOLE))
    assert not isinstance(found, NewDraft)  # noqa: S101 - the row is the one that the target names
    return found


def _paired(flow: Flow, choice: Chosen, rows: Sequence[LiveFlow], target: Target, view: View) -> FileAndRow:
    text = flow.data_text
    comparison = compare(flow.fields, choice.row.fields, text)
    latest = newest(rows) or choice.row
    return FileAndRow(flow, flow.target or target, choice.row, choice.published, latest, comparison, text, view)


def unmanaged(rows: Mapping[str, Sequence[LiveFlow]], managed: Collection[str]) -> tuple[Unmanaged, ...]:
    """Return the live flows without a file, by slug; not those with archived versions only."""
    choices = ((slug, choose(rows[slug], Target.LATEST)) for slug in sorted(rows) if slug not in managed)
    return tuple(
        Unmanaged(slug, choice.row.id, name if isinstance(name := choice.row.fields.get("name"), str) else "")
        for slug, choice in choices
        if isinstance(choice, Chosen)
    )


def _compared(pair: FileAndRow) -> Update | NewDraft | Unchanged:
    if pair.is_written:
        sent = {*pair.comparison.changed, *pair.comparison.unseen}
        return _change(NewDraft, pair, sent) if pair.needs_draft else _change(Update, pair, sent)
    if pair.must_be_switched_off and not pair.needs_draft:
        return replace(_change(Update, pair, {"active"}), is_verified=False)
    row = pair.row
    return Unchanged(
        slug=pair.flow.slug,
        file=pair.flow.file,
        id=row.id,
        version=row.version,
        status=row.status,
        unseen=pair.comparison.unseen,
        warnings=warnings_of_unchanged(pair),
    )


def _change(kind: type[RowChangeType], pair: FileAndRow, sent: Collection[FieldName]) -> RowChangeType:
    flow, row, comparison = pair.flow, pair.row, pair.comparison
    return kind(
        slug=flow.slug,
        file=flow.file,
        id=row.id,
        version=row.version,
        status=row.status,
        live=pair.is_seen_at_once,
        fields=comparison.changes,
        unseen=comparison.unseen,
        warnings=warnings_of_change(pair),
        body=body_of(as_sent(flow.fields), pair.data_text, sent),
        before=fingerprint(comparison.old),
        after=fingerprint(comparison.new),
        old=comparison.old,
        new=comparison.new,
        target=pair.target,
        shown=row.fields,
    )


def _blocked(
    flow: Flow, choice: NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus, wanted: Target, view: View
) -> Blocked:
    slug = quoted(flow.slug)
    hidden = "" if view is View.WHOLE else " The public list, which was read, may hide drafts."
    match choice:
        case NoSuchFlow():
            code = NO_SUCH_FLOW
            message = f"No live flow has the slug {slug}: nothing can be written back to it.{hidden}"
        case OnlyArchived():
            code = "only-archived"
            message = (
                f"Every version of {slug} is archived, and archived versions are read-only. "
                "Make a new version in the dashboard, give the file another slug, or delete the file."
            )
        case NoSuchTarget():
            code = "no-such-target"
            publishing = f" Publish its draft (flowsync publish {flow.slug})," if wanted is Target.ACTIVE else ""
            message = (
                f"{slug} has no {wanted.value} version.{publishing or ' Make one,'} "
                f'or choose another version with "target" in the file or in flowsync.yaml.{hidden}'
            )
        case UnknownStatus(row):
            code = "unknown-status"
            message = (
                f"Version {row.version} of {slug} has the status {quoted(row.status)}, which flowsync does not know: "
                'nothing is written to it. Choose another version with "target", or look at the flow in the dashboard.'
            )
    return Blocked(flow.slug, flow.file, code, message)


def _only(kind: type[DecisionType], decisions: Iterable[Decision]) -> tuple[DecisionType, ...]:
    return tuple(decision for decision in decisions if isinstance(decision, kind))
