"""What a plan would do, as one number: equal for plans that do the same, whatever they were made from.

GitHub's comments and issues go by it; a saved plan has a digest of its whole document instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.diff import comparable, fingerprint, observe, sha256
from flowsync.plan.values import action, json_safe

if TYPE_CHECKING:
    from flowsync.model import Blocked, Change, FieldChange, FieldName, JsonValue, Plan

FORMAT: Final = "flowsync-plan/1"


def meaning(plan: Plan) -> str:
    """Return "sha256:" and 64 hex digits over what the plan would write, and to which API.

    Not in it: names of files, lines, messages, the base and whose a difference is, flows that are
    unchanged or unmanaged, and how the text of `data` is written.
    """
    told: JsonValue = {
        "format": FORMAT,
        "environment": plan.environment,
        "api_url": plan.api_url,
        "changes": [_change(change) for change in plan.writes],
        "blocked": [_blocked(blocked) for blocked in plan.blocked],
    }
    return sha256(json_safe(told))


def _change(change: Change) -> JsonValue:
    fields = sorted(change.fields, key=lambda field: (field.field, field.path, field.op.value))
    return {
        "slug": change.slug,
        "action": action(change),
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "fields": [_field_change(field) for field in fields],
        "body": _body(change),
        "before": change.before,
        "after": change.after,
    }


def _field_change(change: FieldChange) -> JsonValue:
    def form(value: JsonValue) -> JsonValue:
        return value if change.path else comparable(change.field, value)

    return [change.field, change.path, change.op.value, form(change.old), form(change.new)]


def _body(change: Change) -> JsonValue:
    """Return a hash of the meaning of each field that will be sent, whatever the text of `data`.

    That text is parsed only where the change does not hold its value.
    """
    text = change.body.get("data")
    known = {text: change.new["data"]} if isinstance(text, str) and "data" in change.new else {}
    values = observe(change.body, change.body.keys(), known).values
    return {name: _meaning(change, name, value) for name, value in values.items()}


def _meaning(change: Change, name: FieldName, value: JsonValue) -> str:
    """Return the hash of one field, which was made with the change where it is of this very value."""
    if name == "data" and change.hashed is not None and change.hashed[0] is value:
        return change.hashed[1]
    return fingerprint({name: value})


def _blocked(blocked: Blocked) -> JsonValue:
    return [blocked.slug, blocked.code]
