"""What a reviewer should know about one flow beyond its differences: one small rule per warning."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.data import quoted
from flowsync.diff.fields import comparable, compare
from flowsync.errors import TargetingError
from flowsync.flows.expressions import parse_result, steps_key
from flowsync.model import Op, PlanWarning, Severity, Target, View
from flowsync.plan.base import EDITS
from flowsync.plan.document import restorable
from flowsync.targeting.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flowsync.model import JsonValue, ValuePath
    from flowsync.plan.base import FileAndRow

Rule: TypeAlias = "Callable[[FileAndRow], Iterator[PlanWarning]]"

NOT_THE_LATEST: Final = "not-the-latest"
"""The code of the warning that a newer row was passed over; reading a saved plan, it says which rule chose the row."""

PROTECTED: Final = "protected"
"""The code of the warning that a flow is marked as protected; a guard goes by it, in saved plans too."""

WAITING: Final = "waiting"
DRAFT_UNSEEN: Final = "draft-unseen"
LIVE_DIFFERS: Final = "differs from the planned content"
"""What the warning about a draft says where the live version is another one."""

UNSEEN_SENT: Final = "unseen-sent"
EDIT_KEPT: Final = "edit-kept"
CONFLICT_OPEN: Final = "conflict-open"
"""The code of the warning that names the commits which an apply still has to write."""

HISTORY_CUT: Final = "history-cut"
"""The code of the warning that what counts as an edit may wait for an apply: the history that would tell is missing."""

LIVE_TARGETING: Final = "live-targeting-broken"
"""The code of the warning that a flow's live targeting, which its file does not state, is wrong."""

NOT_RESTORABLE: Final = "not-restorable"

_NOW_OFF: Final = "flow is switched off: nobody sees it any more."
_NOW_ON: Final = "flow is switched on: whoever it targets can see it."
_SHORT_COMMIT: Final = 12
_MOST_LABELS: Final = 5
"""How many places one warning names."""
_STEP_ID: Final = re.compile(r"/(?P<list>steps|data)/(?P<step>\d+)(?:/fields/(?P<field>\d+))?/id")


def warnings_of_change(pair: FileAndRow) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row that will be written, or that a draft will be made of."""
    rules = (rule for rule in UPDATE_RULES if not pair.needs_draft or rule not in ROW_RULES)
    return tuple(warning for rule in rules for warning in rule(pair))


def warnings_of_unchanged(pair: FileAndRow) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row that already is as the file says."""
    hidden = drafts_hidden(pair) if pair.needs_draft else ()
    return (*draft_unseen(pair), *hidden, *edits_kept(pair), *live_targeting_broken(pair))


def goes_live(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that users see the change at once."""
    if pair.row.is_published and pair.will_be_on:
        yield PlanWarning("goes-live", f"Version {pair.row.version} is live: users see the change at once.")


def draft_unseen(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that nobody sees the row, and say how the file differs from what users do see."""
    if pair.row.status == "DRAFT":
        seen = _what_users_see(pair)
        message = f"Version {pair.row.version} is a draft: nobody sees it until it is published. {seen}"
        yield PlanWarning(DRAFT_UNSEEN, message)


def drafts_hidden(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that there may be a newer draft, which the file would be for, and that nobody could see it."""
    if pair.view is not View.WHOLE and pair.needs_draft:
        message = "The public list, which was read, may hide a draft that is there already; then no draft is made."
        yield PlanWarning("may-exist", message)
    if pair.view is not View.WHOLE and pair.target is Target.LATEST:
        message = (
            "Read from the public list, which may hide drafts: a draft that is newer than version "
            f"{pair.row.version} would be the one to write."
        )
        yield PlanWarning("drafts-hidden", message)


def not_the_latest(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a newer version exists than the one that is written, because the file or flowsync.yaml says so."""
    row, latest = pair.row, pair.latest
    if latest.id != row.id:
        message = (
            f"Version {latest.version} ({latest.status}) is newer; "
            f"version {row.version} is written because the target is {pair.target.value}."
        )
        yield PlanWarning(NOT_THE_LATEST, message)


def protected(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that the file marks the flow as one that needs more care."""
    if pair.flow.protected:
        yield _warning(pair, "protected", PROTECTED, "The flow is marked as protected.")


def turned_off(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that the flow is no longer shown."""
    if _changes(pair, "active") and not pair.will_be_on:
        is_draft = pair.row.status == "DRAFT"
        told = "draft is switched off: nobody sees it when it is published." if is_draft else _NOW_OFF
        yield _warning(pair, "active", "turned-off", f"The {told}")
    elif pair.sends_unseen("active") and not pair.will_be_on:
        message = "active: false is sent, and the API does not return active: if the flow is on, it is switched off."
        yield _warning(pair, "active", "turned-off", message)


def turned_on(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a flow that was off is shown again."""
    if _changes(pair, "active") and pair.will_be_on:
        is_draft = pair.row.status == "DRAFT"
        told = "draft is switched on: users see it once it is published." if is_draft else _NOW_ON
        yield _warning(pair, "active", "turned-on", f"The {told}")
    elif "active" in pair.sent_unseen and pair.will_be_on:
        message = "active: true is sent, and the API does not return active: if the flow is off, it is switched on."
        yield _warning(pair, "active", "turned-on", message)


def type_changed(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a live flow becomes another kind of flow."""
    if pair.row.is_published and _changes(pair, "type"):
        was, will_be = (_in_words(values.get("type")) for values in (pair.comparison.old, pair.comparison.new))
        message = f"The type of a live version changes from {was} to {will_be}: the app must show it as such."
        yield _warning(pair, "type", "type-changed", message)


def targeting_cleared(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a flow for some becomes a flow for all."""
    old, new = (values.get("targetingLogic") for values in (pair.comparison.old, pair.comparison.new))
    if _changes(pair, "targetingLogic") and is_for_everyone(new) and not is_for_everyone(old):
        message = "Targeting is cleared: the flow is for everyone, no longer for some users only."
        yield _warning(pair, "targetingLogic", "targeting-cleared", message)


def ids_renamed(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn, for each step and field under a new id, that progress and answers stay with the old one."""
    key = steps_key(pair.flow.fields.get("data"))
    for change in pair.comparison.changes:
        place = _STEP_ID.fullmatch(change.path)
        if change.op is Op.RENAME and place is not None and place["list"] == key:
            step: ValuePath = ("data", key, int(place["step"]))
            was, now = _in_words(change.old), _in_words(change.new)
            if place["field"] is None:
                line = pair.flow.source.location((*step, "id")).line
                message = f"The step id {was} becomes {now}: users on this step lose their progress."
                yield PlanWarning("step-id-renamed", message, line)
            else:
                line = pair.flow.source.location((*step, "fields", int(place["field"]), "id")).line
                message = (
                    f"The field id {was} becomes {now}: answers stay with the old id, "
                    "which is what flowStepData in targeting refers to."
                )
                yield PlanWarning("field-id-renamed", message, line)


def live_data_unreadable(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that what is replaced could not be compared."""
    if pair.comparison.live_data_is_unreadable:
        message = "The live data is neither YAML nor JSON that can be read: it is replaced as a whole."
        yield _warning(pair, "data", "live-data-unreadable", message)


def live_targeting_broken(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn of live targeting that is wrong and that the file does not state: pull leaves such targeting out."""
    live = pair.row.fields.get("targetingLogic")
    if "targetingLogic" in pair.flow.fields or not isinstance(live, str):
        return
    tree = parse_result(live)
    wrong = (each.message for each in check(live, tree) if each.severity is Severity.ERROR)
    for reason in islice(wrong, 1):
        is_broken = isinstance(tree, TargetingError)
        subject = "Nobody sees the flow: the live targetingLogic" if is_broken else "The live targetingLogic"
        message = f"{subject}, which the file does not state, {'is broken' if is_broken else 'has an error'}. {reason}"
        yield PlanWarning(LIVE_TARGETING, message)


def not_restorable(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a rollback could not put back what is replaced, because the API would not take it."""
    for field in pair.comparison.changed:
        if field in pair.row.fields and field not in restorable(pair.row.fields):
            message = f"The live {field} is not of the type that the API takes: a rollback cannot put it back."
            yield _warning(pair, field, NOT_RESTORABLE, message)


def edits_kept(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that fields are not as the file says, and stay so."""
    for field in pair.kept:
        message = f"{field} was edited in the dashboard and is left as it is there."
        yield _warning(pair, field, EDIT_KEPT, message)


def unseen_sent(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that fields are sent though nobody can see what they replace."""
    for field in pair.sent_unseen:
        message = f"{field} is not returned by the API; it is sent because the file changed it since the base."
        yield _warning(pair, field, UNSEEN_SENT, message)


def waiting(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Say which merged changes the differences come from that nobody made in the dashboard."""
    for each in pair.pending:
        number = "" if each.pull is None else f" (#{each.pull})"
        message = (
            f"Waiting from commit {each.commit[:_SHORT_COMMIT]}{number}, which is not applied yet: "
            f"{_listed(each.labels)}. Live still is what an earlier commit of the file said: nobody edited it."
        )
        yield PlanWarning(WAITING, message)


def conflict_open(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that an edit is why a merged pull request was not applied."""
    if pair.conflict is not None:
        message = (
            f"Pull request #{pair.conflict} changed this flow and was not applied, because it was edited in the "
            "dashboard: what is live counts as in conflict until a pull request that changes this flow is applied."
        )
        yield PlanWarning(CONFLICT_OPEN, message)


def history_cut(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that what counts as an edit may be older."""
    if pair.gap:
        labels = [change.label for change in pair.comparison.changes if change.origin in EDITS]
        message = f"An edit in the dashboard, or a merge that is not applied yet: {_listed(labels)}. {pair.gap}"
        yield PlanWarning(HISTORY_CUT, message)


def origin_unknown(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn that a base was asked for and cannot be read."""
    if pair.is_unknown:
        message = "The file at the base cannot be read: whose these differences are is not known."
        yield PlanWarning("origin-unknown", message)


UPDATE_RULES: Final[tuple[Rule, ...]] = (
    goes_live,
    draft_unseen,
    drafts_hidden,
    not_the_latest,
    protected,
    turned_off,
    turned_on,
    type_changed,
    targeting_cleared,
    ids_renamed,
    live_data_unreadable,
    live_targeting_broken,
    not_restorable,
    edits_kept,
    unseen_sent,
    origin_unknown,
    waiting,
    conflict_open,
    history_cut,
)

ROW_RULES: Final[frozenset[Rule]] = frozenset({goes_live, not_the_latest, turned_off, turned_on, type_changed})
"""What is said of a row that is written itself; a new draft leaves the row as it is."""


def _changes(pair: FileAndRow, field: str) -> bool:
    return field in pair.comparison.changed


def _warning(pair: FileAndRow, field: str, code: str, message: str) -> PlanWarning:
    return PlanWarning(code, message, pair.flow.source.key_location((field,)).line)


def _what_users_see(pair: FileAndRow) -> str:
    published = pair.published
    if published is None:
        return "No version of this flow is live."
    differing = compare(pair.flow.fields, published.fields, pair.data_text).changed
    if not differing:
        return f"Version {published.version}, which is live, already has the planned content."
    return f"Version {published.version}, which is live, {LIVE_DIFFERS} in {', '.join(differing)}."


def is_for_everyone(expression: JsonValue) -> bool:
    """Whether the API takes the expression for none: an empty or one-character one is [obs]."""
    form = comparable("targetingLogic", expression)
    return isinstance(form, str) and len(form) <= 1


def _listed(labels: Sequence[str]) -> str:
    rest = len(labels) - _MOST_LABELS
    return ", ".join(labels[:_MOST_LABELS]) + (f" and {rest:,} more" if rest > 0 else "")


def _in_words(value: JsonValue) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
