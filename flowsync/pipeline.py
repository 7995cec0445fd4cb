"""Each command as its line of named steps: load, validate, fetch, plan, apply.

Nothing here knows of a network library, a terminal or a format: readers and writers come in as
protocols, values go out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from flowsync import config, document, live, load, plan, validate
from flowsync.errors import ConfigError, InvalidFilesError, UsageError
from flowsync.model import ListedFlow, ListState, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from flowsync.config import Flags, Settings
    from flowsync.live import Access, FlowReader, FlowWriter, Listing, Map, PathMemo
    from flowsync.model import Change, FieldName, Flow, JsonValue, LiveFlow, Plan, Problem

STATE_DIRECTORY: Final = ".flowsync"
_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Project:
    """Where a project lies and how it is set up.

    `base` is where the command was started (or -C): file names are shown relative to it. `home` holds
    flowsync.yaml, the flows directory and the state directory.
    """

    base: Path
    home: Path
    settings: Settings

    @property
    def flows_directory(self) -> str:
        """The flows directory as messages name it: relative to `base`, with `/`."""
        return os.path.relpath(self.home / self.settings.flows, self.base).replace(os.sep, "/")

    @property
    def state(self) -> Path:
        """The directory of what flowsync keeps on this machine."""
        return self.home / STATE_DIRECTORY


@dataclass(frozen=True, slots=True)
class Selection:
    """The flows a command works on, out of all that the files hold."""

    flows: tuple[Flow, ...]
    all_slugs: frozenset[str]
    patterns: tuple[str, ...]
    warnings: tuple[Problem, ...]

    def concerns(self, slug: str) -> bool:
        """Whether a live flow is within what was selected: a selected file's, or one without a file."""
        if not self.patterns:
            return True
        return any(fnmatchcase(slug, pattern) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class LiveStore:
    """The API as `apply` needs it: a FlowStore over a writer."""

    writer: FlowWriter
    access: Access
    memo: PathMemo

    def rows(self, change: Change) -> Sequence[LiveFlow]:
        """The change's slug, read afresh."""
        return live.reread(self.writer, change.slug, change.id, access=self.access, memo=self.memo)

    def write(self, row_id: int, body: Mapping[FieldName, JsonValue]) -> LiveFlow | None:
        """One PUT."""
        return live.write(self.writer, row_id, {str(name): value for name, value in body.items()})


def open_project(base: Path, config_file: str | None, flags: Flags, environ: Mapping[str, str]) -> Project:
    """Find and read the configuration. Raises ConfigError or InvalidFilesError."""
    path = config.config_path(base, config_file)
    if path is None:
        return Project(base, base, config.read_settings(None, flags, environ))
    name = os.path.relpath(path, base).replace(os.sep, "/")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}.", hint="--config names the file.") from None
    source = document.parse(document.decode(raw, name), name)
    return Project(base, path.parent, config.read_settings(source, flags, environ))


def check_files(project: Project, patterns: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Every problem of the flow files, sorted: those of reading and those of validation.

    Each file is judged as it is in the chosen environment, and in every one that some file has an overlay for.
    """
    chosen = _load(project, project.settings.environment)
    others = sorted(_overlaid_environments(chosen.flows) - {project.settings.environment or ""})
    repositories = [chosen, *(_load(project, environment) for environment in others)]
    problems = {problem for each in repositories for problem in (*each.problems, *validate.check_all(each.flows))}
    if patterns:
        files = {flow.file for flow in select(chosen.flows, patterns)}
        problems = {*chosen.problems, *(each for each in problems if each.location.file in files)}
    return tuple(sorted(problems, key=lambda problem: problem.sort_key))


def _load(project: Project, environment: str | None) -> load.Repository:
    return load.load_flows(project.base, project.flows_directory, environment)


def _overlaid_environments(flows: Iterable[Flow]) -> set[str]:
    """The environments that files have overlays for."""
    stated = (flow.source.value.get("environments") for flow in flows if isinstance(flow.source.value, dict))
    return {name for overlays in stated if isinstance(overlays, dict) for name in overlays}


def load_selection(project: Project, patterns: Sequence[str]) -> Selection:
    """Read and validate every file, then pick those that the patterns name.

    Raises InvalidFilesError when any file has an error, selected or not: a plan stands on files that
    are right as a whole.
    """
    repository = _load(project, project.settings.environment)
    problems = [*repository.problems, *validate.check_all(repository.flows)]
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError(
            "The files cannot be planned as they are.", sorted(errors, key=lambda each: each.sort_key)
        )
    chosen = select(repository.flows, patterns)
    slugs = frozenset(flow.slug for flow in repository.flows)
    return Selection(tuple(chosen), slugs, tuple(patterns), tuple(problems))


def select(flows: Sequence[Flow], patterns: Sequence[str]) -> list[Flow]:
    """The flows whose slug a pattern matches (all without patterns). Raises UsageError for one that matches none."""
    for pattern in patterns:
        if not any(fnmatchcase(flow.slug, pattern) for flow in flows):
            raise _no_match(pattern, flows)
    return [flow for flow in flows if not patterns or any(fnmatchcase(flow.slug, pattern) for pattern in patterns)]


def _no_match(pattern: str, flows: Iterable[Flow]) -> UsageError:
    if _PATTERN_CHARACTERS & set(pattern):
        return UsageError(f"No flow file matches {config.shown(pattern)}.")
    close = config.closest(pattern, tuple(flow.slug for flow in flows))
    return UsageError(
        f"There is no flow file for {config.shown(pattern)}.", hint=f"Did you mean {close}?" if close else None
    )


def fetch(reader: FlowReader, access: Access, flows: Iterable[Flow], map_: Map) -> Listing:
    """All live rows, with a look-up by slug for every file's flow that the list lacks."""
    listing = live.list_flows(reader, access, map_)
    return live.find_missing(reader, listing, [flow.slug for flow in flows], map_)


def make_plan(project: Project, selection: Selection, listing: Listing, api_url: str) -> Plan:
    """The plan for the selected flows. Live flows of files that were not selected are left out of it."""
    rows = [row for row in listing.rows if selection.concerns(row.slug)]
    return plan.build_plan(
        selection.flows,
        live.rows_by_slug(rows),
        environment=project.settings.environment,
        api_url=api_url,
        target=project.settings.target,
        also_managed=selection.all_slugs,
    )


def list_flows(made: Plan, listing: Listing) -> tuple[ListedFlow, ...]:
    """One line for every live flow and every file, sorted by slug, from a plan and what it was made of."""
    return tuple(sorted(_listed(made, listing), key=lambda line: line.slug))


def _listed(made: Plan, listing: Listing) -> Iterator[ListedFlow]:
    rows = {(row.slug, row.id): row for row in listing.rows}
    for change in made.changes:
        yield _listed_row(rows[change.slug, change.id], change.file, ListState.DIFFERS)
    for unchanged in made.unchanged:
        yield _listed_row(rows[unchanged.slug, unchanged.id], unchanged.file, ListState.IN_STEP)
    for unmanaged in made.unmanaged:
        yield _listed_row(rows[unmanaged.slug, unmanaged.id], None, ListState.UNMANAGED)
    for blocked in made.blocked:
        yield ListedFlow(blocked.slug, blocked.file, None, None, None, None, ListState.BLOCKED)


def _listed_row(row: LiveFlow, file: str | None, state: ListState) -> ListedFlow:
    name = row.fields.get("name")
    return ListedFlow(row.slug, file, row.id, row.version, row.status, name if isinstance(name, str) else None, state)
