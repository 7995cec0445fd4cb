"""Files and live rows in, a plan out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose, newest
from flowsync.diff.data import quoted
from flowsync.diff.fields import compare, fingerprint
from flowsync.diff.origin import differing
from flowsync.flows.expressions import as_sent
from flowsync.model import SENT_FIELDS, Blocked, Plan, Removed, Target, Unchanged, Unmanaged, Update, View
from flowsync.plan.base import FileAndRow, compared_with
from flowsync.plan.document import digest
from flowsync.plan.dropped import dropped
from flowsync.plan.warnings import warnings_of_unchanged, warnings_of_update
from flowsync.text import appearance, closest, code_points_that_differ, look_alike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, Origin
    from flowsync.plan.base import Base

MOST_SUGGESTIONS: Final = 100
"""Where more flows are blocked, no slip of the fingers is the reason."""
NO_SUCH_FLOW: Final = "no-such-flow"
"""The code of a file whose slug is not live."""

Decision: TypeAlias = "Update | Unchanged | Blocked"
DecisionType = TypeVar("DecisionType", Update, Unchanged)


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

    `target` applies to files that name none. `base` gives each difference its origin; those of the
    origins in `keep` stay as they are live. `also_managed` are the slugs of files that are not among
    `flows`, because a command was narrowed: theirs are not unmanaged. `view` is what the rows were read from.
    """
    ordered = sorted(flows, key=lambda flow: flow.slug)
    chosen = [(flow, choose(rows.get(flow.slug, ()), flow.target or target)) for flow in ordered]
    blocked = [
        _blocked(flow, each, flow.target or target, view) for flow, each in chosen if not isinstance(each, Chosen)
    ]
    # One after the other, for a pair holds the text of its data; a base needs all of them.
    pairs = (_paired(flow, each, rows[flow.slug], target, view) for flow, each in chosen if isinstance(each, Chosen))
    decisions = [_compared(pair) for pair in (pairs if base is None else compared_with(base, [*pairs], keep))]
    managed = {flow.slug for flow in flows}.union(also_managed)
    removed = () if base is None else removed_flows(base, flows, rows, managed)
    unnamed = {*managed, *(each.slug for each in removed)}
    rows_to_write = [(flow, each.row if isinstance(each, Chosen) else None) for flow, each in chosen]
    plan = Plan(
        environment=environment,
        api_url=api_url,
        base=None if base is None else base.revision,
        changes=tuple(each for each in _only(Update, decisions) if each.is_verified),
        unchanged=_only(Unchanged, decisions),
        blocked=tuple(_renamed(_suggested(blocked, [slug for slug in rows if slug not in managed]), removed)),
        unmanaged=unmanaged(rows, unnamed),
        digest="",
        unverified=tuple(each for each in _only(Update, decisions) if not each.is_verified),
        view=view,
        removed=removed,
        dropped=() if base is None else dropped(base, rows_to_write),
    )
    return replace(plan, digest=digest(plan))


def decide(flow: Flow, rows: Sequence[LiveFlow], target: Target) -> Decision:
    """Return what becomes of one file, given every version of its slug; the rest as in `build_plan`."""
    wanted = flow.target or target
    choice = choose(rows, wanted)
    if not isinstance(choice, Chosen):
        return _blocked(flow, choice, wanted, View.WHOLE)
    return _compared(_paired(flow, choice, rows, target, View.WHOLE))


def _paired(flow: Flow, choice: Chosen, rows: Sequence[LiveFlow], target: Target, view: View) -> FileAndRow:
    text = flow.data_text
    comparison = compare(flow.fields, choice.row.fields, text)
    latest = newest(rows) or choice.row
    return FileAndRow(flow, flow.target or target, choice.row, choice.published, latest, comparison, text, view)


def unmanaged(rows: Mapping[str, Sequence[LiveFlow]], managed: Collection[str]) -> tuple[Unmanaged, ...]:
    """Return the live flows that no file names, by slug; those with archived versions only are gone."""
    choices = ((slug, choose(rows[slug], Target.LATEST)) for slug in sorted(rows) if slug not in managed)
    latest = ((slug, choice.row) for slug, choice in choices if isinstance(choice, Chosen))
    names = ((slug, row, row.fields.get("name")) for slug, row in latest)
    return tuple(Unmanaged(slug, row.id, name if isinstance(name, str) else "") for slug, row, name in names)


def removed_flows(
    base: Base, flows: Sequence[Flow], rows: Mapping[str, Sequence[LiveFlow]], managed: Collection[str]
) -> tuple[Removed, ...]:
    """Return the flows whose file is gone since the base, first looking for the new file that has their content."""
    new = [flow for flow in flows if flow.slug not in base.flows and flow.slug not in base.unreadable]
    found: list[Removed] = []
    left = {slug: _left(rows.get(slug, ())) for slug in base.gone.keys() - set(managed)}
    for slug, row in sorted(left.items(), key=lambda each: (each[1] is None or each[1].is_archived, each[0])):
        gone = base.gone[slug]
        heir = next((flow for flow in new if gone.fields and _has_fields(flow, gone.fields)), None)
        new = [flow for flow in new if flow is not heir]
        renamed_to = None if heir is None else heir.slug
        found.append(_removed(slug, gone.file, row, renamed_to))
    return tuple(sorted(found, key=lambda each: each.slug))


def _removed(slug: str, file: str, row: LiveFlow | None, renamed_to: str | None) -> Removed:
    if row is None:
        return Removed(slug, file, None, "", None, None, renamed_to)
    name = row.fields.get("name")
    return Removed(slug, file, row.id, name if isinstance(name, str) else "", row.version, row.status, renamed_to)


def _left(rows: Sequence[LiveFlow]) -> LiveFlow | None:
    """Return the newest version of a flow without a file; an archived one only where there is no other."""
    choice = choose(rows, Target.LATEST)
    match choice:
        case Chosen(row) | UnknownStatus(row) | OnlyArchived(row):
            return row
        case NoSuchFlow() | NoSuchTarget():
            return None


def _has_fields(flow: Flow, fields: Mapping[FieldName, JsonValue]) -> bool:
    return flow.fields.keys() == fields.keys() and not differing(flow.fields, fields, flow.fields)


def _renamed(blocked: Iterable[Blocked], removed: Iterable[Removed]) -> list[Blocked]:
    """Return `blocked` with what to do about each flow that is not live because its file was renamed."""
    former = {each.renamed_to: each for each in removed if each.is_there}
    return [
        replace(each, message=_rename(each, former[each.slug]))
        if each.code == NO_SUCH_FLOW and each.slug in former
        else each
        for each in blocked
    ]


def _rename(blocked: Blocked, removed: Removed) -> str:
    return (
        f"{blocked.file} has the content that {removed.file} had, but Frigade has no rename: no live flow has the slug "
        f"{quoted(blocked.slug)}, and {quoted(removed.slug)} stays live as it is. Give the file its old name back, or "
        f"make {quoted(blocked.slug)} in the dashboard and switch {quoted(removed.slug)} off there."
    )


def _compared(pair: FileAndRow) -> Update | Unchanged:
    if pair.is_written:
        return _update(pair, {*pair.comparison.changed, *pair.comparison.unseen})
    if pair.must_be_switched_off:
        return replace(_update(pair, {"active"}), is_verified=False)
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


def _update(pair: FileAndRow, sent: Collection[FieldName]) -> Update:
    flow, row, comparison = pair.flow, pair.row, pair.comparison
    return Update(
        slug=flow.slug,
        file=flow.file,
        id=row.id,
        version=row.version,
        status=row.status,
        live=pair.is_seen_at_once,
        fields=comparison.changes,
        unseen=comparison.unseen,
        warnings=warnings_of_update(pair),
        body={name: _sent(pair, name) for name in SENT_FIELDS if name in sent},
        before=fingerprint(comparison.old),
        after=fingerprint(comparison.new),
        old=comparison.old,
        new=comparison.new,
        target=pair.target,
        shown=row.fields,
    )


def _sent(pair: FileAndRow, name: FieldName) -> JsonValue:
    """Return a field of the file as the API takes it [doc]: a null text is "", `data` is text."""
    if name == "data":
        return pair.data_text
    value = as_sent(pair.flow.fields)[name]
    return "" if value is None else value


def _blocked(
    flow: Flow, choice: NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus, wanted: Target, view: View
) -> Blocked:
    slug = quoted(flow.slug)
    hidden = "" if view is View.WHOLE else " The public list, which was read, may hide drafts."
    match choice:
        case NoSuchFlow():
            code = NO_SUCH_FLOW
            message = (
                f"No live flow has the slug {slug}. Create it in the dashboard, "
                f"or check the file's name and whether the key is for this environment.{hidden}"
            )
        case OnlyArchived():
            code = "only-archived"
            message = (
                f"Every version of {slug} is archived, and archived versions are read-only. "
                "Make a new version in the dashboard, or delete the file."
            )
        case NoSuchTarget():
            code = "no-such-target"
            message = (
                f"{slug} has no {wanted.value} version. Make one in the dashboard, "
                f'or choose another version with "target" in the file or in flowsync.yaml.{hidden}'
            )
        case UnknownStatus(row):
            code = "unknown-status"
            message = (
                f"Version {row.version} of {slug} has the status {quoted(row.status)}, which flowsync does not know: "
                'nothing is written to it. Choose another version with "target", or look at the flow in the dashboard.'
            )
    return Blocked(flow.slug, flow.file, code, message)


def _suggested(blocked: Sequence[Blocked], live: Collection[str]) -> Iterator[Blocked]:
    """Yield `blocked`, asking about each flow that is not live whether an unmanaged `live` slug was meant."""
    if len(blocked) > MOST_SUGGESTIONS:
        yield from blocked
        return
    by_appearance = {appearance(slug).casefold(): slug for slug in live}
    for each in blocked:
        near = None
        if each.code == NO_SUCH_FLOW:
            near = by_appearance.get(appearance(each.slug).casefold()) or closest(each.slug, live)
        yield each if near is None else replace(each, message=f"{each.message} {_question(each.slug, near)}")


def _question(slug: str, near: str) -> str:
    """Ask whether another slug was meant, and say how it differs where that is hard to see."""
    if near.casefold() == slug.casefold():
        return f"Did you mean {quoted(near)}, which differs in capital letters only?"
    if look_alike(slug, near):
        differing = code_points_that_differ(slug, near)
        return f"Did you mean {quoted(near)}, which looks the same? They differ in {differing}."
    return f"Did you mean {quoted(near)}?"


def _only(kind: type[DecisionType], decisions: Iterable[Update | Unchanged]) -> tuple[DecisionType, ...]:
    return tuple(decision for decision in decisions if isinstance(decision, kind))
