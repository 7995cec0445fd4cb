"""Flow files to Flows: discovery, reading, slugs, and the overlay of one environment.

Every problem of every file is collected; nothing here judges what a flow says, only whether it can
be read as a flow at all. A missing or empty directory is a problem, never an empty set of flows.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.document import count_values, line_starts
from flowsync.errors import DocumentError
from flowsync.flows.expressions import with_criteria
from flowsync.model import SENT_FIELDS, Flow, Location, Problem, Severity, Target
from flowsync.targeting.tokens import on_one_line
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.document import Document
    from flowsync.model import FieldName, JsonValue, ValuePath, Writing
    from flowsync.workspace import Workspace

ENDINGS: Final = (".yaml", ".yml")
MAXIMUM_ENVIRONMENTS: Final = 50
"""Environments that one file may have overlays for: it is checked for each of them."""
_MOST_CHECKED: Final = 200_000
"""Values of one file, times its environments."""
_MUCH_TEXT: Final = 2 * _MOST_CHECKED
"""Shorter texts hold fewer values, but for what aliases repeat."""
_NO_FLOWS_HINT: Final = (
    "`flowsync init` sets up a project here, and `flowsync pull` writes a file for each live flow. For a project "
    "that is elsewhere: -C DIR, or `flows:` in flowsync.yaml."
)
_TARGETS: Final = {target.value: target for target in Target}


@dataclass(frozen=True, slots=True)
class Repository:
    """What a flows directory holds: the flows that could be read, by slug, what could not, and the slugs of those."""

    flows: tuple[Flow, ...]
    problems: tuple[Problem, ...]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One file to read: where it is (no link), the name people see (perhaps a link's), and the slug its stem gives."""

    path: Path
    name: str

    @property
    def slug(self) -> str:
        """The stem of the file's name."""
        return self.name.rsplit("/", 1)[-1].rpartition(".")[0]


def load_flows(
    root: Path, directory: str, environment: str | None = None, within: Workspace | None = None
) -> Repository:
    """Read every flow file below `root`/`directory`, with the overlay of `environment` applied.

    Files are named relative to `root`, with `/` on every system. Problems are sorted by place. Nothing outside of the
    repository `within` (None: the one that `root` is in) is read.
    """
    within = within or workspace(root)
    flows: list[Flow] = []
    problems: list[Problem] = []
    unread: set[str] = set()
    first: dict[str, FlowFile] = {}
    files: list[FlowFile] = []
    for found in discover(root, directory, within):
        if isinstance(found, Problem):
            problems.append(found)
        else:
            files.append(found)
    contents = within.read_each((file.path for file in files), MOST_READ)
    for file, content in zip(files, contents, strict=True):
        earlier = first.setdefault(file.slug, file)
        if earlier is not file:
            message = f"{earlier.name} has the slug {file.slug} too."
            problems.append(_file_problem(file.name, "duplicate-slug", message, "One flow, one file."))
        if isinstance(content, OSError):
            flow: Flow | Problem = _file_problem(
                file.name, "unreadable-file", f"This file cannot be read: {content.strerror}."
            )
        else:
            flow = flow_from_bytes(content, file, environment)
        if isinstance(flow, Flow):
            flows.append(flow)
        else:
            problems.append(flow)
            unread.add(file.slug)
    flows.sort(key=lambda flow: (flow.slug, flow.file))
    problems.sort(key=lambda problem: problem.sort_key)
    return Repository(tuple(flows), tuple(problems), frozenset(unread))


def discover(root: Path, directory: str, within: Workspace | None = None) -> Iterator[FlowFile | Problem]:
    """The flow files below a directory in a stable order, and what keeps some from being read.

    Names that start with a dot are passed over, and so are directories reached by a symlink; a symlink that leads out
    of the directory is a problem, for what it names is not part of what is reviewed.
    """
    top = root / directory
    try:
        (within or workspace(root)).require_folder(top)
    except (FileNotFoundError, NotADirectoryError):
        yield _file_problem(directory, "no-flows", f"There is no directory {directory}.", _NO_FLOWS_HINT)
        return
    except OSError as error:
        yield _file_problem(directory, "unreadable-file", f"This directory cannot be read: {error.strerror}.")
        return
    has_flow = False
    for entry, name in _walk(str(top), directory):
        path = _target_of_link(Path(entry.path), top) if entry.is_symlink() else Path(entry.path)
        if path is None:
            yield _file_problem(
                name,
                "symlink-outside",
                f"This symlink leads out of {directory}, or nowhere.",
                "Put the file itself here: what it links to is not part of what a review shows.",
            )
        elif name.endswith(ENDINGS) and not entry.is_file():
            yield _file_problem(name, "not-a-file", "A flow must be a regular file.")
        elif name.endswith(ENDINGS):
            has_flow = True
            yield FlowFile(path, name)
        elif name.lower().endswith(ENDINGS):
            yield _file_problem(name, "file-ending", "A flow file's name must end in .yaml or .yml.", "Rename it.")
    if not has_flow:
        yield _file_problem(directory, "no-flows", f"There is no flow file in {directory}.", _NO_FLOWS_HINT)


def _walk(folder: str, name: str) -> Iterator[tuple[os.DirEntry[str], str]]:
    """What is in a folder, each with its name for people: first all but real folders, then what is in those."""
    with os.scandir(folder) as found:
        entries = sorted((each for each in found if not each.name.startswith(".")), key=lambda each: each.name)
    folders = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    for entry in entries:
        if entry not in folders:
            yield entry, f"{name}/{entry.name}"
    for entry in folders:
        yield from _walk(entry.path, f"{name}/{entry.name}")


def file_named(root: Path, directory: str, name: str) -> FlowFile:
    """The flow file of this name, which `discover` has found below `root`/`directory`."""
    path = root / name
    return FlowFile((_target_of_link(path, root / directory) if path.is_symlink() else None) or path, name)


def _target_of_link(path: Path, top: Path) -> Path | None:
    """The target of a link; None where it is not below `top`, or is not a file that a review shows."""
    try:
        below = path.resolve(strict=True).relative_to(top.resolve())
    except (OSError, RuntimeError, ValueError):
        return None
    return None if any(part.startswith(".") for part in below.parts) else top / below


def _file_problem(name: str, code: str, message: str, hint: str | None = None) -> Problem:
    return Problem(Location(name, 1, 1), Severity.ERROR, code, message, hint)


def flow_from_bytes(content: bytes, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow in what a file holds, or held once; the Problem that keeps it from being one."""
    try:
        return flow_from_document(document.read(content, file.name), file, environment)
    except DocumentError as error:
        return error.problem


def flow_from_document(parsed: Document, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow that a parsed file states, or the Problem of its shape or slug."""
    value = parsed.value
    if not isinstance(value, dict):
        message = "A flow file must be a mapping such as `name: …`, `data: …`."
        hint = "The file is empty; delete it, or state at least one field." if value is None else None
        return _file_problem(file.name, "not-a-mapping", message, hint)
    if "slug" in value and value["slug"] != file.slug:
        message = f"`slug` does not agree with the file's name, which says {file.slug}."
        hint = "The file's name decides: rename the file, or correct or drop `slug`."
        return Problem(parsed.location(("slug",)), Severity.ERROR, "slug-mismatch", message, hint)
    if excess := _too_many_environments(parsed, value):
        return excess
    overlay = _overlay(value, environment)
    stated = {**value, **{key: merged(value.get(key), item) for key, item in (overlay or {}).items()}}
    fields: dict[FieldName, JsonValue] = {field: stated[field] for field in SENT_FIELDS if field in stated}
    data = stated.get("data")
    written: str | Writing | None = data if isinstance(data, str) else None
    inside = None
    if isinstance(data, str):
        with suppress(DocumentError):  # validation reports what cannot be read
            inside = document.parse_data(data, file.name)
            fields["data"] = inside.value
            if with_criteria(inside.value, on_one_line) is not inside.value:
                written = WrittenData(inside.value, None, data)
    elif "data" in stated:
        is_overlaid = overlay is not None and "data" in overlay
        written = WrittenData(data, None if is_overlaid else parsed)
    target = stated.get("target")
    return Flow(
        slug=file.slug,
        file=file.name,
        fields=fields,
        written=written,
        target=_TARGETS.get(target) if isinstance(target, str) else None,
        protected=stated.get("protected") is True,
        tests=value.get("tests"),
        source=FlowSource(parsed, None if overlay is None else environment, inside),
    )


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


def in_environments(flows: Iterable[Flow], environments: Iterable[str]) -> Iterator[tuple[Flow, ...]]:
    """The same flows as they are in each environment; one that has no overlay there is the same object every time."""
    without = [_in_environment(flow, None) for flow in flows]
    for environment in environments:
        yield tuple(
            flow if _overlay(flow.source.value, environment) is None else _in_environment(flow, environment)
            for flow in without
        )


def _in_environment(flow: Flow, environment: str | None) -> Flow:
    assert isinstance(flow.source, FlowSource)  # noqa: S101 - the flow was read from a file
    found = flow_from_document(flow.source.file, FlowFile(Path(flow.file), flow.file), environment)
    assert isinstance(found, Flow)  # noqa: S101 - what keeps a file from being one does not depend on the environment
    return found


def _overlay(value: JsonValue, environment: str | None) -> Mapping[str, JsonValue] | None:
    environments = value.get("environments") if isinstance(value, dict) else None
    overlay = environments.get(environment) if isinstance(environments, dict) and environment is not None else None
    return overlay if isinstance(overlay, dict) else None


def merged(base: JsonValue, over: JsonValue) -> JsonValue:
    """`over` laid over `base`: mappings merge key by key at every depth, lists and scalars are replaced whole."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: merged(base.get(key), item) for key, item in over.items()}}


@dataclass(frozen=True, slots=True)
class WrittenData:
    """How `data` is written: as its author did in `file`; as a dump where that is None, for an overlay changed it.

    `original` is the text that the file gives as its `data`, None where it gives a mapping.
    """

    data: JsonValue
    file: Document | None
    original: str | None = None

    @property
    def text(self) -> str | None:
        """The author's lines where they are complete in themselves, else a dump; each criterion on one line.

        None when the value cannot be written exactly, which validation reports.
        """
        own = self.original if self.file is None else self.file.own_lines("data")
        sent = with_criteria(self.data, on_one_line)
        try:
            if own is None:
                return document.dump(sent)
            return own if sent is self.data else _edited(own, sent)
        except DocumentError:
            return None


def _edited(text: str, data: JsonValue) -> str:
    from flowsync.document.editing import edited  # noqa: PLC0415 - takes 10 ms, and few files need it

    return edited(text, data, reads=lambda each: document.parse_data(each).value).text


@dataclass(frozen=True, slots=True)
class FlowSource:
    """A file as its flow sees it: positions lead to where a value was stated.

    That may be the overlay of an `environment`, None where the file has none for it. `data` is the document in a text
    of YAML or JSON that the file gives as its `data`, None where it gives none: positions lead into that text.
    """

    file: Document
    environment: str | None
    data: Document | None

    @property
    def text(self) -> str:
        """The whole text of the file."""
        return self.file.text

    @property
    def value(self) -> JsonValue:
        """The whole parsed value of the file."""
        return self.file.value

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What other parsers read differently, in the file and in the text that `data` is."""
        inside = () if self.data is None else self.data.warnings
        return (*self.file.warnings, *(replace(each, location=self._in_file(each.location)) for each in inside))

    def location(self, path: ValuePath) -> Location:
        """Where the value is stated: in the overlay if it states it, else in the file's own part."""
        inside = self._inside(path)
        return self._in_file(inside.location(path[1:])) if inside else self.file.location(self._stated(path))

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        inside = self._inside(path)
        return self._in_file(inside.key_location(path[1:])) if inside else self.file.key_location(self._stated(path))

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        inside = self._inside(path)
        if inside:
            return self._in_file(inside.offset_location(path[1:], offset))
        return self.file.offset_location(self._stated(path), offset)

    def _inside(self, path: ValuePath) -> Document | None:
        """The document that holds what `path` leads to, where that is the text of `data`."""
        return self.data if len(path) > 1 and path[0] == "data" else None

    def _stated(self, path: ValuePath) -> ValuePath:
        """The path from the root of the file to what `path` leads to once the overlay is applied."""
        if self.environment is None or not path:
            return path
        overlaid = ("environments", self.environment, *path)
        value = self.file.value
        for part in overlaid:
            if isinstance(value, dict) and part in value:
                value = value[str(part)]
            elif isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
                value = value[part]
            else:
                return path
        return overlaid

    def _in_file(self, inside: Location) -> Location:
        """Where in the file a place of the text is that `data` is."""
        assert self.data is not None  # noqa: S101 - there is a place in it
        offset = line_starts(self.data.text)[inside.line - 1] + inside.column - 1
        return self.file.offset_location(self._stated(("data",)), offset)
