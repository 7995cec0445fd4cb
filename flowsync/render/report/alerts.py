"""What a reader of a report is to be wary of, first of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.errors import RefusedError
from flowsync.plan.document import allowed_by
from flowsync.render import ledger, wording
from flowsync.render.escape import prose
from flowsync.render.expression_diff import meaning
from flowsync.render.plural import plural
from flowsync.render.report.strangers import SENTENCE_LENGTH, name, sentence
from flowsync.render.report.values import differing
from flowsync.render.room import fitting, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flowsync.model import Blocked, Change, Plan, PlanWarning, Refusal
    from flowsync.render.ledger import Entry
    from flowsync.render.report.values import ApplyReport, FailureReport, PlanReport, TakeoverReport
    from flowsync.render.room import Room


_GRAVE: Final = frozenset({"targeting-cleared", "turned-off", "turned-on", "type-changed", "step-id-renamed"})
"""The codes of what changes most for users."""


def plan_alerts(report: PlanReport, room: Room) -> Iterator[str]:
    """Yield what keeps a plan from being applied, then what users will notice and what is odd about it."""
    plan = report.plan
    if plan.blocked:
        count = plural(len(plan.blocked), "flow")
        lead = f"Nothing can be applied: {count} cannot be written."
        yield alert("CAUTION", lead, map(_blocked_point, plan.blocked), room)
    if plan.refusals:
        yield alert("CAUTION", wording.REFUSED, map(_refusal_point, plan.refusals), room)
    points = list(_warning_points(plan))
    if plan.changes or points:
        is_felt = bool(points) or any(change.live for change in plan.changes)
        yield alert("WARNING" if is_felt else "NOTE", _impact(report), points, room)
    elif not plan.blocked:
        yield alert("NOTE", f"Nothing changes for users: {_lowered(wording.in_step(plan))}", [], room)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


def _impact(report: PlanReport) -> str:
    """Say in one sentence how many flows change, and how many of them users notice at once."""
    changes = report.plan.changes
    live = sum(change.live for change in changes)
    if not changes:
        return "Nothing changes that can be seen, but:" if report.plan.unverified else "Nothing changes for users, but:"
    opening = f"When {report.scene.moment.value}, {plural(len(changes), 'flow')} "
    verb = "changes" if len(changes) == 1 else "change"
    if live == len(changes):
        return f"{opening}{verb} for users at once."
    if live:
        return f"{opening}{verb}, {live:,} of them for users at once."
    return f"{opening}{verb}. Users notice nothing yet."


def _warning_points(plan: Plan) -> Iterator[str]:
    """Yield what there is to be wary of, the gravest first: where there is no room for all, the last are left out."""
    for change in sorted(plan.writes, key=lambda each: not each.live):
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code in _GRAVE)
    for change in plan.writes:
        yield from (f"{name(change.slug)} {sentence(told)}" for told in wording.origins(change))
        yield from _audience_points(change)
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code not in _GRAVE)
    for row in plan.unchanged:
        yield from (_warning_point(row.slug, warning) for warning in row.warnings)


def _audience_points(change: Change) -> Iterator[str]:
    """Yield what a new targeting means for who sees the flow, where it was not cleared: of that there is a warning."""
    old, new = (values.get("targetingLogic") for values in (change.old, change.new))
    is_changed = any(field.field == "targetingLogic" for field in change.fields)
    told = meaning("targeting", old, new) if is_changed and isinstance(old, str) and isinstance(new, str) else ""
    if told and str(new).strip():
        yield f"{name(change.slug)} {sentence(told)}"


def _warning_point(slug: str, warning: PlanWarning) -> str:
    where = "" if warning.line is None else f", line {warning.line}"
    return f"{name(slug)}{where}: {sentence(warning.message)}"


def _blocked_point(blocked: Blocked) -> str:
    return f"{name(blocked.slug)}: {sentence(blocked.message)}"


def _refusal_point(refusal: Refusal) -> str:
    flows = wording.listed([name(slug) for slug in refusal.slugs])
    return f"{flows}{': ' if flows else ''}{sentence(f'{refusal.message} {allowed_by(refusal)}')}"


def apply_alerts(report: ApplyReport, room: Room) -> Iterator[str]:
    """Yield what was not as planned or not as reviewed, else that all went well."""
    entries = [ledger.entry(outcome) for outcome in report.outcomes]
    if report.extras:
        points = map(name, report.extras)
        yield alert("WARNING", "Written though no merged pull request showed it:", points, room)
    bad = sorted((entry for entry in entries if not entry.is_good), key=lambda entry: entry.slug)
    if bad:
        lead = f"{plural(len(bad), 'flow')} of {len(entries):,} {_are(bad)} not as planned."
        yield alert("CAUTION", lead, map(_trouble_point, bad), room)
    elif entries:
        seen = _seen(sum(change.live for change in report.plan.writes), len(entries))
        yield alert("NOTE", f"Applied: {plural(len(entries), 'flow')} as planned. {seen}", [], room)
    else:
        yield alert("NOTE", f"Nothing was to be written: {_lowered(wording.in_step(report.plan))}", [], room)


def _seen(live: int, written: int) -> str:
    """Say how many of the flows that were written users notice."""
    if not live:
        return "Users notice nothing yet."
    if live < written:
        return f"Users notice {live:,} of them now."
    return "Users notice it now." if live == 1 else "Users notice all of them now."


def _are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"


def _trouble_point(entry: Entry) -> str:
    return f"{name(entry.slug)} {entry.kind.words}: {sentence(ledger.explained(entry))}"


def drift_alerts(plan: Plan, room: Room) -> Iterator[str]:
    """Yield how many flows differ from the files."""
    if count := differing(plan):
        verb = "is" if count == 1 else "are"
        lead = f"{plural(count, 'flow')} {verb} live otherwise than the files say."
        yield alert("WARNING", lead, map(_blocked_point, plan.blocked), room)
    else:
        yield alert("NOTE", wording.nothing_changes(plan), [], room)


def takeover(report: TakeoverReport, room: Room) -> Iterator[str]:
    """Yield what merging the files does, what they lack, and what to do instead."""
    lead = "Merging this takes edits made outside of the files into them. Nothing changes for users."
    points = [f"{name(slug)} in {name(file)}" for slug, file in report.files.items()]
    yield alert("NOTE", lead, points, room)
    if report.left:
        points = [f"{name(slug)}: {sentence(reason)}" for slug, reason in report.left.items()]
        yield alert("WARNING", "What could not be taken over:", points, room)
    yield "To undo the edits instead, close this pull request and apply again: the files then win."


def failure_alerts(report: FailureReport, room: Room) -> Iterator[str]:
    """Yield why a command stopped, with what stands in the way and what to do."""
    lead = shortened(report.error.message, SENTENCE_LENGTH)
    reasons = report.error.reasons if isinstance(report.error, RefusedError) else ()
    points = [*reasons, *([report.error.hint] if report.error.hint else [])]
    yield alert("CAUTION", lead, map(sentence, points), room)


def alert(kind: str, lead: str, points: Iterable[str], room: Room) -> str:
    """Return one of GitHub's alerts (NOTE, WARNING, CAUTION): a raw sentence in bold, and as many points as fit."""
    every = [f"> - {point}" for point in points]
    kept = fitting(every, room.per_list, room.measure)
    more = [f"> - and {len(every) - len(kept):,} more"] if len(kept) < len(every) else []
    return "\n".join(
        [f"> [!{kind}]", f"> **{prose(lead) or 'It failed without a word.'}**", *([">"] if every else []), *kept, *more]
    )


WHAT_TO_DO: Final = (
    "Somebody edited flows outside of the files, or an apply is still to come. In the diffs, `-` is what is live and "
    "`+` what the files say: the next apply would write that. To keep an edit, take it into the files with "
    "`flowsync pull` and merge that; to undo it, apply again."
)
