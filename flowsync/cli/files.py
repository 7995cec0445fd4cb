"""Reading and validating the flow files, and picking those that a command line names."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from posixpath import basename, normpath
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from flowsync import config, document, git, validate
from flowsync.api.endpoints import rows_by_slug
from flowsync.closeness import closest
from flowsync.errors import DocumentError, GitError, InvalidFilesError, UsageError
from flowsync.flows.expressions import flow_of_rows, referenced_slugs
from flowsync.flows.files import ENDINGS, FlowFile, flow_from_bytes, in_environments
from flowsync.model import Flow, Problem, Severity
from flowsync.plan.base import Base
from flowsync.targeting.references import KnownFlow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.project import Project
    from flowsync.config import Level, RuleLevel
    from flowsync.flows.files import Repository
    from flowsync.git import Entry


class HasSlug(Protocol):
    """A flow, or a file of one."""

    @property
    def slug(self) -> str:
        """What patterns are matched with."""


Named = TypeVar("Named", bound=HasSlug)
_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Selection:
    """The flows a command works on, out of all that the files hold (`every`)."""

    flows: tuple[Flow, ...]
    all_slugs: frozenset[str]
    patterns: tuple[str, ...]
    warnings: tuple[Problem, ...]
    every: tuple[Flow, ...]

    def concerns(self, slug: str) -> bool:
        """Whether a live flow is within what was selected: a selected file's, or one without a file."""
        if not self.patterns:
            return True
        return any(fnmatchcase(slug, pattern) for pattern in self.patterns)


def check_files(project: Project, patterns: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Every problem of the flow files, sorted: those of reading and those of validation.

    Each file is judged as it is in the chosen environment, and in every one that some file has an overlay for.
    """
    chosen = _load(project, project.settings.environment)
    others = sorted(_overlaid_environments(chosen.flows) - {project.settings.environment or ""})
    seen = [chosen.flows, *in_environments(chosen.flows, others)]
    found = {*chosen.problems, *validate.check_environments(seen, chosen.unread)}
    remaining, unused = validate.govern(found, chosen.flows, levels(project))
    problems = {*remaining, *unused}
    every = _files(project) if patterns else []
    if every:
        files = {file.name for file in select(every, slugs_of(project, patterns))}
        problems = {*chosen.problems, *(each for each in problems if each.location.file in files)}
    return tuple(sorted(problems, key=lambda problem: problem.sort_key))


def _files(project: Project) -> list[FlowFile]:
    """Every flow file, readable or not."""
    found = project.flow_files()
    return [each for each in found if isinstance(each, FlowFile)]


def named_from_top(project: Project, problems: Iterable[Problem]) -> tuple[Path, tuple[Problem, ...]]:
    """The top of the repository, and the problems with their files named from there, as GitHub names them.

    Outside of a repository that is the project's own directory.
    """
    from flowsync import git  # noqa: PLC0415 - most formats need no repository

    prefix = git.prefix(project.base)
    top = project.base.joinpath(*[".."] * prefix.count("/"))
    return top, tuple(_under(prefix, problem) for problem in problems)


def _under(prefix: str, problem: Problem) -> Problem:
    file = normpath(prefix + problem.location.file)
    return replace(problem, location=replace(problem.location, file=file))


def levels(project: Project) -> Mapping[str, Level]:
    """The levels that flowsync.yaml sets for rules. Raises InvalidFilesError where it names one that cannot be set."""
    wrong = [problem for each in project.settings.rule_levels for problem in _level_problems(each)]
    if wrong:
        raise InvalidFilesError("The rules in the configuration cannot be used as they are.", wrong)
    return {each.code: each.level for each in project.settings.rule_levels}


def _level_problems(setting: RuleLevel) -> Iterator[Problem]:
    complaint = validate.level_complaint(setting.code, setting.level)
    if complaint is not None:
        message, hint = complaint
        yield Problem(setting.location, Severity.ERROR, "invalid-setting", f"{message}.", hint)


def readable_flows(project: Project) -> tuple[Flow, ...]:
    """The flows of all files that can be read, right or not; none where there are no files."""
    return _load(project, project.settings.environment).flows


def _load(project: Project, environment: str | None) -> Repository:
    return project.load_flows(environment)


def _judged(repository: Repository) -> tuple[Problem, ...]:
    return validate.check_all(repository.flows, repository.unread)


def load_all(project: Project) -> Repository:
    """What the files hold in the chosen environment, readable or not; nothing is validated."""
    return _load(project, project.settings.environment)


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
    found = [*repository.problems, *_judged(repository)]
    problems, _ = validate.govern(filter(is_settled, found), repository.flows, levels(project))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError(
            "The files cannot be planned as they are.", sorted(errors, key=lambda each: each.sort_key)
        )
    named = slugs_of(project, patterns)
    chosen = select(repository.flows, named)
    slugs = frozenset(flow.slug for flow in repository.flows)
    return Selection(tuple(chosen), slugs, named, tuple(problems), repository.flows)


def is_settled(problem: Problem) -> bool:
    """Whether the files alone decide it. Whether a flow without a file exists, only the live flows tell."""
    return problem.code != validate.UNKNOWN_FLOW


def select(flows: Sequence[Named], patterns: Sequence[str]) -> list[Named]:
    """The flows, or their files, whose slug a pattern matches (all without patterns).

    Raises UsageError for a pattern that matches none.
    """
    for pattern in patterns:
        if not any(fnmatchcase(flow.slug, pattern) for flow in flows):
            raise _no_match(pattern, flows)
    return [flow for flow in flows if not patterns or any(fnmatchcase(flow.slug, pattern) for pattern in patterns)]


def _no_match(pattern: str, flows: Iterable[HasSlug]) -> UsageError:
    if _PATTERN_CHARACTERS & set(pattern):
        return UsageError(f"No flow file matches {config.shown(pattern)}.")
    close = closest(pattern, tuple(flow.slug for flow in flows))
    return UsageError(
        f"There is no flow file for {config.shown(pattern)}.", hint=f"Did you mean {close}?" if close else None
    )


def slugs_of(project: Project, arguments: Iterable[str]) -> tuple[str, ...]:
    """The slugs and globs that the arguments of a command mean. Paths are relative to where it runs (-C).

    A path that ends as a flow file's does means the flow of that name, whether the file exists or not: a pull may be
    what makes it. A name without a folder is taken for one in the flows directory. Raises UsageError for a path that
    leads elsewhere.
    """
    return tuple(slug for argument in arguments for slug in _slugs(project, argument))


def _slugs(project: Project, argument: str) -> Iterator[str]:
    name = os.path.normpath(argument.replace("\\", "/"))
    path = Path(os.path.abspath(project.base / name))  # noqa: PTH100 - links are resolved below, `..` is not to be
    if name.lower().endswith(ENDINGS):
        is_elsewhere = (os.path.dirname(name) or path.exists()) and not _is_inside(project, path.parent)  # noqa: PTH120
        if is_elsewhere and (project.home / project.settings.flows).is_dir():
            raise _elsewhere(project, argument, path.stem)
        yield escape(path.stem) if path.is_file() else path.stem
    elif path.is_dir() and _is_inside(project, path):
        yield from _slugs_below(project, argument, path)
    else:
        yield argument


def _is_inside(project: Project, folder: Path) -> bool:
    return folder.resolve().is_relative_to((project.home / project.settings.flows).resolve())


def _slugs_below(project: Project, argument: str, folder: Path) -> Iterator[str]:
    found = project.flow_files()
    files = [each for each in found if isinstance(each, FlowFile)]
    inside = [each.slug for each in files if each.path.resolve().is_relative_to(folder.resolve())]
    if not inside:
        raise UsageError(f"There is no flow file in {config.shown(argument)}.")
    is_slug = any(each.slug == argument for each in files)
    yield from [argument] if is_slug else map(escape, inside)


def _elsewhere(project: Project, argument: str, slug: str) -> UsageError:
    flows = project.flows_directory
    return UsageError(
        f"{config.shown(argument)} is not in {config.shown(flows)}, where the flow files are.",
        hint=f"A flow is named by its slug, such as {slug}, or by the path of its file.",
    )


def check_references(project: Project, selection: Selection, listing: Listing) -> tuple[Problem, ...]:
    """The warnings about the selected flows that the files alone did not tell, now that it is known what is live.

    Raises InvalidFilesError when a flow refers to another that is neither live nor among the files (unless the
    project's rules say otherwise): it would be shown to nobody. `listing` holds every flow referred to that exists
    (see `fetch`).
    """
    found = validate.check_live(selection.flows, _known(selection, listing), selection.every)
    told = {(each.location, each.code) for each in selection.warnings}
    fresh = [problem for problem in found if (problem.location, problem.code) not in told]
    problems, _ = validate.govern(fresh, selection.flows, levels(project))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError("The files refer to what is neither in the files nor live.", errors)
    return problems


def _known(selection: Selection, listing: Listing) -> Mapping[str, KnownFlow]:
    """The live flows by slug, with the steps of those that expressions speak of and whose files state none."""
    rows = rows_by_slug(listing.rows)
    stated = {flow.slug for flow in selection.every if "data" in flow.fields}
    spoken_of = {slug for flow in selection.flows for slug in referenced_slugs(flow)} - stated
    return {slug: flow_of_rows(rows[slug]) if slug in spoken_of else KnownFlow() for slug in rows}


DEFAULT_FOLDER: Final = "flows"


def read_base(project: Project, flows: Iterable[Flow], revision: str) -> Base:
    """Return what the files of `flows` were at `revision`, wherever in the flows directory they lay: the slug decides.

    The directory is the one that the configuration file named then; where there was none, the whole project may have
    been moved. Raises GitError where the project is in no repository, the revision is not in this clone, or the
    directory was a link or a submodule then.
    """
    commit = git.commit_of(project.home, revision)
    below = _entries(project, commit)
    found = _by_slug(below)
    hidden = {f"{name}/" for name, entry in below.items() if not entry.is_file}
    wanted = {flow.slug: flow for flow in flows if flow.slug in found or _is_behind(project, flow, hidden)}
    same = {slug: flow for slug, flow in wanted.items() if _is_same(flow, found.get(slug, []))}
    readable = {slug: found[slug] for slug in wanted if slug not in same and _is_file(found.get(slug, []))}
    read = _read(project, readable)
    return Base(
        commit,
        {**same, **{slug: flow for slug, flow in read.items() if flow is not None}},
        frozenset(slug for slug in wanted if slug not in same and read.get(slug) is None),
    )


def _entries(project: Project, commit: str) -> Mapping[str, Entry]:
    """Return what lay in the flows directory as it was named then, else as it is named now, else what was moved."""
    for folder in dict.fromkeys((_folder(project, commit), project.settings.flows)):
        entries = git.entries(project.home, commit, folder)
        if "" in entries and not entries[""].is_file:
            raise GitError(
                f"At the base {folder} is a link or a submodule, and what is behind it cannot be told from here.",
                hint="Let flows in flowsync.yaml name the directory itself, or run flowsync in the submodule.",
            )
        if any(_is_named_as_flow(name) or not entry.is_file for name, entry in entries.items()):
            return entries
    return _moved(project, commit)


def _is_behind(project: Project, flow: Flow, hidden: Iterable[str]) -> bool:
    """Whether the file is now in a directory that was a link or a submodule then."""
    name = os.path.relpath(project.base / flow.file, project.home / project.settings.flows).replace(os.sep, "/")
    return name.startswith(tuple(hidden))


def _moved(project: Project, commit: str) -> Mapping[str, Entry]:
    """Return the files of the whole repository that are not where they were, by their names from its top.

    What still is there was copied at the most, and is another project's.
    """
    up = "../" * git.prefix(project.home).count("/") or "."
    return {
        name: entry
        for name, entry in git.entries(project.home, commit, up).items()
        if _is_named_as_flow(name) and not os.path.lexists(project.home / up / name)
    }


def _folder(project: Project, commit: str) -> str:
    """Return the flows directory as the configuration named it then; as now, where that cannot be told."""
    for name in dict.fromkeys((*project.config_names, *_also_named(project))):
        entry = git.entries(project.home, commit, name).get("")
        if entry is not None:
            content = git.contents(project.home, [entry.id])[0] if entry.is_file else b"a link"
            return _configured(content, project.settings.flows)
    return DEFAULT_FOLDER


def _also_named(project: Project) -> tuple[str, ...]:
    """Return what the configuration file may have been called then, where it has one of the usual names now."""
    return config.FILE_NAMES if set(project.config_names) <= set(config.FILE_NAMES) else ()


def _configured(content: bytes, otherwise: str) -> str:
    try:
        value = document.read(content, "flowsync.yaml").value
    except DocumentError:
        return otherwise
    folder = value.get("flows", DEFAULT_FOLDER) if isinstance(value, dict) else DEFAULT_FOLDER
    return folder if isinstance(folder, str) else otherwise


NamedFile = list[tuple[str, "Entry"]]
"""The files of one slug: their names below the flows directory, and what they are."""


def _by_slug(entries: Mapping[str, Entry]) -> Mapping[str, NamedFile]:
    found: dict[str, NamedFile] = {}
    for name, entry in entries.items():
        if _is_named_as_flow(name):
            found.setdefault(basename(name).rpartition(".")[0], []).append((name, entry))
    return found


def _is_named_as_flow(name: str) -> bool:
    is_hidden = any(part.startswith(".") for part in name.split("/"))
    return not is_hidden and name.endswith(ENDINGS)


def _is_file(named: NamedFile) -> bool:
    """Whether there is exactly one file, and it is no link."""
    return len(named) == 1 and named[0][1].is_file


def _is_same(flow: Flow, named: NamedFile) -> bool:
    """Whether the file has not changed at all, and so need not be read."""
    return _is_file(named) and git.content_id(flow.source.text.encode(), named[0][1].id) == named[0][1].id


def _read(project: Project, wanted: Mapping[str, NamedFile]) -> dict[str, Flow | None]:
    """Return the flow of each slug; None where the file holds none that can be compared with."""
    contents = git.contents(project.home, [named[0][1].id for named in wanted.values()])
    environment = project.settings.environment
    return {
        slug: _comparable(flow_from_bytes(content, FlowFile(Path(), named[0][0]), environment))
        for (slug, named), content in zip(wanted.items(), contents, strict=True)
    }


def _comparable(read: object) -> Flow | None:
    """Return the flow, unless its data is text that cannot be read."""
    return read if isinstance(read, Flow) and not isinstance(read.fields.get("data"), str) else None
