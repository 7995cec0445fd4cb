"""What a pull wrote, or would write."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync.model import FileState
from flowsync.pull.results import ChangedFile, NewFile, SameFile, Skipped
from flowsync.render import escape, text_diff
from flowsync.render.escape import columns, masked, padded, plural, shown
from flowsync.render.style import Detail, Span, Style, hint_lines, line, paint, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.model import JsonValue, StartFile
    from flowsync.pull.results import Pulled
    from flowsync.render.style import Line, Screen

FORMAT: Final = "flowsync-pull/1"
UNCOMMITTED: Final = "It holds changes that are not committed."
UNCOMMITTED_HINT: Final = "Commit them, or pull with --force: a copy is kept then."
_MOST_PLACES: Final = 4


class Kind(Enum):
    """What became of a flow; the values are those of the JSON document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


class Mood(Enum):
    """Whether files were written, or would be."""

    DONE = "done"
    CHECKED = "checked"


_WOULD: Final = {Kind.CREATED: "would create", Kind.UPDATED: "would update"}
_TO_DO: Final = {Kind.CREATED: "to create", Kind.UPDATED: "to update"}
_PULLS_STYLES: Final = {
    Kind.CREATED: Style.ADDED,
    Kind.UPDATED: Style.DONE,
    Kind.UNCHANGED: Style.MUTED,
    Kind.SKIPPED: Style.WARNING,
    Kind.REFUSED: Style.ERROR,
}


@dataclass(frozen=True, slots=True)
class Pull:
    """What there is to tell.

    `refused` are the names of files that were not touched because git does not have all of them; `copies` is the folder
    that holds the former texts of those that git could not bring back; `unmanaged` are live flows without a file.
    """

    pulled: Sequence[Pulled]
    unmanaged: Sequence[str]
    refused: frozenset[str]
    copies: str | None
    mood: Mood

    @property
    def changes(self) -> list[NewFile | ChangedFile]:
        """The files that are written."""
        return [each for each in self.pulled if isinstance(each, NewFile | ChangedFile)]

    def kind(self, each: Pulled) -> Kind:
        """What became of one flow."""
        match each:
            case NewFile():
                return Kind.CREATED
            case ChangedFile():
                return Kind.REFUSED if each.file.name in self.refused else Kind.UPDATED
            case SameFile():
                return Kind.UNCHANGED
            case Skipped():
                return Kind.SKIPPED


def text(pull: Pull, screen: Screen) -> str:
    """Return a line for each flow that is not as it was, what is to be known of it, and the counts."""
    return paint(_lines(pull, screen), screen.colour)


def as_json(pull: Pull, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-pull/1`."""
    document: dict[str, JsonValue] = {
        "format": FORMAT,
        "written": pull.mood is Mood.DONE,
        "summary": {kind.value: count for kind, count in _counts(pull).items()},
        "flows": [_document(pull, each) for each in pull.pulled],
        "unmanaged": [*pull.unmanaged],
        "copies": pull.copies,
    }
    return escape.text({key: masked(value) for key, value in document.items()})


FORMATS: Final[Mapping[str, Callable[[Pull, Screen], str]]] = {"text": text, "json": as_json}
"""What `pull --format` offers."""


def difference(each: NewFile | ChangedFile, screen: Screen) -> str:
    """Return the unified diff of one file."""
    before = each.before if isinstance(each, ChangedFile) else ""
    return text_diff.unified(each.file.name, before, each.text, screen)


def counts(pull: Pull) -> str:
    """Return how many flows there were of each kind."""
    told = [f"{count:,} {_word(pull, kind)}" for kind, count in _counts(pull).items() if count]
    return f"{', '.join(told)}." if told else "No flows."


def notes(pull: Pull) -> Iterator[str]:
    """Return what else there is to know: where former texts are, and which live flows stay without a file."""
    if pull.copies is not None:
        yield f"git does not have the former texts of files that were changed: they are in {shown(pull.copies)}."
    if pull.mood is Mood.DONE and (failing := sum(_fails(pull, each) for each in pull.pulled)):
        yield (
            f"{plural(failing, 'file')} with tests that no longer hold, which plan refuses: correct the tests or the "
            "targeting, or take the change back with git."
        )
    if pull.unmanaged:
        yield _unmanaged(pull)


def _fails(pull: Pull, each: Pulled) -> bool:
    return isinstance(each, ChangedFile) and bool(each.failing) and each.file.name not in pull.refused


def _unmanaged(pull: Pull) -> str:
    names = ", ".join(map(shown, pull.unmanaged[:_MOST_PLACES])) + (", …" if len(pull.unmanaged) > _MOST_PLACES else "")
    return f"{plural(len(pull.unmanaged), 'live flow')} without a file: {names}. pull --new, or its slug, brings it in."


def _counts(pull: Pull) -> dict[Kind, int]:
    numbers = Counter(pull.kind(each) for each in pull.pulled)
    return {kind: numbers[kind] for kind in Kind}


def _word(pull: Pull, kind: Kind) -> str:
    return kind.value if pull.mood is Mood.DONE else _TO_DO.get(kind, kind.value)


def _lines(pull: Pull, screen: Screen) -> Iterator[Line]:
    told = [each for each in pull.pulled if _is_told(pull, each, screen)]
    width = max((columns(shown(_name(each))) for each in told), default=0)
    for each in told:
        yield from _row(pull, each, width, screen)
        yield from _details(pull, each, screen)
    if told:
        yield ()
    yield line(Span(counts(pull), Style.HEADING))


def _is_told(pull: Pull, each: Pulled, screen: Screen) -> bool:
    if pull.kind(each) is not Kind.UNCHANGED:
        return True
    return screen.detail is Detail.VERBOSE or (isinstance(each, SameFile) and bool(each.left_out))


def _name(each: Pulled) -> str:
    return (each.file or each.slug) if isinstance(each, Skipped) else each.file.name


def _row(pull: Pull, each: Pulled, width: int, screen: Screen) -> Iterator[Line]:
    """Yield the line of one flow, broken within its last column where that is wide enough."""
    whole = _line(pull, each, width)
    column = columns(whole[0].text) + width + 4
    return sentences(whole, screen, column if 2 * column <= screen.width else 4)


def _line(pull: Pull, each: Pulled, width: int) -> Line:
    kind = pull.kind(each)
    verbs = {kind: kind.value if pull.mood is Mood.DONE else _WOULD.get(kind, kind.value) for kind in Kind}
    verb = verbs[kind].ljust(max(map(len, verbs.values())))
    name, remark = shown(_name(each)), _remark(kind, each)
    return line(Span(verb, _PULLS_STYLES[kind]), f"  {padded(name, width)}  {remark}" if remark else f"  {name}")


def _remark(kind: Kind, each: Pulled) -> str:
    match each:
        case ChangedFile() if kind is Kind.REFUSED:
            return UNCOMMITTED
        case ChangedFile():
            more = len(each.places) - _MOST_PLACES
            return ", ".join(each.places[:_MOST_PLACES]) + (f" and {more:,} more" if more > 0 else "")
        case NewFile():
            return ", ".join(each.fields)
        case Skipped():
            return each.message
        case SameFile():
            return ""


def _details(pull: Pull, each: Pulled, screen: Screen) -> Iterator[Line]:
    if isinstance(each, Skipped):
        yield from hint_lines(each.hint, screen)
        return
    for left in each.left_out:
        told = line("  ", Span("left out", Style.WARNING), f" {left.field}: {left.message}")
        yield from sentences(told, screen)
    if isinstance(each, NewFile) and each.note is not None:
        yield from sentences(line("  ", each.note), screen)
    if isinstance(each, ChangedFile):
        yield from _details_of_change(pull, each, screen)


def _details_of_change(pull: Pull, each: ChangedFile, screen: Screen) -> Iterator[Line]:
    for place in each.rewritten:
        told = f" {place}: it could not be edited where it stands"
        yield from sentences(line("  ", Span("written anew", Style.WARNING), told), screen)
    if each.file.name in pull.refused:
        yield from hint_lines(UNCOMMITTED_HINT, screen)
    for failure in each.failing:
        yield from sentences(line("  ", Span("warning", Style.WARNING), f" {failure}"), screen)


def _document(pull: Pull, each: Pulled) -> JsonValue:
    common: dict[str, JsonValue] = {"slug": each.slug, "action": pull.kind(each).value}
    if isinstance(each, Skipped):
        return {**common, "file": each.file, "code": each.code, "message": each.message}
    left_out: list[JsonValue] = [{"field": left.field, "message": left.message} for left in each.left_out]
    common |= {"file": each.file.name, "left_out": left_out}
    match each:
        case NewFile():
            return {**common, "fields": [*each.fields], "note": each.note}
        case ChangedFile():
            changed: dict[str, JsonValue] = {"fields": [*each.fields], "places": [*each.places]}
            return {**common, **changed, "rewritten": [*each.rewritten], "failing_tests": [*each.failing]}
        case SameFile():
            return common


_STARTING_STYLES: Final = {
    FileState.CREATED: Style.ADDED,
    FileState.EXTENDED: Style.ADDED,
    FileState.KEPT: Style.MUTED,
    FileState.BY_HAND: Style.WARNING,
}
_STATE_WIDTH: Final = max(len(state.value) for state in FileState)


def files(done: Sequence[StartFile], screen: Screen) -> str:
    """What became of each file, and below one that people must see to what belongs into it."""
    widest = max((columns(file.name) for file in done), default=0)
    return paint((row for file in done for row in _file_lines(file, widest)), screen.colour)


def _file_lines(file: StartFile, width: int) -> Iterator[Line]:
    state = Span(padded(file.state.value, _STATE_WIDTH), _STARTING_STYLES[file.state])
    note = [f"  {file.note}"] if file.note else []
    yield line(state, "  ", padded(file.name, width) if note else file.name, *note)
    if file.state is FileState.BY_HAND:
        yield from (line(f"    {row}") for row in file.text.split("\n")[:-1])


def steps(commands: Sequence[tuple[str, str]], advice: Sequence[str], screen: Screen) -> str:
    """What to do next: commands with what they are good for, then what only people can do."""
    return paint(_step_lines(commands, advice, screen), screen.colour)


def _step_lines(commands: Sequence[tuple[str, str]], advice: Sequence[str], screen: Screen) -> Iterator[Line]:
    yield ()
    yield line(Span("Next", Style.HEADING))
    widest = max((columns(command) for command, _ in commands), default=0)
    for command, purpose in commands:
        told = line("  ", Span(padded(command, widest), Style.HINT), f"  {purpose}")
        yield from sentences(told, screen, indent=widest + 4)
    for each in advice:
        yield from hint_lines(each, screen)
