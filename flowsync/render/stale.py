"""Why a saved plan is no longer true, a line for each difference: what was planned from, and what is there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.model import Op
from flowsync.render.columns import cut
from flowsync.render.values import compact, compact_pair
from flowsync.render.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.model import FieldChange, JsonValue
    from flowsync.plan.saved import Edited, Stale

LONGEST = 80
"""How many columns of each value are shown."""


def reasons(stale: Iterable[Stale]) -> list[str]:
    """Return a line for each difference. Raw text: whoever shows it makes it inert."""
    return [f"{each.change.slug}: {sentence}" for each in stale for sentence in _sentences(each.why)]


def _sentences(why: str | Edited) -> Iterator[str]:
    if isinstance(why, str):
        yield why
        return
    yield from map(_difference, why.differences)
    if why.untold:
        yield f"{listed(why.untold)}: no longer returned by the API, so not compared."
    if why.elsewhere is not None:
        named = f": one of {listed(why.elsewhere)}" if why.elsewhere else ""
        yield f"a field that the plan leaves alone was changed, or is no longer returned by the API{named}."


def _difference(change: FieldChange) -> str:
    """Tell a change that leads from what is live now (`old`) to what was planned from (`new`)."""
    match change.op:
        case Op.ADD:
            return f"{change.label}: planned from {_short(change.new)}, now absent"
        case Op.REMOVE:
            return f"{change.label}: new since the plan, {_short(change.old)}"
        case Op.MOVE:
            return f"{change.label}: planned from position {_place(change.new)}, now at {_place(change.old)}"
        case Op.REPLACE | Op.RENAME:
            was, now = compact_pair(change.new, change.old, LONGEST)
            return f"{change.label}: planned from {was}, now {now}"


def _place(index: JsonValue) -> str:
    return str(index + 1) if isinstance(index, int) else "?"


def _short(value: JsonValue) -> str:
    return cut(compact(value), LONGEST)
