"""Reading and validating the flow files, and picking those that a command line names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from posixpath import normpath
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from flowsync import config, load, validate
from flowsync.closeness import closest
from flowsync.errors import InvalidFilesError, UsageError
from flowsync.model import Problem, Severity
from flowsync.pipeline.naming import slugs_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from flowsync.config import Level, RuleLevel
    from flowsync.model import Flow
    from flowsync.pipeline.project import Project


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
    seen = [chosen.flows, *load.in_environments(chosen.flows, others)]
    found = {*chosen.problems, *validate.check_environments(seen, chosen.unread)}
    remaining, unused = validate.govern(found, chosen.flows, levels(project))
    problems = {*remaining, *unused}
    every = _files(project) if patterns else []
    if every:
        files = {file.name for file in select(every, slugs_of(project, patterns))}
        problems = {*chosen.problems, *(each for each in problems if each.location.file in files)}
    return tuple(sorted(problems, key=lambda problem: problem.sort_key))


def _files(project: Project) -> list[load.FlowFile]:
    """Every flow file, readable or not."""
    found = project.flow_files()
    return [each for each in found if isinstance(each, load.FlowFile)]


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


def _load(project: Project, environment: str | None) -> load.Repository:
    return project.load_flows(environment)


def _judged(repository: load.Repository) -> tuple[Problem, ...]:
    return validate.check_all(repository.flows, repository.unread)


def load_all(project: Project) -> load.Repository:
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
