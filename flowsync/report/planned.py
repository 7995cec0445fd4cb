"""What a report says of a plan: the headline, what stops it, what users will notice, the flows, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

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
from flowsync.plan.document import drafted, summary
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
    alert,
    brief,
    enumerated,
    fitting_or_counted,
    flow,
    flow_cell,
    name,
    sentence,
    table,
    titled_cell,
    with_inputs,
)

if TYPE_CHECKING:
    from flowsync.report.comment import Looks, OtherPull, PlanReport, Scene

DRAWN_WAITS: Final = 40
"""More arrows than these are no picture any more."""
SETTING_WIDTH: Final = 160
"""Columns that are shown of a setting."""
_GRAVE: Final = frozenset(
    {"targeting-cleared", "turned-off", "turned-on", "type-changed", "step-id-renamed", "field-id-renamed"}
)
"""The codes of what changes most for users."""
_SWITCHED: Final = {
    "turned-off": "**switched off**: nobody sees it any more",
    "turned-on": "**switched on**: whoever it is for can see it",
}
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
"""What has to be settled before a plan is applied, by the code of the refusal; anything else is a guard."""
_LOST_SHOWN: Final = 12
"""How much of what one file lost is shown: each field, and some of its tests."""
_SAVED: Final = "Only a plan that was saved and shown may be applied: the action's input `plan-file` names it."
_ADDED: Final = {
    Bond.MUST: "{} now waits for {}",
    Bond.MAY: "{} may now wait for {}",
    Bond.STEP: "a step of {} now waits for {}",
}
_REMOVED: Final = {
    Bond.MUST: "{} no longer waits for {}",
    Bond.MAY: "{} may no longer wait for {}",
    Bond.STEP: "no step of {} waits for {} any more",
}


def headline(report: PlanReport, quoted: Callable[[str], str] = name) -> str:
    """Return in one true line what happens, whether anything keeps it from happening, and how much users notice.

    `quoted` makes the name of a branch what it is where this is shown.
    """
    plan, moment = report.plan, report.scene.moment.value
    if report.into is not None:
        where = quoted(report.applied) if report.applied else "the branch that is applied"
        opening = f"This merges into {quoted(report.into)}; live flows change only when that reaches {where}"
        stops = stopped_by(plan)
        first = f" Before that: {stops}." if stops else ""
        return f"{opening}.{first} {_impact('Then', plan) if plan.writes else ''}".rstrip()
    if stops := stopped_by(plan):
        after = f" {_impact('After that', plan)}" if plan.writes else ""
        return f"{moment} changes nothing yet: {stops} first.{after}"
    count = len(plan.changes)
    if not plan.writes:
        return f"{moment} changes nothing for users: {_unmanaged(plan) or in_step(plan)}"
    if not count:
        return f"{moment} changes nothing that can be seen. {_impact('', plan)}"
    return f"{moment} {_deeds(plan)}{_noticed(plan, '. Users notice nothing yet.')}"


def _deeds(plan: Plan) -> str:
    """Return what is done to how many flows: `creates 1 flow and changes 2 flows`."""
    numbers = summary(plan)
    counts = (
        (("creates", "flow"), numbers.create),
        (("makes", "draft"), numbers.draft),
        (("changes", "flow"), numbers.update),
    )
    return wording.enumeration([f"{verb} {plural(count, noun)}" for (verb, noun), count in counts if count])


def _unmanaged(plan: Plan) -> str:
    """Return how many flows lose their file and stay, as a sentence; empty for none."""
    count = sum(each.is_there for each in plan.removed)
    if not count:
        return ""
    be, stay = ("is", "stays") if count == 1 else ("are", "stay")
    return f"{plural(count, 'flow')} {be} no longer managed and {stay} as before."


def _impact(opening: str, plan: Plan) -> str:
    """Return how many flows change, and how many of them users notice at once."""
    count = len(plan.changes)
    if not count:
        sent = plural(len(plan.unverified), "flow")
        one = len(plan.unverified) == 1
        told = f"{sent} {'is' if one else 'are'} sent as switched off"
        return f"{opening} {told}, since the API does not say whether {'it is' if one else 'they are'}.".strip()
    numbers = summary(plan)
    parts = (
        (numbers.create, "flow", "is created", "are created"),
        (numbers.draft, "draft", "is made", "are made"),
        (numbers.update, "flow", "changes", "change"),
    )
    said = [f"{plural(number, noun)} {one if number == 1 else many}" for number, noun, one, many in parts if number]
    flows = f"{opening} {wording.enumeration(said)}".strip()
    return flows + _noticed(plan, ", and users notice nothing yet.")


def _noticed(plan: Plan, nothing: str) -> str:
    """Return how a sentence about changed flows ends: how many users notice, and how many come from earlier merges."""
    live = [change for change in plan.changes if change.live]
    if not live:
        return nothing + _merged_earlier(plan)
    some = f", {len(live):,} of them" if len(live) < len(plan.changes) else ""
    hidden = ", unless a newer draft is hidden" if any(map(wording.may_hide_a_draft, live)) else ""
    return f"{some} for users at once{hidden}.{_merged_earlier(plan)}"


def _merged_earlier(plan: Plan) -> str:
    """Return how many of the changed flows only wait for an apply, as a sentence after another; empty for none."""
    count = sum({field.origin for field in change.fields} == {Origin.WAITING} for change in plan.changes)
    if not count:
        return ""
    if count == len(plan.changes):
        return " All of that was merged earlier and is not applied yet."
    were, are = ("was", "is") if count == 1 else ("were", "are")
    return f" {count:,} of them {were} merged earlier and {are} not applied yet."


def in_step(plan: Plan) -> str:
    """Return how far the live flows are as the files say, as the end of a sentence."""
    text = wording.in_step(plan)
    return text[:1].lower() + text[1:]


def stopped_by(plan: Plan) -> str:
    """Return what has to be settled first, counted: `1 conflict and 2 blocked flows`; empty for nothing."""
    counts: dict[str, int] = {}
    for refusal in plan.refusals:
        noun = _STOPS.get(refusal.code, "guard")
        counts[noun] = counts.get(noun, 0) + (len(refusal.slugs) or 1)
    if plan.blocked:
        counts["blocked flow"] = len(plan.blocked)
    return wording.enumeration([plural(count, noun) for noun, count in counts.items()])


def settings_alert(settings: Sequence[SettingChange], limits: Limits) -> Iterator[str]:
    """Yield what changes in flowsync.yaml, which is code: it decides what is written, where to, past which guards."""
    if settings:
        lead = "This changes the configuration: what is written, where it goes, or what the guards let through."
        points = [f"{name(setting.place)}: {_setting(setting)}" for setting in settings]
        yield alert("CAUTION", lead, points, limits)


def _setting(setting: SettingChange) -> str:
    was, now = cut_pair(shown(setting.old or ""), shown(setting.new or ""), SETTING_WIDTH)
    sides = (
        ("not set" if value is None else code_span(cut)) for value, cut in ((setting.old, was), (setting.new, now))
    )
    return " → ".join(sides)


def stops_alert(plan: Plan, scene: Scene, limits: Limits, lead: str = "What has to be settled first:") -> Iterator[str]:
    """Yield what keeps a plan from being applied: blocked flows, and what guards refuse."""
    points = [f"{name(each.slug)} is blocked: {with_inputs(each.message, scene)}" for each in plan.blocked]
    flows = {change.slug: change for change in plan.writes}
    points += [point for refusal in plan.refusals for point in _refusal_points(refusal, flows, scene)]
    if points:
        yield alert("CAUTION", lead, points, limits)


def _refusal_points(refusal: Refusal, flows: Mapping[str, Change], scene: Scene) -> Iterator[str]:
    way = f"{code_span(refusal.flag)} allows it."
    if scene.is_on_github:
        wanted = wording.allowance(refusal.flag)
        way = f"The action's input {code_span(f'allow: {wanted}')} lets it through." if wanted else ""
    if (origin := _EDITS.get(refusal.code)) is None:
        names = wording.listed([flow(flows[slug]) if slug in flows else name(slug) for slug in refusal.slugs])
        message = _SAVED if refusal.code == "plan-not-saved" and scene.is_on_github else sentence(refusal.message)
        yield f"{names}: {message} {way}" if names else f"{message} {way}"
        return
    branch = scene.moment.branch
    for slug in refusal.slugs:
        what = list(_edited(flows[slug], origin)) if slug in flows else []
        who = (
            f"both in the dashboard and in {branch} (dashboard → {branch})"
            if origin is Origin.CONFLICT
            else "in the dashboard"
        )
        title = flow(flows[slug]) if slug in flows else name(slug)
        yield f"{title} was edited {who}" + (f": {'; '.join(what)}" if what else "")


def _edited(change: Change, origin: Origin) -> Iterator[str]:
    """Yield what was edited in the dashboard, from what is there to what would be."""
    fields = [field for field in in_order(change.fields) if field.origin is origin]
    yield from (described(field, change).markdown for field in fields[:CHANGES_OF_A_FLOW])
    if len(fields) > CHANGES_OF_A_FLOW:
        yield f"{len(fields) - CHANGES_OF_A_FLOW:,} more"


def allowances(refusals: Iterable[Refusal]) -> str:
    """Return what the action's input `allow` has to name for these refusals."""
    return " ".join(dict.fromkeys(filter(None, (wording.allowance(refusal.flag) for refusal in refusals))))


def notice_alert(report: PlanReport, limits: Limits) -> Iterator[str]:
    """Yield what users will notice most, and what else there is to be wary of."""
    points, others = list(_grave_points(report)), list(_other_points(report))
    if points or others:
        lead = "What users will notice, and what is overwritten:" if points else "Worth knowing:"
        yield alert("WARNING" if points else "NOTE", lead, [*points, *others], limits)


def _grave_points(report: PlanReport) -> Iterator[str]:
    """Yield who will see a flow, what is switched or overwritten: of live flows first."""
    plan, moment = report.plan, report.scene.moment.value
    refused = {(_EDITS[each.code], slug) for each in plan.refusals if each.code in _EDITS for slug in each.slugs}
    writes = sorted(plan.writes, key=lambda each: not each.live)
    for change in writes:
        yield from (
            f"{flow(change)}: {_grave(each, change)}" for each in wording.warnings(change) if each.code in _GRAVE
        )
        if isinstance(change, Create) and change.live:
            yield f"{flow(change)}: a new flow, **switched on**: whoever it is for may see it at once"
        if not isinstance(change, Update):
            continue
        # Where targeting was cleared there is a warning; an edit of the dashboard is a point of its own.
        yield from (
            f"{flow(change)}: {described(field, change).markdown}"
            for field in change.fields
            if field.field == "targetingLogic"
            and str(field.new or "").strip()
            and not _is_edit(field)
            and not is_same_audience(field)
        )
    for change in writes:
        for origin, also in ((Origin.DRIFT, ""), (Origin.CONFLICT, f" that {report.scene.moment.branch} changes too")):
            what = "; ".join(_edited(change, origin))
            if what and (origin, change.slug) not in refused:
                yield f"{flow(change)}: {moment} overwrites a dashboard edit{also}: {what}"


def _grave(warning: PlanWarning, change: Change) -> str:
    """Return a warning, in fewer words of a switch that is known to be turned."""
    if warning.code not in _SWITCHED:
        return sentence(warning.message)
    if "active" in change.sent_unseen:
        return sent_unseen("active", change.body["active"])
    return _SWITCHED[warning.code] if change.live else _SWITCHED[warning.code].partition(":")[0]


def _is_edit(field: FieldChange) -> bool:
    return field.origin in {Origin.DRIFT, Origin.CONFLICT}


def _other_points(report: PlanReport) -> Iterator[str]:
    """Yield what is no change of this pull request, and warnings of less weight."""
    for change in report.plan.writes:
        if any(field.origin is Origin.WAITING for field in change.fields):
            words = origin_words(Origin.WAITING, change, report.scene.moment.branch)
            yield f"{flow(change)}: {words}, so this plan shows it too"
    for change in report.plan.writes:
        yield from (_warning_point(flow(change), each) for each in wording.warnings(change) if each.code not in _SAID)
    for row in report.plan.unchanged:
        points = (each for each in row.warnings if each.code != DRAFT_UNSEEN)  # of no concern to this change
        yield from (_warning_point(name(row.slug), warning) for warning in points)


def _warning_point(title: str, warning: PlanWarning) -> str:
    if warning.code == EDIT_KEPT:
        field, _, rest = warning.message.partition(" ")
        return f"{title}: {noun_of(field)} {sentence(rest)}"
    return f"{title}: {sentence(warning.message)}"


def flows_table(plan: Plan, title: str, scene: Scene, limits: Limits) -> Iterator[str]:
    """Yield the table of the flows by name, and in words what changes; `title` is that of the second column."""
    rows = [
        [titled_cell(each.slug, None, "blocked"), "**blocked**: what is named above keeps it from being written"]
        for each in plan.blocked
    ]
    lost = {slug: _lost([*each]) for slug, each in groupby(plan.dropped, key=lambda each: each.slug)}
    for change in sorted(plan.changes, key=lambda each: not each.live):
        what = changes_in_words(change, scene.moment.branch)
        what += filter(None, [audience.of_change(plan, change.slug)])
        state = "off at once" if change.live and wording.is_switched_off(change) else wording.visibility(change)
        rows.append([flow_cell(change, state), "<br>".join([*what, *lost.pop(change.slug, ())])])
    rows += [[flow_cell(each, "may be on or off"), sent_unseen("active", value=False)] for each in plan.unverified]
    there = {each.slug for each in plan.writes} | {each.slug for each in plan.unchanged}
    rows += [[titled_cell(each.slug, each.name, _state(each)), _removed(each, there)] for each in plan.removed]
    rows += [[titled_cell(slug, None, "nothing is sent for it"), "<br>".join(each)] for slug, each in lost.items()]
    if rows:
        yield table(["Flow", title], rows, limits)


def _lost(dropped: Sequence[Dropped]) -> list[str]:
    """Return what one file does not say any more, the last ones only counted when there are many."""
    rest = len(dropped) - _LOST_SHOWN
    lines = [sentence(wording.dropped(each)) for each in dropped[:_LOST_SHOWN]]
    return [*lines, f"and {rest:,} more that the file does not say any more"] if rest > 0 else lines


def untold(dropped: Iterable[Dropped], settings: Iterable[SettingChange]) -> tuple[Dropped, ...]:
    """Return what files lost without what the changed settings say already."""
    places = {setting.place for setting in settings}
    names = {DroppedKind.PROTECTED: "protected", DroppedKind.IGNORE: "ignores"}
    return tuple(each for each in dropped if f"{names.get(each.kind, '')} of {each.file}" not in places)


def _state(removed: Removed) -> str:
    return "live" if removed.status == "ACTIVE" else "not live"


def _removed(removed: Removed, there: Collection[str]) -> str:
    """Return what becomes of a flow whose file is gone; `there` are the flows that exist and have a file."""
    if not removed.is_there:
        return sentence(wording.removed(removed))
    stays = f"stays {'live' if removed.status == 'ACTIVE' else 'in Frigade'} as version {removed.version}"
    if removed.renamed_to is None:
        return f"no longer managed: its file is gone; {stays}"
    new = name(removed.renamed_to)
    if removed.renamed_to in there:
        return (
            f"no longer managed: its file is now that of {new}, another flow; this one {stays}. Where it is to end, "
            "switch it off in Frigade"
        )
    return (
        f"renamed: Frigade has no rename, so this flow {stays}, no longer managed. Either name the file "
        f"{name(removed.slug)} again, or let {new} be created as a new flow ({code_span('allow: create')}) and switch "
        "this one off"
    )


def changed_looks(looks: Looks | None, scene: Scene, limits: Limits) -> Iterator[str]:
    """Yield which flows look different and where their pictures are, or why there are none."""
    if looks is None or not (looks.changed or looks.trouble):
        return
    parts = []
    if looks.changed:
        parts.append(f"Look changed: {enumerated(map(name, looks.changed), limits.per_list // 4, limits.measure)}")
    if looks.pictures:
        link = f"[pictures]({scene.run_url}#artifacts)" if scene.run_url else "pictures"
        missing = f", but not all could be taken: {sentence(looks.trouble)}" if looks.trouble else "."
        parts.append(f"{link} in the artefact {name(looks.name)}{missing}")
    elif looks.trouble:
        parts.append(f"pictures are not available: {sentence(looks.trouble)}")
    said = " — ".join(parts)
    yield f"{said[0].upper()}{said[1:]}"


def changed_waits(waits: ChangedWaits | None, limits: Limits) -> Iterator[str]:
    """Yield which flows begin or cease to wait for others, and a drawing of that where it can still be read."""
    if not waits:
        return
    points = [
        f"- {sentences[bond].format(name(waiting), name(awaited))}"
        for sentences, changed in ((_ADDED, waits.added), (_REMOVED, waits.removed))
        for waiting, awaited, bond in changed
    ]
    kept = fitting_or_counted(points, len(points), limits.per_list // 2, limits, "- and {} more")
    yield "\n".join(["Which flows wait for others changes:", "", *kept])
    drawing = graphs.mermaid_block(waits.graph)
    if 0 < len(waits.graph.edges) <= DRAWN_WAITS and limits.measure(drawing) <= limits.per_list // 2:
        yield drawing


def other_pulls(others: Sequence[OtherPull], limits: Limits) -> Iterator[str]:
    """Yield which open pull requests change some of the same flows."""
    if others:
        points = [
            f"- #{each.number} changes {wording.listed([name(slug) for slug in each.slugs])} too" for each in others
        ]
        kept = fitting_or_counted(points, len(points), limits.per_list // 4, limits, "- and {} more")
        yield "\n".join(["Other open pull requests:", "", *kept])


def about(plan: Plan, limits: Limits) -> str:
    """Return where a plan is from, and what it could not see, folded away."""
    points = [f"{wording.counts(plan)}.", sentence(f"R{wording.source(plan)[1:]}. {wording.view(plan)}".rstrip())]
    drafts = [row.slug for row in plan.unchanged if any(each.code == DRAFT_UNSEEN for each in row.warnings)]
    if drafts:
        names = enumerated(map(name, drafts), limits.per_list // 8, limits.measure)
        points.append(f"Drafts, which nobody sees until they are published: {names}.")
    points += [sentence(note) for note in (wording.unverified(plan), wording.unseen_elsewhere(plan.unchanged)) if note]
    if plan.unmanaged:
        rows = (f"{name(row.slug)} ({name(row.name)}, id {row.id})" for row in plan.unmanaged)
        points.append(
            f"Live without a file, so never touched: {enumerated(rows, limits.per_list // 8, limits.measure)}."
        )
    facts = [f"{name(plan.api_url)}", f"plan {code_span(wording.short_digest(plan.digest))}"]
    facts += [f"compared with {name(wording.revision(plan.base))}"] if plan.base else []
    lines = [f"- {point}" for point in (*points, " · ".join(facts))]
    return "\n".join(["<details><summary>About this plan</summary>", "", *lines, "", "</details>"])


def next_step(report: PlanReport) -> str:
    """Return what a reader does next."""
    plan, scene = report.plan, report.scene
    if plan.blocked:
        way = "" if scene.is_on_github else f", or leave them out with {code_span('--skip-blocked')}"
        return f"Mend the blocked flows{' and push' if scene.is_on_github else way}."
    if plan.refusals:
        return past_guards(plan.refusals, scene)
    if not plan.writes:
        way = "Where that is not meant, put the files back; to end such a flow, switch it off in Frigade."
        return way if _unmanaged(plan) else "Nothing to do for live flows."
    if report.into is not None:
        return "Merge when this is right. The pull request that goes on from there shows its own plan."
    keeping = ""
    if any(_is_edit(field) for change in plan.changes for field in change.fields):
        keeping = f" To keep a dashboard edit, take it into its file first ({code_span('flowsync pull')})."
    if not scene.is_on_github:
        return f"{code_span('flowsync apply')} writes this.{keeping}{_publishing(plan)}"
    return f"{scene.moment.next_step}{keeping}{_publishing(plan)}"


def _publishing(plan: Plan) -> str:
    """Return how the drafts that a plan makes are published, as a sentence after another; empty for none."""
    slugs = drafted(plan)
    if not slugs:
        return ""
    them = "the new draft until it is" if len(slugs) == 1 else "the new drafts until they are"
    names = " ".join(brief(slug) for slug in slugs[: wording.MOST_NAMED])
    return f" Nobody sees {them} published: {code_span(f'flowsync publish {names}')}."


def past_guards(refusals: Sequence[Refusal], scene: Scene) -> str:
    """Return the two ways on from what guards refuse."""
    names = allowances(refusals)
    if scene.is_on_github:
        when = " once this is merged" if scene.is_before else ""
        hand = f"run the apply workflow by hand with {code_span(f'allow: {names}')}{when}"
        way = hand if names else "change what the guards allow"
    else:
        flags = " ".join(dict.fromkeys(refusal.flag for refusal in refusals))
        way = f"add {code_span(flags)}"
    keeping = "change the files"
    if any(refusal.code in _EDITS for refusal in refusals):
        keeping = f"take the dashboard's edit into the file ({code_span('flowsync pull')})"
    push = " and push" if scene.is_on_github else ""
    return f"Either {keeping}{push}, or, to go ahead with what is shown here, {way}."
