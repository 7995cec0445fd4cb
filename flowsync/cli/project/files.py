"""The flow files: reads, validates and selects them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Final, TypeVar

from flowsync import validate
from flowsync.errors import InvalidFilesError, UsageError
from flowsync.flows.files import ENDINGS, FlowFile, Repository, in_environments
from flowsync.model import Flow, Problem, Severity
from flowsync.text import closest, excerpt

if TYPE_CHECKING:
    from flowsync.cli.project import Project
    from flowsync.config import Level


Named = TypeVar("Named", Flow, FlowFile)
UNPLANNABLE: Final = "The files cannot be planned as they are."
_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Selection:
    """The flows that a command works on, out of all in the files (`every`).

    `errors` are about what files would send: whether a plan writes that depends on the live flows.
    """

    flows: tuple[Flow, ...]
    patterns: tuple[str, ...]
    warnings: tuple[Problem, ...]
    every: tuple[Flow, ...]
    errors: tuple[Problem, ...] = ()

    def includes(self, slug: str) -> bool:
        """Whether the flow with this slug is selected."""
        return not self.patterns or matches(slug, self.patterns)


def matches(slug: str, patterns: Iterable[str]) -> bool:
    """Whether any of the slugs or globs matches."""
    return any(fnmatchcase(slug, pattern) for pattern in patterns)


def plain_slugs(patterns: Iterable[str]) -> list[str]:
    """Those slugs and globs that are slugs."""
    return [pattern for pattern in patterns if not _PATTERN_CHARACTERS & set(pattern)]


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
    """The top of the repository, and the problems with files named relative to it, as GitHub names them.

    Outside of a repository that is the project's own directory.
    """
    from flowsync import git  # noqa: PLC0415 - 9 ms; validating for a terminal needs no git

    prefix = git.prefix(project.base)
    moved = tuple(
        replace(each, location=replace(each.location, file=normpath(prefix + each.location.file))) for each in problems
    )
    return project.base.joinpath(*[".."] * prefix.count("/")), moved


def top_of(project: Project) -> Path:
    """The top of the repository, relative to where the command was started; that place itself without a repository."""
    return named_from_top(project, ())[0]


def levels(project: Project) -> Mapping[str, Level]:
    """The levels that flowsync.yaml sets for rules. Raises InvalidFilesError if it names one that cannot be set."""
    wrong = [
        Problem(each.location, Severity.ERROR, "invalid-setting", f"{complaint[0]}.", complaint[1])
        for each in project.settings.rule_levels
        if (complaint := validate.level_complaint(each.code, each.level)) is not None
    ]
    if wrong:
        raise InvalidFilesError("The rules in the configuration are invalid.", wrong)
    return {each.code: each.level for each in project.settings.rule_levels}


def load_readable(project: Project) -> Repository:
    """The flows of all files; nothing is validated. Raises InvalidFilesError for files that cannot be read as flows."""
    repository = project.load()
    if repository.problems:
        raise InvalidFilesError("Some files cannot be read as flows.", repository.problems)
    return repository


def load_selection(project: Project, patterns: Sequence[str]) -> Selection:
    """Read and validate every file, then select those that the patterns match.

    Raises InvalidFilesError when a file cannot be read, or has an error that is not about what it sends, selected or
    not: no plan can be made of it.
    """
    from flowsync.plan.findings import about_files  # noqa: PLC0415 - `validate` plans nothing, and begins 30 ms sooner

    repository = project.load()
    found = [*repository.problems, *validate.check_all(repository.flows, repository.unread)]
    problems, _ = validate.govern(filter(is_settled, found), repository.flows, levels(project))
    errors = tuple(problem for problem in problems if problem.severity is Severity.ERROR)
    if about_files(errors, repository.flows):
        refuse_errors(errors, UNPLANNABLE)
    named = slugs_of(project, patterns)
    chosen = tuple(select(repository.flows, named))
    warnings = tuple(problem for problem in problems if problem.severity is Severity.WARNING)
    return Selection(chosen, named, warnings, repository.flows, errors)


def refuse_errors(problems: Iterable[Problem], message: str) -> None:
    """Raise InvalidFilesError if any problem is an error."""
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise InvalidFilesError(message, sorted(errors, key=lambda each: each.sort_key))


def is_settled(problem: Problem) -> bool:
    """Whether the files alone decide a problem. Whether a flow without a file exists, only the live flows tell."""
    return problem.code != validate.UNKNOWN_FLOW


def select(flows: Sequence[Named], patterns: Sequence[str]) -> list[Named]:
    """The flows, or their files, whose slug a pattern matches (all without patterns).

    Raises UsageError for a pattern that matches none.
    """
    slugs = tuple(flow.slug for flow in flows)
    for pattern in patterns:
        if any(fnmatchcase(slug, pattern) for slug in slugs):
            continue
        if not plain_slugs([pattern]):
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


def example_among(missing: Collection[str]) -> str | None:
    """The slug of `init`'s example if it is among the slugs of files without a live flow; else None."""
    if not missing:
        return None
    from flowsync.templates import EXAMPLE  # noqa: PLC0415 - takes 13 ms, for a flow that is seldom missing

    return EXAMPLE if EXAMPLE in missing else None


def example_hint(missing: Collection[str]) -> str | None:
    """What to do about the example if it is among the slugs of files without a live flow; else None."""
    example = example_among(missing)
    return example and f"{example} is the example that flowsync init wrote: delete its file."


def is_untouched_example(slug: str, text: str) -> bool:
    """Whether a file is the example of `init` as it was written, but for the line that names its schema."""
    if not slug.startswith("flowsync_"):
        return False
    from flowsync.templates import EXAMPLE, example  # noqa: PLC0415 - as above

    return slug == EXAMPLE and text.partition("\n")[2] == example()
