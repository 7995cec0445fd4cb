"""The marker: the first line of everything that flowsync writes on GitHub, with hashes of the plan.

A plan is recorded as the hashes of its parts, one for each field of each change, and never as text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from flowsync.diff.fields import fingerprint, sha256
from flowsync.plan.document import action, json_safe, meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.model import Change, FieldName, JsonValue, Plan

PART_LENGTH: Final = 16
"""Hexadecimal digits of one part's hash."""
MOST_PARTS: Final = 1_000
"""A marker lists no more parts than this."""
NO_PLAN: Final = "0" * 64
"""The digest of a marker without a plan."""
_HEX: Final = r"[0-9a-f]{16}"
_SHA: Final = r"[0-9a-f]{40,64}"
_LINE: Final = re.compile(
    rf"<!-- flowsync:v1 key=({_HEX}) head=({_SHA}) digest=([0-9a-f]{{64}}) truncated=([01]) base=((?:{_SHA})?)"
    rf" parts=((?:{_HEX})*)(?: run=([0-9]{{1,20}}))?(?: used=((?:{_HEX})*) by=({_SHA}))?(?: applied=({_SHA}))?"
    rf"(?: conflicts=((?:{_HEX})*))?"
    r" -->(?:\r?\n|$)"
)
_UNSEEN: Final = "unseen"
"""Hashed as the value before if the API does not return a field: it is replaced whatever it is."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The content of the first line. `key` names environment and configuration; `head` is the planned commit.

    `digest` is the plan's, without its algorithm; `parts` are the hashes of what the plan would write, and
    `base` is the commit it was compared with, None if it was with none. `run` is the id of the run that made the
    plan. `used` are the parts that an apply has written, or is about to: a review counts once. `by` is the commit whose
    apply used them last, None while none did. `conflicts` are the hashes (`slug_hashes`) of flows that were also edited
    in the dashboard, and that no apply has written since.
    """

    key: str
    head: str
    digest: str
    truncated: bool = False
    base: str | None = None
    parts: frozenset[str] = frozenset()
    run: str | None = None
    used: frozenset[str] = frozenset()
    by: str | None = None
    conflicts: frozenset[str] = frozenset()

    @property
    def unused(self) -> frozenset[str]:
        """The parts that may still be applied."""
        return self.parts - self.used

    @property
    def seal(self) -> str:
        """A short hash of the whole plan; the name of its run's artefact ends in it."""
        return _joined_hash(self.key, self.head, self.digest, self.base or "", *sorted(self.parts))

    @property
    def longest(self) -> Marker:
        """The longest form that this marker can get later."""
        return replace(self, used=self.parts, by=self.by or self.head, conflicts=self.conflicts | self.parts)

    def line(self) -> str:
        """The line to begin a text with."""
        fields = f"key={self.key} head={self.head} digest={self.digest} truncated={int(self.truncated)}"
        run = f" run={self.run}" if self.run else ""
        used = f" used={_joined(self.used)} by={self.by}" if self.by else ""
        conflicts = f" conflicts={_joined(self.conflicts)}" if self.conflicts else ""
        base, parts = self.base or "", _joined(self.parts)
        return f"<!-- flowsync:v1 {fields} base={base} parts={parts}{run}{used}{conflicts} -->"


def _joined(parts: frozenset[str]) -> str:
    return "".join(sorted(parts)) if len(parts) <= MOST_PARTS else ""


def _split(joined: str | None) -> frozenset[str]:
    return frozenset(re.findall(_HEX, joined or ""))


def read_marker(body: str) -> Marker | None:
    """The marker that a text begins with; None if it begins otherwise.

    A former version wrote `applied` where all parts were used.
    """
    found = _LINE.match(body)
    if found is None:
        return None
    key, head, digest, truncated, base, joined, run, used, by, applied, conflicts = found.groups()
    parts = _split(joined)
    used_parts = parts if applied else _split(used)
    return Marker(
        key, head, digest, truncated == "1", base or None, parts, run, used_parts, by or applied, _split(conflicts)
    )


def after_marker(body: str) -> str:
    """The text after the marker's line; all of a text without one."""
    found = _LINE.match(body)
    return body[found.end() :] if found else body


def key_of(kind: str, environment: str | None, config: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file.

    `config` is the file's path from the top of the repository.
    """
    return _joined_hash(kind, environment or "", config)


def slug_hashes(slugs: Iterable[str]) -> frozenset[str]:
    """The hashes of these flows, as a marker lists them."""
    return frozenset(map(_short, slugs))


def parts(plan: Plan) -> frozenset[str]:
    """The hashes of a plan: one per field, per change or for the whole plan, the finest that fits."""
    fields = [_field_hashes(plan, change) for change in plan.writes]
    if sum(map(len, fields)) <= MOST_PARTS:
        return frozenset(chain.from_iterable(fields))
    return frozenset(map(_change_hash, fields)) if len(fields) <= MOST_PARTS else frozenset([_plan_hash(plan)])


def written_parts(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Every hash by which a marker may list a part of a plan, with the slugs that it is about."""
    found = {_plan_hash(plan): frozenset(change.slug for change in plan.writes)}
    for change in plan.writes:
        hashes = {
            _field_hash(plan, change, field, each)
            for field in change.body
            for each in _former_value_hashes(change, field)
        }
        found |= dict.fromkeys((*hashes, _change_hash(_field_hashes(plan, change))), frozenset([change.slug]))
    return found


def unreviewed(plan: Plan, markers: Iterable[Marker]) -> tuple[Change, ...]:
    """The changes of a plan that none of these markers shows, or whose review was used up."""
    shown = frozenset(part for marker in markers for part in marker.unused)
    if _plan_hash(plan) in shown:
        return ()
    return tuple(change for change in (*plan.changes, *plan.unverified) if not _is_shown(plan, change, shown))


def _is_shown(plan: Plan, change: Change, shown: frozenset[str]) -> bool:
    """Whether every field was shown with its former value, or as unseen.

    A plan that a public key made shows fields as unseen that only a private key returns.
    """
    return _change_hash(_field_hashes(plan, change)) in shown or all(
        any(_field_hash(plan, change, field, before) in shown for before in _former_value_hashes(change, field))
        for field in change.body
    )


def _plan_hash(plan: Plan) -> str:
    """The hash of everything that a plan would do, with any key and any base."""
    return hexadecimal(meaning(plan))[:PART_LENGTH]


def _change_hash(fields: Iterable[str]) -> str:
    return _short("".join(sorted(fields)))


def _field_hashes(plan: Plan, change: Change) -> list[str]:
    return [_field_hash(plan, change, field, _former_value_hashes(change, field)[0]) for field in change.body]


def _former_value_hashes(change: Change, field: FieldName) -> tuple[str, str]:
    """The hashes of the former value: as seen, and as unseen."""
    return fingerprint({field: change.old[field]}) if field in change.old else _UNSEEN, _UNSEEN


def _field_hash(plan: Plan, change: Change, field: FieldName, before: str) -> str:
    # `data` is compared as the value it parses to, where the plan has that, not as the text that is sent.
    after = fingerprint({field: change.new[field] if field in change.new else change.body[field]})
    row: list[JsonValue] = [action(change), change.slug, change.id, change.version, change.status]
    return _short(json_safe([plan.environment, plan.api_url, *row, field, before, after]))


def _joined_hash(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:PART_LENGTH]


def _short(value: JsonValue) -> str:
    return hexadecimal(sha256(value))[:PART_LENGTH]


def hexadecimal(digest: str) -> str:
    """A digest without the name of its algorithm."""
    return digest.rpartition(":")[2]
