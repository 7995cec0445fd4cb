"""Two writes of one row, in one record, as one: from before the first to after the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync import diff
from flowsync.frozen import replace
from flowsync.record.values import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import FieldName, JsonValue
    from flowsync.record.values import Write


def chained(first: Write, then: Write) -> Write:
    """Return what both did together.

    A first write that had no effect does not count. Where the second found neither what the first found
    nor what it wrote, somebody else had edited the row: that is noted, for there is no way back past it.
    """
    if alike(then.before.fields, first.seen):
        return replace(then, edited_between=first.edited_between)
    edited = first.edited_between or not alike(then.before.fields, first.written)
    before = replace(then.before, fields={**then.before.fields, **first.seen})
    after = {**first.written, **then.written} if then.result else None
    return replace(
        then,
        before=before,
        earlier={**then.earlier, **first.earlier},
        body={**first.body, **then.body},
        withheld=tuple(dict.fromkeys((*first.withheld, *then.withheld))),
        result=then.result and Result(then.result.outcome, then.result.uncertain, after),
        edited_between=edited,
    )


def alike(live: Mapping[FieldName, JsonValue], other: Mapping[FieldName, JsonValue]) -> bool:
    """Whether the fields that both show mean the same; `data` is text in both."""
    names = [name for name in other if name in live]
    return _meaning(live, names) == _meaning(other, names)


def _meaning(fields: Mapping[FieldName, JsonValue], names: list[FieldName]) -> str:
    return diff.fingerprint(diff.observe(fields, names).values)
