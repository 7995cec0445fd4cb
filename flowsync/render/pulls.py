"""The results of pull and init, and the next steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from flowsync.model import JsonValue
from flowsync.pull.results import ChangedFile, NewFile, Pulled, SameFile, Skipped
from flowsync.render.diffs import texts
from flowsync.render.escape import columns, masked_json, padded, plural, shown
from flowsync.render.style import HANG, WHOLE, Detail, Line, Screen, Span, Style, draw, hinted, line
from flowsync.render.wording import listed

UNCOMMITTED: Final = "It has uncommitted changes."
UNCOMMITTED_HINT: Final = "Commit them, or use --force, which keeps a copy."
_MOST_PLACES: Final = 4


class Kind(Enum):
    """The result for a flow; the values are those of the JSON document."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


_WOULD: Final = {Kind.CREATED: "would create", Kind.UPDATED: "would update"}
_TO_DO: Final = {Kind.CREATED: "to create", Kind.UPDATED: "to update"}
_STYLES: Final = {
    Kind.CREATED: Style.ADDED,
    Kind.UPDATED: Style.DONE,
    Kind.UNCHANGED: Style.MUTED,
    Kind.SKIPPED: Style.WARNING,
    Kind.REFUSED: Style.ERROR,
}


class FileState(Enum):
    """What `flowsync init` did with a file."""

    CREATED = "created"
    EXTENDED = "extended"
    KEPT = "kept"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that a project starts with; `name` is relative to the current directory.

    `text` is the whole file; for BY_HAND, what people have to add. `note` says why, or what was added.
    """

    name: str
    state: FileState
    text: str
    note: str | None = None


_FILE_STYLES: Final = {
    FileState.CREATED: Style.ADDED,
    FileState.EXTENDED: Style.ADDED,
    FileState.KEPT: Style.MUTED,
    FileState.BY_HAND: Style.WARNING,
}


@dataclass(frozen=True, slots=True)
class Pull:
    """The result of a pull; `is_written` is False for a dry run.

    `refused` are the names of files that were not touched because git does not have all of them; `copies` is the folder
    that holds the former texts of those that git could not bring back; `unmanaged` are live flows without a file.
    """

    pulled: Sequence[Pulled]
    unmanaged: Sequence[str]
    refused: frozenset[str]
    copies: str | None
    is_written: bool

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

    def counts(self) -> dict[Kind, int]:
        """How many flows there are of each kind."""
        numbers = Counter(map(self.kind, self.pulled))
        return {kind: numbers[kind] for kind in Kind}


def text(pull: Pull, screen: Screen) -> str:
    """Return a line for each flow that changed, its notes, and the counts."""
    is_verbose = screen.detail is Detail.VERBOSE
    rows = [each for each in pull.pulled if not isinstance(each, SameFile) or is_verbose or each.left_out]
    words = {kind: kind.value if pull.is_written else _WOULD.get(kind, kind.value) for kind in Kind}
    word_width = max(map(len, words.values()))
    name_width = max((columns(shown(_name(each))) for each in rows), default=0)
    lines: list[Line] = []
    for each in rows:
        kind, name, remark = pull.kind(each), shown(_name(each)), _remark(pull, each)
        word = Span(words[kind].ljust(word_width), _STYLES[kind])
        lines.append(line(word, f"  {padded(name, name_width)}  ", HANG, remark) if remark else line(word, f"  {name}"))
        lines += _details(pull, each)
    to_do = {} if pull.is_written else _TO_DO
    parts = [f"{count:,} {to_do.get(kind, kind.value)}" for kind, count in pull.counts().items() if count]
    closing = f"{', '.join(parts)}." if parts else "No flows."
    return draw([*lines, *([()] if rows else []), line(Span(closing, Style.HEADING))], screen)


def as_json(pull: Pull, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-pull/1`."""
    return masked_json(
        {
            "format": "flowsync-pull/1",
            "written": pull.is_written,
            "summary": {kind.value: count for kind, count in pull.counts().items()},
            "flows": [_document(pull, each) for each in pull.pulled],
            "unmanaged": [*pull.unmanaged],
            "copies": pull.copies,
        }
    )


FORMATS: Final[Mapping[str, Callable[[Pull, Screen], str]]] = {"text": text, "json": as_json}
"""What `pull --format` offers."""


def difference(each: NewFile | ChangedFile, screen: Screen) -> str:
    """Return the unified diff of one file."""
    before = each.before if isinstance(each, ChangedFile) else ""
    return texts.unified(each.file.name, before, each.text, screen)


def notes(pull: Pull) -> Iterator[str]:
    """Yield notes: where former texts are, and which live flows have no file."""
    if pull.copies is not None:
        yield f"git does not have the earlier versions of the changed files: copies are in {shown(pull.copies)}."
    changed = [each for each in pull.changes if isinstance(each, ChangedFile) and each.file.name not in pull.refused]
    failing = [each for each in changed if each.failing]
    if pull.is_written and failing:
        yield (
            f"Tests in {plural(len(failing), 'file')} now fail, so plan refuses them: correct the tests or the "
            "targeting, or undo the change with git."
        )
    if pull.unmanaged:
        count = plural(len(pull.unmanaged), "live flow")
        has, them = ("has", "it") if len(pull.unmanaged) == 1 else ("have", "them")
        yield f"{count} {has} no file: {listed([*map(shown, pull.unmanaged)], _MOST_PLACES)}. pull --new adds {them}."


def _name(each: Pulled) -> str:
    return (each.file or each.slug) if isinstance(each, Skipped) else each.file.name


def _remark(pull: Pull, each: Pulled) -> str:
    match each:
        case ChangedFile() if each.file.name in pull.refused:
            return UNCOMMITTED
        case ChangedFile():
            return listed(each.places, _MOST_PLACES)
        case NewFile():
            return ", ".join(each.fields)
        case Skipped():
            return each.message
        case SameFile():
            return ""


def _details(pull: Pull, each: Pulled) -> Iterator[Line]:
    if isinstance(each, Skipped):
        yield from hinted(each.hint)
        return
    for left in each.left_out:
        yield line("  ", Span("left out", Style.WARNING), f" {left.field}: {left.message}")
    if isinstance(each, NewFile) and each.note is not None:
        yield line("  ", each.note)
    if isinstance(each, ChangedFile):
        for place in each.rewritten:
            yield line("  ", Span("rewritten", Style.WARNING), f" {place}: it could not be edited in place")
        yield from hinted(UNCOMMITTED_HINT if each.file.name in pull.refused else None)
        yield from (line("  ", Span("warning", Style.WARNING), f" {failure}") for failure in each.failing)


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


def files(done: Sequence[StartFile], screen: Screen) -> str:
    """Return the result for each file, with its content below if people must add it."""
    state_width = max(len(state.value) for state in FileState)
    name_width = max((columns(file.name) for file in done), default=0)
    lines: list[Line] = []
    for file in done:
        state = Span(padded(file.state.value, state_width), _FILE_STYLES[file.state])
        lines.append(line(state, "  ", f"{padded(file.name, name_width)}  {file.note}" if file.note else file.name))
        if file.state is FileState.BY_HAND:
            lines += [line(f"    {row}", WHOLE) for row in file.text.split("\n")[:-1]]
    return draw(lines, screen)


def steps(commands: Sequence[tuple[str, str]], advice: Sequence[str], screen: Screen) -> str:
    """Return what to do next: commands with their purposes, then what only people can do."""
    lines = [(), line(Span("Next", Style.HEADING))]
    width = max((columns(command) for command, _ in commands), default=0)
    for command, purpose in commands:
        lines.append(line("  ", Span(padded(command, width), Style.HINT), "  ", HANG, purpose))
    for each in advice:
        lines += hinted(each)
    return draw(lines, screen)
