"""The results of apply: a line per flow when it finishes, and the ledger of all at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.model import (
    SENT_FIELDS,
    AlreadyApplied,
    Applied,
    Failed,
    NewDraft,
    NotAttempted,
    Op,
    Outcome,
    Refused,
    Update,
)
from flowsync.plan.document import action, json_safe
from flowsync.render import wording
from flowsync.render.escape import compact_pair, masked_json, padded, plural
from flowsync.render.style import Line, Screen, Span, Style, draw, hinted, line

if TYPE_CHECKING:
    from flowsync.model import Change, FieldChange, FieldName, JsonValue, LiveFlow

MOST_DIFFERENCES: Final = 5
"""How many differing places are shown of one flow; the JSON document has them all."""
UNCERTAIN: Final = "Run flowsync plan in a minute to see whether the write arrived."
NOTHING_TO_PUT_BACK: Final = "Nothing to roll back: every flow is already as this rollback would leave it."


class Kind(Enum):
    """The result of a planned change; the values are those of the JSON document."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"
    NOT_ATTEMPTED = "not-attempted"

    @property
    def words(self) -> str:
        """The words for people."""
        return self.value.replace("-", " ")


STYLES: Final = {
    Kind.APPLIED: Style.DONE,
    Kind.UNCHANGED: Style.MUTED,
    Kind.REFUSED: Style.WARNING,
    Kind.FAILED: Style.ERROR,
    Kind.NOT_ATTEMPTED: Style.WARNING,
}
_NAME_WIDTH: Final = max(len(kind.words) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Entry:
    """One outcome, flattened: everything that the formats show."""

    kind: Kind
    change: Change
    untaken: tuple[FieldName, ...] = ()
    differences: tuple[FieldChange, ...] = ()
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    uncertain: bool = False
    made: LiveFlow | None = None

    @property
    def row_id(self) -> int | None:
        """The id of the row that was made, or else that the plan was about."""
        return self.change.id if self.made is None else self.made.id

    @property
    def is_live(self) -> bool:
        """Whether users may see the written content at once; a server may make a draft of a created flow."""
        return self.change.live and (self.made is None or self.made.status != "DRAFT")

    @property
    def fields(self) -> list[FieldName]:
        """The fields to write, in the order of files."""
        return [field for field in SENT_FIELDS if field in self.change.body]

    @property
    def is_good(self) -> bool:
        """Whether the flow is now as planned, as far as is known."""
        return self.kind in {Kind.APPLIED, Kind.UNCHANGED} and not self.untaken


def entry(outcome: Outcome) -> Entry:
    """Return an outcome as the formats show it."""
    match outcome:
        case Applied(change, untaken, differences, made):
            return Entry(Kind.APPLIED, change, untaken, differences, made=made)
        case AlreadyApplied(change):
            return Entry(Kind.UNCHANGED, change)
        case Refused(change, code, message, differences, uncertain):
            return Entry(Kind.REFUSED, change, (), differences, code, message, uncertain=uncertain)
        case Failed(change, code, message, hint, uncertain, made):
            return Entry(Kind.FAILED, change, (), (), code, message, hint, uncertain, made)
        case NotAttempted(change, message):
            return Entry(Kind.NOT_ATTEMPTED, change, message=message)


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one flow, as the ledger of every command shows it.

    `word` is the outcome, such as `applied`; `row` and `place` say which row it was, on one line and at length.
    """

    slug: str
    word: str
    style: Style
    explained: str
    is_good: bool
    row: str = ""
    place: str = ""
    code: str | None = None
    hint: str | None = None
    differences: tuple[str, ...] = ()
    explained_style: Style = Style.PLAIN


def result_line(result: Result, width: int, screen: Screen) -> str:
    """Return the line, with its end, that is written when a flow is finished; `width` is that of the longest word.

    A terminal gets only the code of what went wrong: the ledger that follows has the reason.
    """
    is_explained = screen.wrap is None or result.code is None
    finished = line(
        Span(padded(result.word, width), result.style),
        "  ",
        Span(result.slug, Style.HEADING),
        Span(f"  {result.row}" if result.row else "", Style.MUTED),
        Span(f"  {result.explained}", result.explained_style) if is_explained else "  ",
        "" if is_explained else Span(f"error[{result.code}]", Style.ERROR),
    )
    return draw([finished], screen)


def results_text(results: Iterable[Result], words: Iterable[str], screen: Screen) -> str:
    """Return the closing ledger: the bad results with their reasons, then how often each of the `words` occurs.

    The first of them is always counted.
    """
    kept = list(results)
    numbers = Counter(each.word for each in kept)
    parts = [f"{numbers[word]:,} {word}" for at, word in enumerate(words) if numbers[word] or not at]
    lines = [row for each in kept if not each.is_good for row in _trouble_lines(each)]
    return draw([(), *lines, line(Span(", ".join(parts), Style.HEADING))], screen)


def _trouble_lines(result: Result) -> Iterator[Line]:
    place = Span(f"  {result.place}" if result.place else "", Style.MUTED)
    yield line(Span(result.word, result.style), " ", Span(result.slug, Style.HEADING), place)
    code = Span(f"error[{result.code}] ", Style.ERROR) if result.code else ""
    yield line("  ", code, result.explained)
    yield from (line("    ", difference) for difference in result.differences)
    yield from [*hinted(result.hint), ()]


def _result(row: Entry) -> Result:
    change, row_id = row.change, row.row_id
    return Result(
        slug=change.slug,
        word=row.kind.words,
        style=STYLES[row.kind],
        explained=explained(row),
        is_good=row.is_good,
        row="" if row_id is None else f"id {row_id}",
        place=change.file if row_id is None else f"{change.file} · id {row_id}",
        code=row.code,
        hint=row.hint,
        differences=tuple(differences(row)),
        explained_style=Style.WARNING if row.untaken else Style.PLAIN,
    )


def outcome_line(outcome: Outcome, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return the line, with its end, that is written when a flow is finished."""
    return result_line(_result(entry(outcome)), _NAME_WIDTH, screen)


def text(outcomes: Iterable[Outcome], screen: Screen) -> str:
    """Return the closing ledger. Empty for none."""
    entries = _entries(outcomes)
    return results_text(map(_result, entries), (kind.words for kind in Kind), screen) if entries else ""


def as_json(outcomes: Iterable[Outcome], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-apply/1`."""
    entries = _entries(outcomes)
    numbers = Counter(row.kind for row in entries)
    return masked_json(
        {
            "format": "flowsync-apply/1",
            "counts": {kind.value: numbers[kind] for kind in Kind},
            "outcomes": [_document(row) for row in entries],
        }
    )


def explained(row: Entry) -> str:
    """Return what was written, or why nothing was, on one line."""
    match row.kind:
        case Kind.APPLIED:
            untaken = f"; the server stored {', '.join(row.untaken)} differently" if row.untaken else ""
            return f"{_became(row)}{', '.join(row.fields)}{untaken}"
        case Kind.UNCHANGED:
            return "already as planned; nothing was sent"
        case Kind.REFUSED | Kind.FAILED | Kind.NOT_ATTEMPTED:
            return " ".join(filter(None, [row.message, _doubt(row)]))


def _became(row: Entry) -> str:
    """Return a phrase for what was created, before the written fields; empty for an update."""
    if row.made is None:
        return ""
    if isinstance(row.change, NewDraft):
        return f"draft created, version {row.made.version}: "
    return f"{created(row.made, row.change)}: "


def created(made: LiveFlow, change: Change) -> str:
    """Return a phrase that a flow was created, and whether users may see it."""
    active = made.fields.get("active")
    if made.status == "DRAFT":
        return "created as a draft that nobody sees until it is published"
    if isinstance(active, bool):
        return f"created, switched {'on, so users may see it' if active else 'off'}"
    return f"created, sent as switched {'on' if change.body.get('active') else 'off'}, which the API does not confirm"


def _doubt(row: Entry) -> str | None:
    if not row.uncertain:
        return None
    is_update = isinstance(row.change, Update) or row.made is not None
    return UNCERTAIN if is_update else "The flow may exist now: run plan to check."


def _entries(outcomes: Iterable[Outcome]) -> list[Entry]:
    return sorted(map(entry, outcomes), key=lambda row: row.change.slug)


def differences(row: Entry) -> Iterator[str]:
    """Yield the sent or expected value and the found one, place by place; many are counted."""
    expected, found = ("sent", "came back") if row.kind is Kind.APPLIED else ("expected", "found")
    for change in row.differences[:MOST_DIFFERENCES]:
        was, now = compact_pair(change.old, change.new)
        before = f"nothing {expected}" if change.op is Op.ADD else f"{expected} {was}"
        after = f"nothing {found}" if change.op is Op.REMOVE else f"{found} {now}"
        yield wording.structural(change) or f"{change.label}: {before}, {after}"
    if len(row.differences) > MOST_DIFFERENCES:
        yield f"and {plural(len(row.differences) - MOST_DIFFERENCES, 'more difference')}"


def _document(row: Entry) -> JsonValue:
    return {
        "slug": row.change.slug,
        "file": row.change.file,
        "action": action(row.change),
        "id": row.row_id,
        "version": row.change.version if row.made is None else row.made.version,
        "status": row.change.status if row.made is None else row.made.status,
        "outcome": row.kind.value,
        "fields": [*row.fields],
        "untaken": [*row.untaken],
        "differences": [
            {
                "field": change.field,
                "path": change.path,
                "label": change.label,
                "op": change.op.value,
                "expected": json_safe(change.old),
                "found": json_safe(change.new),
            }
            for change in row.differences
        ],
        "code": row.code,
        "message": row.message,
        "hint": row.hint,
        "uncertain": row.uncertain,
    }
