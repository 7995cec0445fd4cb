"""What apply did: a line per flow as it finishes, and the ledger of all at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.model import SENT_FIELDS, AlreadyApplied, Applied, Failed, NotAttempted, Op, Refused
from flowsync.plan.document import json_safe
from flowsync.render import escape
from flowsync.render.escape import cell_code, cell_prose, compact_pair, masked, padded, plural
from flowsync.render.style import Screen, Span, Style, hint_lines, line, paint, sentences
from flowsync.render.wording import structural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowsync.model import Change, FieldChange, FieldName, JsonValue, Outcome
    from flowsync.render.style import Line

FORMAT: Final = "flowsync-apply/1"
MOST_DIFFERENCES: Final = 5
"""How many places are told of one flow; the JSON document tells them all."""
UNCERTAIN: Final = "The write may have taken effect: plan again to see."


class Kind(Enum):
    """What became of a planned change; the values are those of the JSON document."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_ATTEMPTED = "not-attempted"

    @property
    def words(self) -> str:
        """The same for people."""
        return self.value.replace("-", " ")


_STYLES: Final = {
    Kind.APPLIED: Style.DONE,
    Kind.UNCHANGED: Style.MUTED,
    Kind.REFUSED: Style.WARNING,
    Kind.FAILED: Style.ERROR,
    Kind.NOT_ATTEMPTED: Style.WARNING,
}
_NAME_WIDTH: Final = max(len(kind.words) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """One outcome, flattened: what every format shows of it."""

    kind: Kind
    slug: str
    file: str
    id: int
    version: int
    fields: tuple[FieldName, ...]
    untaken: tuple[FieldName, ...] = ()
    differences: tuple[FieldChange, ...] = ()
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    uncertain: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the flow now is as planned, as far as can be told."""
        return self.kind in {Kind.APPLIED, Kind.UNCHANGED} and not self.untaken


def outcome_line(outcome: Outcome, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the line, with its end, that is written when a flow is finished."""
    return paint(sentences(_finished_line(entry(outcome)), screen), screen.colour)


def text(outcomes: Iterable[Outcome], screen: Screen) -> str:
    """Return the closing ledger: what was not good, each with its reason, then the counts. Empty for none."""
    entries = _entries(outcomes)
    if not entries:
        return ""
    lines = [each for row in entries if not row.is_good for each in _trouble_lines(row, screen)]
    return paint([(), *lines, line(Span(counts(entries), Style.HEADING))], screen.colour)


def markdown(outcomes: Iterable[Outcome], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the ledger as a table of every flow."""
    entries = _entries(outcomes)
    rows = ["| Outcome | Flow | File | Id | |", "| --- | --- | --- | --- | --- |", *map(_markdown_row, entries)]
    return "\n".join([f"### flowsync apply: {counts(entries)}", "", *(rows if entries else []), ""])


def as_json(outcomes: Iterable[Outcome], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-apply/1`."""
    entries = _entries(outcomes)
    numbers = _numbers(entries)
    document: dict[str, JsonValue] = {
        "format": FORMAT,
        "counts": {kind.value: numbers[kind] for kind in Kind},
        "outcomes": [_document(row) for row in entries],
    }
    return escape.text(document)


FORMATS: Final[Mapping[str, Callable[[Iterable[Outcome], Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `apply --format` can offer."""


def entry(outcome: Outcome) -> Entry:
    """Return what is shown of an outcome."""
    match outcome:
        case Applied(change, untaken, differences):
            applied = _of_change(change, Kind.APPLIED)
            return replace(applied, untaken=untaken, differences=differences) if untaken or differences else applied
        case AlreadyApplied(change):
            return _of_change(change, Kind.UNCHANGED)
        case Refused(change, code, message, differences, uncertain):
            refused = _of_change(change, Kind.REFUSED)
            return replace(refused, code=code, message=message, differences=differences, uncertain=uncertain)
        case Failed(change, code, message, hint, uncertain):
            failed = _of_change(change, Kind.FAILED)
            return replace(failed, code=code, message=message, hint=hint, uncertain=uncertain)
        case NotAttempted(change, message):
            return replace(_of_change(change, Kind.NOT_ATTEMPTED), message=message)


def _of_change(change: Change, kind: Kind) -> Entry:
    return Entry(
        kind=kind,
        slug=change.slug,
        file=change.file,
        id=change.id,
        version=change.version,
        fields=tuple(field for field in SENT_FIELDS if field in change.body),
    )


def counts(entries: Iterable[Entry]) -> str:
    """Return the ledger in numbers; applied is always among them."""
    numbers = _numbers(entries)
    return ", ".join(f"{numbers[kind]:,} {kind.words}" for kind in Kind if numbers[kind] or kind is Kind.APPLIED)


def _numbers(entries: Iterable[Entry]) -> Mapping[Kind, int]:
    return Counter(row.kind for row in entries)


def _entries(outcomes: Iterable[Outcome]) -> list[Entry]:
    return sorted(map(entry, outcomes), key=lambda row: row.slug)


def _finished_line(row: Entry) -> Line:
    kind = Span(padded(row.kind.words, _NAME_WIDTH), _STYLES[row.kind])
    told = Span(f"  {explained(row)}", Style.WARNING if row.untaken else Style.PLAIN)
    return line(kind, "  ", Span(row.slug, Style.HEADING), Span(f"  id {row.id}", Style.MUTED), told)


def explained(row: Entry) -> str:
    """Return what was written, or why nothing was, on one line."""
    match row.kind:
        case Kind.APPLIED:
            return f"{', '.join(row.fields)}{_untaken(row)}"
        case Kind.UNCHANGED:
            return "already as planned, nothing sent"
        case Kind.REFUSED | Kind.FAILED | Kind.NOT_ATTEMPTED:
            return " ".join(filter(None, [row.message, UNCERTAIN if row.uncertain else None]))


def _untaken(row: Entry) -> str:
    return f"; not taken by the server as sent: {', '.join(row.untaken)}" if row.untaken else ""


def _trouble_lines(row: Entry, screen: Screen) -> Iterator[Line]:
    facts = Span(f"  {row.file} · id {row.id}", Style.MUTED)
    yield line(Span(row.kind.words, _STYLES[row.kind]), " ", Span(row.slug, Style.HEADING), facts)
    code = Span(f"error[{row.code}] ", Style.ERROR) if row.code else ""
    yield from sentences(line("  ", code, explained(row)), screen)
    for told in _differences(row):
        yield from sentences(line("    ", told), screen, indent=6)
    yield from hint_lines(row.hint, screen)
    yield ()


def _differences(row: Entry, most: int = MOST_DIFFERENCES) -> Iterator[str]:
    """Yield what was expected and what is there, place by place, the last ones only counted when there are many."""
    for change in row.differences[:most]:
        yield structural(change) or f"{change.label}: {_sides(row, change)}"
    if len(row.differences) > most:
        yield f"and {plural(len(row.differences) - most, 'more difference')}"


def _differences_sentence(row: Entry) -> str:
    told = "; ".join(_differences(row))
    return f"({told})" if told else ""


def _sides(row: Entry, change: FieldChange) -> str:
    """What was sent or expected at one place, and what is there."""
    was, now = compact_pair(change.old, change.new)
    expected, found = ("sent", "came back") if row.kind is Kind.APPLIED else ("expected", "found")
    old = f"nothing {expected}" if change.op is Op.ADD else f"{expected} {was}"
    return f"{old}, nothing {found}" if change.op is Op.REMOVE else f"{old}, {found} {now}"


def _markdown_row(row: Entry) -> str:
    code = f"{cell_code(row.code)} " if row.code else ""
    told = cell_prose(" ".join(filter(None, [explained(row), _differences_sentence(row), row.hint])))
    return f"| {row.kind.words} | {cell_code(row.slug)} | {cell_code(row.file)} | {row.id} | {code}{told} |"


def _document(row: Entry) -> JsonValue:
    return masked(
        {
            "slug": row.slug,
            "file": row.file,
            "id": row.id,
            "version": row.version,
            "outcome": row.kind.value,
            "fields": list(row.fields),
            "untaken": list(row.untaken),
            "differences": [_difference(change) for change in row.differences],
            "code": row.code,
            "message": row.message,
            "hint": row.hint,
            "uncertain": row.uncertain,
        }
    )


def _difference(change: FieldChange) -> JsonValue:
    return {
        "field": change.field,
        "path": change.path,
        "label": change.label,
        "op": change.op.value,
        "expected": json_safe(change.old),
        "found": json_safe(change.new),
    }
