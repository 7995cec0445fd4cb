"""All writes of one row, in one record, as one: from before the first to after the last."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from flowsync.diff.fields import fingerprint, observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.model import FieldName, JsonValue
    from flowsync.record.values import Write


def together(writes: Sequence[Write]) -> Write:
    """Return what the writes of one row, in their order, did together. Those that took no effect do not count."""
    return reduce(_chained, [write for write in writes if not write.is_without_effect] or writes[-1:])


def _chained(first: Write, then: Write) -> Write:
    """Return what both did together.

    A first write whose effect the second did not find does not count. Where the second found neither what the
    first found nor what it wrote, somebody else had edited the row: that is noted, for there is no way back past it.
    """
    found = then.before.fields
    was_written = any(alike(found, state) for state in first.left)
    if alike(found, first.seen) and not was_written:
        return replace(then, edited_between=first.edited_between)
    standing = {**first.written, **then.seen, **{name: found[name] for name in first.body if name in found}}
    return replace(
        then,
        before=replace(then.before, fields={**found, **first.seen}),
        earlier={**then.earlier, **first.earlier},
        body={**{name: standing[name] for name in first.body}, **then.body},
        withheld=tuple(dict.fromkeys((*first.withheld, *then.withheld))),
        standing=standing,
        edited_between=first.edited_between or not was_written,
        is_verified=first.is_verified or then.is_verified,
    )


def alike(live: Mapping[FieldName, JsonValue], other: Mapping[FieldName, JsonValue]) -> bool:
    """Whether the fields that both show mean the same; `data` is text in both."""
    names = [name for name in other if name in live]
    return _meaning(live, names) == _meaning(other, names)


def _meaning(fields: Mapping[FieldName, JsonValue], names: list[FieldName]) -> str:
    return fingerprint(observe(fields, names).values)
