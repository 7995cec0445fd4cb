"""What was taken out of a flow file since the base: nothing is sent for it, so nothing else in a plan would show it."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from flowsync.diff.canonical import canonical_text
from flowsync.diff.fields import observe
from flowsync.model import SENT_FIELDS, Dropped, DroppedKind
from flowsync.text import shortened
from flowsync.validate.ignores import ignores_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from flowsync.model import FieldName, Flow, JsonValue, LiveFlow
    from flowsync.plan.base import Base

_NAME_LENGTH: Final = 80


def dropped(base: Base, chosen: Iterable[tuple[Flow, LiveFlow | None]]) -> tuple[Dropped, ...]:
    """Return what each flow file has lost; with a file goes the row that it would be written to, if there is one."""
    found = ((flow, base.flows.get(flow.slug), row) for flow, row in chosen)
    changed = ((flow, then, row) for flow, then, row in found if then is not None and then is not flow)
    return tuple(chain.from_iterable(_dropped(flow, then, row) for flow, then, row in changed))


def files_that_lost(base: Base, flows: Iterable[Flow]) -> list[str]:
    """Return the files that have lost something since the base, whatever is live."""
    pairs = [(flow, then) for flow in flows if (then := base.flows.get(flow.slug, flow)) is not flow]
    return [
        flow.file for flow, then in pairs if then.fields.keys() - flow.fields.keys() or [*_dropped(flow, then, None)]
    ]


def _dropped(flow: Flow, then: Flow, row: LiveFlow | None) -> Iterator[Dropped]:
    """Yield what the file had `then`: what it sent, who it was tested with, and what it said of the flow besides."""
    made = partial(Dropped, flow.slug, flow.file)
    if row is not None:
        for name in SENT_FIELDS:
            if name in then.fields and name not in flow.fields:
                yield made(DroppedKind.FIELD, name, row.status, _shown(name, row), is_shown=name in row.fields)
    lost = _lost_tests(_tests(then), _tests(flow))
    if lost and not _tests(flow):
        yield made(DroppedKind.TESTS, f"{len(lost):,}")
    else:
        yield from (made(DroppedKind.TEST, _test_name(test)) for test in lost)
    if then.protected and not flow.protected:
        yield made(DroppedKind.PROTECTED, "true")
    if then.target is not None and flow.target is None:
        yield made(DroppedKind.TARGET, then.target.value)
    overlays = _overlays(flow)
    yield from (made(DroppedKind.ENVIRONMENT, name) for name in _overlays(then) if name not in overlays)
    ignores = Counter(each.code for each in ignores_of(then.source.text, then.file))
    ignores -= Counter(each.code for each in ignores_of(flow.source.text, flow.file))
    yield from (made(DroppedKind.IGNORE, code) for code in sorted(ignores) if code)


def _shown(name: FieldName, row: LiveFlow) -> JsonValue:
    """Return what a field is live; of `data` how much there is, in words."""
    value = observe(row.fields, [name]).values.get(name)
    if name != "data":
        return value
    steps = value.get("steps") if isinstance(value, dict) else None
    if not isinstance(steps, list):
        return "the content that is there"
    return f"{len(steps):,} {'step' if len(steps) == 1 else 'steps'}"


def _overlays(flow: Flow) -> Collection[str]:
    """Return the environments that a file has an overlay for."""
    value = flow.source.value
    overlays = value.get("environments") if isinstance(value, dict) else None
    return overlays.keys() if isinstance(overlays, dict) else ()


def _tests(flow: Flow) -> Sequence[JsonValue]:
    return flow.tests if isinstance(flow.tests, list) else ()


def _lost_tests(before: Sequence[JsonValue], after: Sequence[JsonValue]) -> Sequence[JsonValue]:
    """Return the tests that are gone, not edited: none has the same name or user now, or can be an edit of it."""
    gone, new = list(before), list(after)
    for key in (canonical_text, partial(_part, "name"), partial(_part, "user")):
        left: list[JsonValue] = []
        keys = Counter(map(key, new))
        for test in gone:
            if keys[key(test)] and key(test) is not None:
                keys[key(test)] -= 1
                new.remove(next(each for each in new if key(each) == key(test)))
            else:
                left.append(test)
        gone = left
    return gone[len(new) :]


def _part(name: str, test: JsonValue) -> str | None:
    return canonical_text(test[name]) if isinstance(test, dict) and name in test else None


def _test_name(test: JsonValue) -> str:
    name = test.get("name") if isinstance(test, dict) else None
    return shortened(name if isinstance(name, str) else json.dumps(test, ensure_ascii=False), _NAME_LENGTH)
