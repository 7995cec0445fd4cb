"""The changes of a saved plan next to what is live: still as they were planned, already written, or edited since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from flowsync.diff.fields import compare, fingerprint, observe
from flowsync.model import SENT_FIELDS
from flowsync.plan.saved import malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.model import Change, FieldChange, FieldName, JsonValue, LiveFlow, NewDraft, Update

Fields: TypeAlias = "Mapping[FieldName, JsonValue]"


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """The row is as it was; `change` holds the values of every managed field."""

    change: Change


@dataclass(frozen=True, slots=True)
class AsWritten:
    """The row already is as it would be written."""

    change: Change


@dataclass(frozen=True, slots=True)
class Edited:
    """The row was changed since: `differences` lead from what is live now to what was planned from.

    `elsewhere`: the other fields of the row, where one of them was edited too, or is no longer returned; the
    document does not have what they were, nor which are managed. None where the rest explains everything.
    `unseen`: fields of the plan that the API does not return any more.
    """

    differences: tuple[FieldChange, ...]
    elsewhere: tuple[FieldName, ...] | None
    unseen: tuple[FieldName, ...]


Restored: TypeAlias = AsPlanned | AsWritten | Edited


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that may not be carried out any more; `why` is a sentence, or what was edited."""

    change: Change
    why: str | Edited


def restored(change: Update | NewDraft, row: LiveFlow) -> Restored:
    """Return whether `row` still is as when `change` was planned, already is as it would be written, or neither.

    Raises PlanFileError when `change` would not lead to what it says it leads to.
    """
    seen = observe(row.fields, [name for name in SENT_FIELDS if name not in change.unseen]).values
    if change.new.keys() <= seen.keys():
        for staying in _choices([name for name in seen if name not in change.new]):
            managed = {name: seen[name] for name in SENT_FIELDS if name in change.new or name in staying}
            if fingerprint(managed) == change.before:
                new = {**managed, **change.new}
                if fingerprint(new) != change.after:
                    raise malformed(f"the change of {change.slug} does not lead to what it says")
                return AsPlanned(replace(change, old=managed, new=new, shown=row.fields))
            if fingerprint(managed) == change.after:
                return AsWritten(replace(change, old={**managed, **change.old}, new=managed))
    return _edited(change, row, seen)


def _choices(names: Sequence[FieldName]) -> Iterator[frozenset[FieldName]]:
    """Yield every choice of fields, the largest first: mostly a file states nearly all."""
    for size in range(len(names), -1, -1):
        yield from map(frozenset, combinations(names, size))


def _edited(change: Update | NewDraft, row: LiveFlow, seen: Fields) -> Edited:
    differences = compare(change.old, row.fields).changes
    unseen = tuple(name for name in change.old if name not in seen)
    staying = tuple(name for name in seen if name not in change.new)
    as_it_was: Fields = {**seen, **change.old}
    choices = ({*change.old, *choice} for choice in _choices(staying))
    managed = ({name: as_it_was[name] for name in as_it_was if name in chosen} for chosen in choices)
    is_explained = any(fingerprint(fields) == change.before for fields in managed)
    return Edited(differences, None if is_explained else staying, unseen)
