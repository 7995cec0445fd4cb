"""Warnings for a reviewer about one flow: one small function per warning."""

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

    from flowsync.model import Flow, JsonValue, ValuePath
    from flowsync.plan.base import FileAndRow

Rule: TypeAlias = "Callable[[FileAndRow], Iterator[PlanWarning]]"

NOT_THE_LATEST: Final = "not-the-latest"
"""The code of the warning that a newer row was passed over; reading a saved plan, it says which rule chose the row."""

PROTECTED: Final = "protected"
"""The code of the warning that a flow is marked as protected; a guard goes by it, in saved plans too."""

WAITING: Final = "waiting"
DRAFT_UNSEEN: Final = "draft-unseen"
LIVE_DIFFERS: Final = "differs from the planned content"
"""Part of the warning about a draft whose content differs from the live version."""

UNSEEN_SENT: Final = "unseen-sent"
EDIT_KEPT: Final = "edit-kept"
CONFLICT_OPEN: Final = "conflict-open"
"""The code of the warning that names the commits which an apply still has to write."""

HISTORY_CUT: Final = "history-cut"
"""The code of the warning that an edit may be a merge that is not applied yet: the history to decide it is missing."""

LIVE_TARGETING: Final = "live-targeting-broken"
"""The code of the warning that a flow's live targeting, which its file does not set, is wrong."""

NOT_RESTORABLE: Final = "not-restorable"

_SWITCHED: Final = {"off": "nobody sees it any more.", "on": "whoever it targets can see it."}
_DRAFT_SWITCHED: Final = {"off": "nobody sees it when it is published.", "on": "users see it once it is published."}
_SHORT_COMMIT: Final = 12
_MOST_LABELS: Final = 5
"""How many places one warning names."""
_STEP_ID: Final = re.compile(r"/(?P<list>steps|data)/(?P<step>\d+)(?:/fields/(?P<field>\d+))?/id")


def warnings_of_change(pair: FileAndRow) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row to be written or to be copied to a draft."""
    rules = (rule for rule in _UPDATE_RULES if not pair.needs_draft or rule not in _ROW_RULES)
    return tuple(warning for rule in rules for warning in rule(pair))


def warnings_of_unchanged(pair: FileAndRow) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row that already matches the file."""
    hidden = _drafts_hidden(pair) if pair.needs_draft else ()
    return (*_draft_unseen(pair), *hidden, *_edits_kept(pair), *_live_targeting_broken(pair))


def warnings_of_publish(pair: FileAndRow) -> tuple[PlanWarning, ...]:
    """Return the warnings about the version `pair.flow`, which replaces the version `pair.row`."""
    return tuple(warning for rule in _PUBLISH_RULES for warning in rule(pair))


def warning_at(flow: Flow, field: str, code: str, message: str) -> PlanWarning:
    """Return a warning about a field of the file, with its line."""
    return PlanWarning(code, message, flow.source.key_location((field,)).line)


def _goes_live(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.row.is_published and pair.will_be_on:
        yield PlanWarning("goes-live", f"Version {pair.row.version} is live: users see the change at once.")


def _draft_unseen(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.row.status == "DRAFT":
        seen = _what_users_see(pair)
        message = f"Version {pair.row.version} is a draft: nobody sees it until it is published. {seen}"
        yield PlanWarning(DRAFT_UNSEEN, message)


def _drafts_hidden(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.view is not View.WHOLE and pair.needs_draft:
        message = "The public list, which was read, may hide a draft that is there already; then no draft is made."
        yield PlanWarning("may-exist", message)
    if pair.view is not View.WHOLE and pair.target is Target.LATEST:
        message = (
            "Read from the public list, which may hide drafts: a draft that is newer than version "
            f"{pair.row.version} would be the one to write."
        )
        yield PlanWarning("drafts-hidden", message)


def _not_the_latest(pair: FileAndRow) -> Iterator[PlanWarning]:
    row, latest = pair.row, pair.latest
    if latest.id != row.id:
        message = (
            f"Version {latest.version} ({latest.status}) is newer; "
            f"version {row.version} is written because the target is {pair.target.value}."
        )
        yield PlanWarning(NOT_THE_LATEST, message)


def _protected(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.flow.protected:
        yield warning_at(pair.flow, "protected", PROTECTED, "The flow is marked as protected.")


def _switched(pair: FileAndRow) -> Iterator[PlanWarning]:
    is_draft = pair.row.status == "DRAFT"
    way, other = ("on", "off") if pair.will_be_on else ("off", "on")
    is_sent_unseen = "active" in pair.sent_unseen if pair.will_be_on else pair.sends_unseen("active")
    if _changes(pair, "active"):
        effect = (_DRAFT_SWITCHED if is_draft else _SWITCHED)[way]
        message = f"The {'draft' if is_draft else 'flow'} is switched {way}: {effect}"
        yield warning_at(pair.flow, "active", f"turned-{way}", message)
    elif is_sent_unseen:
        sent = f"active: {'true' if pair.will_be_on else 'false'} is sent"
        message = f"{sent}, and the API does not return active: if the flow is {other}, it is switched {way}."
        yield warning_at(pair.flow, "active", f"turned-{way}", message)


def _type_changed(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.row.is_published and _changes(pair, "type"):
        was, will_be = (_in_words(values.get("type")) for values in (pair.comparison.old, pair.comparison.new))
        message = f"The type of a live version changes from {was} to {will_be}: the app must show it as such."
        yield warning_at(pair.flow, "type", "type-changed", message)


def _targeting_cleared(pair: FileAndRow) -> Iterator[PlanWarning]:
    old, new = (values.get("targetingLogic") for values in (pair.comparison.old, pair.comparison.new))
    if _changes(pair, "targetingLogic") and is_for_everyone(new) and not is_for_everyone(old):
        message = "Targeting is cleared: the flow is for everyone, no longer for some users only."
        yield warning_at(pair.flow, "targetingLogic", "targeting-cleared", message)


def _ids_renamed(pair: FileAndRow) -> Iterator[PlanWarning]:
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


def _live_data_unreadable(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.comparison.live_data_is_unreadable:
        message = "The live data is neither YAML nor JSON that can be read: it is replaced as a whole."
        yield warning_at(pair.flow, "data", "live-data-unreadable", message)


def _live_targeting_broken(pair: FileAndRow) -> Iterator[PlanWarning]:
    """Warn of wrong live targeting that the file does not set: pull leaves such targeting out."""
    live = pair.row.fields.get("targetingLogic")
    if "targetingLogic" in pair.flow.fields or not isinstance(live, str):
        return
    tree = parse_result(live)
    wrong = (each.message for each in check(live, tree) if each.severity is Severity.ERROR)
    for reason in islice(wrong, 1):
        is_broken = isinstance(tree, TargetingError)
        subject = "Nobody sees the flow: the live targetingLogic" if is_broken else "The live targetingLogic"
        message = f"{subject}, which the file does not set, {'is broken' if is_broken else 'has an error'}. {reason}"
        yield PlanWarning(LIVE_TARGETING, message)


def _not_restorable(pair: FileAndRow) -> Iterator[PlanWarning]:
    for field in pair.comparison.changed:
        if field in pair.row.fields and field not in restorable(pair.row.fields):
            message = f"The live {field} is not of the type that the API takes: a rollback cannot put it back."
            yield warning_at(pair.flow, field, NOT_RESTORABLE, message)


def _edits_kept(pair: FileAndRow) -> Iterator[PlanWarning]:
    for field in pair.kept:
        message = f"{field} was edited in the dashboard and is left as it is there."
        yield warning_at(pair.flow, field, EDIT_KEPT, message)


def _unseen_sent(pair: FileAndRow) -> Iterator[PlanWarning]:
    for field in pair.sent_unseen:
        message = f"{field} is not returned by the API; it is sent because the file changed it since the base."
        yield warning_at(pair.flow, field, UNSEEN_SENT, message)


def _waiting(pair: FileAndRow) -> Iterator[PlanWarning]:
    for each in pair.pending:
        number = "" if each.pull is None else f" (#{each.pull})"
        message = (
            f"Waiting from commit {each.commit[:_SHORT_COMMIT]}{number}, which is not applied yet: "
            f"{_listed(each.labels)}. The live flow still matches an earlier commit of the file: nobody edited it."
        )
        yield PlanWarning(WAITING, message)


def _conflict_open(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.conflict is not None:
        message = (
            f"Pull request #{pair.conflict} changed this flow and was not applied, because it was edited in the "
            "dashboard: what is live counts as in conflict until a pull request that changes this flow is applied."
        )
        yield PlanWarning(CONFLICT_OPEN, message)


def _history_cut(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.gap:
        labels = [change.label for change in pair.comparison.changes if change.origin in EDITS]
        message = f"An edit in the dashboard, or a merge that is not applied yet: {_listed(labels)}. {pair.gap}"
        yield PlanWarning(HISTORY_CUT, message)


def _origin_unknown(pair: FileAndRow) -> Iterator[PlanWarning]:
    if pair.is_unknown:
        message = "The file at the base cannot be read, so who made these differences is not known."
        yield PlanWarning("origin-unknown", message)


_UPDATE_RULES: Final[tuple[Rule, ...]] = (
    _goes_live,
    _draft_unseen,
    _drafts_hidden,
    _not_the_latest,
    _protected,
    _switched,
    _type_changed,
    _targeting_cleared,
    _ids_renamed,
    _live_data_unreadable,
    _live_targeting_broken,
    _not_restorable,
    _edits_kept,
    _unseen_sent,
    _origin_unknown,
    _waiting,
    _conflict_open,
    _history_cut,
)

_ROW_RULES: Final[frozenset[Rule]] = frozenset({_goes_live, _not_the_latest, _switched, _type_changed})
"""What is said of a row that is written itself; a new draft leaves the row as it is."""

_PUBLISH_RULES: Final[tuple[Rule, ...]] = (
    _protected,
    _switched,
    _type_changed,
    _targeting_cleared,
    _ids_renamed,
    _live_data_unreadable,
)


def _changes(pair: FileAndRow, field: str) -> bool:
    return field in pair.comparison.changed


def _what_users_see(pair: FileAndRow) -> str:
    published = pair.published
    if published is None:
        return "No version of this flow is live."
    differing = compare(pair.flow.fields, published.fields, pair.data_text).changed
    if not differing:
        return f"Version {published.version}, which is live, already has the planned content."
    return f"Version {published.version}, which is live, {LIVE_DIFFERS} in {', '.join(differing)}."


def is_for_everyone(expression: JsonValue) -> bool:
    """Whether the API treats the expression as no targeting: an empty or one-character one [obs]."""
    form = comparable("targetingLogic", expression)
    return isinstance(form, str) and len(form) <= 1


def _listed(labels: Sequence[str]) -> str:
    rest = len(labels) - _MOST_LABELS
    return ", ".join(labels[:_MOST_LABELS]) + (f" and {rest:,} more" if rest > 0 else "")


def _in_words(value: JsonValue) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
