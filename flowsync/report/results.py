"""The reports of runs that applied, compared or checked, or that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from flowsync.errors import DocumentError, InvalidFilesError, RefusedError
from flowsync.model import Change, Create, Plan, Problem, Update
from flowsync.problems.listing import counts
from flowsync.render import ledger, wording
from flowsync.render.escape import code_span, plural
from flowsync.render.ledger import Entry, Kind
from flowsync.report.changes import changes_in_words
from flowsync.report.layout import (
    Limits,
    Page,
    alert,
    brief,
    differing,
    flow,
    flow_cell,
    labelled,
    name,
    names,
    problems_table,
    sentence,
    table,
    with_inputs,
)
from flowsync.report.planned import about, flows_table, in_step, next_after_refusal, stops_alert

if TYPE_CHECKING:
    from flowsync.report.values import ApplyReport, DriftReport, FailureReport, FilesReport, TakeoverReport

_NOT_WRITTEN: Final = frozenset({Kind.REFUSED, Kind.FAILED, Kind.NOT_ATTEMPTED})
_KEEP_OR_UNDO: Final = (
    "To keep an edit, copy it into the files with `flowsync pull` and merge that. To undo it, open any pull request: "
    "its plan shows the edit, and the merge overwrites it. In the details, a minus is what is live and a plus what the "
    "files say."
)
_COMPARISON: Final = "check of live flows"
"""Explains `drift` to readers who do not know the command."""


def apply_page(report: ApplyReport, limits: Limits) -> Page:
    """Return what was not written as planned or as reviewed, then the result for each flow."""
    plan = report.plan
    entries = sorted(map(ledger.entry, report.outcomes), key=lambda entry: entry.change.slug)
    bad = [entry for entry in entries if not entry.is_good]
    blocks = []
    if bad:
        points = (f"{flow(each.change)} {_trouble(each)}: {_explained(each)}" for each in bad)
        numbers = Counter(map(_trouble, bad))
        lead = f"Not as planned: {', '.join(f'{count:,} {words}' for words, count in numbers.items())}."
        blocks.append(alert("CAUTION", lead, points, limits))
    if report.extras:
        lead = "Written, although no merged pull request showed it:"
        blocks.append(alert("WARNING", lead, map(name, report.extras), limits))
    known = {entry.change.slug: entry for entry in entries}
    rows = [
        [flow_cell(each, _state(each, known.get(each.slug))), _outcome(each, known.get(each.slug))]
        for each in plan.writes
    ]
    blocks += [table(["Flow", "What was applied"], rows, limits)] if rows else []
    place = _place(plan)
    headline = _apply_headline(plan, entries, bad, code_span(brief(place)))
    return Page(headline, "apply", place, _apply_next(report, entries), blocks, plan.changes)


def _place(plan: Plan) -> str:
    return plan.environment or wording.host_of(plan.api_url)


def _apply_headline(plan: Plan, entries: list[Entry], bad: list[Entry], place: str) -> str:
    """Return how much was applied, and how much of it users notice."""
    count = len(entries)
    if not entries:
        return f"Nothing to apply to {place}: {in_step(plan)}"
    if bad:
        be = "is" if len(bad) == 1 else "are"
        return f"Applied {count - len(bad):,} of {plural(count, 'flow')} to {place}. {len(bad):,} {be} not as planned."
    if all(entry.kind is Kind.UNCHANGED for entry in entries):
        was = "was" if count == 1 else "were"
        return f"Nothing to apply to {place}: {plural(count, 'flow')} already {was} as planned."
    notice = wording.users_notice(sum(entry.is_live for entry in entries), count, "now")
    return f"Applied {plural(count, 'flow')} to {place}. {notice}"


def _trouble(entry: Entry) -> str:
    return "stored differently" if entry.untaken else entry.kind.words


def _explained(entry: Entry) -> str:
    labels = (change.label for change in entry.differences[: ledger.MOST_DIFFERENCES])
    said = zip_longest(ledger.differences(entry), labels, fillvalue="")
    places = "; ".join(labelled(text, label) for text, label in said)
    if entry.untaken:
        return places or wording.listed([name(field) for field in entry.untaken])
    parts = [sentence(ledger.explained(entry)), f"Details: {places}." if places else ""]
    return " ".join(filter(None, [*parts, sentence(entry.hint or "")]))


def _outcome(change: Change, entry: Entry | None) -> str:
    """Return the result of a change, then the change."""
    lead = f"**{entry.kind.words if entry else 'unknown'}**; planned:"
    if entry and entry.kind in {Kind.APPLIED, Kind.UNCHANGED}:
        lead = "" if entry.kind is Kind.APPLIED else "already as planned; nothing was sent:"
    return "<br>".join([*([lead] if lead else []), *changes_in_words(change)])


def _state(change: Change, entry: Entry | None) -> str:
    """Return what users see of a flow after an apply."""
    if entry is not None and entry.made is not None:
        if isinstance(change, Create):
            return ledger.created(entry.made, change)
        return f"draft, version {entry.made.version}"
    if entry is None or entry.kind in _NOT_WRITTEN:
        return "unknown" if entry and entry.uncertain else "as before"
    if not change.live:
        return wording.visibility(change)
    if isinstance(change, Create):
        return "created, switched on"
    return "off now" if wording.is_switched_off(change) else "live now"


def _apply_next(report: ApplyReport, entries: list[Entry]) -> str:
    """Return what to do after an apply, and how to undo it."""
    is_on_github = report.scene.is_on_github
    way = "open a pull request, whose plan shows what is pending" if is_on_github else "plan again"
    failed = [entry for entry in entries if entry.kind in {Kind.FAILED, Kind.NOT_ATTEMPTED}]
    steps = []
    if any(map(_is_made, failed)):
        steps.append(f"Do not create again what was created, or may have been: {way}.")
    if not all(map(_is_made, failed)):
        steps.append(f"Run the {'workflow' if is_on_github else 'command'} again to retry what failed.")
    if any(entry.kind is Kind.REFUSED for entry in entries):
        steps.append(f"The refused flows changed after the plan was made: {way}.")
    if any(entry.kind is Kind.APPLIED or entry.uncertain or entry.made for entry in entries):
        if is_on_github:
            rollback = code_span("flowsync rollback flowsync-record.jsonl")
            steps.append(f"To undo this, use the record artefact of this run: {rollback}.")
        else:
            steps.append(f"{code_span('flowsync rollback --list')} shows the record that undoes it.")
    return " ".join(steps) or "Nothing to do."


def _is_made(entry: Entry) -> bool:
    """Whether a row was created, or may have been, although the change failed."""
    return entry.made is not None or (entry.uncertain and not isinstance(entry.change, Update))


def drift_page(report: DriftReport, limits: Limits) -> Page:
    """Return what cannot be written, how the live flows differ, and what may not be an edit."""
    count = differing(report.plan)
    if count:
        headline = f"{plural(count, 'live flow')} {'differs' if count == 1 else 'differ'} from the files."
    else:
        is_edited = report.waiting or report.missing
        headline = wording.NO_EDITS if is_edited else wording.nothing_changes(report.plan)
    return Page(
        headline,
        _COMPARISON,
        _place(report.plan),
        _KEEP_OR_UNDO if count else "Nothing to do.",
        list(_drift_blocks(report, limits)),
        report.plan.changes,
        [about(report.plan, limits)],
    )


def _drift_blocks(report: DriftReport, limits: Limits) -> Iterator[str]:
    plan = report.plan
    yield from stops_alert(plan, report.scene, limits, "What prevents undoing an edit:")
    # All of them are edits: who made them would read as who undoes them.
    undone = (
        replace(each, fields=tuple(replace(field, origin=None) for field in each.fields)) for each in plan.changes
    )
    plan = replace(plan, changes=tuple(undone))
    yield from flows_table(plan, "What undoing the edits would change", report.scene, limits)
    for slugs, noun, said in ((report.waiting, "flow", wording.waits), (report.missing, "file", wording.is_not_live)):
        if slugs:
            yield f"{plural(len(slugs), noun)} {said(len(slugs))}: {names(slugs, limits)}."
    if report.gap:
        yield alert("WARNING", "Some of these may not be edits.", [sentence(report.gap)], limits)


def takeover_page(report: TakeoverReport, limits: Limits) -> Page:
    """Return which files take over edits, and which flows are left out and why."""
    taken = (f"{name(slug)} in {name(file)}" for slug, file in report.files.items())
    blocks = [alert("NOTE", "Dashboard edits, copied into the files:", taken, limits)]
    if report.left:
        left = (f"{name(slug)}: {sentence(reason)}" for slug, reason in report.left.items())
        blocks.append(alert("WARNING", "What could not be copied:", left, limits))
    return Page(
        f"Merging this keeps dashboard edits in {plural(len(report.files), 'file')}. Nothing changes for users.",
        _COMPARISON,
        report.environment,
        "Merge to keep the edits. To undo them instead, close this and open any other pull request: its plan shows "
        "them, and the merge overwrites them.",
        blocks,
    )


def files_page(report: FilesReport, limits: Limits) -> Page:
    """Return what validation found in files that can be planned."""
    said, then = f": {counts(report.problems)}", "Read the warnings; you do not have to do anything."
    return Page(
        f"The files are valid{said if report.problems else ''}.",
        "validate",
        "",
        then if report.problems else "Nothing to do.",
        [*problems_table(report.problems, limits.per_table, limits)],
    )


def failure_page(report: FailureReport, limits: Limits) -> Page:
    """Return why a command ended without a result, and what is known of the plan that it prevented."""
    error = report.error
    plan = error.plan if isinstance(error, RefusedError) else None
    opening = "No plan was made. " if report.command == "plan" and plan is None else ""
    return Page(
        f"{opening}{sentence(error.message)}" if error.message else "It failed without a message.",
        report.command,
        report.environment,
        _failure_next(report, plan),
        list(_failure_blocks(report, plan, limits)),
        report.changes,
        fact=counts(error.problems) if isinstance(error, InvalidFilesError) else "",
    )


def _failure_blocks(report: FailureReport, plan: Plan | None, limits: Limits) -> Iterator[str]:
    error, scene = report.error, report.scene
    if plan and (plan.blocked or plan.refusals):
        yield from stops_alert(plan, scene, limits)
    elif isinstance(error, RefusedError) and error.reasons and not report.changes:
        yield alert("CAUTION", "What prevents this:", (with_inputs(each, scene) for each in error.reasons), limits)
    yield from problems_table(_problems(report), limits.per_table, limits)
    if report.changes:
        rows = [[flow_cell(change, "as before"), "<br>".join(changes_in_words(change))] for change in report.changes]
        yield table(["Flow", "What was not written"], rows, limits)
    elif plan:
        yield from flows_table(plan, "What would change", scene, limits)


def _problems(report: FailureReport) -> list[Problem]:
    match report.error:
        case InvalidFilesError(problems=problems):
            return [*problems]
        case DocumentError(problem=problem):
            return [problem]
        case _:
            return []


def _failure_next(report: FailureReport, plan: Plan | None) -> str:
    """Return what to do about a failure."""
    if plan and plan.blocked and report.scene.is_on_github:
        return "Fix the blocked flows in the dashboard and run this again, or fix the files in a new pull request."
    if plan and plan.refusals:
        return next_after_refusal(plan.refusals, report.scene)
    if report.error.hint:
        return with_inputs(report.error.hint, report.scene)
    return "Fix what is listed above, then run this again."
