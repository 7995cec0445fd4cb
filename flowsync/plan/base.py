"""One flow file next to the row it would be written to, and next to the file at a base revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync.diff.origin import attributed, differing
from flowsync.model import View

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.diff.fields import FieldComparison
    from flowsync.model import FieldChange, FieldName, Flow, JsonValue, LiveFlow, Origin, Target


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


@dataclass(frozen=True, slots=True)
class Subject:
    """What there is to judge of one flow.

    `row` is the row to write, as `target` chose it, and `told` how the file stands to it; `published` is
    another row, the one users see, None where none is; `latest` is the newest row that is not archived,
    mostly `row` itself. `view` is what the rows were read from.
    `data_text` is the flow's own, which is made anew for each who asks it.
    """

    flow: Flow
    target: Target
    row: LiveFlow
    published: LiveFlow | None
    latest: LiveFlow
    told: Told
    data_text: str | None
    view: View = View.WHOLE

    @property
    def comparison(self) -> FieldComparison:
        """How the file stands to the row, as far as it is to be written."""
        return self.told.comparison

    @property
    def was_on(self) -> bool:
        """Whether the row is shown before the write; one of which the server tells nothing counts as shown."""
        return not _is_off(self.row.fields.get("active"))

    @property
    def will_be_on(self) -> bool:
        """Whether the row is shown after the write."""
        return not _is_off(self.flow.fields.get("active", self.row.fields.get("active")))

    def sends_unseen(self, field: FieldName) -> bool:
        """Whether a field is sent that the API does not return: by itself, or with what else changes."""
        is_written = self.comparison.changes or self.told.sent_unseen
        return field in self.comparison.unseen and bool(is_written or self.must_be_switched_off)

    @property
    def must_be_switched_off(self) -> bool:
        """Whether the file switches the flow off, and neither the API nor a base shows that it is off.

        A base shows it: there the file said the same, so the apply of that commit sent it.
        """
        is_off = _is_off(self.flow.fields.get("active")) and "active" in self.comparison.unseen
        return is_off and not self.told.has_base

    @property
    def is_felt_at_once(self) -> bool:
        """Whether users notice the write: the row is published, and shown before or after it."""
        return self.row.is_published and (self.was_on or self.will_be_on)


def _is_off(active: JsonValue) -> bool:
    return isinstance(active, int | float) and not active
