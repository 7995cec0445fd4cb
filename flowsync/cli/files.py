"""The flow files: read, validated, those that a command line names, and what they were at a revision of git."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from posixpath import basename, normpath
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync import config, document, git, validate
from flowsync.api.endpoints import rows_by_slug
from flowsync.errors import DocumentError, GitError, InvalidFilesError, UsageError
from flowsync.flows.expressions import flow_of_rows, referenced_slugs
from flowsync.flows.files import ENDINGS, FlowFile, flow_from_bytes, in_environments
from flowsync.model import Flow, Problem, Severity
from flowsync.plan.base import Base
from flowsync.targeting.references import KnownFlow
from flowsync.text import closest, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.project import Project
    from flowsync.config import Level
    from flowsync.flows.files import Repository
    from flowsync.git import Entry


Named = TypeVar("Named", Flow, FlowFile)
PATTERN_CHARACTERS: Final = frozenset("*?[")
DEFAULT_FOLDER: Final = "flows"


@dataclass(frozen=True, slots=True)
class Selection:
    """The flows a command works on, out of all that the files hold (`every`)."""

    flows: tuple[Flow, ...]
    patterns: tuple[str, ...]
    warnings: tuple[Problem, ...]
    every: tuple[Flow, ...]


def matches(slug: str, patterns: Iterable[str]) -> bool:
    """Whether one of the slugs or globs matches."""
    return any(fnmatchcase(slug, pattern) for pattern in patterns)


def check_files(project: Project, patterns: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Every problem of the flow files, sorted: those of reading and those of validation.

    Each file is judged as it is in the chosen environment, and in every one that some file has an overlay for.
    """
    chosen = project.load()
    stated = (flow.source.value.get("environments") for flow in chosen.flows if isinstance(flow.source.value, dict))
    overlaid = {name for overlays in stated if isinstance(overlays, dict) for name in overlays}
    others = sorted(overlaid - {project.settings.environment or ""})
    seen = [chosen.flows, *in_environments(chosen.flows, others)]
    found = {*chosen.problems, *validate.check_environments(seen, chosen.unread)}
    remaining, unused = validate.govern(found, chosen.flows, levels(project))
    problems = {*remaining, *unused}
    every = [each for each in project.flow_files() if isinstance(each, FlowFile)] if patterns else []
    if every:
        files = {file.name for file in select(every, slugs_of(project, patterns))}
        problems = {*chosen.problems, *(each for each in problems if each.location.file in files)}
    return tuple(sorted(problems, key=lambda problem: problem.sort_key))


def named_from_top(project: Project, problems: Iterable[Problem]) -> tuple[Path, tuple[Problem, ...]]:
    """The top of the repository, and the problems with their files named from there, as GitHub names them.

    Outside of a repository that is the project's own directory.
    """
    prefix = git.prefix(project.base)
    moved = tuple(
        replace(each, location=replace(each.location, file=normpath(prefix + each.location.file))) for each in problems
    )
    return top_of(project), moved


def top_of(project: Project) -> Path:
    """The top of the repository, from where the command was started; that place itself outside of a repository."""
    return project.base.joinpath(*[".."] * git.prefix(project.base).count("/"))


def levels(project: Project) -> Mapping[str, Level]:
    """The levels that flowsync.yaml sets for rules. Raises InvalidFilesError where it names one that cannot be set."""
    wrong = [
        Problem(each.location, Severity.ERROR, "invalid-setting", f"{complaint[0]}.", complaint[1])
        for each in project.settings.rule_levels
        if (complaint := validate.level_complaint(each.code, each.level)) is not None
    ]
    if wrong:
        raise InvalidFilesError("The rules in the configuration cannot be used as they are.", wrong)
    return {each.code: each.level for each in project.settings.rule_levels}


def load_readable(project: Project) -> Repository:
    """What the files hold; nothing is validated. Raises InvalidFilesError for files that cannot be read as flows."""
    repository = project.load()
    if repository.problems:
        raise InvalidFilesError("Some files cannot be read as flows.", repository.problems)
    return repository


def load_selection(project: Project, patterns: Sequence[str]) -> Selection:
    """Read and validate every file, then pick those that the patterns name.

    Raises InvalidFilesError when any file has an error, selected or not: a plan is made of files that
    are right as a whole.
    """
    repository = project.load()
    found = [*repository.problems, *validate.check_all(repository.flows, repository.unread)]
    problems, _ = validate.govern(filter(is_settled, found), repository.flows, levels(project))
    refuse_errors(problems, "The files cannot be planned as they are.")
    named = slugs_of(project, patterns)
    chosen = tuple(select(repository.flows, named))
    return Selection(chosen, named, tuple(problems), repository.flows)


def refuse_errors(problems: Iterable[Problem], message: str) -> None:
    """Raise InvalidFilesError with the problems that are errors, where there are any."""
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError(message, sorted(errors, key=lambda each: each.sort_key))


def is_settled(problem: Problem) -> bool:
    """Whether the files alone decide it. Whether a flow without a file exists, only the live flows tell."""
    return problem.code != validate.UNKNOWN_FLOW


def check_references(project: Project, selection: Selection, listing: Listing) -> tuple[Problem, ...]:
    """The warnings about the selected flows that the files alone did not give, now that it is known what is live.

    Raises InvalidFilesError when a flow refers to another that is neither live nor among the files (unless the
    project's rules say otherwise): it would be shown to nobody. `listing` holds every flow referred to that exists
    (see `planning.concerned_slugs`).
    """
    rows = rows_by_slug(listing.rows)
    stating_steps = {flow.slug for flow in selection.every if "data" in flow.fields}
    referred = {slug for flow in selection.flows for slug in referenced_slugs(flow)} - stating_steps
    known = {slug: flow_of_rows(rows[slug]) if slug in referred else KnownFlow() for slug in rows}
    found = validate.check_live(selection.flows, known, selection.every)
    reported = {(each.location, each.code) for each in selection.warnings}
    added = [problem for problem in found if (problem.location, problem.code) not in reported]
    problems, _ = validate.govern(added, selection.flows, levels(project))
    refuse_errors(problems, "The files refer to what is neither in the files nor live.")
    return tuple(problems)


def select(flows: Sequence[Named], patterns: Sequence[str]) -> list[Named]:
    """The flows, or their files, whose slug a pattern matches (all without patterns).

    Raises UsageError for a pattern that matches none.
    """
    slugs = tuple(flow.slug for flow in flows)
    for pattern in patterns:
        if any(fnmatchcase(slug, pattern) for slug in slugs):
            continue
        if PATTERN_CHARACTERS & set(pattern):
            raise UsageError(f"No flow file matches {excerpt(pattern)}.")
        close = closest(pattern, slugs)
        hint = f"Did you mean {close}?" if close else None
        raise UsageError(f"There is no flow file for {excerpt(pattern)}.", hint=hint)
    return [flow for flow in flows if not patterns or matches(flow.slug, patterns)]


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
    flows = (project.home / project.settings.flows).resolve()
    if name.lower().endswith(ENDINGS):
        is_path = bool(os.path.dirname(name)) or path.exists()  # noqa: PTH120
        if is_path and not path.parent.resolve().is_relative_to(flows) and flows.is_dir():
            where = excerpt(project.flows_directory)
            raise UsageError(
                f"{excerpt(argument)} is not in {where}, where the flow files are.",
                hint=f"A flow is named by its slug, such as {path.stem}, or by the path of its file.",
            )
        yield escape(path.stem) if path.is_file() else path.stem
    elif path.is_dir() and path.resolve().is_relative_to(flows):
        files = [each for each in project.flow_files() if isinstance(each, FlowFile)]
        inside = [each.slug for each in files if each.path.resolve().is_relative_to(path.resolve())]
        if not inside:
            raise UsageError(f"There is no flow file in {excerpt(argument)}.")
        is_slug = any(each.slug == argument for each in files)
        yield from [argument] if is_slug else map(escape, inside)
    else:
        yield argument


_NamedEntries = list[tuple[str, "Entry"]]
"""The files of one slug at a revision: their names below the flows directory, and what they are."""


def read_base(project: Project, flows: Iterable[Flow], revision: str) -> Base:
    """What the files of `flows` were at `revision`, wherever in the flows directory they were: the slug decides.

    The directory is the one that the configuration file named then; where there was none, the whole project may have
    been moved. Raises GitError where the project is in no repository, the revision is not in this clone, or the
    directory was a link or a submodule then.
    """
    commit = git.commit_of(project.home, revision)
    entries = _entries(project, commit)
    found: dict[str, _NamedEntries] = {}
    for name, entry in entries.items():
        if _is_flow_file(name):
            found.setdefault(basename(name).rpartition(".")[0], []).append((name, entry))
    hidden = tuple(f"{name}/" for name, entry in entries.items() if not entry.is_file)
    directory = project.home / project.settings.flows
    known: dict[str, Flow] = {}
    unreadable: set[str] = set()
    changed: dict[str, tuple[str, Entry]] = {}
    for flow in flows:
        named = found.get(flow.slug, [])
        if len(named) == 1 and named[0][1].is_file:
            is_same = git.content_id(flow.source.text.encode(), named[0][1].id) == named[0][1].id
            if is_same:
                known[flow.slug] = flow
            else:
                changed[flow.slug] = named[0]
        elif named or os.path.relpath(project.base / flow.file, directory).replace(os.sep, "/").startswith(hidden):
            unreadable.add(flow.slug)  # several files, a link, or behind a directory that was a link or a submodule
    contents = git.contents(project.home, [entry.id for _, entry in changed.values()])
    for (slug, (name, _)), content in zip(changed.items(), contents, strict=True):
        flow_then = flow_from_bytes(content, FlowFile(Path(), name), project.settings.environment)
        if isinstance(flow_then, Flow) and not isinstance(flow_then.fields.get("data"), str):
            known[slug] = flow_then
        else:
            unreadable.add(slug)
    return Base(commit, known, frozenset(unreadable))


def _entries(project: Project, commit: str) -> Mapping[str, Entry]:
    """What was in the flows directory as it was named then, else as it is named now, else what was moved."""
    for folder in dict.fromkeys((_folder(project, commit), project.settings.flows)):
        entries = git.entries(project.home, commit, folder)
        if "" in entries and not entries[""].is_file:
            raise GitError(
                f"At the base {folder} is a link or a submodule, and what is behind it cannot be seen from here.",
                hint="Let flows in flowsync.yaml name the directory itself, or run flowsync in the submodule.",
            )
        if any(_is_flow_file(name) or not entry.is_file for name, entry in entries.items()):
            return entries
    # The files of the whole repository that are not where they were, by their names from its top.
    # What still is there was copied at the most, and is another project's.
    up = "../" * git.prefix(project.home).count("/") or "."
    return {
        name: entry
        for name, entry in git.entries(project.home, commit, up).items()
        if _is_flow_file(name) and not os.path.lexists(project.home / up / name)
    }


def _folder(project: Project, commit: str) -> str:
    """The flows directory as the configuration named it then; as now, where that cannot be told."""
    names = project.config_names
    usual = config.FILE_NAMES if set(names) <= set(config.FILE_NAMES) else ()  # it may have had another of these
    for name in dict.fromkeys((*names, *usual)):
        entry = git.entries(project.home, commit, name).get("")
        if entry is None:
            continue
        content = git.contents(project.home, [entry.id])[0] if entry.is_file else b"a link"
        try:
            value = document.read(content, "flowsync.yaml").value
        except DocumentError:
            return project.settings.flows
        folder = value.get("flows", DEFAULT_FOLDER) if isinstance(value, dict) else DEFAULT_FOLDER
        return folder if isinstance(folder, str) else project.settings.flows
    return DEFAULT_FOLDER


def _is_flow_file(name: str) -> bool:
    return name.endswith(ENDINGS) and not any(part.startswith(".") for part in name.split("/"))
