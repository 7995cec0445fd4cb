"""Flow files to Flows: discovery, reading, slugs, and the overlay of one environment.

Every problem of every file is collected; nothing here judges what a flow says, only whether it can
be read as a flow at all. A missing or empty directory is a problem, never an empty set of flows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.document import count_values, line_starts
from flowsync.errors import DocumentError
from flowsync.model import SENT_FIELDS, Flow, Location, Problem, Severity, Target
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from flowsync.document import Document
    from flowsync.model import FieldName, JsonValue, Source, ValuePath, Writing
    from flowsync.workspace import Workspace

ENDINGS: Final = (".yaml", ".yml")
MAXIMUM_ENVIRONMENTS: Final = 50
"""Environments that one file may have overlays for: it is checked for each of them."""
_MOST_CHECKED: Final = 200_000
"""Values of one file, times its environments."""
_MUCH_TEXT: Final = 2 * _MOST_CHECKED
"""Shorter texts hold fewer values, but for what aliases repeat."""


@dataclass(frozen=True, slots=True)
class Repository:
    """What a flows directory holds: the flows that could be read, by slug, what could not, and the slugs of those."""

    flows: tuple[Flow, ...]
    problems: tuple[Problem, ...]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One file to read: where it is (no link), the name people see (perhaps a link's), and the slug its stem gives."""

    place: Path | str
    name: str

    @property
    def path(self) -> Path:
        """Where it is; made when it is asked for, for a Path takes as long as opening the file."""
        return Path(self.place)

    @property
    def slug(self) -> str:
        """The stem of the file's name."""
        return self.name.rsplit("/", 1)[-1].rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class AuthoredData:
    """`data` as its author wrote it in a file."""

    file: Document
    data: JsonValue

    @property
    def text(self) -> str | None:
        """The author's lines where they stand alone, else a dump."""
        own = self.file.own_lines("data")
        if own is not None:
            return own

        return dumped(self.data)


def load_flows(
    root: Path, directory: str, environment: str | None = None, within: Workspace | None = None
) -> Repository:
    """Read every flow file below `root`/`directory`, with the overlay of `environment` applied.

    Files are named relative to `root`, with `/` on every system. Problems are sorted by place. Nothing outside of the
    repository `within` (None: the one that `root` is in) is read.
    """
    within = within or workspace(root)
    found = list(discover(root, directory, within))
    files = [item for item in found if isinstance(item, FlowFile)]
    problems = [item for item in found if isinstance(item, Problem)]
    with within.reading() as reading:
        read = [read_flow(file, environment, reading) for file in files]
    problems += [item for item in read if isinstance(item, Problem)]
    flows = [item for item in read if isinstance(item, Flow)]
    problems += _shared_slugs(files)
    ordered = sorted(flows, key=lambda flow: (flow.slug, flow.file))
    unread = frozenset(file.slug for file, item in zip(files, read, strict=True) if isinstance(item, Problem))
    return Repository(tuple(ordered), tuple(sorted(problems, key=lambda problem: problem.sort_key)), unread)


def discover(root: Path, directory: str, within: Workspace | None = None) -> Iterator[FlowFile | Problem]:
    """The flow files below a directory in a stable order, and what stands in the way of reading some.

    Names that start with a dot are passed over, and so are directories reached by a symlink; a symlink that leads out
    of the directory is a problem, for what it names is not part of what is reviewed.
    """
    top = root / directory
    try:
        (within or workspace(root)).require_folder(top)
    except (FileNotFoundError, NotADirectoryError):
        yield _no_flows(directory, f"There is no directory {directory}.")
        return
    except OSError as error:
        yield _file_problem(directory, "unreadable-file", f"This directory cannot be read: {error.strerror}.")
        return
    count = 0
    for entry, name in _walk(str(top), directory):
        place = _target_of_link(entry.path, top) if entry.is_symlink() else entry.path
        if place is None:
            yield _file_problem(
                name,
                "symlink-outside",
                f"This symlink leads out of {directory}, or nowhere.",
                "Put the file itself here: what it links to is not part of what a review shows.",
            )
        elif name.endswith(ENDINGS) and not entry.is_file():
            yield _file_problem(name, "not-a-file", "A flow must be a regular file.")
        elif name.endswith(ENDINGS):
            count += 1
            yield FlowFile(place, name)
        elif name.lower().endswith(ENDINGS):
            yield _file_problem(name, "file-ending", "A flow file's name must end in .yaml or .yml.", "Rename it.")
    if count == 0:
        yield _no_flows(directory, f"There is no flow file in {directory}.")


def _walk(folder: str, name: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    """What is in a folder, each with its name for people: first all but real folders, then what is in those."""
    with os.scandir(folder) as found:
        entries = sorted((each for each in found if not each.name.startswith(".")), key=lambda each: each.name)
    folders = []
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            folders.append(entry)
        else:
            yield entry, f"{name}/{entry.name}"
    for entry in folders:
        yield from _walk(entry.path, f"{name}/{entry.name}")


def file_named(root: Path, directory: str, name: str) -> FlowFile:
    """The flow file of this name, which `discover` has found below `root`/`directory`."""
    path = root / name
    return FlowFile((_target_of_link(path, root / directory) if path.is_symlink() else None) or path, name)


def _target_of_link(path: Path | str, top: Path) -> str | None:
    """The target of a link; None where it is not below `top`, or is not a file that a review shows."""
    try:
        below = Path(path).resolve(strict=True).relative_to(top.resolve())
    except (OSError, RuntimeError, ValueError):
        return None
    return None if any(part.startswith(".") for part in below.parts) else str(top / below)


def _no_flows(directory: str, message: str) -> Problem:
    return _file_problem(
        directory,
        "no-flows",
        message,
        "An empty set of files is never taken for an empty account. Is this the project's root (-C DIR)? "
        "`flows:` in flowsync.yaml names the directory.",
    )


def _file_problem(name: str, code: str, message: str, hint: str | None = None) -> Problem:
    return Problem(Location(name, 1, 1), Severity.ERROR, code, message, hint)


def read_flow(file: FlowFile, environment: str | None, reading: Callable[[Path | str, int], bytes]) -> Flow | Problem:
    """One file as a Flow; the Problem that keeps it from being one."""
    try:
        content = reading(file.place, MOST_READ)
    except OSError as error:
        return _file_problem(file.name, "unreadable-file", f"This file cannot be read: {error.strerror}.")
    return flow_from_bytes(content, file, environment)


def flow_from_bytes(content: bytes, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow in what a file holds, or held once; the Problem that keeps it from being one."""
    try:
        parsed = document.read(content, file.name)
    except DocumentError as error:
        return error.problem
    return flow_from_document(parsed, file, environment)


def flow_from_document(parsed: Document, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow that a parsed file states, or the Problem of its shape or slug."""
    value = parsed.value
    if not isinstance(value, dict):
        return _file_problem(
            file.name,
            "not-a-mapping",
            "A flow file must be a mapping such as `name: …`, `data: …`.",
            _empty_hint(value),
        )
    if "slug" in value and value["slug"] != file.slug:
        return _slug_problem(parsed, file)
    excess = _too_many_environments(parsed, value)
    if excess is not None:
        return excess
    overlay = _overlay(value, environment)
    stated = _overlaid(value, overlay)
    inside = _data_document(stated.get("data"), file.name)
    return Flow(
        slug=file.slug,
        file=file.name,
        fields=_fields(stated, inside),
        written=_written(parsed, stated, overlay),
        target=_target(stated.get("target")),
        protected=stated.get("protected") is True,
        tests=value.get("tests"),
        source=_source(parsed, None if overlay is None else environment, inside),
    )


def in_environments(flows: Iterable[Flow], environments: Iterable[str]) -> Iterator[tuple[Flow, ...]]:
    """The same flows as they are in each environment; one that has no overlay there is the same object every time."""
    files = [(file_of(flow.source), FlowFile(flow.file, flow.file)) for flow in flows]
    without = [_seen(parsed, file, None) for parsed, file in files]
    for environment in environments:
        yield tuple(
            flow if _overlay(parsed.value, environment) is None else _seen(parsed, file, environment)
            for flow, (parsed, file) in zip(without, files, strict=True)
        )


def _seen(parsed: Document, file: FlowFile, environment: str | None) -> Flow:
    """The Flow of a file that was a flow before."""
    flow = flow_from_document(parsed, file, environment)
    assert isinstance(flow, Flow)  # noqa: S101 - what keeps a file from being one does not depend on the environment
    return flow


def _too_many_environments(parsed: Document, value: Mapping[str, JsonValue]) -> Problem | None:
    """The Problem of a file that would have to be checked for too many environments, or with too much in each."""
    environments = value.get("environments")
    count = len(environments) if isinstance(environments, dict) else 0
    if count > MAXIMUM_ENVIRONMENTS:
        message = f"There are {count:,} environments here, and at most {MAXIMUM_ENVIRONMENTS} can be checked."
    elif count and len(parsed.text) * count > _MUCH_TEXT and count_values(parsed.value) * count > _MOST_CHECKED:
        message = f"This file has too much in it to be checked for each of its {count} environments."
    else:
        return None
    place = parsed.key_location(("environments",))
    return Problem(place, Severity.ERROR, "too-many-environments", message, "Split the flow.")


def _empty_hint(value: JsonValue) -> str | None:
    return "The file is empty; delete it, or state at least one field." if value is None else None


def _slug_problem(parsed: Document, file: FlowFile) -> Problem:
    return Problem(
        parsed.location(("slug",)),
        Severity.ERROR,
        "slug-mismatch",
        f"`slug` does not agree with the file's name, which says {file.slug}.",
        "The file's name decides: rename the file, or correct or drop `slug`.",
    )


_TARGETS: Final = {target.value: target for target in Target}


def _target(value: JsonValue) -> Target | None:
    return _TARGETS.get(value) if isinstance(value, str) else None


def _overlay(value: JsonValue, environment: str | None) -> Mapping[str, JsonValue] | None:
    environments = value.get("environments") if isinstance(value, dict) else None
    overlay = environments.get(environment) if isinstance(environments, dict) and environment is not None else None
    return overlay if isinstance(overlay, dict) else None


def _overlaid(value: Mapping[str, JsonValue], overlay: Mapping[str, JsonValue] | None) -> Mapping[str, JsonValue]:
    """The file's own part with the overlay laid over it: mappings merge key by key, all else is replaced."""
    if overlay is None:
        return value
    return {**value, **{key: merged(value.get(key), item) for key, item in overlay.items()}}


def merged(base: JsonValue, over: JsonValue) -> JsonValue:
    """`over` laid over `base`: mappings merge key by key at every depth, lists and scalars are replaced whole."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: merged(base.get(key), item) for key, item in over.items()}}


def _source(parsed: Document, environment: str | None, inside: Document | None) -> Source:
    """The file, seen through the overlay of an environment where it has one, and through a text that `data` is."""
    if environment is None and inside is None:
        return parsed

    seen: Source = parsed if environment is None else OverlaidSource(parsed, environment)
    return seen if inside is None else TextDataSource(seen, inside)


def _written(
    parsed: Document, stated: Mapping[str, JsonValue], overlay: Mapping[str, JsonValue] | None
) -> str | Writing | None:
    """How `data` is written: by its author, where no overlay touches it."""
    if "data" not in stated:
        return None
    data = stated["data"]
    if isinstance(data, str):
        return data
    if overlay is None or "data" not in overlay:
        return AuthoredData(parsed, data)

    return Dump(data)


def _fields(stated: Mapping[str, JsonValue], inside: Document | None) -> Mapping[FieldName, JsonValue]:
    fields: dict[FieldName, JsonValue] = {field: stated[field] for field in SENT_FIELDS if field in stated}
    if inside is not None:
        fields["data"] = inside.value
    return fields


def _data_document(data: JsonValue, name: str) -> Document | None:
    """What `data` given as a text says; None when it is none, or cannot be read, which validation reports."""
    try:
        return document.parse_data(data, name) if isinstance(data, str) else None
    except DocumentError:
        return None


def _shared_slugs(files: Iterable[FlowFile]) -> Iterator[Problem]:
    first: dict[str, FlowFile] = {}
    for file in files:
        earlier = first.setdefault(file.slug, file)
        if earlier is not file:
            yield _file_problem(
                file.name, "duplicate-slug", f"{earlier.name} has the slug {file.slug} too.", "One flow, one file."
            )


@dataclass(frozen=True, slots=True)
class _OfFile:
    """What is the file's own, however its flow is seen."""

    file: Source

    @property
    def text(self) -> str:
        """The whole text of the file."""
        return self.file.text

    @property
    def value(self) -> JsonValue:
        """The whole parsed value of the file."""
        return self.file.value


@dataclass(frozen=True, slots=True)
class OverlaidSource(_OfFile):
    """A file seen through one environment's overlay: positions lead to where a value was stated."""

    environment: str

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers read differently."""
        return self.file.warnings

    def location(self, path: ValuePath) -> Location:
        """Where the value is stated: in the overlay if it states it, else in the file's own part."""
        return self.file.location(self._stated(path))

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        return self.file.key_location(self._stated(path))

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        return self.file.offset_location(self._stated(path), offset)

    def _stated(self, path: ValuePath) -> ValuePath:
        overlaid = ("environments", self.environment, *path)
        return overlaid if path and _exists(self.file.value, overlaid) else path


@dataclass(frozen=True, slots=True)
class TextDataSource(_OfFile):
    """A file whose `data` is a text of YAML or JSON: positions of what is inside lead into that text."""

    data: Document

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers read differently, in the file and in the text."""
        inside = (replace(each, location=self._outside(each.location)) for each in self.data.warnings)
        return (*self.file.warnings, *inside)

    def location(self, path: ValuePath) -> Location:
        """Where the value is stated."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.location(path[1:]))
            case _:
                return self.file.location(path)

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.key_location(path[1:]))
            case _:
                return self.file.key_location(path)

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        match path:
            case ("data", _, *_):
                return self._outside(self.data.offset_location(path[1:], offset))
            case _:
                return self.file.offset_location(path, offset)

    def _outside(self, inside: Location) -> Location:
        """Where a place of the text is in the file."""
        offset = line_starts(self.data.text)[inside.line - 1] + inside.column - 1
        return self.file.offset_location(("data",), offset)


def file_of(source: Source) -> Document:
    """The file behind what it is seen through."""
    while isinstance(source, _OfFile):
        source = source.file
    assert isinstance(source, document.Document)  # noqa: S101 - whatever else is a source has a file
    return source


@dataclass(frozen=True, slots=True)
class Dump:
    """`data` that no author wrote as it is: an overlay changed it."""

    data: JsonValue

    @property
    def text(self) -> str | None:
        """A dump."""
        return dumped(self.data)


def dumped(data: JsonValue) -> str | None:
    """A dump to send; None when the value cannot be written exactly, which validation reports."""
    try:
        return document.dump(data)
    except DocumentError:
        return None


def _exists(value: JsonValue, path: ValuePath) -> bool:
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        else:
            return False
    return True
