"""flowsync pull."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import click

from flowsync.cli.adapters import Purpose, connect, fetch_slugs
from flowsync.cli.opening import open_project
from flowsync.cli.options import Api, global_options, invocation, sandbox_option, slugs_argument
from flowsync.cli.output import Progress, screen_of_stderr, screen_of_stdout, write_note, write_result, write_sentence
from flowsync.cli.pulled import write_pulled
from flowsync.cli.versions import remember_versions
from flowsync.errors import ExitCode, RefusedError
from flowsync.pipeline import pulling
from flowsync.pipeline.naming import slugs_of
from flowsync.pipeline.pulling import Arrivals, PullOrder, Safety
from flowsync.pull.results import Scope
from flowsync.render import progress, pulls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.cli.options import Invocation
    from flowsync.live.listing import Listing
    from flowsync.model import Flow
    from flowsync.pipeline.project import Project
    from flowsync.pipeline.pulling import PullResult
    from flowsync.pull.results import Pulled


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
    flows = pulling.load_files(project)
    with connect(project, flows, api, Purpose.READ, given) as connection:
        listing = fetch_slugs(connection, [*(flow.slug for flow in flows), *order.slugs], given)
    result = _pulled(project, order, flows, listing, given)
    safety = pulling.safety(result.changes)
    refused = _refused(safety, unsaved)
    if writing is Writing.CHECK or shown is Shown.DIFF:
        _show(pulls.Pull(result.pulled, result.unmanaged, refused, None, pulls.Mood.CHECKED), shown, format_, given)
        return ExitCode.CHANGES if result.changes and writing is Writing.CHECK else ExitCode.OK
    with Progress(given).ticking(progress.writing_line):
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
    with Progress(given).ticking(lambda: progress.pulling_line(len(known))):
        return pulling.pull_flows(project, order, flows, listing, known.append)


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
