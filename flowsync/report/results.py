"""What a report says of a run that applied, compared, checked, or ended early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.model import Change, Create, Outcome, Plan, Update
from flowsync.render import ledger, wording
from flowsync.render.escape import code_span, plural
from flowsync.report.changes import changes_in_words
from flowsync.report.layout import (
    Limits,
    alert,
    differing,
    enumerated,
    flow,
    flow_cell,
    labelled,
    name,
    problems_table,
    sentence,
    table,
    with_inputs,
)
from flowsync.report.planned import flows_table, in_step, past_guards, stops_alert

if TYPE_CHECKING:
    from flowsync.render.ledger import Entry
    from flowsync.report.comment import ApplyReport, DriftReport, FailureReport, TakeoverReport

_NOT_WRITTEN: Final = frozenset({ledger.Kind.REFUSED, ledger.Kind.FAILED, ledger.Kind.NOT_ATTEMPTED})


def apply_headline(plan: Plan, outcomes: Sequence[Outcome], place: str) -> str:
    """Return how much was applied, and how much of it users notice."""
    entries = list(map(ledger.entry, outcomes))
    if not entries:
        return f"Nothing was to be applied to {place}: {in_step(plan)}"
    bad = [entry for entry in entries if not entry.is_good]
    if bad:
        good = len(entries) - len(bad)
        be = "is" if len(bad) == 1 else "are"
        return f"Applied to {place}: {good:,} of {plural(len(entries), 'flow')}. {len(bad):,} {be} not as planned."
    if all(entry.kind is ledger.Kind.UNCHANGED for entry in entries):
        was = "was" if len(entries) == 1 else "were"
        return f"Nothing was to be applied to {place}: {plural(len(entries), 'flow')} already {was} as planned."
    live = sum(entry.is_live for entry in entries)
    if not live:
        return f"Applied to {place}: {plural(len(entries), 'flow')}. Users notice nothing yet."
    words = "in effect" if any(wording.is_switched_off(entry.change) for entry in entries) else "live"
    seen = f"{live:,} of them {words}" if live < len(entries) else words
    return f"Applied to {place}: {plural(len(entries), 'flow')}, {seen} for users now."


def apply_parts(report: ApplyReport, limits: Limits) -> Iterator[str]:
    """Yield what was not as planned or not as reviewed, then what became of each flow."""
    entries = sorted(map(ledger.entry, report.outcomes), key=lambda entry: entry.change.slug)
    bad = [entry for entry in entries if not entry.is_good]
    if bad:
        points = (f"{flow(each.change)} {_trouble(each)}: {_explained(each)}" for each in bad)
        numbers = Counter(map(_trouble, bad))
        lead = f"What is not as planned: {', '.join(f'{count:,} {words}' for words, count in numbers.items())}."
        yield alert("CAUTION", lead, points, limits)
    if report.extras:
        yield alert("WARNING", "Written though no merged pull request showed it:", map(name, report.extras), limits)
    known = {entry.change.slug: entry for entry in entries}
    rows = [
        [flow_cell(change, _seen_now(change, known.get(change.slug))), _outcome(change, known.get(change.slug))]
        for change in report.plan.writes
    ]
    if rows:
        yield table(["Flow", "What was applied"], rows, limits)


def _trouble(entry: Entry) -> str:
    return "stored otherwise than sent" if entry.untaken else entry.kind.words


def _explained(entry: Entry) -> str:
    labels = (change.label for change in entry.differences[: ledger.MOST_DIFFERENCES])
    said = zip_longest(ledger.differences(entry), labels, fillvalue="")
    places = "; ".join(labelled(text, label) for text, label in said)
    if entry.untaken:
        return places or wording.listed([name(field) for field in entry.untaken])
    parts = [sentence(ledger.explained(entry)), f"In detail: {places}." if places else ""]
    return " ".join(filter(None, [*parts, sentence(entry.hint or "")]))


def _outcome(change: Change, entry: Entry | None) -> str:
    changes = changes_in_words(change)
    if entry and entry.kind is ledger.Kind.APPLIED:
        return "<br>".join(changes)
    if entry and entry.kind is ledger.Kind.UNCHANGED:
        return "<br>".join(["already as planned, nothing sent:", *changes])
    words = entry.kind.words if entry else "not known"
    return "<br>".join([f"**{words}**, planned was:", *changes])


def _seen_now(change: Change, entry: Entry | None) -> str:
    """Return what users see of a flow after an apply."""
    if entry is not None and entry.made is not None:
        if isinstance(change, Create):
            return f"created, {ledger.seen_of_created(entry.made, change)}"
        return f"draft, version {entry.made.version}"
    if entry is None or entry.kind in _NOT_WRITTEN:
        return "not known" if entry and entry.uncertain else "as before"
    if isinstance(change, Create):
        return "created, switched on" if change.live else wording.visibility(change)
    if change.live:
        return "off now" if wording.is_switched_off(change) else "live now"
    return wording.visibility(change)


def apply_next(report: ApplyReport) -> str:
    """Return what to do after an apply, and how to take it back."""
    entries = list(map(ledger.entry, report.outcomes))
    way = "open a pull request, whose plan shows what is pending" if report.scene.is_on_github else "plan again"
    left = [entry for entry in entries if entry.kind in _NOT_WRITTEN]
    failed = [entry for entry in left if entry.kind is not ledger.Kind.REFUSED]
    steps = []
    if any(_is_made(entry) for entry in failed):
        steps.append(f"What was made, or may have been, is not to be made again: {way}.")
    if not all(_is_made(entry) for entry in failed):
        steps.append(f"Run the {'workflow' if report.scene.is_on_github else 'command'} again for what failed.")
    if len(failed) < len(left):
        steps.append(f"What was refused was changed since it was planned: {way}.")
    if any(entry.kind is ledger.Kind.APPLIED or entry.uncertain or entry.made for entry in entries):
        if report.scene.is_on_github:
            rollback = code_span("flowsync rollback flowsync-record.jsonl")
            steps.append(f"To take it back, use the record artefact of this run: {rollback}.")
        else:
            steps.append(f"{code_span('flowsync rollback --list')} shows the record that takes it back.")
    return " ".join(steps) or "Nothing to do."


def _is_made(entry: Entry) -> bool:
    """Whether a row was made though the change failed, or may have been."""
    return entry.made is not None or (entry.uncertain and not isinstance(entry.change, Update))


def drift_headline(plan: Plan, others: Sequence[str]) -> str:
    """Return how many live flows differ from the files, apart from `others`, which wait or are not there."""
    count = differing(plan)
    if not count:
        return wording.NO_EDITS if others else wording.nothing_changes(plan)
    return f"{plural(count, 'live flow')} {'differs' if count == 1 else 'differ'} from the files."


def drift_parts(report: DriftReport, limits: Limits) -> Iterator[str]:
    """Yield what cannot be written, how the live flows differ, and what is no edit or may be none."""
    plan = report.plan
    yield from stops_alert(plan, report.scene, limits, "What keeps an edit from being undone as it is:")
    # All of them are edits: who made them would read as who undoes them.
    undone = (
        replace(each, fields=tuple(replace(field, origin=None) for field in each.fields)) for each in plan.changes
    )
    plan = replace(plan, changes=tuple(undone))
    yield from flows_table(plan, "What undoing the edits would change", report.scene, limits)
    if report.waiting:
        names = enumerated(map(name, report.waiting), limits.per_list // 4, limits.measure)
        yield f"{plural(len(report.waiting), 'flow')} {wording.waits(len(report.waiting))}: {names}."
    if report.missing:
        count = len(report.missing)
        names = enumerated(map(name, report.missing), limits.per_list // 4, limits.measure)
        yield f"{plural(count, 'file')} {wording.is_not_live(count)}: {names}."
    if report.gap:
        yield alert("WARNING", "Some of this may be no edit.", [sentence(report.gap)], limits)


def drift_next(plan: Plan) -> str:
    """Return how to keep an edit, and how to undo it."""
    if not differing(plan):
        return "Nothing to do."
    return (
        f"To keep an edit, take it into the files with {code_span('flowsync pull')} and merge that; to undo it, open "
        "any pull request: its plan shows the edit, and merging that overwrites it. In the details, a minus is what is "
        "live and a plus what the files say."
    )


def takeover_parts(report: TakeoverReport, limits: Limits) -> Iterator[str]:
    """Yield which files take over edits, and which flows are left and why."""
    points = (f"{name(slug)} in {name(file)}" for slug, file in report.files.items())
    yield alert("NOTE", "Edits from the dashboard, taken into the files:", points, limits)
    if report.left:
        points = (f"{name(slug)}: {sentence(reason)}" for slug, reason in report.left.items())
        yield alert("WARNING", "What could not be taken over:", points, limits)


def failure_headline(report: FailureReport) -> str:
    """Return why a command ended without a result."""
    is_planned = isinstance(report.error, RefusedError) and report.error.plan is not None
    opening = "No plan was made. " if report.command == "plan" and not is_planned else ""
    return f"{opening}{sentence(report.error.message)}" if report.error.message else "It failed without a word."


def failure_parts(report: FailureReport, limits: Limits) -> Iterator[str]:
    """Yield what is in the way, and all that is known of the plan that it is in the way of."""
    error, scene = report.error, report.scene
    plan = error.plan if isinstance(error, RefusedError) else None
    if plan and (plan.blocked or plan.refusals):
        yield from stops_alert(plan, scene, limits)
    elif isinstance(error, RefusedError) and error.reasons and not report.changes:
        yield alert("CAUTION", "What is in the way:", (with_inputs(each, scene) for each in error.reasons), limits)
    if isinstance(error, InvalidFilesError):
        yield from problems_table(error.problems, limits.per_table, limits)
    elif isinstance(error, DocumentError):
        yield from problems_table((error.problem,), limits.per_table, limits)
    if report.changes:
        rows = [[flow_cell(change, "as before"), "<br>".join(changes_in_words(change))] for change in report.changes]
        yield table(["Flow", "What was not written"], rows, limits)
    elif plan:
        yield from flows_table(plan, "What would change", scene, limits)


def failure_next(report: FailureReport) -> str:
    """Return what to do about a failure."""
    error = report.error
    plan = error.plan if isinstance(error, RefusedError) else None
    if plan and plan.blocked and report.scene.is_on_github:
        return "Mend the blocked flows: in the dashboard, and run this again; or in the files, by a new pull request."
    if plan and plan.refusals:
        return past_guards(plan.refusals, report.scene)
    if error.hint:
        return with_inputs(error.hint, report.scene)
    return "Mend what is named above, then run this again."
