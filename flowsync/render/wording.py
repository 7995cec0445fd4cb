"""The sentences about a plan that all formats share. Raw text: the formats make it harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.config import SANDBOX_URL
from flowsync.model import (
    Change,
    Create,
    Dropped,
    DroppedKind,
    FieldChange,
    JsonValue,
    NewDraft,
    Op,
    Origin,
    Plan,
    PlanWarning,
    Refusal,
    Removed,
    Unchanged,
    View,
)
from flowsync.plan.creating import GOES_LIVE
from flowsync.plan.document import allowed_by, drafted, summary
from flowsync.plan.warnings import DRAFT_UNSEEN, LIVE_DIFFERS, NOT_THE_LATEST
from flowsync.render.escape import compact, compact_pair, plural

if TYPE_CHECKING:
    from flowsync.plan.saved import Edited, Stale

IN_STEP: Final = "The live flows match the files."
NO_EDITS: Final = "Nobody edited a live flow in the dashboard."
REFUSED: Final = "Apply would refuse this plan:"
UNMANAGED: Final = "live without a file, never changed"
MOST_SHARED: Final = 20
"""How many slugs a sentence about all flows that it concerns names."""
MOST_NAMED: Final = 5
"""How many slugs one command line names."""
SHORT_DIGEST: Final = 12
"""How many hexadecimal digits of a digest are shown to people."""

_SHORT_VALUE: Final = 80
"""Columns that are shown of a value that is new since a plan was made."""
_ALLOWING: Final = re.compile(r"--(?:allow-([a-z-]+)|on-(drift|conflict) overwrite)")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ALWAYS_COUNTED: Final = frozenset({"to update", "unchanged"})
_SHARED: Final = {
    DRAFT_UNSEEN: "Nobody sees these drafts until they are published",
    "may-exist": "The public list may hide a draft of these flows; if there is one, apply makes no new draft",
    NOT_THE_LATEST: "The newest version of these flows is not the one that their target chooses",
}
"""What is said once of all flows that it concerns, by the code of the warning."""
_ORIGINS: Final = {
    Origin.DRIFT: "edited in the dashboard; apply overwrites the edit",
    Origin.CONFLICT: "edited both in the files and in the dashboard; apply overwrites the dashboard edit",
}
_CRITERION_GONE: Final = {
    "completionCriteria": "the step no longer completes by itself",
    "startCriteria": "nothing prevents the step from starting any more",
}
_DROPPED: Final = {
    DroppedKind.TEST: "test removed: {}",
    DroppedKind.TESTS: "all tests removed: {}",
    DroppedKind.PROTECTED: "protected removed: apply no longer needs permission to write this flow",
    DroppedKind.TARGET: "target removed (it was {}): flowsync.yaml now decides which version is written",
    DroppedKind.ENVIRONMENT: "overlay for the environment {} removed: the rest of the file now applies there",
    DroppedKind.IGNORE: "ignore comment removed: {} is reported again",
}

_VIEWS: Final = {
    View.WHOLE: "",
    View.PUBLIC_KEY: (
        "A public key reads only the public list, which may hide drafts: apply would write a newer draft, if any."
    ),
    View.FALLBACK: (
        "This server has no private list, so flowsync read the public one, which may hide drafts: apply writes the "
        "newest version that the list shows."
    ),
}


def counts(plan: Plan) -> str:
    """Return the plan's counts; zeros are left out, except for the two usual ones."""
    numbers = summary(plan)
    parts = (
        (numbers.create, "to create"),
        (numbers.draft, "to draft"),
        (numbers.update, "to update"),
        (numbers.unverified, "unverified"),
        (numbers.unchanged, "unchanged"),
        (numbers.blocked, "blocked"),
        (numbers.removed, "no longer managed"),
        (numbers.dropped, "dropped from files"),
        (numbers.unmanaged, "unmanaged"),
    )
    return ", ".join(f"{count:,} {words}" for count, words in parts if count or words in _ALWAYS_COUNTED)


def nothing_changes(plan: Plan) -> str:
    """Return the sentences for a plan without changes; they claim no more than the API returns."""
    return f"No changes{' that can be seen' if plan.unverified else ''}. {in_step(plan)}"


def in_step(plan: Plan) -> str:
    """Return the sentence that the live flows match the files, as far as the API returns that."""
    if plan.unverified:
        return unverified(plan)
    limits = ["returns the fields"] if any(row.unseen for row in plan.unchanged) else []
    if plan.view is not View.WHOLE:
        limits.append("shows drafts")
    return f"{IN_STEP.removesuffix('.')}, as far as the API {' and '.join(limits)}." if limits else IN_STEP


def unverified(plan: Plan) -> str:
    """Return the sentence about flows that may not be off, although their files say so; empty for none."""
    slugs = [change.slug for change in plan.unverified]
    if not slugs:
        return ""
    return (
        f"{plural(len(slugs), 'flow')} cannot be verified, because the API does not return `active`: "
        f"apply sends active: false to {listed(slugs)}."
    )


def source(plan: Plan) -> str:
    """Return the key and the list that a plan was made from."""
    key = "public" if plan.view is View.PUBLIC_KEY else "private"
    path = "/v1/flows" if plan.view is View.WHOLE else "/v1/public/flows"
    return f"read with the {key} key from GET {path}"


def view(plan: Plan) -> str:
    """Return the sentence about a list that may hide something; else empty."""
    return _VIEWS[plan.view]


def place(environment: str | None, api_url: str) -> str:
    """Return the environment, if it has a name, and the API's host of a plan or a record."""
    host = host_of(api_url)
    return f"{environment} ({host})" if environment else host


def host_of(api_url: str) -> str:
    """Return host, and port if it names one, of an API address; the embedded emulator has none."""
    if api_url == SANDBOX_URL:
        return "the sandbox"
    return api_url.partition("://")[2].partition("/")[0] or api_url


def short_digest(digest: str) -> str:
    """Return the beginning of a digest, enough to compare two of them."""
    algorithm, colon, digits = digest.rpartition(":")
    return f"{algorithm}{colon}{digits[:SHORT_DIGEST]}"


def revision(base: str) -> str:
    """Return the short form of a commit's hash; any other name unchanged."""
    return base[:SHORT_DIGEST] if _COMMIT.fullmatch(base) else base


def visibility(change: Change) -> str:
    """Return who will see the written row."""
    if isinstance(change, Create):
        return "created switched on, seen at once" if change.live else "created switched off"
    if isinstance(change, NewDraft):
        return f"new draft, made from version {change.version}"
    if change.live and may_hide_a_draft(change):
        return "live at once, unless a draft is hidden"
    if change.live:
        return "live at once"
    return "nobody sees it yet" if change.status == "DRAFT" else "not shown to users"


def may_hide_a_draft(change: Change) -> bool:
    """Whether the key may hide a draft that apply would write instead."""
    return any(each.code == "drafts-hidden" for each in change.warnings)


def is_switched_off(change: Change) -> bool:
    """Whether a flow is sent as switched off."""
    return change.body.get("active") is False


def warnings(change: Change) -> Iterator[PlanWarning]:
    """Yield a change's warnings, except for those that `visibility` and `view` show already."""
    said = {"drafts-hidden", *([GOES_LIVE] if change.live else [])}
    return (each for each in change.warnings if each.code not in said)


def shared_warnings(
    rows: Iterable[Change | Unchanged], quoted: Callable[[str], str] = lambda slug: slug
) -> dict[str, str]:
    """Return one sentence about all flows with the same warning, by the code of the warning.

    `quoted` formats a slug for the output.
    """
    found = [(quoted(row.slug), warning) for row in rows for warning in row.warnings if warning.code in _SHARED]
    sentences = {}
    for code, said in _SHARED.items():
        slugs = [slug for slug, warning in found if warning.code == code]
        if len(slugs) > 1:
            differing = [slug for slug, warning in found if warning.code == code and LIVE_DIFFERS in warning.message]
            live = f" The live version {LIVE_DIFFERS} of {listed(differing, MOST_SHARED)}." if differing else ""
            sentences[code] = f"{said}: {listed(slugs, MOST_SHARED)}.{live}"
    return sentences


def blocked(plan: Plan) -> str:
    """Return what happens to the other flows if some are blocked."""
    way_out = ", unless you skip them with --skip-blocked" if plan.writes else ""
    return f"Apply writes nothing while flows are blocked{way_out}."


def effects(plan: Plan, ending: str = "s") -> str:
    """Return the number of flows for each action, with verbs: `creates 1 flow and changes 2 flows`."""
    numbers = summary(plan)
    counted = ((numbers.create, "create", "flow"), (numbers.draft, "make", "draft"), (numbers.update, "change", "flow"))
    return enumeration([f"{verb}{ending} {plural(count, noun)}" for count, verb, noun in counted if count])


def users_notice(live: int, count: int, when: str) -> str:
    """Return how many of the changes users notice; `when` says at which moment."""
    if not live:
        return "Users notice nothing yet."
    return f"Users notice {'it' if count == 1 else 'all of them' if live == count else f'{live:,} of them'} {when}."


def goes_live(plan: Plan) -> str:
    """Return how many of the changes users notice; empty if none."""
    live = sum(change.live for change in plan.changes)
    return users_notice(live, len(plan.changes), "as soon as this is applied") if live else ""


def drafts(plan: Plan) -> str:
    """Return how many drafts a plan creates, and who sees them; empty for none."""
    count = len(drafted(plan))
    them = "it until it is" if count == 1 else "them until they are"
    return f"{plural(count, 'new draft')}: nobody sees {them} published." if count else ""


def structural(change: FieldChange) -> str:
    """Return the phrase for a move, a rename or an added or removed item; empty for any other change."""
    index = change.path.rpartition("/")[2]
    is_item = change.label.endswith("]") and index.isdecimal()
    match change.op:
        case Op.MOVE:
            return f"{change.label} {moved(change)}"
        case Op.RENAME:
            return f"{change.label} is renamed from {compact(change.old)} to {compact(change.new)}"
        case Op.ADD:
            return f"{change.label} is new, at position {_position(int(index))}" if is_item else ""
        case Op.REMOVE:
            return f"{change.label} is removed" if is_item else ""
        case Op.REPLACE:
            return ""


def moved(change: FieldChange) -> str:
    """Return the phrase for a move; an item may stay in its place while others move past it."""
    was, now = _position(change.old), _position(change.new)
    return (
        f"stays at position {now}, between other items" if was == now != "?" else f"moves from position {was} to {now}"
    )


def criterion_gone(change: FieldChange) -> str:
    """Return the consequence if a step loses one of its criteria; empty for any other change."""
    meaning = _CRITERION_GONE.get(change.path.rpartition("/")[2], "")
    return meaning if change.op is Op.REMOVE and change.field == "data" and isinstance(change.old, str) else ""


def _position(index: JsonValue) -> str:
    return str(index + 1) if isinstance(index, int) else "?"


def origins(change: Change) -> Iterator[str]:
    """Yield, for each origin except this branch, its places and what applying does to them."""
    for origin, meaning in _ORIGINS.items():
        labels = [each.label for each in change.fields if each.origin is origin]
        if labels:
            yield f"{origin.value}: {listed(labels)} {'was' if len(labels) == 1 else 'were'} {meaning}"


def outside_edit(change: FieldChange, origin: Origin) -> str:
    """Return what happened to one place outside of this branch, and its live value."""
    live = f" Live is {compact(change.old)}." if change.op is Op.REPLACE else ""
    return f"{change.label} was {_ORIGINS[origin]}.{live}"


def waits(count: int) -> str:
    """Return the phrase for flows that differ because a merge is not applied yet."""
    return f"{'waits' if count == 1 else 'wait'} for an apply of a merged change, which is not a dashboard edit"


def is_not_live(count: int) -> str:
    """Return the phrase for files without a live flow, in a search for edits."""
    has, was = ("has", "was") if count == 1 else ("have", "were")
    return f"{has} no live flow: not applied yet, or the flow {was} deleted in the dashboard; the next plan creates it"


def removed(flow: Removed) -> str:
    """Return what happens to a flow whose file is gone, and which file has its content now."""
    if flow.id is None:
        state = "Frigade shows no flow with this slug"
    elif flow.status == "ARCHIVED":
        state = f"only archived versions are left, up to version {flow.version}"
    else:
        state = "stays live as it is" if flow.status == "ACTIVE" else "stays in Frigade as it is"
    moved = f"; {flow.renamed_to} now has its content" if flow.renamed_to else ""
    rename = ", because Frigade cannot rename a flow" if flow.renamed_to and flow.is_there else ""
    return f"no longer managed; {state}{moved}{rename}"


def dropped(lost: Dropped) -> str:
    """Return the consequence if a file no longer has something."""
    if lost.kind is DroppedKind.FIELD:
        return f"{lost.name}: no longer managed; {_left_live(lost)}"
    return _DROPPED[lost.kind].format(lost.name)


def _left_live(lost: Dropped) -> str:
    where = "stays in the draft" if lost.status == "DRAFT" else "stays live"
    if not lost.is_shown:
        return f"{where} as it is; the API does not return it"
    if lost.live in (None, ""):
        return f"{where} empty"
    return f"{where} with {lost.live}" if lost.name == "data" else f"{where} as {compact(lost.live, _SHORT_VALUE)}"


def enumeration(parts: Sequence[str]) -> str:
    """Return parts as an enumeration: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Return names as an enumeration; if there are many, the last ones are only counted."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def changed_places(change: Change) -> list[str]:
    """Return the labels of the changes, each once, in order; for an unseen field its name."""
    return list(dict.fromkeys([*(each.label for each in change.fields), *change.sent_unseen]))


def unseen(change: Change) -> str:
    """Return the sentence about fields that the API did not return for a row to be written; may be empty."""
    if not change.unseen:
        return ""
    sent = listed([f"{name}: {compact(change.body[name])}" for name in change.sent_unseen])
    also = f"; this change sends {sent}" if sent else ""
    return f"the API does not return {listed(change.unseen)}, so {_not_compared(len(change.unseen))}{also}"


def unseen_in_unchanged(unchanged: Iterable[Unchanged]) -> str:
    """Return which fields could not be compared in how many unchanged flows; may be empty."""
    rows = [row for row in unchanged if row.unseen]
    if not rows:
        return ""
    fields = list(dict.fromkeys(field for row in rows for field in row.unseen))
    flows = f"{plural(len(rows), 'unchanged flow')}: {listed([row.slug for row in rows])}"
    return f"the API does not return {listed(fields)}, so {_not_compared(len(fields))} in {flows}"


def _not_compared(count: int) -> str:
    return f"{'it is' if count == 1 else 'they are'} not compared"


class Reader(Enum):
    """Where a text is read: it then names inputs of the action or flags of the command line."""

    GITHUB = "GitHub"
    TERMINAL = "a terminal"


def refusals(plan: Plan, reader: Reader = Reader.TERMINAL) -> list[str]:
    """Return the guards' objections to the plan, each with the flag or input that allows it."""
    return [
        f"{listed(each.slugs)}{': ' if each.slugs else ''}{each.message} {way_to_allow(each, reader)}".rstrip()
        for each in plan.refusals
    ]


def way_to_allow(refusal: Refusal, reader: Reader) -> str:
    """Return the sentence that names the flag or input that allows a refused plan; empty if there is none."""
    if reader is Reader.TERMINAL:
        return allowed_by(refusal)
    wanted = allowance(refusal.flag)
    return f"To allow it, set the action's input allow: {wanted}." if wanted else ""


def allowance(flag: str) -> str:
    """Return the value of the action's input `allow` that corresponds to a flag; empty if there is none."""
    found = _ALLOWING.fullmatch(flag)
    return (found[1] or found[2]) if found else ""


def question(plan: Plan) -> str:
    """Return apply's question before it writes, without the answers."""
    where = place(plan.environment, plan.api_url)
    if not plan.changes:
        return f"Send active: false to {plural(len(plan.unverified), 'flow')} of {where}?"
    also = f", and active: false to {plural(len(plan.unverified), 'flow')} more" if plan.unverified else ""
    asked = effects(plan, ending="")
    seen = seen_by_users(sum(change.live for change in plan.changes), len(plan.changes))
    return f"{asked[0].upper()}{asked[1:]} in {where}, {seen}{also}?"


def seen_by_users(live: int, count: int) -> str:
    """Return how many of `count` changes reach users at once: `seen by users at once`, `1 of them seen …`."""
    if count == 1:
        return "seen by users at once" if live else "not seen by users yet"
    number = {0: "none", count: "all"}.get(live, f"{live:,}")
    return f"{number} of them seen by users {'at once' if live else 'yet'}"


def reasons(stale: Iterable[Stale]) -> list[str]:
    """Return a line for each difference between a saved plan and what is live now."""
    return [f"{each.change.slug}: {sentence}" for each in stale for sentence in _sentences(each.why)]


def _sentences(why: str | Edited) -> Iterator[str]:
    if isinstance(why, str):
        yield why
        return
    for change in why.differences:
        yield f"{change.label}: {_since_the_plan(change)}"
    if why.unseen:
        yield f"{listed(why.unseen)}: the API no longer returns it, so it is not compared."
    if why.elsewhere is not None:
        named = f": one of {listed(why.elsewhere)}" if why.elsewhere else ""
        yield f"a field that the plan does not change was edited, or the API no longer returns it{named}."


def _since_the_plan(change: FieldChange) -> str:
    """Describe a change from the live value (`old`) to the value at the time of the plan (`new`)."""
    match change.op:
        case Op.ADD:
            return f"was {compact(change.new, _SHORT_VALUE)} when planned, now absent"
        case Op.REMOVE:
            return f"new since the plan, {compact(change.old, _SHORT_VALUE)}"
        case Op.MOVE:
            return f"was at position {_position(change.new)} when planned, now at {_position(change.old)}"
        case Op.REPLACE | Op.RENAME:
            was, now = compact_pair(change.new, change.old, _SHORT_VALUE)
            return f"was {was} when planned, now {now}"
