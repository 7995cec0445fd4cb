"""Writes dashboard edits into an existing file, with as few changed lines as possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flowsync import document
from flowsync.diff.data import Place
from flowsync.diff.fields import compare, observe
from flowsync.diff.lists import IDENTITIES, survivors
from flowsync.document.editing import edited
from flowsync.errors import DocumentError
from flowsync.flows.files import FlowFile, flow_from_document
from flowsync.model import SENT_FIELDS, FieldName, Flow, JsonValue, LiveFlow, ValuePath
from flowsync.pull.new_files import says_something, unreadable
from flowsync.pull.results import ChangedFile, Judge, LeftOut, SameFile, Scope, check, left_out


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A flow file and the live row whose values it takes over; `environment` names the overlay that applies."""

    flow: Flow
    file: FlowFile
    row: LiveFlow
    environment: str | None
    judge: Judge


@dataclass(frozen=True, slots=True)
class _Draft:
    """The file's text with live values, or why it must not be written."""

    text: str
    rewritten: tuple[str, ...] = ()
    complaint: str | None = None
    failing: tuple[str, ...] = ()


def updated(existing: ExistingFile, scope: Scope) -> ChangedFile | SameFile:
    """Return the file with the live values of the fields that differ, without those that `judge` would refuse."""
    wanted, missing = _wanted(existing, scope)
    if not wanted:
        return SameFile(existing.flow.slug, existing.file, tuple(missing))
    known = {(each.code, each.message) for each in existing.judge(existing.flow)}
    taken, draft = [*wanted], _draft(existing, wanted, known)
    if draft.complaint is not None:
        taken, draft = _one_by_one(existing, wanted, known, missing)
    if not taken:
        return SameFile(existing.flow.slug, existing.file, tuple(missing))
    changes = compare(existing.flow.fields, existing.row.fields, existing.flow.data_text).changes
    places = [change.label for change in changes if change.field in taken]
    places += [field for field in taken if field not in existing.flow.fields]
    return ChangedFile(
        existing.flow.slug,
        existing.file,
        existing.flow.source.text,
        draft.text,
        tuple(taken),
        tuple(dict.fromkeys(places)),
        draft.rewritten,
        tuple(missing),
        draft.failing,
    )


def _wanted(existing: ExistingFile, scope: Scope) -> tuple[dict[FieldName, JsonValue], list[LeftOut]]:
    """The fields to take over, with their live values (`data` parsed), and those that cannot be read."""
    comparison = compare(existing.flow.fields, existing.row.fields, existing.flow.data_text)
    wanted = {field: comparison.old[field] for field in comparison.changed}
    is_unreadable = comparison.live_data_is_unreadable
    if scope is Scope.ALL:
        observed = observe(existing.row.fields, [name for name in SENT_FIELDS if name not in existing.flow.fields])
        wanted |= {field: value for field, value in observed.values.items() if says_something(field, value)}
        is_unreadable = is_unreadable or observed.data_is_unreadable
    if is_unreadable and wanted.pop("data", None) is not None:
        return wanted, [LeftOut("data", unreadable(existing.row))]
    return wanted, []


def _one_by_one(
    existing: ExistingFile, wanted: Mapping[FieldName, JsonValue], known: set[tuple[str, str]], missing: list[LeftOut]
) -> tuple[list[FieldName], _Draft]:
    """Take the fields one by one, so that a field that fails does not prevent the others."""
    taken: dict[FieldName, JsonValue] = {}
    draft = _Draft(existing.flow.source.text)
    for field, value in wanted.items():
        attempt = _draft(existing, {**taken, field: value}, known)
        if attempt.complaint is None:
            taken[field], draft = value, attempt
        else:
            missing.append(left_out(field, attempt.complaint, existing.row))
    return [*taken], draft


def _draft(existing: ExistingFile, wanted: Mapping[FieldName, JsonValue], known: set[tuple[str, str]]) -> _Draft:
    text = existing.flow.source.text
    try:
        value = _whole(existing, wanted)
        done = edited(text, value, matching=survivors)
        parsed = document.parse(done.text, existing.file.name)
    except DocumentError as error:
        return _Draft(text, complaint=error.message)
    flow = flow_from_document(parsed, existing.file, existing.environment)
    complaint, failing = check(flow, existing.row, existing.judge, wanted.keys(), known)
    return _Draft(done.text, tuple(label(value, path) for path in done.rewritten), complaint, failing)


def _whole(existing: ExistingFile, wanted: Mapping[FieldName, JsonValue]) -> JsonValue:
    """Return the whole file's value with the fields where they are now: in the environment's overlay, or at the top."""
    whole = existing.flow.source.value
    assert isinstance(whole, dict)  # noqa: S101 - a file that is no mapping is no Flow
    for field in SENT_FIELDS:
        if field in wanted:
            whole = with_live(whole, existing.environment, field, wanted[field])
    sent = [name for name in SENT_FIELDS if name in whole]  # so that a new field comes after the one before it
    return {name: whole[name] for name in [*sent, *(key for key in whole if key not in sent)]}


def with_live(
    whole: dict[str, JsonValue], environment: str | None, field: FieldName, live: JsonValue
) -> dict[str, JsonValue]:
    """Return `whole` with the value `live` for one field. Raises DocumentError if it cannot be written."""
    environments = whole.get("environments")
    overlay = environments.get(environment) if isinstance(environments, dict) and environment is not None else None
    if not isinstance(environments, dict) or not isinstance(overlay, dict) or field not in overlay:
        return {**whole, field: _like(whole.get(field), live)}
    over = overlay[field]
    value = _overlay_for(whole.get(field), over, live) if isinstance(over, dict) else _like(over, live)
    return {**whole, "environments": {**environments, str(environment): {**overlay, field: value}}}


def _overlay_for(base: JsonValue, overlay: JsonValue, live: JsonValue) -> JsonValue:
    """Return the overlay that turns `base` into `live`: its own keys, and those that differ from the base.

    An overlay cannot remove a key of the base: the caller finds that out by reading the file.
    """
    if not isinstance(live, dict):
        return live
    below: Mapping[str, JsonValue] = base if isinstance(base, dict) else {}
    above: Mapping[str, JsonValue] = overlay if isinstance(overlay, dict) else {}
    others = [key for key in live if key not in above and not (key in below and document.same(below[key], live[key]))]
    return {key: _overlay_for(below.get(key), above.get(key), live[key]) for key in (*above, *others) if key in live}


def _like(own: JsonValue, live: JsonValue) -> JsonValue:
    """`live` as a text of YAML or JSON if the file has `data` as one; edited like any other text."""
    if not isinstance(own, str) or not isinstance(live, (dict, list)):
        return live
    try:
        return edited(own, live, matching=survivors, reads=lambda text: document.parse_data(text).value).text
    except DocumentError:
        return document.dump(live)


def label(value: JsonValue, path: ValuePath) -> str:
    """Return the label of `path` in `value`, such as `data.steps[welcome].title`; "the whole file" for the root."""
    place = Place()
    for part in path:
        if isinstance(value, dict):
            place, value = place.at_key(str(part)), value[str(part)]
        elif isinstance(value, list) and isinstance(part, int):
            item = value[part]
            identity = IDENTITIES.get(place.key, "id")
            is_identified = isinstance(item, dict) and isinstance(item.get(identity), str | int | float)
            place, value = place.at_item(part, item, identity if is_identified else None), item
    return place.label or "the whole file"
