"""Whether people have seen what is about to be written: a plan against the plans of merged pull requests.

A plan is told by its parts, one for each field of each flow that it would write: which version, from
which value, to which. Apply may do less than was reviewed, never more. The parts are hashes of
values: neither text nor time nor commit plays a role. It is an aid to reviewers, not authorisation:
whoever may write to the repository may edit a comment too.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from flowsync.diff.fields import fingerprint, sha256
from flowsync.github.marker import MOST_PARTS, PART_LENGTH
from flowsync.plan.document import action, json_safe, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.github.marker import Marker
    from flowsync.model import Change, FieldName, JsonValue, Plan

_UNSEEN = "unseen"
"""Stands for the value before where the API does not return a field: whatever it is, it is replaced."""


def parts(plan: Plan) -> frozenset[str]:
    """The hashes of all that a plan would write: of each field, else of each change, else of all, as many as fit."""
    fields = {change.slug: tuple(change_parts(plan, change)) for change in plan.writes}
    if sum(map(len, fields.values())) <= MOST_PARTS:
        return frozenset(chain.from_iterable(fields.values()))
    return frozenset(map(_whole, fields.values())) if len(fields) <= MOST_PARTS else frozenset([_all(plan)])


def change_parts(plan: Plan, change: Change) -> Iterator[str]:
    """The hash of each field that a change would write."""
    for field in change.body:
        yield _part(plan, change, field, _before(change, field))


def unreviewed(plan: Plan, markers: Iterable[Marker]) -> tuple[Change, ...]:
    """The changes of a plan that none of the reviewed ones showed."""
    reviewed = tuple(markers)
    shown = frozenset(part for marker in reviewed for part in marker.parts)
    if hexadecimal(plan.digest) in {marker.digest for marker in reviewed} or _all(plan) in shown:
        return ()
    return tuple(change for change in (*plan.changes, *plan.unverified) if not _is_shown(plan, change, shown))


def hexadecimal(digest: str) -> str:
    """A digest without the name of its algorithm."""
    return digest.rpartition(":")[2]


def _is_shown(plan: Plan, change: Change, shown: frozenset[str]) -> bool:
    """Whether every field was shown as it is now, or as one that is replaced whatever it is.

    The latter is how a plan made with a public key tells of a field that only a private one returns.
    """
    return _whole(change_parts(plan, change)) in shown or all(
        _part(plan, change, field, _before(change, field)) in shown or _part(plan, change, field, _UNSEEN) in shown
        for field in change.body
    )


def _all(plan: Plan) -> str:
    """The hash of all that a plan would do, whatever key it was made with and whatever it was compared with."""
    return hexadecimal(meaning(plan))[:PART_LENGTH]


def _whole(fields: Iterable[str]) -> str:
    """The hash of a whole change."""
    return sha256("".join(sorted(fields))).rpartition(":")[2][:PART_LENGTH]


def _part(plan: Plan, change: Change, field: FieldName, before: str) -> str:
    meaning: JsonValue = [
        plan.environment,
        plan.api_url,
        action(change),
        change.slug,
        change.id,
        change.version,
        change.status,
        field,
        before,
        _after(change, field),
    ]
    return sha256(json_safe(meaning)).rpartition(":")[2][:PART_LENGTH]


def _before(change: Change, field: FieldName) -> str:
    return fingerprint({field: change.old[field]}) if field in change.old else _UNSEEN


def _after(change: Change, field: FieldName) -> str:
    """The meaning of what is sent: the value that `data` parses to, where the plan holds it."""
    return fingerprint({field: change.new[field] if field in change.new else change.body[field]})
