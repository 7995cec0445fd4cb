"""The parts of a report: alerts, tables, each flow's details; and how much of each there is room for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.errors import RefusedError
from flowsync.flows.waits import Bond
from flowsync.model import Origin
from flowsync.plan.document import action, allowed_by
from flowsync.render import ledger, listing, wording
from flowsync.render.escape import (
    cell_code,
    code_span,
    fenced,
    html_code,
    markdown_table,
    plural,
    prose,
)
from flowsync.render.problems import problem_table
from flowsync.render.style import Colour, paint
from flowsync.render.yaml_diff import flow_diff, meaning, remark
from flowsync.text import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.errors import FlowsyncError
    from flowsync.flows.waits import ChangedWaits
    from flowsync.model import Change, Outcome, Plan, PlanWarning, Problem
    from flowsync.render.ledger import Entry

NAME_LENGTH: Final = 100
"""Characters of a slug, label or file that are shown where there are many."""
SENTENCE_LENGTH: Final = 500
DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""
TABLE_ROWS: Final = 100
"""How many flows a table names; the rest is counted."""
REMARKS: Final = 20
LEAST_ROOM: Final = 300
"""Where less than this is left, no further flow's details can fit."""
WHAT_TO_DO: Final = (
    "Somebody edited flows outside of the files, or an apply is still to come. In the diffs, `-` is what is live and "
    "`+` what the files say: the next apply would write that. To keep an edit, take it into the files with "
    "`flowsync pull` and merge that; to undo it, apply again."
)
_ORDER: Final = ("delete", "deactivate", "update", "create")
"""Whose details go first where there is not room for all."""
_GRAVE: Final = frozenset({"targeting-cleared", "turned-off", "turned-on", "type-changed", "step-id-renamed"})
"""The codes of what changes most for users."""
_ORIGINS: Final = {Origin.BRANCH: "this branch", Origin.DRIFT: "drift", Origin.CONFLICT: "conflict"}
_WAIT_ADDED: Final = {
    Bond.MUST: "{} now waits for {}",
    Bond.MAY: "{} may now wait for {}",
    Bond.STEP: "a step of {} now waits for {}",
}
_WAIT_REMOVED: Final = {
    Bond.MUST: "{} no longer waits for {}",
    Bond.MAY: "{} may no longer wait for {}",
    Bond.STEP: "no step of {} waits for {} any more",
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """Markdown; whether anything was left out of it."""

    text: str
    is_truncated: bool


def utf16_units(text: str) -> int:
    """Return how long GitHub holds a comment to be: its characters as JavaScript counts them."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf8_bytes(text: str) -> int:
    """Return how long GitHub holds a job's summary to be."""
    return len(text.encode("utf-8", errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be said, in the units of `measure`: in all, about one flow, by one list of points, by a table."""

    total: int
    per_flow: int
    per_list: int
    per_table: int
    measure: Callable[[str], int]


COMMENT: Final = Limits(64_000, 8_000, 5_000, 16_000, utf16_units)
"""GitHub refuses a body of more than 65,536 characters."""
SUMMARY: Final = Limits(1_000_000, 60_000, 100_000, 200_000, utf8_bytes)
"""GitHub drops all of a summary of more than 1 MiB."""


def fitting(lines: Sequence[str], size: int, measure: Callable[[str], int]) -> Sequence[str]:
    """Return as many of the first `lines` as fit `size`, each with a line feed."""
    for count, line in enumerate(lines):
        size -= measure(line) + 1
        if size < 0:
            return lines[:count]
    return lines


def enumerated(names: Iterable[str], size: int, measure: Callable[[str], int]) -> str:
    """Return names as an enumeration that fits; those that do not are counted."""
    every = list(names)
    count = len(fitting([f"{name}," for name in every], size, measure))
    shown, rest = ", ".join(every[:count]), len(every) - count
    if not rest:
        return shown
    return f"{shown} and {rest:,} more" if shown else f"{rest:,} in all"


def _fitting_or_counted(lines: Sequence[str], most: int, size: int, limits: Limits, more: str) -> list[str]:
    """Return what fits of the first `most` lines; where some are left out, `more` says how many (`{}`)."""
    kept = fitting(lines[:most], size, limits.measure)
    rest = len(lines) - len(kept)
    return [*kept, more.format(f"{rest:,}")] if rest else [*kept]


def brief(text: str) -> str:
    """Return a name cut to what is shown where there are many."""
    return shortened(text, NAME_LENGTH)


def name(text: str) -> str:
    """Return a name as inline code."""
    return code_span(brief(text))


def cell(text: str) -> str:
    """Return a name as inline code for a cell of a table."""
    return cell_code(brief(text))


def sentence(text: str) -> str:
    """Return a sentence, all but plain English in it as inline code."""
    return prose(shortened(text, SENTENCE_LENGTH))


def differing(plan: Plan) -> int:
    """Return how many flows are not as the files say, or not there at all."""
    return len(plan.changes) + len(plan.blocked)


def alert(kind: str, lead: str, points: Iterable[str], limits: Limits) -> str:
    """Return one of GitHub's alerts (NOTE, WARNING, CAUTION): a raw sentence in bold, and as many points as fit."""
    lines = [f"> - {point}" for point in points]
    kept = _fitting_or_counted(lines, len(lines), limits.per_list, limits, "> - and {} more")
    heading = [f"> [!{kind}]", f"> **{prose(lead) or 'It failed without a word.'}**"]
    return "\n".join([*heading, *([">"] if lines else []), *kept])


def plan_alerts(plan: Plan, moment: str, limits: Limits) -> Iterator[str]:
    """Yield what keeps a plan from being applied, then what users will notice at `moment` and what to be wary of."""
    if plan.blocked:
        lead = f"Nothing can be applied: {plural(len(plan.blocked), 'flow')} cannot be written."
        yield alert("CAUTION", lead, _blocked_points(plan), limits)
    if plan.refusals:
        points = []
        for refusal in plan.refusals:
            slugs = wording.listed([name(slug) for slug in refusal.slugs])
            reason = sentence(f"{refusal.message} {allowed_by(refusal)}")
            points.append(f"{slugs}: {reason}" if slugs else reason)
        yield alert("CAUTION", wording.REFUSED, points, limits)
    points = list(_warning_points(plan))
    if plan.changes or points:
        is_felt = bool(points) or any(change.live for change in plan.changes)
        yield alert("WARNING" if is_felt else "NOTE", _impact(plan, moment), points, limits)
    elif not plan.blocked:
        yield alert("NOTE", f"Nothing changes for users: {_in_step(plan)}", [], limits)


def _in_step(plan: Plan) -> str:
    text = wording.in_step(plan)
    return text[:1].lower() + text[1:]


def _impact(plan: Plan, moment: str) -> str:
    """Say in one sentence how many flows change, and how many of them users notice at once."""
    count, live = len(plan.changes), sum(change.live for change in plan.changes)
    if not count:
        return "Nothing changes that can be seen, but:" if plan.unverified else "Nothing changes for users, but:"
    opening = f"When {moment}, {plural(count, 'flow')} {'changes' if count == 1 else 'change'}"
    if live == count:
        return f"{opening} for users at once."
    return f"{opening}, {live:,} of them for users at once." if live else f"{opening}. Users notice nothing yet."


def _warning_points(plan: Plan) -> Iterator[str]:
    """Yield what there is to be wary of, the gravest first: where there is no room for all, the last are left out."""
    for change in sorted(plan.writes, key=lambda each: not each.live):
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code in _GRAVE)
    for change in plan.writes:
        yield from (f"{name(change.slug)} {sentence(origin)}" for origin in wording.origins(change))
        # What a new targeting means for who sees the flow; where it was cleared, there is a warning of that.
        old, new = change.old.get("targetingLogic"), change.new.get("targetingLogic")
        is_changed = any(field.field == "targetingLogic" for field in change.fields)
        if is_changed and isinstance(old, str) and isinstance(new, str) and new.strip():
            audience = meaning("targeting", old, new)
            yield from [f"{name(change.slug)} {sentence(audience)}"] if audience else []
        yield from (_warning_point(change.slug, each) for each in wording.warnings(change) if each.code not in _GRAVE)
    for row in plan.unchanged:
        yield from (_warning_point(row.slug, warning) for warning in row.warnings)


def _warning_point(slug: str, warning: PlanWarning) -> str:
    where = "" if warning.line is None else f", line {warning.line}"
    return f"{name(slug)}{where}: {sentence(warning.message)}"


def _blocked_points(plan: Plan) -> list[str]:
    return [f"{name(each.slug)}: {sentence(each.message)}" for each in plan.blocked]


def apply_alerts(plan: Plan, outcomes: Iterable[Outcome], extras: Sequence[str], limits: Limits) -> Iterator[str]:
    """Yield what was not as planned or not as reviewed (`extras`), else that all went well."""
    entries = sorted(map(ledger.entry, outcomes), key=lambda entry: entry.change.slug)
    bad = [entry for entry in entries if not entry.is_good]
    if extras:
        yield alert("WARNING", "Written though no merged pull request showed it:", map(name, extras), limits)
    if bad:
        lead = f"{plural(len(bad), 'flow')} of {len(entries):,} {'is' if len(bad) == 1 else 'are'} not as planned."
        points = (f"{name(each.change.slug)} {each.kind.words}: {sentence(ledger.explained(each))}" for each in bad)
        yield alert("CAUTION", lead, points, limits)
    elif entries:
        live = sum(change.live for change in plan.writes)
        if not live:
            seen = "Users notice nothing yet."
        elif live < len(entries):
            seen = f"Users notice {live:,} of them now."
        else:
            seen = "Users notice it now." if live == 1 else "Users notice all of them now."
        yield alert("NOTE", f"Applied: {plural(len(entries), 'flow')} as planned. {seen}", [], limits)
    else:
        yield alert("NOTE", f"Nothing was to be written: {_in_step(plan)}", [], limits)


def drift_alert(plan: Plan, waiting: Sequence[str], limits: Limits) -> str:
    """Return how many flows differ from the files, apart from those of changes that wait for an apply."""
    count = differing(plan)
    if not count:
        return alert("NOTE", wording.NO_EDITS if waiting else wording.nothing_changes(plan), [], limits)
    lead = f"{plural(count, 'flow')} {'is' if count == 1 else 'are'} live otherwise than the files say."
    return alert("WARNING", lead, _blocked_points(plan), limits)


def drift_limits(waiting: Sequence[str], gap: str, limits: Limits) -> Iterator[str]:
    """Yield what differs and is no edit, and what is not known of who made the differences."""
    if waiting:
        names = enumerated(map(name, waiting), limits.per_list // 4, limits.measure)
        yield f"{plural(len(waiting), 'flow')} {wording.waits(len(waiting))}: {names}."
    if gap:
        yield alert("WARNING", "Some of this may be no edit.", [sentence(gap)], limits)


def takeover(files: Mapping[str, str], left: Mapping[str, str], limits: Limits) -> Iterator[str]:
    """Yield what merging the files (by slug) does, which flows are left and why, and what to do instead."""
    lead = "Merging this takes edits made outside of the files into them. Nothing changes for users."
    yield alert("NOTE", lead, (f"{name(slug)} in {name(file)}" for slug, file in files.items()), limits)
    if left:
        points = (f"{name(slug)}: {sentence(reason)}" for slug, reason in left.items())
        yield alert("WARNING", "What could not be taken over:", points, limits)
    yield "To undo the edits instead, close this pull request and apply again: the files then win."


def failure_alert(error: FlowsyncError, limits: Limits) -> str:
    """Return why a command stopped, with what is in the way and what to do."""
    reasons = error.reasons if isinstance(error, RefusedError) else ()
    points = [*reasons, *([error.hint] if error.hint else [])]
    return alert("CAUTION", shortened(error.message, SENTENCE_LENGTH), map(sentence, points), limits)


def changed_waits(waits: ChangedWaits | None, limits: Limits) -> Iterator[str]:
    """Yield which flows begin or cease to wait for others, and a drawing of that where it can still be read."""
    if not waits:
        return
    points = [
        f"- {sentences[bond].format(name(waiting), name(awaited))}"
        for sentences, changed in ((_WAIT_ADDED, waits.added), (_WAIT_REMOVED, waits.removed))
        for waiting, awaited, bond in changed
    ]
    kept = _fitting_or_counted(points, len(points), limits.per_list // 2, limits, "- and {} more")
    yield "\n".join(["Which flows wait for others changes:", "", *kept])
    drawing = listing.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and limits.measure(drawing) <= limits.per_list:
        yield drawing


def plan_table(plan: Plan, happens: str, changes: str, limits: Limits) -> Iterator[str]:
    """Yield the table of a plan, where it holds anything, with the titles of two of its columns."""
    if not plan.writes and not plan.blocked:
        return
    # Who made a change is a column only where that is known.
    has_origins = any(field.origin for change in plan.changes for field in change.fields)
    rows = [[cell(each.slug), "**blocked**", "", cell_code(each.code), ""] for each in plan.blocked]
    for change in plan.changes:
        seen = wording.visibility(change)
        origins = {field.origin for field in change.fields}
        made_by = ", ".join(words for origin, words in _ORIGINS.items() if origin in origins)
        seen = f"**{seen}**" if change.live else seen
        rows.append([cell(change.slug), action(change), seen, _places(change), made_by])
    rows += [[cell(change.slug), "unverified", "not known", "active: false", ""] for change in plan.unverified]
    width = 5 if has_origins else 4
    titles = ["Flow", happens, "Seen by users", changes, "Made by"][:width]
    yield _table(markdown_table(titles, (row[:width] for row in rows)), limits)


def apply_table(plan: Plan, outcomes: Iterable[Outcome], limits: Limits) -> Iterator[str]:
    """Yield the table of what became of each change, where there were any."""
    if not plan.writes:
        return
    entries = {outcome.change.slug: ledger.entry(outcome) for outcome in outcomes}
    rows = []
    for change in plan.writes:
        entry = entries.get(change.slug)
        rows.append([cell(change.slug), entry.kind.words if entry else "", _seen_now(change, entry), _places(change)])
    yield _table(markdown_table(["Flow", "Outcome", "Seen by users", "Planned changes"], rows), limits)


def _seen_now(change: Change, entry: Entry | None) -> str:
    """Return what users see of a flow after an apply."""
    if entry is None or entry.kind not in {ledger.Kind.APPLIED, ledger.Kind.UNCHANGED}:
        return "not known" if entry and entry.uncertain else "as before"
    return "**live now**" if change.live else wording.visibility(change)


def _places(change: Change) -> str:
    return wording.listed([cell(place) for place in wording.changed_places(change)])


def problems_table(problems: Sequence[Problem], limits: Limits) -> Iterator[str]:
    """Yield the table of problems, where there are any."""
    if problems:
        yield _table(problem_table(problems), limits)


def _table(lines: Sequence[str], limits: Limits) -> str:
    """Return a table that fits; `lines` begins with its two lines of heading."""
    more = f"| and {{}} more |{' |' * (lines[0].count('|') - 2)}"
    return "\n".join([*lines[:2], *_fitting_or_counted(lines[2:], TABLE_ROWS, limits.per_table, limits, more)])


def details_that_fit(changes: Iterable[Change], left: int, limits: Limits) -> Mapping[str, Fitted]:
    """Return each flow's details by slug, those first that matter most, until there is no room."""
    details: dict[str, Fitted] = {}
    for change in sorted(changes, key=lambda change: _ORDER.index(action(change))):
        if left < LEAST_ROOM:
            break
        block = _details(change, limits)
        size = limits.measure(block.text) + 2
        if size <= left:
            details[change.slug] = block
            left -= size
    return details


def _details(change: Change, limits: Limits) -> Fitted:
    count = plural(len(wording.changed_places(change)), "change")
    summary = f"<details><summary>{html_code(brief(change.slug))} {action(change)}: {count}</summary>"
    remarks = [f"- {name(change.file)}, version {change.version}, {sentence(change.status)}, id {change.id}"]
    remarks += [f"- {sentence(each)}" for each in (*map(remark, change.fields), wording.unseen(change)) if each]
    kept = fitting(remarks[:REMARKS], limits.per_flow // 4, limits.measure)
    lines = paint(flow_diff(change), Colour.NEVER).rstrip("\n").split("\n")
    diff = _fitting_or_counted(lines, len(lines), limits.per_flow, limits, "… {} more lines")
    text = "\n\n".join([summary, "\n".join(kept), fenced("\n".join(diff), "diff"), "</details>"])
    return Fitted(text, diff != lines)
