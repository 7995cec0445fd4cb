"""Live flows to files: which flows, to which files, and which of those may be touched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import click

from flowsync import config, git, validate
from flowsync.api.endpoints import rows_by_slug
from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose
from flowsync.cli.commands.fmt import FILE_ORDER
from flowsync.cli.commands.init import example_hint
from flowsync.cli.connection import Purpose, connect, fetch_slugs
from flowsync.cli.files import is_settled, levels, slugs_of
from flowsync.cli.options import Api, global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import Progress, screen_of_stderr, screen_of_stdout, write_note, write_result, write_sentence
from flowsync.cli.project import modeline, open_project
from flowsync.cli.writing import remember_versions, write_pulled
from flowsync.closeness import closest
from flowsync.document.formatting import formatted
from flowsync.errors import DocumentError, ExitCode, InvalidFilesError, RefusedError, UsageError
from flowsync.flows.files import FlowFile, file_named
from flowsync.model import Severity, Target
from flowsync.pull.new_files import folded, folder_for, name_complaint, new_file
from flowsync.pull.results import ChangedFile, NewFile, Scope, Skipped
from flowsync.pull.updates import ExistingFile, updated
from flowsync.render import pulls
from flowsync.render.style import pulling_line, writing_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.model import Flow, LiveFlow, Problem
    from flowsync.pull.results import Pulled

_PATTERN_CHARACTERS: Final = frozenset("*?[")
Rows: TypeAlias = "Mapping[str, Sequence[LiveFlow]]"


class Arrivals(Enum):
    """What becomes of live flows without a file, beside those that are named."""

    NAMED = "only those that are named"
    ALL = "all of them"


@dataclass(frozen=True, slots=True)
class PullOrder:
    """What a command line asks for: slugs or globs (none: everything), which fields, which flows without a file."""

    patterns: tuple[str, ...]
    scope: Scope
    arrivals: Arrivals

    def names(self, slug: str) -> bool:
        """Whether a pattern matches the slug."""
        return any(fnmatchcase(slug, pattern) for pattern in self.patterns)

    @property
    def slugs(self) -> list[str]:
        """The patterns that are plain slugs, so that they can be looked up."""
        return [pattern for pattern in self.patterns if not _PATTERN_CHARACTERS & set(pattern)]


@dataclass(frozen=True, slots=True)
class PullResult:
    """What pulling comes to, by slug, and the live flows that stay without a file."""

    pulled: tuple[Pulled, ...]
    unmanaged: tuple[str, ...]

    @property
    def changes(self) -> tuple[NewFile | ChangedFile, ...]:
        """The files to be written."""
        return tuple(each for each in self.pulled if isinstance(each, NewFile | ChangedFile))


def load_files(project: Project) -> tuple[Flow, ...]:
    """The flows of all files; none where there is no file yet. Raises InvalidFilesError for files that cannot be read.

    What validation says of them is no matter here: a pull may be what mends a file.
    """
    repository = project.load_flows(project.settings.environment)
    problems = [problem for problem in repository.problems if problem.code != "no-flows"]
    if problems:
        raise InvalidFilesError("Some files cannot be read as flows.", problems)
    return repository.flows


def pull_flows(
    project: Project, order: PullOrder, flows: Sequence[Flow], listing: Listing, tell: Callable[[Pulled], object]
) -> PullResult:
    """What is to be written; each flow is told as soon as it is known.

    Raises UsageError for a pattern that matches neither a file nor a live flow.
    """
    rows = rows_by_slug(listing.rows)
    _require_matches(order, {flow.slug for flow in flows} | rows.keys())
    chosen = [flow for flow in flows if not order.patterns or order.names(flow.slug)]
    unfiled = sorted(rows.keys() - {flow.slug for flow in flows})
    takes_all = order.arrivals is Arrivals.ALL or not flows
    arriving = [slug for slug in unfiled if (order.names(slug) if order.patterns else takes_all)]
    pulled: list[Pulled] = []
    for each in chain(
        (_accepted(project, order.scope, flow, rows.get(flow.slug, ())) for flow in chosen),
        _arrivals(project, flows, {slug: rows[slug] for slug in arriving}, order),
    ):
        pulled.append(each)
        tell(each)
    staying = [slug for slug in unfiled if slug not in arriving and not order.patterns and _is_alive(rows[slug])]
    return PullResult(tuple(sorted(pulled, key=lambda each: each.slug)), tuple(staying))


def _is_alive(rows: Sequence[LiveFlow]) -> bool:
    return not all(row.is_archived or row.is_gone for row in rows)


def _require_matches(order: PullOrder, slugs: Iterable[str]) -> None:
    known = tuple(sorted(slugs))
    for pattern in order.patterns:
        if not any(fnmatchcase(slug, pattern) for slug in known):
            close = closest(pattern, known)
            raise UsageError(
                f"Neither a file nor a live flow matches {config.shown(pattern)}.",
                hint=f"Did you mean {close}?" if close else None,
            )


def _accepted(project: Project, scope: Scope, flow: Flow, rows: Sequence[LiveFlow]) -> Pulled:
    choice = choose(rows, flow.target or project.settings.target)
    if not isinstance(choice, Chosen):
        return _not_chosen(flow.slug, flow.file, choice)
    file = file_named(project.base, project.flows_directory, flow.file)
    environment = project.settings.environment
    return updated(ExistingFile(flow, file, choice.row, environment, judge(project)), scope)


def _not_chosen(
    slug: str,
    file: str | None,
    choice: NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus,
) -> Skipped:
    match choice:
        case NoSuchFlow():
            return Skipped(slug, file, "no-such-flow", "There is no live flow with this slug.", example_hint([slug]))
        case OnlyArchived():
            return Skipped(slug, file, "only-archived", "All versions of it are archived.")
        case NoSuchTarget(target):
            kind = "published version" if target is Target.ACTIVE else "draft"
            return Skipped(slug, file, "no-such-target", f"It has no {kind}, which is what `target` asks for.")
        case UnknownStatus(row):
            return Skipped(
                slug, file, "unknown-status", f"Its status is {config.shown(row.status)}, which is not known."
            )


def _arrivals(project: Project, flows: Sequence[Flow], rows: Rows, order: PullOrder) -> Iterator[Pulled]:
    taken = {folded(Path(flow.file).stem) for flow in flows}
    for slug in sorted(rows, key=lambda slug: (slug != slug.lower(), slug)):
        choice = choose(rows[slug], project.settings.target)
        complaint = name_complaint(slug)
        if not isinstance(choice, Chosen):
            if order.names(slug) or not isinstance(choice, OnlyArchived):
                yield _not_chosen(slug, None, choice)
        elif complaint is not None:
            yield Skipped(
                slug,
                None,
                "unsafe-name",
                f"Its slug cannot be the name of a file: {complaint}.",
                "A file's name is its flow's slug. Such a flow can be managed in the dashboard only.",
            )
        else:
            folder = folder_for(slug, taken)
            taken.add(folded(folder + slug))
            yield _new_file(project, choice.row, folder)


def _new_file(project: Project, row: LiveFlow, folder: str) -> NewFile:
    name = f"{project.flows_directory}/{folder}{row.slug}.yaml"
    file = FlowFile(project.base / name, name)
    note = "Another flow's name differs only by case, so this one has a folder of its own." if folder else None
    made = new_file(row, file, modeline(project, file.path), judge(project), note)
    return replace(made, text=in_form(made.text, name))


def in_form(text: str, name: str) -> str:
    """A new file as `fmt` would have it, so that the first commit is in form; as it came where that cannot be had."""
    try:
        return formatted(text, name, FILE_ORDER)
    except DocumentError:
        return text


def judge(project: Project) -> Callable[[Flow], Sequence[Problem]]:
    """The errors for which a plan would refuse a flow's file, by the project's own levels."""
    set_levels = levels(project)

    def errors(flow: Flow) -> Sequence[Problem]:
        problems, _ = validate.govern(filter(is_settled, validate.check(flow)), (flow,), set_levels)
        return [problem for problem in problems if problem.severity is Severity.ERROR]

    return errors


class Safety(Enum):
    """What can be said of a file that is to be changed."""

    COMMITTED = "git has it"
    UNCOMMITTED = "it holds what git does not have"
    NO_REPOSITORY = "there is no repository"


def overwrite_safety(changes: Iterable[NewFile | ChangedFile]) -> Mapping[str, Safety]:
    """Whether git could bring back each changed file, by the file's name; new files have nothing to lose.

    Each folder is asked about by itself: one of them may be in a repository of its own, a submodule.
    """
    folders: dict[Path, list[ChangedFile]] = {}
    for each in changes:
        if isinstance(each, ChangedFile):
            folders.setdefault(each.file.path.parent, []).append(each)
    return {name: found for folder, files in folders.items() for name, found in _safety_in(folder, files)}


def _safety_in(folder: Path, files: Sequence[ChangedFile]) -> Iterator[tuple[str, Safety]]:
    work = git.uncommitted(folder, {each.file.path.name: each.before.encode() for each in files})
    for each in files:
        if work is None:
            yield each.file.name, Safety.NO_REPOSITORY
        else:
            yield each.file.name, Safety.UNCOMMITTED if each.file.path.name in work else Safety.COMMITTED


class Writing(Enum):
    """What becomes of what was pulled: files, an exit code, or a diff."""

    FILES = "files"
    CHECK = "check"


class Shown(Enum):
    """What is shown of a pull."""

    LEDGER = "ledger"
    DIFF = "diff"


class Unsaved(Enum):
    """What to do with files that hold changes git does not have."""

    REFUSE = "refuse"
    OVERWRITE = "overwrite"


@click.command("pull")
@slugs_argument
@click.option(
    "--all-fields",
    "scope",
    flag_value=Scope.ALL,
    default=Scope.STATED,
    type=click.UNPROCESSED,
    help="Also add the fields that a file does not state.",
)
@click.option(
    "--new",
    "arrivals",
    flag_value=Arrivals.ALL,
    default=Arrivals.NAMED,
    type=click.UNPROCESSED,
    help="Also bring in every live flow that has no file.",
)
@click.option(
    "--check",
    "writing",
    flag_value=Writing.CHECK,
    default=Writing.FILES,
    type=click.UNPROCESSED,
    help="Write nothing; exit 2 when something would change.",
)
@click.option(
    "--dry-run",
    "shown",
    flag_value=Shown.DIFF,
    default=Shown.LEDGER,
    type=click.UNPROCESSED,
    help="Write nothing; show what would change as a diff.",
)
@click.option(
    "--force",
    "unsaved",
    flag_value=Unsaved.OVERWRITE,
    default=Unsaved.REFUSE,
    type=click.UNPROCESSED,
    help="Also change files with uncommitted changes; a copy of each is kept.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(pulls.FORMATS)),
    default="text",
    help="Form of the result, where it is not a diff.",
)
@sandbox_option
@global_options
@click.pass_context
def command(  # noqa: PLR0917 - click calls it by keyword
    context: click.Context,
    slugs: tuple[str, ...],
    scope: Scope,
    arrivals: Arrivals,
    writing: Writing,
    shown: Shown,
    unsaved: Unsaved,
    format_: str,
    api: Api,
) -> int:
    """Write what is live into the files: a first import, or an edit made in the dashboard.

    Where there are no files yet, every live flow gets one. Later each file takes over what differs in the fields
    that it states, edited where it stands: comments, order and style stay. SLUGs, globs or paths of files narrow
    it, and bring in live flows without a file. A file with uncommitted changes is left alone, and the exit code is
    4.
    """
    given = invocation(context)
    project = open_project(given)
    order = PullOrder(slugs_of(project, slugs), scope, arrivals)
    flows = load_files(project)
    with connect(project, flows, api, Purpose.READ, given) as connection:
        listing = fetch_slugs(connection, [*(flow.slug for flow in flows), *order.slugs], given)
    result = _pulled(project, order, flows, listing, given)
    safety = overwrite_safety(result.changes)
    refused = _refused(safety, unsaved)
    if writing is Writing.CHECK or shown is Shown.DIFF:
        _show(pulls.Pull(result.pulled, result.unmanaged, refused, None, pulls.Mood.CHECKED), shown, format_, given)
        return ExitCode.CHANGES if result.changes and writing is Writing.CHECK else ExitCode.OK
    with Progress(given).ticking(writing_line):
        copies = _write(project, result, safety, refused)
        if api is Api.REAL:
            left = {each.slug for each in result.changes if each.file.name in refused}
            taken = (each for each in result.pulled if each.slug not in left)
            remember_versions(project, listing, taken, flows)
    _show(pulls.Pull(result.pulled, result.unmanaged, refused, copies, pulls.Mood.DONE), shown, format_, given)
    return _finish(refused)


def _pulled(
    project: Project, order: PullOrder, flows: Sequence[Flow], listing: Listing, given: Invocation
) -> PullResult:
    known: list[Pulled] = []
    with Progress(given).ticking(lambda: pulling_line(len(known))):
        return pull_flows(project, order, flows, listing, known.append)


def _refused(safety: Mapping[str, Safety], unsaved: Unsaved) -> frozenset[str]:
    if unsaved is Unsaved.OVERWRITE:
        return frozenset()
    return frozenset(name for name, each in safety.items() if each is Safety.UNCOMMITTED)


def _write(project: Project, result: PullResult, safety: Mapping[str, Safety], refused: frozenset[str]) -> str | None:
    """Write the files, and say where the former text of those is that git cannot bring back."""
    wanted = [each for each in result.changes if each.file.name not in refused]
    at_risk = {name for name, each in safety.items() if each is not Safety.COMMITTED}
    return write_pulled(project, wanted, at_risk)


def _show(pull: pulls.Pull, shown: Shown, format_: str, given: Invocation) -> None:
    screen = screen_of_stdout(given)
    if shown is Shown.DIFF:
        for change in pull.changes:
            write_result(pulls.difference(change, screen))
        write_note(pulls.text(pull, screen_of_stderr(given)), given)
    else:
        write_result(pulls.FORMATS[format_](pull, screen))
    for note in pulls.notes(pull):
        write_sentence(note, given)


def _finish(refused: frozenset[str]) -> ExitCode:
    if refused:
        count = len(refused)
        raise RefusedError(
            f"{count} {'file holds' if count == 1 else 'files hold'} changes that are not committed, and "
            f"{'was' if count == 1 else 'were'} left alone.",
            hint="Commit the changes, or pull with --force, which keeps a copy.",
        )
    return ExitCode.OK
