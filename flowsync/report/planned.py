"""The report of a plan: the headline, what prevents it, what users will notice, the flows, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from flowsync.explain import graphs
from flowsync.flows.waits import Bond, ChangedWaits
from flowsync.model import (
    Change,
    Create,
    Dropped,
    DroppedKind,
    FieldChange,
    Origin,
    Plan,
    PlanWarning,
    Refusal,
    Removed,
    SettingChange,
    Update,
)
from flowsync.plan.creating import SECOND_REQUEST
from flowsync.plan.document import drafted
from flowsync.plan.warnings import DRAFT_UNSEEN, EDIT_KEPT, UNSEEN_SENT, WAITING
from flowsync.render import audience, wording
from flowsync.render.escape import code_span, cut_pair, plural, shown
from flowsync.report.changes import (
    CHANGES_OF_A_FLOW,
    changes_in_words,
    described,
    in_order,
    is_same_audience,
    noun_of,
    origin_words,
    sent_unseen,
)
from flowsync.report.layout import (
    Limits,
    Page,
    alert,
    brief,
    enumerated,
    flow,
    flow_cell,
    name,
    names,
    points,
    problems_table,
    sentence,
    table,
    titled_cell,
    with_inputs,
)
from flowsync.report.values import Looks, Moment, PlanReport, Scene

DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""
SETTING_WIDTH: Final = 160
"""Columns that are shown of a setting."""
_SWITCHED: Final = {
    "turned-off": "**switched off**: nobody sees it any more",
    "turned-on": "**switched on**: its audience can see it",
}
_GRAVE: Final = frozenset({*_SWITCHED, "targeting-cleared", "type-changed", "step-id-renamed", "field-id-renamed"})
"""The codes of what changes most for users."""
_SAID: Final = _GRAVE | {WAITING, UNSEEN_SENT, SECOND_REQUEST}
"""The codes of what has a point, or a cell, of its own."""
_CONFLICT: Final = "overwrites-conflict"
_EDITS: Final = {"overwrites-drift": Origin.DRIFT, _CONFLICT: Origin.CONFLICT}
_STOPS: Final = {
    _CONFLICT: "conflict",
    "overwrites-drift": "dashboard edit",
    "clears-targeting": "cleared audience",
    "changes-type": "changed type",
    "creates": "new flow",
    "protected": "protected flow",
    "too-many-changes": "size limit",
    "too-large-a-part": "size limit",
    "plan-not-saved": "unsaved plan",
}
"""What has to be resolved before a plan is applied, by the code of the refusal; anything else is a guard."""
_LOST_SHOWN: Final = 12
"""How much of what one file lost is shown: each field, and some of its tests."""
_SAVED: Final = "Only a saved and reviewed plan may be applied: set the action's input `plan-file`."
_WAITS: Final = {
    Bond.MUST: ("{} now waits for {}", "{} no longer waits for {}"),
    Bond.MAY: ("{} may now wait for {}", "{} may no longer wait for {}"),
    Bond.STEP: ("a step of {} now waits for {}", "no step of {} waits for {} any more"),
}
"""What is said of a wait that begins, and of one that ends."""


def plan_page(report: PlanReport, limits: Limits) -> Page:
    """Return the report of a plan."""
    plan, scene = report.plan, report.scene
    shown_plan = replace(plan, dropped=_not_in_settings(plan.dropped, report.settings))
    blocks = [
        *stops_alert(plan, scene, limits),
        *_notice_alert(report, limits),
        *flows_table(shown_plan, "What changes", scene, limits),
        *_changed_looks(report.looks, scene, limits),
        *_changed_waits(report.waits, limits),
        *points(
            "Other open pull requests:",
            (f"#{each.number} changes {wording.listed(list(map(name, each.slugs)))} too" for each in report.others),
            limits,
        ),
        *(["Warnings about the files:"] if report.problems else []),
        *problems_table(report.problems, limits.per_list, limits),
    ]
    place = plan.environment or wording.host_of(plan.api_url)
    command = "plan" if report.other is None else report.other.name
    return Page(headline(report), command, place, _next_step(report), blocks, plan.changes, [about(plan, limits)])


def headline(report: PlanReport, quoted: Callable[[str], str] = name) -> str:
    """Return what the plan does, whether anything prevents it, and how much users notice.

    `quoted` formats the name of a branch for the output.
    """
    plan, moment, stops = report.plan, report.scene.moment.value, stopped_by(report.plan)
    if report.into is not None:
        where = quoted(report.applied) if report.applied else "the branch that is applied"
        said = [f"This merges into {quoted(report.into)}. Live flows change only when that reaches {where}."]
        said += [f"First resolve {stops}."] if stops else []
    elif stops:
        said = [f"{moment} changes nothing yet: resolve {stops} first."]
    elif plan.writes:
        return f"{moment} {_effect(plan)}"
    elif report.other is not None:
        return report.other.nothing
    else:
        return f"{moment} changes nothing for users: {_unmanaged(plan) or in_step(plan)}"
    return " ".join([*said, *([f"Then it {_effect(plan)}"] if plan.writes else [])])


def _effect(plan: Plan) -> str:
    """Return the numbers of flows by action, how many changes users notice, and how many come from earlier merges."""
    count = len(plan.changes)
    if not count:
        sent, off = plural(len(plan.unverified), "flow"), "it is" if len(plan.unverified) == 1 else "they are"
        return f"sends active: false to {sent}, because the API does not show whether {off} off."
    live = [change for change in plan.changes if change.live]
    hidden = ", unless a newer draft is hidden" if any(map(wording.may_hide_a_draft, live)) else ""
    notice = wording.users_notice(len(live), count, f"at once{hidden}")
    merged = sum({field.origin for field in change.fields} == {Origin.WAITING} for change in plan.changes)
    some = "All of this was" if merged == count else f"{merged:,} of them {'was' if merged == 1 else 'were'}"
    earlier = f" {some} merged earlier but not applied yet." if merged else ""
    return f"{wording.effects(plan)}. {notice}{earlier}"


def _unmanaged(plan: Plan) -> str:
    """Return the sentence about flows that lose their file and stay; empty for none."""
    count = sum(each.is_there for each in plan.removed)
    be, stay = ("is", "stays as it is") if count == 1 else ("are", "stay as they are")
    return f"{plural(count, 'flow')} {be} no longer managed and {stay}." if count else ""


def in_step(plan: Plan) -> str:
    """Return that the live flows match the files, as the end of a sentence."""
    text = wording.in_step(plan)
    return text[:1].lower() + text[1:]


def stopped_by(plan: Plan) -> str:
    """Return the counts of what must be resolved first: `1 conflict and 2 blocked flows`; empty for nothing."""
    counts: Counter[str] = Counter()
    for refusal in plan.refusals:
        counts[_STOPS.get(refusal.code, "guard")] += len(refusal.slugs) or 1
    counts["blocked flow"] += len(plan.blocked)
    return wording.enumeration([plural(count, noun) for noun, count in counts.items() if count])


def settings_alert(settings: Sequence[SettingChange], limits: Limits) -> Iterator[str]:
    """Yield the changes in flowsync.yaml, which decides what is written, where to, and past which guards."""
    if settings:
        lead = "This changes the configuration: what flowsync writes, where it writes, or what its guards allow."
        yield alert("CAUTION", lead, (f"{name(each.place)}: {_setting(each)}" for each in settings), limits)


def _setting(setting: SettingChange) -> str:
    cuts = cut_pair(shown(setting.old or ""), shown(setting.new or ""), SETTING_WIDTH)
    sides = zip((setting.old, setting.new), cuts, strict=True)
    return " → ".join("not set" if value is None else code_span(cut) for value, cut in sides)


def stops_alert(plan: Plan, scene: Scene, limits: Limits, lead: str = "Resolve this first:") -> Iterator[str]:
    """Yield what prevents a plan from being applied: blocked flows, and refusals of guards."""
    said = [f"{name(each.slug)} is blocked: {with_inputs(each.message, scene)}" for each in plan.blocked]
    flows = {change.slug: change for change in plan.writes}
    said += [point for refusal in plan.refusals for point in _refusal_points(refusal, flows, scene)]
    if said:
        yield alert("CAUTION", lead, said, limits)


def _refusal_points(refusal: Refusal, flows: Mapping[str, Change], scene: Scene) -> Iterator[str]:
    titles = {slug: flow(flows[slug]) if slug in flows else name(slug) for slug in refusal.slugs}
    if (origin := _EDITS.get(refusal.code)) is None:
        way = f"{code_span(refusal.flag)} allows it."
        if scene.is_on_github:
            wanted = wording.allowance(refusal.flag)
            way = f"To allow it, set the action's input {code_span(f'allow: {wanted}')}." if wanted else ""
        message = _SAVED if refusal.code == "plan-not-saved" and scene.is_on_github else sentence(refusal.message)
        yield f"{wording.listed([*titles.values()])}{': ' if titles else ''}{message} {way}".rstrip()
        return
    branch = scene.moment.branch
    both = f"both in the dashboard and in {branch} (dashboard → {branch})"
    for slug, title in titles.items():
        what = "; ".join(_edited(flows[slug], origin)) if slug in flows else ""
        where = both if origin is Origin.CONFLICT else "in the dashboard"
        yield f"{title} was edited {where}" + (f": {what}" if what else "")


def _edited(change: Change, origin: Origin) -> Iterator[str]:
    """Yield the edits made in the dashboard, with the live values and those that would replace them."""
    fields = [field for field in in_order(change.fields) if field.origin is origin]
    yield from (described(field, change) for field in fields[:CHANGES_OF_A_FLOW])
    if len(fields) > CHANGES_OF_A_FLOW:
        yield f"{len(fields) - CHANGES_OF_A_FLOW:,} more"


def _notice_alert(report: PlanReport, limits: Limits) -> Iterator[str]:
    """Yield what users will notice most, and other risks."""
    grave, others = list(_important_points(report)), list(_other_points(report.plan, report.scene.moment.branch))
    if grave or others:
        lead = "What users will notice, and what is overwritten:" if grave else "Good to know:"
        yield alert("WARNING" if grave else "NOTE", lead, [*grave, *others], limits)


def _important_points(report: PlanReport) -> Iterator[str]:
    """Yield the points about audience, switch and overwritten edits: of live flows first."""
    plan, moment = report.plan, report.scene.moment
    refused = {(_EDITS[each.code], slug) for each in plan.refusals if each.code in _EDITS for slug in each.slugs}
    writes = sorted(plan.writes, key=lambda each: not each.live)
    for change in writes:
        said = [_important(each, change) for each in wording.warnings(change) if each.code in _GRAVE]
        if isinstance(change, Create) and change.live:
            said.append("new flow, **switched on**: its audience may see it at once")
        if isinstance(change, Update):
            said += [described(field, change) for field in change.fields if _is_new_audience(field)]
        yield from (f"{flow(change)}: {each}" for each in said)
    for change in writes:
        for origin, also in ((Origin.DRIFT, ""), (Origin.CONFLICT, f" that {moment.branch} changes too")):
            what = "; ".join(_edited(change, origin))
            if what and (origin, change.slug) not in refused:
                yield f"{flow(change)}: {moment.value} overwrites a dashboard edit{also}: {what}"


def _important(warning: PlanWarning, change: Change) -> str:
    """Return a warning; for a known switch in fewer words."""
    if warning.code not in _SWITCHED:
        return sentence(warning.message)
    if "active" in change.sent_unseen:
        return sent_unseen("active", change.body["active"])
    return _SWITCHED[warning.code] if change.live else _SWITCHED[warning.code].partition(":")[0]


def _is_new_audience(field: FieldChange) -> bool:
    """Whether other users see a flow; not for cleared targeting or dashboard edits, which have points of their own."""
    is_targeting = field.field == "targetingLogic" and bool(str(field.new or "").strip())
    return is_targeting and not _is_edit(field) and not is_same_audience(field)


def _is_edit(field: FieldChange) -> bool:
    return field.origin in {Origin.DRIFT, Origin.CONFLICT}


def _other_points(plan: Plan, branch: str) -> Iterator[str]:
    """Yield changes that are not from this pull request, and minor warnings."""
    for change in plan.writes:
        if any(field.origin is Origin.WAITING for field in change.fields):
            yield f"{flow(change)}: {origin_words(Origin.WAITING, change, branch)}, so it is in this plan too"
    shared = wording.shared_warnings(plan.writes, name)
    rows = [(flow(change), [*wording.warnings(change)], _SAID) for change in plan.writes]
    # A draft of a flow that does not change is named in the details of the plan.
    rows += [(name(row.slug), [*row.warnings], frozenset({DRAFT_UNSEEN})) for row in plan.unchanged]
    for title, found, said in rows:
        yield from (_warning_point(title, each) for each in found if each.code not in {*said, *shared})
    yield from shared.values()


def _warning_point(title: str, warning: PlanWarning) -> str:
    if warning.code == EDIT_KEPT:
        field, _, rest = warning.message.partition(" ")
        return f"{title}: {noun_of(field)} {sentence(rest)}"
    return f"{title}: {sentence(warning.message)}"


def flows_table(plan: Plan, title: str, scene: Scene, limits: Limits) -> Iterator[str]:
    """Yield the table of the flows by name, with the changes in words; `title` is that of the second column."""
    rows = [[titled_cell(each.slug, None, "blocked"), "**blocked**: see above"] for each in plan.blocked]
    lost = {slug: _lost([*each]) for slug, each in groupby(plan.dropped, key=lambda each: each.slug)}
    for change in sorted(plan.changes, key=lambda each: not each.live):
        what = changes_in_words(change, scene.moment.branch)
        what += filter(None, [audience.of_change(plan, change.slug)])
        state = "off at once" if change.live and wording.is_switched_off(change) else wording.visibility(change)
        rows.append([flow_cell(change, state), "<br>".join([*what, *lost.pop(change.slug, ())])])
    rows += [[flow_cell(each, "may be on or off"), sent_unseen("active", value=False)] for each in plan.unverified]
    there = {each.slug for each in (*plan.writes, *plan.unchanged)}
    for gone in plan.removed:
        state = "live" if gone.status == "ACTIVE" else "not live"
        rows.append([titled_cell(gone.slug, gone.name, state), _removed(gone, there)])
    rows += [[titled_cell(slug, None, "not written"), "<br>".join(each)] for slug, each in lost.items()]
    if rows:
        yield table(["Flow", title], rows, limits)


def _lost(dropped: Sequence[Dropped]) -> list[str]:
    """Return what was removed from one file; many are counted."""
    rest = len(dropped) - _LOST_SHOWN
    lines = [sentence(wording.dropped(each)) for each in dropped[:_LOST_SHOWN]]
    return [*lines, f"and {rest:,} more removed from the file"] if rest > 0 else lines


def _not_in_settings(dropped: Iterable[Dropped], settings: Iterable[SettingChange]) -> tuple[Dropped, ...]:
    """Return what files lost, without what the changed settings say already."""
    places = {setting.place for setting in settings}
    names = {DroppedKind.PROTECTED: "protected", DroppedKind.IGNORE: "ignores"}
    return tuple(each for each in dropped if f"{names.get(each.kind, '')} of {each.file}" not in places)


def _removed(removed: Removed, there: Collection[str]) -> str:
    """Return what happens to a flow whose file is gone; `there` are the existing flows that have a file."""
    if not removed.is_there:
        return sentence(wording.removed(removed))
    stays = f"stays {'live' if removed.status == 'ACTIVE' else 'in Frigade'} as version {removed.version}"
    if removed.renamed_to is None:
        return f"no longer managed: its file is gone; {stays}"
    new = name(removed.renamed_to)
    if removed.renamed_to in there:
        return (
            f"no longer managed: its file is now that of {new}, another flow. This one {stays}; to end it, switch it "
            "off in Frigade"
        )
    return (
        f"renamed: Frigade cannot rename a flow, so this one {stays} and is no longer managed. Either rename the file "
        f"back to {name(removed.slug)}, or create {new} as a new flow ({code_span('allow: create')}) and switch this "
        "one off"
    )


def _changed_looks(looks: Looks | None, scene: Scene, limits: Limits) -> Iterator[str]:
    """Yield which flows look different and where their pictures are, or why there are no pictures."""
    if looks is None or not (looks.changed or looks.trouble):
        return
    said = [f"These flows look different: {names(looks.changed, limits)}."] if looks.changed else []
    if looks.pictures:
        link = f"[Pictures]({scene.run_url}#artifacts)" if scene.run_url else "Pictures"
        missing = f", but some are missing: {sentence(looks.trouble)}" if looks.trouble else "."
        said.append(f"{link} are in the artefact {name(looks.name)}{missing}")
    elif looks.trouble:
        said.append(f"Pictures are not available: {sentence(looks.trouble)}")
    yield " ".join(said)


def _changed_waits(waits: ChangedWaits | None, limits: Limits) -> Iterator[str]:
    """Yield which flows begin or cease to wait for others, with a diagram if it is small enough."""
    if not waits:
        return
    said = [
        _WAITS[bond][is_removed].format(name(waiting), name(awaited))
        for is_removed, changed in enumerate((waits.added, waits.removed))
        for waiting, awaited, bond in changed
    ]
    yield from points("This changes which flows wait for others:", said, limits, 2)
    drawing = graphs.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and limits.measure(drawing) <= limits.per_list // 2:
        yield drawing


def about(plan: Plan, limits: Limits) -> str:
    """Return the source of a plan and its gaps, in a collapsed section."""
    source = wording.source(plan)
    said = [f"{wording.counts(plan)}.", sentence(f"{_capital(source)}. {wording.view(plan)}".rstrip())]
    drafts = [row.slug for row in plan.unchanged if any(each.code == DRAFT_UNSEEN for each in row.warnings)]
    if drafts:
        said.append(f"Drafts that nobody sees until they are published: {names(drafts, limits, 8)}.")
    notes = (wording.unverified(plan), wording.unseen_in_unchanged(plan.unchanged))
    said += [sentence(_capital(note)) for note in notes if note]
    if plan.unmanaged:
        rows = (f"{name(row.slug)} ({name(row.name)}, id {row.id})" for row in plan.unmanaged)
        said.append(f"Live without a file, never changed: {enumerated(rows, limits.per_list // 8, limits.measure)}.")
    facts = [name(plan.api_url), f"plan {code_span(wording.short_digest(plan.digest))}"]
    facts += [f"compared with {name(wording.revision(plan.base))}"] if plan.base else []
    lines = [f"- {point}" for point in (*said, " · ".join(facts))]
    return "\n".join(["<details><summary>About this plan</summary>", "", *lines, "", "</details>"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _next_step(report: PlanReport) -> str:
    """Return what the reader does next."""
    plan, scene = report.plan, report.scene
    if plan.blocked:
        way = " and push" if scene.is_on_github else f", or skip them with {code_span('--skip-blocked')}"
        return f"Fix the blocked flows{way}."
    if plan.refusals:
        return next_after_refusal(plan.refusals, scene)
    if report.other is not None:
        return f"{code_span(report.other.following)} writes this." if plan.writes else "Nothing to do."
    if not plan.writes:
        way = "If you did not intend this, put the files back. To end such a flow, switch it off in Frigade."
        return way if _unmanaged(plan) else "Nothing to do for live flows."
    if report.into is not None:
        return "Merge when this is right. The next pull request from that branch shows its own plan."
    if not scene.is_on_github:
        said = [f"{code_span('flowsync apply')} writes this."]
    elif scene.moment is Moment.MERGE:
        said = ["Merge when this is right. The merge applies exactly this, and a new comment reports the result."]
    else:
        said = ["The apply job writes exactly this."]
    if any(_is_edit(field) for change in plan.changes for field in change.fields):
        said.append(f"To keep a dashboard edit, first copy it into its file with {code_span('flowsync pull')}.")
    if slugs := drafted(plan):
        them = "the new draft until it is" if len(slugs) == 1 else "the new drafts until they are"
        command = f"flowsync publish {' '.join(map(brief, slugs[: wording.MOST_NAMED]))}"
        said.append(f"Nobody sees {them} published: {code_span(command)}.")
    return " ".join(said)


def next_after_refusal(refusals: Sequence[Refusal], scene: Scene) -> str:
    """Return the two ways to proceed after guards refused."""
    flags = list(dict.fromkeys(refusal.flag for refusal in refusals))
    allowed = " ".join(filter(None, map(wording.allowance, flags)))
    if not scene.is_on_github:
        way = f"add {code_span(' '.join(flags))}"
    elif allowed:
        when = " once this is merged" if scene.moment is Moment.MERGE else ""
        way = f"run the apply workflow by hand with {code_span(f'allow: {allowed}')}{when}"
    else:
        way = "change what the guards allow"
    keeping = "change the files"
    if any(refusal.code in _EDITS for refusal in refusals):
        keeping = f"copy the dashboard edit into the file ({code_span('flowsync pull')})"
    push = " and push" if scene.is_on_github else ""
    return f"Either {keeping}{push}, or, to go ahead with this plan, {way}."
