"""Files whose slug is not live: flows to create, or why they are blocked; and flows whose file is gone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose
from flowsync.config import Creating
from flowsync.diff.data import quoted
from flowsync.diff.fields import fingerprint, form, observe
from flowsync.diff.origin import differing
from flowsync.flows.expressions import as_sent
from flowsync.model import Blocked, Create, FieldChange, Op, Origin, PlanWarning, Removed, Target, View
from flowsync.plan.base import body_of
from flowsync.plan.warnings import warning_at
from flowsync.text import appearance, closest, code_points_that_differ, folded, look_alike

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow
    from flowsync.plan.base import Base

MOST_SUGGESTIONS: Final = 100
"""If more flows are not live, the reason is hardly a typing error."""
FEW_FILES: Final = 4
"""From how many files on it is suspicious that most of them are not live."""
REQUIRED: Final[tuple[FieldName, ...]] = ("name", "data")
"""What Frigade needs to create a flow [obs]."""
DEFAULT_TYPE: Final = "CHECKLIST"
"""What Frigade makes of a flow without a type [obs]."""
SLUG_START: Final = "flow_"

NEAR: Final = "near-slug"
MANY: Final = "mostly-not-live"
RENAMED: Final = "renamed"
INCOMPLETE: Final = "incomplete"
"""The codes of files that create nothing."""
NOT_LIVE: Final = frozenset({NEAR, MANY, RENAMED, INCOMPLETE})
GOES_LIVE: Final = "goes-live"
SECOND_REQUEST: Final = "description-later"
"""The code of the warning that creating a flow takes two requests."""
ANYWAY: Final = "--allow-create creates it all the same."

_NEARNESS: Final = 0.8
_PREFIX: Final = re.compile(r"^flow[_-]?", re.IGNORECASE)
"""What says nothing about a flow at the start of its slug."""
_SERIES: Final = re.compile(r"(?:[_-]?v?\d+|[_-][a-z0-9])$", re.ASCII)
"""How the slugs of flows end that are meant to be nearly alike: `tour_2`, `tour-v3`, `tour_b`."""


@dataclass(frozen=True, slots=True)
class Creation:
    """The facts that decide whether files whose slug is not live create flows.

    `others` are the slugs of live flows that a narrowed command leaves out and that no file names; `removed` are the
    flows whose file is gone, if a narrowed command leaves out some.
    """

    guard: Creating = Creating.ALLOW
    others: Collection[str] = ()
    removed: tuple[Removed, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of files that are not live: the number of `files`, and the live flows without one.

    `target` is the rule for files without their own, `view` what the live flows were read from.
    """

    files: int
    unmanaged: Collection[str]
    removed: Sequence[Removed]
    base: Base | None
    target: Target
    view: View


def created(missing: Sequence[Flow], scope: Scope, guard: Creating) -> Iterator[Create | Blocked]:
    """Yield the plan's entry for each file whose slug is not live."""
    near = near_slugs(scope.unmanaged) if len(missing) <= MOST_SUGGESTIONS else None
    former = {each.renamed_to: each for each in scope.removed if each.is_there}
    is_most = scope.files >= FEW_FILES and len(missing) * 2 > scope.files
    for flow in missing:
        meant = near(flow.slug) if near else None
        lacking = [name for name in REQUIRED if not _is_there(flow.fields.get(name))]
        if guard is not Creating.ANYWAY and flow.slug in former:
            yield Blocked(flow.slug, flow.file, RENAMED, _rename(flow, former[flow.slug]))
        elif guard is not Creating.ANYWAY and meant is not None:
            yield Blocked(flow.slug, flow.file, NEAR, _near(flow.slug, meant, scope.removed))
        elif guard is not Creating.ANYWAY and is_most:
            yield Blocked(flow.slug, flow.file, MANY, _many(len(missing), scope.files))
        elif lacking:
            yield Blocked(flow.slug, flow.file, INCOMPLETE, _incomplete(flow, lacking, scope.view))
        else:
            yield _create(flow, scope, former.get(flow.slug), meant)


def _is_there(value: JsonValue) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def near_slugs(known: Collection[str]) -> Callable[[str], str | None]:
    """Return a function that finds the `known` slug that was probably meant; it returns None if there is none."""
    by_appearance = {appearance(slug).casefold(): slug for slug in known}
    by_rest = {_PREFIX.sub("", slug): slug for slug in known}

    def near(slug: str) -> str | None:
        if found := by_appearance.get(appearance(slug).casefold()):
            return found
        rest = _PREFIX.sub("", slug)
        series = _SERIES.sub("", rest)
        others = [each for each in by_rest if folded(each) == folded(rest) or _SERIES.sub("", each) != series]
        close = closest(rest, others, _NEARNESS)
        return None if close is None else by_rest[close]

    return near


def _near(slug: str, near: str, removed: Iterable[Removed]) -> str:
    opening = f"No live flow has the slug {quoted(slug)}, and {quoted(near)} is live without a file"
    if any(each.slug == near for each in removed):
        return (
            f"{opening}: its file is gone, and Frigade has no rename. Give the file its old name back. If this is to "
            f"be another flow, {ANYWAY}"
        )
    return f"{opening}. {_question(slug, near)} Then rename the file. If this is a new flow, {ANYWAY}"


def _question(slug: str, near: str) -> str:
    """Ask whether another slug was meant, and show the difference if it is hard to see."""
    if near.casefold() == slug.casefold():
        return f"Did you mean {quoted(near)}, which differs in capital letters only?"
    if look_alike(slug, near):
        differing = code_points_that_differ(slug, near)
        return f"Did you mean {quoted(near)}, which looks the same? They differ in {differing}."
    return f"Did you mean {quoted(near)}?"


def _rename(flow: Flow, removed: Removed) -> str:
    return (
        f"{flow.file} has the content that {removed.file} had, but Frigade has no rename: no live flow has the slug "
        f"{quoted(flow.slug)}, and {quoted(removed.slug)} stays live as it is. Give the file its old name back; or "
        f"create {quoted(flow.slug)} as a new flow (--allow-create), whose users start over, and switch "
        f"{quoted(removed.slug)} off."
    )


def _many(missing: int, files: int) -> str:
    return (
        f"{missing:,} of {files:,} files are not live here, so this may be the wrong environment or key. If it is the "
        "right one, --allow-create creates them."
    )


def _incomplete(flow: Flow, lacking: Sequence[FieldName], view: View) -> str:
    fields = " and ".join(lacking)
    hidden = "" if view is View.WHOLE else " The public list, which was read, may hide drafts."
    return (
        f"No live flow has the slug {quoted(flow.slug)}, and Frigade creates none without {fields}: set {fields} in "
        f"{flow.file}. If the flow should be live, check the file's name and whether the key is for this environment."
        f"{hidden}"
    )


def _create(flow: Flow, scope: Scope, former: Removed | None, near: str | None) -> Create:
    sent = as_sent(flow.fields)
    text = flow.data_text
    # A flow whose file does not switch it on is created switched off.
    body = body_of({**sent, "active": bool(sent.get("active"))}, text, {*sent, "active"})
    values = observe(body, body.keys(), {} if text is None else {text: sent["data"]}).values
    changes = tuple(FieldChange(name, "", name, Op.ADD, None, values[name]) for name in values if name in sent)
    return Create(
        slug=flow.slug,
        file=flow.file,
        fields=_with_origins(changes, flow, scope.base),
        warnings=tuple(_warnings(flow, scope, former, near)),
        body=body,
        after=fingerprint(values),
        new=values,
        target=flow.target or scope.target,
    )


def _with_origins(changes: Sequence[FieldChange], flow: Flow, base: Base | None) -> tuple[FieldChange, ...]:
    """Return the changes with their origins: those that the base had too are waiting."""
    before = None if base is None else base.fields(flow.slug)
    if before is None:
        return tuple(changes)

    def origin(name: FieldName) -> Origin:
        is_as_before = name in before and form(name, before[name]) == form(name, flow.fields[name])
        return Origin.WAITING if is_as_before else Origin.BRANCH

    return tuple(replace(change, origin=origin(change.field)) for change in changes)


def _warnings(flow: Flow, scope: Scope, former: Removed | None, near: str | None) -> Iterator[PlanWarning]:
    if flow.fields.get("active"):
        yield warning_at(flow, "active", GOES_LIVE, "The flow is created switched on: users may see it at once.")
    if not flow.slug.startswith(SLUG_START):
        message = (
            f"The slug does not begin with {SLUG_START}, so Frigade may make up another one; apply reads it back and "
            "says which."
        )
        yield PlanWarning("slug-form", message)
    if not _is_there(flow.fields.get("type")):
        yield PlanWarning("type-default", f"The file sets no type: Frigade makes the flow a {DEFAULT_TYPE}.")
    if scope.view is not View.WHOLE:
        message = "The public list, which was read, may hide a draft with this slug; then nothing is created."
        yield PlanWarning("may-exist", message)
    if near is not None and (former is None or former.slug != near):
        message = f"{quoted(near)} is live without a file and has nearly this slug: this makes another flow."
        yield PlanWarning(NEAR, message)
    if former is not None:
        message = (
            f"The file {former.file} had this content: Frigade has no rename, so {quoted(former.slug)} stays live as "
            "it is, and users start over in this one."
        )
        yield PlanWarning(RENAMED, message)
    if scope.base is not None and flow.slug in scope.base.flows:
        message = (
            "The file was there at the base: the flow was not created yet, or somebody deleted it in the dashboard."
        )
        yield PlanWarning("not-live-yet", message)
    if flow.fields.get("description"):
        message = "Creating a flow takes no description: a second request sets it."
        yield warning_at(flow, "description", SECOND_REQUEST, message)


def removed_flows(
    base: Base, flows: Sequence[Flow], rows: Mapping[str, Sequence[LiveFlow]], managed: Collection[str]
) -> tuple[Removed, ...]:
    """Return the flows whose file is gone since the base, each with the new file that has its content."""
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
    """Return the newest version of a flow without a file; an archived one only if there is no other."""
    choice = choose(rows, Target.LATEST)
    match choice:
        case Chosen(row) | UnknownStatus(row) | OnlyArchived(row):
            return row
        case NoSuchFlow() | NoSuchTarget():
            return None


def _has_fields(flow: Flow, fields: Mapping[FieldName, JsonValue]) -> bool:
    return flow.fields.keys() == fields.keys() and not differing(flow.fields, fields, flow.fields)
