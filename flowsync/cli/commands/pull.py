"""flowsync pull: writes live flows to files; decides which flows, to which files, and which files it may change."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import click

from flowsync import git, validate
from flowsync.api.endpoints import Listing, rows_by_slug
from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose
from flowsync.cli.commands.fmt import FILE_ORDER
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.organization import offer_organization
from flowsync.cli.output import Progress, screen_of_stderr, screen_of_stdout, write_note, write_result, write_sentence
from flowsync.cli.planning import remember_versions
from flowsync.cli.project import SCHEMA_FILE, Project, open_project
from flowsync.cli.project.files import (
    example_hint,
    is_settled,
    is_untouched_example,
    levels,
    matches,
    plain_slugs,
    slugs_of,
)
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import Invocation, format_option, global_options, sandbox_option, slugs_argument
from flowsync.document.formatting import formatted
from flowsync.errors import DocumentError, ExitCode, FlowsyncError, InvalidFilesError, RefusedError, UsageError
from flowsync.flows.files import FlowFile, file_named
from flowsync.model import Flow, LiveFlow, Problem, Severity, Target
from flowsync.pull.new_files import folded, folder_for, name_complaint, new_file
from flowsync.pull.results import ChangedFile, NewFile, Pulled, SameFile, Scope, Skipped
from flowsync.pull.updates import ExistingFile, updated
from flowsync.render import pulls
from flowsync.render.style import WRITING, pulling_line
from flowsync.text import did_you_mean, excerpt

COPIES: Final = "replaced"
"""In the state directory: copies of files that git cannot restore, in a folder for each run."""


@click.command("pull", cls=Command)
@slugs_argument
@click.option(
    "--all-fields",
    "scope",
    flag_value=Scope.ALL,
    default=Scope.STATED,
    type=click.UNPROCESSED,
    help="Also add the fields that a file does not set.",
)
@click.option("--new", "takes_new", is_flag=True, help="Also write a file for every live flow that has none.")
@click.option("--check", is_flag=True, help="Write nothing; exit 2 if something would change.")
@click.option("--dry-run", "shows_diff", is_flag=True, help="Write nothing; show what would change as a diff.")
@click.option("--force", is_flag=True, help="Also change files with uncommitted changes, after copying each.")
@format_option(pulls.FORMATS, help_="Output format; --dry-run shows a diff as text only.")
@sandbox_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    scope: Scope,
    takes_new: bool,
    check: bool,
    shows_diff: bool,
    force: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Write what is live into the files: a first import, or edits made in the dashboard.

    If there are no files yet, every live flow gets one. Otherwise each file is updated in the fields that it sets;
    comments, order and style stay. SLUGs, globs or file paths select flows, including live flows without a file.
    Files with uncommitted changes are left alone; the exit code is then 4.
    """
    project = open_project(context)
    given = project.given
    patterns = slugs_of(project, slugs)
    plain = plain_slugs(patterns)
    flows = load_files(project)
    with connect(project, flows, Purpose.READ, in_sandbox=in_sandbox) as connection:
        listing = connection.fetch([*(flow.slug for flow in flows), *plain])
        known: list[Pulled] = []

        def pulled_from(listing: Listing) -> pulls.Pull:
            known.clear()
            with Progress(given, lambda: pulling_line(len(known))):
                return pull_flows(project, flows, listing, patterns, scope, takes_new=takes_new, report=known.append)

        result = pulled_from(listing)
        whole = connection.with_hidden(listing, _slugs_in_doubt(project, flows, result))
        if whole is not listing:
            listing, result = whole, pulled_from(whole)
    uncommitted, to_copy = at_risk(result.changes)
    refused = frozenset() if force else uncommitted
    if check or shows_diff:
        _show(replace(result, refused=refused), format_, given, shows_diff=shows_diff and format_ == "text")
        return ExitCode.CHANGES if result.changes and check else ExitCode.OK
    with Progress(given, lambda: WRITING):
        changes = [each for each in result.changes if each.file.name not in refused]
        copies = write_pulled(project, changes, to_copy)
        if not in_sandbox:
            left = {each.slug for each in result.changes if each.file.name in refused}
            remember_versions(project, listing, (each for each in result.pulled if each.slug not in left), flows)
    _show(replace(result, refused=refused, copies=copies, is_written=True), format_, given)
    if not in_sandbox:
        offer_organization(project, connection)
    if refused:
        count = len(refused)
        raise RefusedError(
            f"{count} {'file holds' if count == 1 else 'files hold'} changes that are not committed, and "
            f"{'was' if count == 1 else 'were'} left alone.",
            hint="Commit the changes, or pull with --force, which keeps a copy.",
        )
    return ExitCode.OK


def _slugs_in_doubt(project: Project, flows: Sequence[Flow], result: pulls.Pull) -> list[str]:
    """The flows that pull would take from a draft if the list hides one; not those whose file is as listed."""
    targets = {flow.slug: flow.target or project.settings.target for flow in flows}
    wanted = {each.slug: targets.get(each.slug, project.settings.target) for each in result.pulled}
    same = {each.slug for each in result.pulled if isinstance(each, SameFile)}
    return [slug for slug, target in wanted.items() if target is not Target.ACTIVE and slug not in same]


def _show(pull: pulls.Pull, format_: str, given: Invocation, *, shows_diff: bool = False) -> None:
    screen = screen_of_stdout(given)
    if shows_diff:
        for change in pull.changes:
            write_result(pulls.difference(change, screen))
        write_note(pulls.text(pull, screen_of_stderr(given)), given)
    else:
        write_result(pulls.FORMATS[format_](pull, screen))
    for note in pulls.notes(pull):
        write_sentence(note, given)


def load_files(project: Project, message: str = "Some files cannot be read as flows.") -> tuple[Flow, ...]:
    """The flows of all files; none if there is no file yet. Raises InvalidFilesError for unreadable files.

    What validation says of them is no matter here: a pull may be what mends a file.
    """
    repository = project.load()
    problems = [problem for problem in repository.problems if problem.code != "no-flows"]
    if problems:
        raise InvalidFilesError(message, problems)
    return repository.flows


def pull_flows(
    project: Project,
    flows: Sequence[Flow],
    listing: Listing,
    patterns: Sequence[str] = (),
    scope: Scope = Scope.STATED,
    *,
    takes_new: bool = False,
    report: Callable[[Pulled], object] = id,
) -> pulls.Pull:
    """Yield what to write for the flows and live slugs that the patterns match.

    Without patterns that is every file, and with `takes_new`, or if there are no files, every live flow without one.

    Raises UsageError for a pattern that matches neither a file nor a live flow.
    """
    rows = rows_by_slug(listing.rows)
    slugs = {flow.slug for flow in flows}
    require_matches(patterns, tuple(sorted(slugs | rows.keys())))
    unfiled = sorted(rows.keys() - slugs)
    takes_new = takes_new or not flows
    arriving = {slug: rows[slug] for slug in unfiled if (matches(slug, patterns) if patterns else takes_new)}
    judge = judge_of(project)
    pulled: list[Pulled] = []

    def keep(each: Pulled) -> None:
        pulled.append(each)
        report(each)

    for flow in flows:
        if not patterns or matches(flow.slug, patterns):
            keep(_accepted(project, scope, flow, rows.get(flow.slug, ()), judge))
    taken = {folded(Path(flow.file).stem) for flow in flows}
    for slug, found in sorted(arriving.items(), key=lambda each: (each[0] != each[0].lower(), each[0])):
        arrived = _arrived(project, slug, found, taken, judge)
        is_archived = isinstance(arrived, Skipped) and arrived.code == "only-archived"
        if not is_archived or patterns:
            keep(arrived)
    alive = (slug for slug in unfiled if not all(row.is_archived or row.is_gone for row in rows[slug]))
    staying = () if patterns else tuple(slug for slug in alive if slug not in arriving)
    pulled.sort(key=lambda each: each.slug)
    return pulls.Pull(pulled, staying, frozenset(), None, is_written=False)


def require_matches(patterns: Iterable[str], known: Sequence[str]) -> None:
    """Raise UsageError for a pattern that matches none of the `known` slugs of files and live flows."""
    for pattern in patterns:
        if not any(fnmatchcase(slug, pattern) for slug in known):
            message = f"Neither a file nor a live flow matches {excerpt(pattern)}."
            raise UsageError(message, hint=did_you_mean(pattern, known))


def judge_of(project: Project) -> Callable[[Flow], Sequence[Problem]]:
    """The check that finds the errors for which a plan would refuse a flow's file, at the project's rule levels."""
    set_levels = levels(project)

    def errors(flow: Flow) -> Sequence[Problem]:
        problems, _ = validate.govern(filter(is_settled, validate.check(flow)), (flow,), set_levels)
        return [problem for problem in problems if problem.severity is Severity.ERROR]

    return errors


def _accepted(
    project: Project, scope: Scope, flow: Flow, rows: Sequence[LiveFlow], judge: Callable[[Flow], Sequence[Problem]]
) -> Pulled:
    choice = choose(rows, flow.target or project.settings.target)
    if not isinstance(choice, Chosen):
        return _not_chosen(flow.slug, flow.file, choice)
    file = file_named(project.base, project.flows_directory, flow.file)
    return updated(ExistingFile(flow, file, choice.row, project.settings.environment, judge), scope)


def _not_chosen(
    slug: str, file: str | None, choice: NoSuchFlow | OnlyArchived | NoSuchTarget | UnknownStatus
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
            message = f"Its status is {excerpt(row.status)}, which is not known."
            return Skipped(slug, file, "unknown-status", message)


def _arrived(
    project: Project, slug: str, rows: Sequence[LiveFlow], taken: set[str], judge: Callable[[Flow], Sequence[Problem]]
) -> NewFile | Skipped:
    """A file for a flow without one, in a folder of its own if one of the names `taken` differs only by case."""
    choice = choose(rows, project.settings.target)
    if not isinstance(choice, Chosen):
        return _not_chosen(slug, None, choice)
    if complaint := name_complaint(slug):
        message = f"Its slug cannot be the name of a file: {complaint}."
        hint = "A file's name is its flow's slug. Such a flow can be managed in the dashboard only."
        return Skipped(slug, None, "unsafe-name", message, hint)
    folder = folder_for(slug, taken)
    taken.add(folded(folder + slug))
    name = f"{project.flows_directory}/{folder}{slug}.yaml"
    file = FlowFile(project.base / name, name)
    note = "Another flow's name differs only by case, so this one has a folder of its own." if folder else None
    made = new_file(choice.row, file, project.modeline(file.path), judge, note)
    return replace(made, text=in_form(made.text, name))


def in_form(text: str, name: str) -> str:
    """The text of a new file as `fmt` writes it, or unchanged if `fmt` cannot format it."""
    try:
        return formatted(text, name, FILE_ORDER)
    except DocumentError:
        return text


def at_risk(changes: Iterable[NewFile | ChangedFile]) -> tuple[frozenset[str], frozenset[str]]:
    """The names of changed files that git cannot restore: not committed, or in no repository.

    New files have nothing to lose, nor has the example of `init` while it is as it was written. Each folder is asked
    about by itself: one of them may be in a repository of its own, a submodule, and one in none.
    """
    folders: dict[Path, list[ChangedFile]] = {}
    for each in changes:
        if isinstance(each, ChangedFile) and not is_untouched_example(each.slug, each.before):
            folders.setdefault(each.file.path.parent, []).append(each)
    uncommitted: set[str] = set()
    unknown: set[str] = set()
    for folder, files in folders.items():
        work = git.uncommitted(folder, {each.file.path.name: each.before.encode() for each in files})
        if work is None:
            unknown.update(each.file.name for each in files)
        else:
            uncommitted.update(each.file.name for each in files if each.file.path.name in work)
    return frozenset(uncommitted), frozenset(uncommitted | unknown)


def write_pulled(project: Project, changes: Sequence[NewFile | ChangedFile], to_copy: Collection[str]) -> str | None:
    """Write the files. Those `to_copy` (by name) are copied first, to a folder whose name is returned.

    Raises FlowsyncError at the first file that cannot be written; it is as it was, and so are those after it.
    """
    copies = project.state / COPIES / datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    for change in changes:
        if isinstance(change, NewFile):
            _create(project, change.file.path, change.text)
            continue
        if change.file.name in to_copy:
            project.prepare_state()
            place = Path(os.path.relpath(change.file.path, project.home))
            _create(project, copies.joinpath(*(part for part in place.parts if part != os.pardir)), change.before)
        project.replace_unchanged(change.file, change.before, change.text, hint="Pull again.")
    if any(isinstance(change, NewFile) for change in changes):
        project.prepare_state()
        project.create(project.state / SCHEMA_FILE, validate.schema_text("flow"))
    is_copied = any(isinstance(change, ChangedFile) and change.file.name in to_copy for change in changes)
    return project.name(copies) if is_copied else None


def _create(project: Project, path: Path, text: str) -> None:
    if not project.create(path, text):
        message = f"{project.name(path)} is there already, but is no flow file."
        raise FlowsyncError(message, hint="Move it away, and pull again.")
