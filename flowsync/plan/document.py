"""A plan as a JSON document, and its hashes.

`plan --format json` prints the document and `plan --out` saves it, with the digest of all of it. The comments and
issues of GitHub go by `meaning`, which is equal for plans that do the same, whatever they were made from.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from flowsync.diff.canonical import canonical
from flowsync.diff.fields import comparable, fingerprint, observe, sha256
from flowsync.model import Create, NewDraft, PlanWarning, Update, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import (
        Audience,
        Blocked,
        Change,
        Dropped,
        FieldChange,
        FieldName,
        JsonValue,
        Plan,
        Qualifying,
        Refusal,
    )

Action: TypeAlias = Literal["create", "draft", "update", "deactivate", "delete"]
"""What can be done to a flow."""

FORMAT: Final = "flowsync-plan/1"
SOMETIMES_LISTED: Final = ("unverified", "removed", "dropped")
"""What the document lists only where there is some of it."""
SOMETIMES_COUNTED: Final = ("draft", *SOMETIMES_LISTED)
"""What its summary counts only where there is some of it."""
AUDIENCE: Final = "audience"
"""The key of the estimates, which differ from one run to the next and are no part of the digest."""
REFUSED: Final = "apply-refuses"
"""The code of the warning that apply refuses a change as it is."""


def action(change: Change) -> Action:
    """Return the word for what a change does to its flow."""
    match change:
        case Create():
            return "create"
        case NewDraft():
            return "draft"
        case Update():
            return "update"


def restorable(fields: Mapping[FieldName, JsonValue]) -> dict[FieldName, JsonValue]:
    """Return the live fields that can be written back, in a form that the API takes [doc].

    A null description or targeting is as good as "" [obs], and `data` that came as an object goes back as JSON text.
    Anything else of another type than the documented one cannot be sent.
    """
    found: dict[FieldName, JsonValue] = {}
    for name, value in fields.items():
        match name, value:
            case ("description" | "targetingLogic", None | str()) | ("active", bool()):
                found[name] = value
            case "name" | "type" | "data", str():
                found[name] = value
            case "data", dict() | list():
                found[name] = json.dumps(value, ensure_ascii=False)
            case _:
                pass
    return found


def json_safe(value: JsonValue) -> JsonValue:
    """Return `value` with the numbers that JSON cannot hold as YAML's texts for them."""
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            number = canonical(value)
            if isinstance(number, float) and not math.isfinite(number):
                return {math.inf: ".inf", -math.inf: "-.inf"}.get(number, ".nan")
            return number
        case list():
            return [json_safe(item) for item in value]
        case dict():
            return {key: json_safe(item) for key, item in value.items()}


@dataclass(frozen=True, slots=True)
class Summary:
    """How many flows a plan creates, updates and so on, in the order of the document."""

    create: int
    update: int
    deactivate: int
    delete: int
    unchanged: int
    blocked: int
    unmanaged: int
    draft: int = 0
    unverified: int = 0
    removed: int = 0
    dropped: int = 0

    @property
    def changes(self) -> int:
        """How many flows would be written."""
        return self.create + self.draft + self.update + self.deactivate + self.delete


def drafted(plan: Plan) -> list[str]:
    """Return the slugs of the flows that a plan makes a draft of."""
    return [change.slug for change in plan.changes if isinstance(change, NewDraft)]


def summary(plan: Plan) -> Summary:
    """Count the flows of a plan."""
    counts = Counter(action(change) for change in plan.changes)
    return Summary(
        create=counts["create"],
        update=counts["update"],
        deactivate=counts["deactivate"],
        delete=counts["delete"],
        unchanged=len(plan.unchanged) + plan.unnamed_unchanged,
        blocked=len(plan.blocked),
        unmanaged=len(plan.unmanaged),
        draft=counts["draft"],
        unverified=len(plan.unverified),
        removed=len(plan.removed),
        dropped=len(plan.dropped),
    )


def to_document(plan: Plan) -> dict[str, JsonValue]:
    """Return the document, keys in order. It holds no number that JSON lacks, and no key of the API.

    What guards refuse about a change is among its warnings. Texts are as the files and the API have them: lone
    surrogates and control characters included.
    """
    document: dict[str, JsonValue] = {**_content(plan), "digest": plan.digest}
    if plan.audiences is not None:
        document[AUDIENCE] = [audience_document(each) for each in plan.audiences]
    return document


def digest(plan: Plan) -> str:
    """Return "sha256:" and 64 hex digits over the whole document of a plan but its digest and estimates."""
    return digest_of(_content(plan))


def digest_of(content: Mapping[str, JsonValue]) -> str:
    """Return the digest of a plan's document, whatever digest it contains."""
    return sha256({key: value for key, value in content.items() if key not in {"digest", AUDIENCE}})


def _content(plan: Plan) -> dict[str, JsonValue]:
    """Return the document without its digest; optional parts only if they are not empty."""
    numbers = asdict(summary(plan))
    content: dict[str, JsonValue] = {
        "format": FORMAT,
        "environment": plan.environment,
        "api_url": plan.api_url,
        "base": plan.base,
        "view": None if plan.view is View.WHOLE else plan.view.value,
        "summary": {name: number for name, number in numbers.items() if number or name not in SOMETIMES_COUNTED},
        "changes": [_change(change, plan.refusals) for change in plan.changes],
        "unverified": [_change(change, plan.refusals) for change in plan.unverified],
        "blocked": [_blocked(blocked) for blocked in plan.blocked],
        "unmanaged": [asdict(unmanaged) for unmanaged in plan.unmanaged],
        "removed": [asdict(removed) for removed in plan.removed],
        "dropped": [_dropped(dropped) for dropped in plan.dropped],
    }
    return {name: value for name, value in content.items() if value or name not in {"view", *SOMETIMES_LISTED}}


def _blocked(blocked: Blocked) -> JsonValue:
    return {key: value for key, value in asdict(blocked).items() if value is not None}


def _dropped(dropped: Dropped) -> JsonValue:
    """Return one thing that a file lost; for a field with its live value, if the API returns it."""
    return {
        "slug": dropped.slug,
        "file": dropped.file,
        "kind": dropped.kind.value,
        "name": dropped.name,
        **({} if dropped.status is None else {"status": dropped.status}),
        **({"live": json_safe(dropped.live)} if dropped.is_shown else {}),
    }


def _change(change: Change, refusals: Iterable[Refusal]) -> JsonValue:
    """Return one change; what guards refuse about it is among its warnings."""
    concerned = (refusal for refusal in refusals if change.slug in refusal.slugs)
    refused = (PlanWarning(REFUSED, f"{refusal.message} {allowed_by(refusal)}") for refusal in concerned)
    warnings = [*change.warnings, *(warning for warning in refused if warning not in change.warnings)]
    return {
        "slug": change.slug,
        "file": change.file,
        "action": action(change),
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "live": change.live,
        "fields": [field_change(field) for field in change.fields],
        "unseen": list(change.unseen),
        "warnings": [asdict(warning) for warning in warnings],
        "body": {name: json_safe(value) for name, value in change.body.items()},
        "before": change.before,
        "after": change.after,
    }


def field_change(change: FieldChange) -> JsonValue:
    """Return one difference as documents hold it."""
    return {
        "field": change.field,
        "path": change.path,
        "label": change.label,
        "op": change.op.value,
        "old": json_safe(change.old),
        "new": json_safe(change.new),
        "origin": None if change.origin is None else change.origin.value,
    }


def audience_document(audience: Audience) -> dict[str, JsonValue]:
    """Return the estimates of a flow's users for documents: the API's own numbers, not rounded."""
    return {"slug": audience.slug, "before": _qualifying(audience.before), "after": _qualifying(audience.after)}


def _qualifying(side: Qualifying | None) -> JsonValue:
    if side is None:
        return None
    return {"estimate": side.users, "everyone": side.is_everyone, "reason": side.reason or None}


def allowed_by(refusal: Refusal) -> str:
    """Return the sentence that names the flag that allows what a guard refused."""
    return f"{refusal.flag} allows it."


def meaning(plan: Plan) -> str:
    """Return "sha256:" and 64 hex digits over what the plan would write, and to which API.

    Left out: names of files, lines, messages, the base and the origins of differences, flows that are
    unchanged or unmanaged, and how the text of `data` is written.
    """
    content: JsonValue = {
        "format": FORMAT,
        "environment": plan.environment,
        "api_url": plan.api_url,
        "changes": [_change_meaning(change) for change in plan.writes],
        "blocked": [[blocked.slug, blocked.code] for blocked in plan.blocked],
    }
    return sha256(json_safe(content))


def _change_meaning(change: Change) -> JsonValue:
    fields = sorted(change.fields, key=lambda field: (field.field, field.path, field.op.value))
    return {
        "slug": change.slug,
        "action": action(change),
        "id": change.id,
        "version": change.version,
        "status": change.status,
        "fields": [_field_meaning(field) for field in fields],
        "body": _body_meaning(change),
        "before": change.before,
        "after": change.after,
    }


def _field_meaning(change: FieldChange) -> JsonValue:
    values = (value if change.path else comparable(change.field, value) for value in (change.old, change.new))
    return [change.field, change.path, change.op.value, *values]


def _body_meaning(change: Change) -> JsonValue:
    """Return a hash of the meaning of each field that will be sent.

    The text of `data` is parsed only if the change does not hold its value.
    """
    text = change.body.get("data")
    known = {text: change.new["data"]} if isinstance(text, str) and "data" in change.new else {}
    values = observe(change.body, change.body.keys(), known).values
    return {name: fingerprint({name: value}) for name, value in values.items()}
