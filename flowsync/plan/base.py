"""One flow file, the row that it would be written to, the file at a base revision, and what it lost since then."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from flowsync.diff.canonical import canonical_text
from flowsync.diff.fields import observe
from flowsync.diff.origin import attributed, differing
from flowsync.model import SENT_FIELDS, Dropped, DroppedKind, Origin, Target, View
from flowsync.text import shortened
from flowsync.validate.ignores import ignores_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.diff.fields import FieldComparison
    from flowsync.model import FieldChange, FieldName, Flow, JsonValue, LiveFlow

Fields: TypeAlias = "Mapping[FieldName, JsonValue]"

EDITS: Final = frozenset({Origin.DRIFT, Origin.CONFLICT})
"""The origins of what was edited in the dashboard."""
_TEST_NAME_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Version:
    """A flow file as a commit left it; `pull` is the pull request that brought the commit, if its subject says so.

    `fields` is None if the commit left no file, or one that cannot be read.
    """

    commit: str
    pull: int | None
    fields: Fields | None


@dataclass(frozen=True, slots=True)
class Past:
    """The versions of a flow file, the newest first, beginning with that of the base.

    `gap` says why there may be older ones that are not known; empty if it does not matter. `conflict` is the pull
    request that brought the newest version and was not applied because the flow was edited in the dashboard, if any.
    """

    versions: Iterable[Version]
    gap: str = ""
    conflict: int | None = None


class History(Protocol):
    """The earlier versions of flow files. It is asked only about flows with apparent edits."""

    def before_base(self, slugs: Collection[str]) -> Mapping[str, Past]:
        """Return the past of each of these files; a file without a known past is left out."""


@dataclass(frozen=True, slots=True)
class GoneFile:
    """A flow file that existed at the base and no longer does; `fields` is None if it cannot be read."""

    file: str
    fields: Fields | None


@dataclass(frozen=True, slots=True)
class Base:
    """The files at `revision` (a commit), by slug, with the overlay of the planned environment.

    `unreadable`: slugs whose file was no flow that can be read. Whatever is in neither did not exist. `gone` are those,
    by slug, that no file has now, `gone_unselected` those that a narrowed command leaves out. `history` is None if
    nothing before the revision matters.
    """

    revision: str
    flows: Mapping[str, Flow]
    unreadable: frozenset[str] = frozenset()
    gone: Mapping[str, GoneFile] = field(default_factory=dict)
    history: History | None = None
    gone_unselected: Mapping[str, GoneFile] = field(default_factory=dict)

    def fields(self, slug: str) -> Mapping[FieldName, JsonValue] | None:
        """Return the fields of the file: none if it did not exist, None if it could not be read."""
        if slug in self.unreadable:
            return None
        known = self.flows.get(slug)
        return {} if known is None else known.fields


@dataclass(frozen=True, slots=True)
class Pending:
    """Places of a flow that are live as they were before a commit that is not applied yet."""

    commit: str
    pull: int | None
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Search:
    """The commit that changed one differing value in a file's history from the value that is live.

    If the branch changed that value too, it is the commit that changed the live one.
    """

    origin: Origin | None
    cause: Version | None = None
    is_over: bool = False

    def pass_over(self, version: Version, origin: Origin | None) -> None:
        """Note a version that differs from the live value; the next one is older."""
        self.is_over = self.is_over or (self.origin is Origin.DRIFT and origin is not Origin.DRIFT)
        if not self.is_over:
            self.cause = version


@dataclass(frozen=True, slots=True)
class FileAndRow:
    """A flow file and the live row that it would be written to.

    `row` is the row to write, as `target` chose it; `published` is another row, the one users see, None if none
    is; `latest` is the newest row that is not archived, mostly `row` itself. `view` is what the rows were read from.
    `data_text` is `flow.data_text`, which is computed at each access.

    `comparison` is how the file differs from the row, as far as it is to be written. `kept` are fields that differ
    and are left as they are live; `sent_unseen` those that the server does not return and the file changed since the
    base. `has_base`: there is a base that says what the file was. `is_unknown`: there is one that cannot be read.
    `pending` is what waits for an apply; `gap` says why what counts as edited may be pending too, else it is empty.
    `conflict` is the merged pull request that was not applied because of what was edited, None if there is none.
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
    pending: tuple[Pending, ...] = ()
    gap: str = ""
    conflict: int | None = None

    def with_origins(self, base: Base) -> FileAndRow:
        """Return the same pair with the origin of each difference according to `base`."""
        before = base.fields(self.flow.slug)
        if before is None:
            return replace(self, is_unknown=True)
        sent_unseen = differing(self.flow.fields, before, self.comparison.unseen)
        found = self._with_changes(self._attributed(self.comparison.changes, before))
        return replace(found, sent_unseen=sent_unseen, has_base=True)

    def with_past(self, past: Past) -> FileAndRow:
        """Return the same pair with edits marked as waiting if an earlier version of the file has the live value."""
        changes = list(self.comparison.changes)
        open_ = {index: _Search(change.origin) for index, change in enumerate(changes) if change.origin in EDITS}
        found: dict[tuple[str, int | None], list[str]] = {}
        for version in past.versions:
            then = version.fields or {}
            # A field that a version does not set says nothing about what is live.
            stated = [index for index in open_ if changes[index].field in then]
            for index, change in zip(stated, self._attributed([changes[each] for each in stated], then), strict=True):
                if change.origin is Origin.BRANCH:
                    cause = open_.pop(index).cause or version
                    found.setdefault((cause.commit, cause.pull), []).append(change.label)
                    changes[index] = replace(change, origin=Origin.WAITING)
                else:
                    open_[index].pass_over(version, change.origin)
            if not open_:
                break
        pending = tuple(Pending(commit, pull, tuple(labels)) for (commit, pull), labels in found.items())
        if past.conflict is not None:
            changes = [
                replace(each, origin=Origin.CONFLICT) if each.origin is Origin.DRIFT else each for each in changes
            ]
        gap, conflict = (past.gap, past.conflict) if open_ else ("", None)
        return replace(self._with_changes(tuple(changes)), pending=pending, gap=gap, conflict=conflict)

    def keeping(self, keep: Collection[Origin]) -> FileAndRow:
        """Return the same pair without the fields whose differences all have an origin in `keep`: they stay as live."""
        changes = self.comparison.changes
        sent = {change.field for change in changes if change.origin not in keep}
        kept = tuple(name for name in self.comparison.changed if name not in sent)
        left = replace(
            self.comparison,
            changes=tuple(change for change in changes if change.field not in kept),
            old={name: value for name, value in self.comparison.old.items() if name not in kept},
            new={name: value for name, value in self.comparison.new.items() if name not in kept},
        )
        return replace(self, comparison=left, kept=kept)

    def _attributed(self, changes: Iterable[FieldChange], before: Fields) -> tuple[FieldChange, ...]:
        return attributed(changes, before, self.comparison.old, self.comparison.new)

    def _with_changes(self, changes: tuple[FieldChange, ...]) -> FileAndRow:
        return replace(self, comparison=replace(self.comparison, changes=changes))

    @property
    def has_edits(self) -> bool:
        """Whether a difference seems to be an edit in the dashboard."""
        return any(change.origin in EDITS for change in self.comparison.changes)

    @property
    def needs_draft(self) -> bool:
        """Whether a draft must be created, because the target is a draft and there is none."""
        return self.target is Target.DRAFT and self.row.status != "DRAFT"

    @property
    def is_written(self) -> bool:
        """Whether there is a known difference."""
        return bool(self.comparison.changes or self.sent_unseen)

    @property
    def was_on(self) -> bool:
        """Whether the row is switched on before the write; it is if the server does not return `active`."""
        return not _is_off(self.row.fields.get("active"))

    @property
    def will_be_on(self) -> bool:
        """Whether the row is switched on after the write."""
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
        return self.row.is_published and not self.needs_draft and (self.was_on or self.will_be_on)

    def sends_unseen(self, field: FieldName) -> bool:
        """Whether a field is sent that the API does not return: on its own, or together with other changes."""
        return field in self.comparison.unseen and (self.is_written or self.must_be_switched_off)


def compared_with(base: Base, pairs: Sequence[FileAndRow], keep: Collection[Origin]) -> list[FileAndRow]:
    """Return `pairs` compared with `base`; differences with an origin in `keep` are not written."""
    found = [pair.with_origins(base) for pair in pairs]
    edited = [pair.flow.slug for pair in found if pair.has_edits]
    pasts = base.history.before_base(edited) if base.history and edited else {}
    return [
        (pair.with_past(pasts[pair.flow.slug]) if pair.flow.slug in pasts else pair).keeping(keep) for pair in found
    ]


def body_of(sent: Fields, data_text: str | None, names: Collection[FieldName]) -> dict[FieldName, JsonValue]:
    """Return the `sent` fields of a file in the form that the API takes [doc]: null is "", `data` is text."""
    values = {**sent, "data": data_text}
    return {name: "" if values[name] is None else values[name] for name in SENT_FIELDS if name in names}


def _is_off(active: JsonValue) -> bool:
    return isinstance(active, int | float) and not active


def dropped(base: Base, chosen: Iterable[tuple[Flow, LiveFlow | None]]) -> tuple[Dropped, ...]:
    """Return what each flow file has lost; with each the row that it would be written to, if there is one."""
    pairs = ((flow, base.flows.get(flow.slug, flow), row) for flow, row in chosen)
    return tuple(each for flow, then, row in pairs if then is not flow for each in _dropped(flow, then, row))


def files_that_lost(base: Base, flows: Iterable[Flow]) -> list[str]:
    """Return the files that have lost something since the base, whatever is live."""
    pairs = [(flow, then) for flow in flows if (then := base.flows.get(flow.slug, flow)) is not flow]
    return [
        flow.file for flow, then in pairs if then.fields.keys() - flow.fields.keys() or [*_dropped(flow, then, None)]
    ]


def _dropped(flow: Flow, then: Flow, row: LiveFlow | None) -> Iterator[Dropped]:
    """Yield what the file had `then` and lacks now: fields, tests and other settings."""
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
    """Return the live value of a field; for `data` its size, in words."""
    value = observe(row.fields, [name]).values.get(name)
    if name != "data":
        return value
    steps = value.get("steps") if isinstance(value, dict) else None
    if not isinstance(steps, list):
        return "the content that is there"
    return f"{len(steps):,} {'step' if len(steps) == 1 else 'steps'}"


def _overlays(flow: Flow) -> Collection[str]:
    value = flow.source.value
    overlays = value.get("environments") if isinstance(value, dict) else None
    return overlays.keys() if isinstance(overlays, dict) else ()


def _tests(flow: Flow) -> Sequence[JsonValue]:
    return flow.tests if isinstance(flow.tests, list) else ()


def _lost_tests(before: Sequence[JsonValue], after: Sequence[JsonValue]) -> Sequence[JsonValue]:
    """Return the removed tests: no test has their name or user now, or can be an edit of them."""
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
    return shortened(name if isinstance(name, str) else json.dumps(test, ensure_ascii=False), _TEST_NAME_LENGTH)
