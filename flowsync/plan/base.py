"""One flow file next to the row it would be written to, and next to the file at a base revision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync.diff.origin import attributed, differing
from flowsync.model import View

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from flowsync.diff.fields import FieldComparison
    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow, Origin, Target


@dataclass(frozen=True, slots=True)
class Base:
    """The files at `revision` (a commit), by slug, with the overlay of the planned environment.

    `unreadable`: slugs whose file was no flow that can be read. Whatever is in neither did not exist.
    """

    revision: str
    flows: Mapping[str, Flow]
    unreadable: frozenset[str] = frozenset()

    def fields(self, slug: str) -> Mapping[FieldName, JsonValue] | None:
        """Return the fields of the file: none where there was no file, None where it could not be read."""
        if slug in self.unreadable:
            return None
        known = self.flows.get(slug)
        return {} if known is None else known.fields


@dataclass(frozen=True, slots=True)
class FileAndRow:
    """A flow file and the live row that it would be written to.

    `row` is the row to write, as `target` chose it; `published` is another row, the one users see, None where none
    is; `latest` is the newest row that is not archived, mostly `row` itself. `view` is what the rows were read from.
    `data_text` is `flow.data_text`, which is computed at each access.

    `comparison` is how the file differs from the row, as far as it is to be written. `kept` are fields that differ
    and are left as they are live; `sent_unseen` those that the server does not return and the file changed since the
    base. `has_base`: there is a base that says what the file was. `is_unknown`: there is one that cannot be read.
    """

    flow: Flow
    target: Target
    row: LiveFlow
    published: LiveFlow | None
    latest: LiveFlow
    comparison: FieldComparison
    data_text: str | None
    view: View = View.WHOLE
    kept: tuple[FieldName, ...] = ()
    sent_unseen: tuple[FieldName, ...] = ()
    has_base: bool = False
    is_unknown: bool = False

    def with_origins(self, base: Base | None, keep: Collection[Origin]) -> FileAndRow:
        """Return the same with what `base` says of the differences; those of an origin in `keep` are not written."""
        if base is None:
            return self
        before = base.fields(self.flow.slug)
        if before is None:
            return replace(self, is_unknown=True)
        changes = attributed(self.comparison.changes, before, self.comparison.old, self.comparison.new)
        sent = {change.field for change in changes if change.origin not in keep}
        kept = tuple(name for name in self.comparison.changed if name not in sent)
        left = replace(
            self.comparison,
            changes=tuple(change for change in changes if change.field not in kept),
            old={name: value for name, value in self.comparison.old.items() if name not in kept},
            new={name: value for name, value in self.comparison.new.items() if name not in kept},
        )
        sent_unseen = differing(self.flow.fields, before, self.comparison.unseen)
        return replace(self, comparison=left, kept=kept, sent_unseen=sent_unseen, has_base=True)

    @property
    def is_written(self) -> bool:
        """Whether anything is known to differ."""
        return bool(self.comparison.changes or self.sent_unseen)

    @property
    def was_on(self) -> bool:
        """Whether the row is shown before the write; it is where the server does not return `active`."""
        return not _is_off(self.row.fields.get("active"))

    @property
    def will_be_on(self) -> bool:
        """Whether the row is shown after the write."""
        return not _is_off(self.flow.fields.get("active", self.row.fields.get("active")))

    @property
    def must_be_switched_off(self) -> bool:
        """Whether the file switches the flow off, and neither the API nor a base shows that it is off.

        A base shows it: there the file said the same, so the apply of that commit sent it.
        """
        is_off = _is_off(self.flow.fields.get("active")) and "active" in self.comparison.unseen
        return is_off and not self.has_base

    @property
    def is_seen_at_once(self) -> bool:
        """Whether users notice the write: the row is published, and shown before or after it."""
        return self.row.is_published and (self.was_on or self.will_be_on)

    def sends_unseen(self, field: FieldName) -> bool:
        """Whether a field is sent that the API does not return: by itself, or with what else changes."""
        return field in self.comparison.unseen and (self.is_written or self.must_be_switched_off)


def _is_off(active: JsonValue) -> bool:
    return isinstance(active, int | float) and not active
