"""Reads flow files into Flows: discovery, parsing, slugs, and the overlay of one environment.

Every problem of every file is collected. Only what keeps a file from being read as a flow is a problem here; `validate`
checks its content. A missing or empty directory is a problem, never an empty set of flows.
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
"""Shorter texts hold fewer values, except what aliases repeat."""
_NO_FLOWS_HINT: Final = (
    "`flowsync init` sets up a project here, and `flowsync pull` writes a file for each live flow. For a project "
    "that is elsewhere: -C DIR, or `flows:` in flowsync.yaml."
)
_TARGETS: Final = {target.value: target for target in Target}


@dataclass(frozen=True, slots=True)
class Repository:
    """The content of a flows directory: flows by slug, problems, and the slugs of files that could not be read."""

    flows: tuple[Flow, ...]
    problems: tuple[Problem, ...]
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FlowFile:
    """One file to read: its path, which is not a link, and its name for messages, which may be that of a link."""

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
    """The flow files below a directory in a stable order, and the problems of those that cannot be read.

    Names that start with a dot are ignored, and so are directories behind a symlink. A symlink that leads out of the
    directory is a problem, for a review does not show its target.
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
                "Put the file itself here: a review does not show the target of the link.",
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
    """The entries of a folder with their names for messages: first files, then what folders have."""
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
    """The target of a link; None if it is not below `top`, or is hidden from reviews."""
    try:
        below = path.resolve(strict=True).relative_to(top.resolve())
    except (OSError, RuntimeError, ValueError):
        return None
    return None if any(part.startswith(".") for part in below.parts) else top / below


def _file_problem(name: str, code: str, message: str, hint: str | None = None) -> Problem:
    return Problem(Location(name, 1, 1), Severity.ERROR, code, message, hint)


def flow_from_bytes(content: bytes, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow of a file's content, or the Problem that prevents it."""
    try:
        return flow_from_document(document.read(content, file.name), file, environment)
    except DocumentError as error:
        return error.problem


def flow_from_document(parsed: Document, file: FlowFile, environment: str | None) -> Flow | Problem:
    """The Flow of a parsed file, or the Problem with its form or slug."""
    value = parsed.value
    if not isinstance(value, dict):
        message = "A flow file must be a mapping such as `name: …`, `data: …`."
        hint = "The file is empty; delete it, or give it at least one field." if value is None else None
        return _file_problem(file.name, "not-a-mapping", message, hint)
    if "slug" in value and value["slug"] != file.slug:
        message = f"`slug` differs from the file's name, which is {file.slug}."
        hint = "The file's name decides: rename the file, or correct or drop `slug`."
        return Problem(parsed.location(("slug",)), Severity.ERROR, "slug-mismatch", message, hint)
    if excess := _too_many_environments(parsed, value):
        return excess
    overlay = _overlay(value, environment)
    whole = {**value, **{key: merged(value.get(key), item) for key, item in (overlay or {}).items()}}
    fields: dict[FieldName, JsonValue] = {field: whole[field] for field in SENT_FIELDS if field in whole}
    data = whole.get("data")
    written: str | Writing | None = data if isinstance(data, str) else None
    inside = None
    if isinstance(data, str):
        with suppress(DocumentError):  # validation reports what cannot be read
            inside = document.parse_data(data, file.name)
            fields["data"] = inside.value
            if with_criteria(inside.value, on_one_line) is not inside.value:
                written = WrittenData(inside.value, None, data)
    elif "data" in whole:
        is_overlaid = overlay is not None and "data" in overlay
        written = WrittenData(data, None if is_overlaid else parsed)
    target = whole.get("target")
    return Flow(
        slug=file.slug,
        file=file.name,
        fields=fields,
        written=written,
        target=_TARGETS.get(target) if isinstance(target, str) else None,
        protected=whole.get("protected") is True,
        tests=value.get("tests"),
        source=FlowSource(parsed, None if overlay is None else environment, inside),
    )


def _too_many_environments(parsed: Document, value: Mapping[str, JsonValue]) -> Problem | None:
    """The Problem of a file with too many environments to check, or too many values in each."""
    environments = value.get("environments")
    count = len(environments) if isinstance(environments, dict) else 0
    if count > MAXIMUM_ENVIRONMENTS:
        message = f"There are {count:,} environments here, and at most {MAXIMUM_ENVIRONMENTS} can be checked."
    elif count and len(parsed.text) * count > _MUCH_TEXT and count_values(parsed.value) * count > _MOST_CHECKED:
        message = f"This file is too large to be checked for each of its {count} environments."
    else:
        return None
    place = parsed.key_location(("environments",))
    return Problem(place, Severity.ERROR, "too-many-environments", message, "Split the flow.")


def in_environments(flows: Iterable[Flow], environments: Iterable[str]) -> Iterator[tuple[Flow, ...]]:
    """The same flows as they are in each environment; without an overlay there, the same object."""
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
    """The text of `data`: the author's own in `file`; a dump if that is None, because an overlay changed it.

    `original` is the text that the file has as its `data`, None if it has a mapping.
    """

    data: JsonValue
    file: Document | None
    original: str | None = None

    @property
    def text(self) -> str | None:
        """The author's lines if they can be read by themselves, else a dump; each criterion on one line.

        None if the value cannot be written exactly, which validation reports.
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
    """The file of a flow, with the positions of its values.

    A value may be in the overlay of `environment`, which is None if the file has none for it. `data` is the document in
    a text of YAML or JSON that the file has as its `data`, None if there is no such text: positions lead into it.
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
        """Where the value is: in the overlay if it has it, else in the rest of the file."""
        inside = self._inside(path)
        return self._in_file(inside.location(path[1:])) if inside else self.file.location(self._path_in_file(path))

    def key_location(self, path: ValuePath) -> Location:
        """As `location`, for the key."""
        inside = self._inside(path)
        return (
            self._in_file(inside.key_location(path[1:])) if inside else self.file.key_location(self._path_in_file(path))
        )

    def offset_location(self, path: ValuePath, offset: int) -> Location:
        """As `location`, for one character of a text."""
        inside = self._inside(path)
        if inside:
            return self._in_file(inside.offset_location(path[1:], offset))
        return self.file.offset_location(self._path_in_file(path), offset)

    def _inside(self, path: ValuePath) -> Document | None:
        """The document in the text of `data`, if `path` leads into that."""
        return self.data if len(path) > 1 and path[0] == "data" else None

    def _path_in_file(self, path: ValuePath) -> ValuePath:
        """The path in the file to the value that is at `path` once the overlay is applied."""
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
        """The place in the file for a place in the text of `data`."""
        assert self.data is not None  # noqa: S101 - there is a place in it
        offset = line_starts(self.data.text)[inside.line - 1] + inside.column - 1
        return self.file.offset_location(self._path_in_file(("data",)), offset)
