"""The flow files as they were at a revision, beside which a plan tells whose each difference is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync.diff import attributed, differing

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.diff import FieldComparison
    from flowsync.model import FieldChange, FieldName, Flow, JsonValue, Origin


@dataclass(frozen=True, slots=True)
class Base:
    """The files at `revision` (a commit), by slug, with the overlay of the planned environment.

    `unreadable`: slugs whose file was no flow that can be read. Whatever is in neither did not exist.
    """

    revision: str
    flows: Mapping[str, Flow]
    unreadable: frozenset[str] = frozenset()

    def fields(self, slug: str) -> Mapping[FieldName, JsonValue] | None:
        """What the file stated; nothing where there was none, None where that cannot be told."""
        if slug in self.unreadable:
            return None
        known = self.flows.get(slug)
        return {} if known is None else known.fields


@dataclass(frozen=True, slots=True)
class Told:
    """A comparison with origins, and what they lead to.

    `kept`: fields that differ and are left as they are live. `sent_unseen`: fields that the server does not return
    and the file changed since the base. `is_unknown`: there is a base, and what the file was there cannot be told.
    `has_base`: there is one that tells.
    """

    comparison: FieldComparison
    kept: tuple[FieldName, ...] = ()
    sent_unseen: tuple[FieldName, ...] = ()
    is_unknown: bool = False
    has_base: bool = False


def told(flow: Flow, comparison: FieldComparison, base: Base | None, keep: Collection[Origin]) -> Told:
    """Return `comparison` (of `flow` with its row) with what `base` tells of it; edits by those in `keep` stay."""
    if base is None:
        return Told(comparison)
    fields = base.fields(flow.slug)
    if fields is None:
        return Told(comparison, is_unknown=True)
    changes = attributed(comparison.changes, fields, comparison.old, comparison.new)
    kept = _kept(changes, keep)
    left = _without(replace(comparison, changes=changes), kept)
    return Told(left, kept, differing(flow.fields, fields, comparison.unseen), has_base=True)


def _kept(changes: Collection[FieldChange], keep: Collection[Origin]) -> tuple[FieldName, ...]:
    """Return the fields in which nothing but edits to be kept differs: a field is sent whole or not at all."""
    names = dict.fromkeys(change.field for change in changes)
    sent = {change.field for change in changes if change.origin not in keep}
    return tuple(name for name in names if name not in sent)


def _without(comparison: FieldComparison, names: Collection[FieldName]) -> FieldComparison:
    if not names:
        return comparison
    return replace(
        comparison,
        changes=tuple(change for change in comparison.changes if change.field not in names),
        old={name: value for name, value in comparison.old.items() if name not in names},
        new={name: value for name, value in comparison.new.items() if name not in names},
    )
