"""What a reviewer should know about one flow beyond its differences: one small rule per warning."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.diff.data import quoted
from flowsync.diff.fields import comparable, compare
from flowsync.model import Op, PlanWarning, Target, View
from flowsync.plan.document import restorable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.model import JsonValue
    from flowsync.plan.base import Subject

Rule: TypeAlias = "Callable[[Subject], Iterator[PlanWarning]]"

NOT_THE_LATEST: Final = "not-the-latest"
"""The code of the warning that a newer row was passed over; a saved plan tells the rule for its rows by it."""

PROTECTED: Final = "protected"
"""The code of the warning that a flow is marked as protected; a guard goes by it, in saved plans too."""

NOT_RESTORABLE: Final = "not-restorable"

_STEP_ID: Final = re.compile(r"/steps/(?P<index>\d+)/id")


def warnings_of_update(subject: Subject) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row that will be written."""
    return tuple(warning for rule in UPDATE_RULES for warning in rule(subject))


def warnings_of_unchanged(subject: Subject) -> tuple[PlanWarning, ...]:
    """Return the warnings about a row that already is as the file says."""
    return (*draft_unseen(subject), *edits_kept(subject))


def goes_live(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that users see the change at once."""
    if subject.row.is_published and subject.will_be_on:
        yield PlanWarning("goes-live", f"Version {subject.row.version} is live: users see the change at once.")


def draft_unseen(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that nobody sees the row, and tell how the file stands to what users do see."""
    if subject.row.status == "DRAFT":
        seen = _what_users_see(subject)
        message = f"Version {subject.row.version} is a draft: nobody sees it until it is published. {seen}"
        yield PlanWarning("draft-unseen", message)


def drafts_hidden(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that there may be a newer draft, which the file would be for, and that nobody could see it."""
    if subject.view is not View.WHOLE and subject.target is Target.LATEST:
        message = (
            "Read from the public list, which may hide drafts: a draft that is newer than version "
            f"{subject.row.version} would be the one to write."
        )
        yield PlanWarning("drafts-hidden", message)


def not_the_latest(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a newer version exists than the one that is written, because the file or flowsync.yaml says so."""
    row, latest = subject.row, subject.latest
    if latest.id != row.id:
        message = (
            f"Version {latest.version} ({latest.status}) is newer; "
            f"version {row.version} is written because the target is {subject.target.value}."
        )
        yield PlanWarning(NOT_THE_LATEST, message)


def protected(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that the file marks the flow as one that needs more care."""
    if subject.flow.protected:
        yield _warning(subject, "protected", PROTECTED, "The flow is marked as protected.")


def turned_off(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that the flow is no longer shown."""
    if _changes(subject, "active") and not subject.will_be_on:
        yield _warning(subject, "active", "turned-off", "The flow is turned off: nobody sees it any more.")
    elif subject.sends_unseen("active") and not subject.will_be_on:
        message = "active: false is sent, and the API does not return active: if the flow is on, it is turned off."
        yield _warning(subject, "active", "turned-off", message)


def turned_on(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a flow that was off is shown again."""
    if _changes(subject, "active") and subject.will_be_on:
        yield _warning(subject, "active", "turned-on", "The flow is turned on: whoever it targets can see it.")
    elif "active" in subject.told.sent_unseen and subject.will_be_on:
        message = "active: true is sent, and the API does not return active: if the flow is off, it is turned on."
        yield _warning(subject, "active", "turned-on", message)


def type_changed(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a live flow becomes another kind of flow."""
    if subject.row.is_published and _changes(subject, "type"):
        was, will_be = (_told(values.get("type")) for values in (subject.comparison.old, subject.comparison.new))
        message = f"The type of a live version changes from {was} to {will_be}: the app must show it as such."
        yield _warning(subject, "type", "type-changed", message)


def targeting_cleared(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a flow for some becomes a flow for all."""
    old, new = (values.get("targetingLogic") for values in (subject.comparison.old, subject.comparison.new))
    if _changes(subject, "targetingLogic") and is_for_everyone(new) and not is_for_everyone(old):
        message = "Targeting is cleared: the flow is for everyone, no longer for some users only."
        yield _warning(subject, "targetingLogic", "targeting-cleared", message)


def step_ids_renamed(subject: Subject) -> Iterator[PlanWarning]:
    """Warn, for each step under a new id, that progress stays with the old one."""
    for change in subject.comparison.changes:
        if change.op is Op.RENAME and (step := _STEP_ID.fullmatch(change.path)):
            line = subject.flow.source.location(("data", "steps", int(step["index"]), "id")).line
            message = (
                f"The step id {_told(change.old)} becomes {_told(change.new)}: "
                "the progress users have on the step is orphaned."
            )
            yield PlanWarning("step-id-renamed", message, line)


def live_data_unreadable(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that what is replaced could not be compared."""
    if subject.comparison.live_data_is_unreadable:
        message = "The live data is neither YAML nor JSON that can be read: it is replaced as a whole."
        yield _warning(subject, "data", "live-data-unreadable", message)


def not_restorable(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a rollback could not put back what is replaced, because the API would not take it."""
    for field in subject.comparison.changed:
        if field in subject.row.fields and field not in restorable(subject.row.fields):
            message = f"The live {field} is not of the type that the API takes: a rollback cannot put it back."
            yield _warning(subject, field, NOT_RESTORABLE, message)


def edits_kept(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that fields are not as the file says, and stay so."""
    for field in subject.told.kept:
        message = f"{field} was edited in the dashboard and is left as it is there."
        yield _warning(subject, field, "edit-kept", message)


def unseen_sent(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that fields are sent though nobody can see what they replace."""
    for field in subject.told.sent_unseen:
        message = f"{field} is not returned by the API; it is sent because the file changed it since the base."
        yield _warning(subject, field, "unseen-sent", message)


def origin_unknown(subject: Subject) -> Iterator[PlanWarning]:
    """Warn that a base was asked for and tells nothing."""
    if subject.told.is_unknown:
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
    step_ids_renamed,
    live_data_unreadable,
    not_restorable,
    edits_kept,
    unseen_sent,
    origin_unknown,
)


def _changes(subject: Subject, field: str) -> bool:
    return field in subject.comparison.changed


def _warning(subject: Subject, field: str, code: str, message: str) -> PlanWarning:
    return PlanWarning(code, message, subject.flow.source.key_location((field,)).line)


def _what_users_see(subject: Subject) -> str:
    published = subject.published
    if published is None:
        return "No version of this flow is live."
    differing = compare(subject.flow.fields, published.fields, subject.data_text).changed
    if not differing:
        return f"Version {published.version}, which is live, already is as the file says."
    return f"Version {published.version}, which is live, differs from the file in {', '.join(differing)}."


def is_for_everyone(expression: JsonValue) -> bool:
    """Whether the API takes the expression for none: an empty or one-character one is [obs]."""
    form = comparable("targetingLogic", expression)
    return isinstance(form, str) and len(form) <= 1


def _told(value: JsonValue) -> str:
    return quoted(value) if isinstance(value, str) else json.dumps(value)
