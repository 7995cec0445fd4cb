"""A change of a saved plan beside the live row: still as it was planned, done already, or changed since.

The document of a plan tells what changes, not which fields are managed and stay. Those are found again:
the fields of the row whose fingerprint, together, is the one that was planned from. That they then lead to
the fingerprint that was planned for is a check of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

from flowsync.diff import compare, fingerprint, observe
from flowsync.model import SENT_FIELDS
from flowsync.plan.shape import malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from flowsync.model import FieldChange, FieldName, JsonValue, LiveFlow, Update

Fields: TypeAlias = "Mapping[FieldName, JsonValue]"


@dataclass(frozen=True, slots=True)
class AsPlanned:
    """The row is as it was; `change` holds the values of every managed field."""

    change: Update


@dataclass(frozen=True, slots=True)
class AsWritten:
    """The row already is as it would be written."""

    change: Update


@dataclass(frozen=True, slots=True)
class Edited:
    """The row was changed since: `differences` lead from what is live now to what was planned from.

    `elsewhere`: the other fields of the row, where one of them was edited too, or is no longer returned; the
    document does not tell what they were, nor which are managed. None where the rest explains everything.
    `untold`: fields of the plan that the API does not return any more.
    """

    differences: tuple[FieldChange, ...]
    elsewhere: tuple[FieldName, ...] | None
    untold: tuple[FieldName, ...]


Restored: TypeAlias = AsPlanned | AsWritten | Edited


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that may not be carried out any more; `why` is a sentence, or what was edited."""

    change: Update
    why: str | Edited


def restored(change: Update, row: LiveFlow) -> Restored:
    """Return how `row` stands to `change`, read back from a document (`from_document`).

    Raises PlanFileError when `change` would not lead to what it says it leads to.
    """
    seen = observe(row.fields, [name for name in SENT_FIELDS if name not in change.unseen]).values
    if change.new.keys() <= seen.keys():
        for staying in _choices([name for name in seen if name not in change.new]):
            managed = {name: seen[name] for name in SENT_FIELDS if name in change.new or name in staying}
            if fingerprint(managed) == change.before:
                return AsPlanned(
                    _checked(replace(change, old=managed, new={**managed, **change.new}, shown=row.fields))
                )
            if fingerprint(managed) == change.after:
                return AsWritten(replace(change, old={**managed, **change.old}, new=managed))
    return _edited(change, row, seen)


def _choices(names: Sequence[FieldName]) -> Iterator[frozenset[FieldName]]:
    """Yield every choice of fields, the largest first: mostly a file states nearly all."""
    for size in range(len(names), -1, -1):
        yield from map(frozenset, combinations(names, size))


def _checked(change: Update) -> Update:
    if fingerprint(change.new) != change.after:
        raise malformed(f"the change of {change.slug} does not lead to what it says")
    return change


def _edited(change: Update, row: LiveFlow, seen: Fields) -> Edited:
    differences = compare(change.old, row.fields).changes
    untold = tuple(name for name in change.old if name not in seen)
    staying = tuple(name for name in seen if name not in change.new)
    as_it_was: Fields = {**seen, **change.old}
    choices = ({*change.old, *choice} for choice in _choices(staying))
    managed = ({name: as_it_was[name] for name in as_it_was if name in chosen} for chosen in choices)
    is_explained = any(fingerprint(fields) == change.before for fields in managed)
    return Edited(differences, None if is_explained else staying, untold)
