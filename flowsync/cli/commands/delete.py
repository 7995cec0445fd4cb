"""flowsync delete: delete flows with all their versions and all data about their users."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import Access, rows_by_slug, versions
from flowsync.apply.deleting import delete_each
from flowsync.cli import output
from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.project import open_project
from flowsync.cli.project.files import plain_slugs
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.versions import require_versions
from flowsync.cli.writing import applying
from flowsync.cli.writing.running import Job, header_of, run_each
from flowsync.diff.fields import sha256
from flowsync.errors import DeclinedError, ExitCode, RefusedError, UsageError
from flowsync.flows.files import ENDINGS
from flowsync.record import values
from flowsync.render.versions import deleting as words
from flowsync.render.versions.publishing import FORMATS
from flowsync.text import excerpt
from flowsync.versions.deleting import Deletion, Ending, deletion_of, objections

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flowsync.cli.connection import Connection
    from flowsync.model import Flow


_UNREADABLE: Final = (
    "Some files cannot be read as flows, so flowsync cannot tell whether they refer to the flows to delete."
)
_UNSEEN: Final = "This server has no private list of flows, so versions that it does not show could be left."


@click.command("delete", cls=Command)
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...", shell_complete=options.complete_slugs)
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask; needs --confirm for each flow.")
@click.option(
    "--confirm",
    "confirmed",
    metavar="SLUG",
    multiple=True,
    help="Confirm one flow, as typing its slug does; repeated for each flow.",
)
@options.format_option(FORMATS)
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    confirmed: tuple[str, ...],
    format_: str,
    in_sandbox: bool,
) -> int:
    """Delete flows with all their versions and their users' progress. This cannot be undone.

    Takes slugs, no globs. Refuses a flow that is live and switched on, or that a file in the repository or another live
    flow refers to. On a terminal, asks you to type each slug; elsewhere, and with --yes, confirm with --confirm SLUG.
    Keeps every version in the record. If a deletion breaks off, exits 5: delete the flow that is left again to finish.
    """
    project = open_project(context)
    wanted = tuple(dict.fromkeys(slugs))
    _require_slugs(wanted)
    if not dry_run:
        _require_confirmation(wanted, confirmed, is_asked=not yes and sys.stdin.isatty())
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with nullcontext() if dry_run else only_run:
        files = load_files(project, _UNREADABLE)
        with connect(project, files, Purpose.WRITE, in_sandbox=in_sandbox) as connection:
            deletions = _find(connection, wanted, files)
            if dry_run and format_ == "json":
                output.write_result(words.as_json(deletions, connection.place))
                return ExitCode.OK
            preview = partial(words.preview, deletions, connection.place)
            output.write_preview(preview, format_, project.given)
            if dry_run:
                following = command_line(["delete", *wanted], connection.place, project.given)
                output.write_result(f"Next: {following}\n")
                return ExitCode.OK
            _ask(deletions, confirmed, connection)
            return _carry_out(deletions, connection, format_)


def _require_slugs(wanted: Sequence[str]) -> None:
    for each in wanted:
        if not plain_slugs([each]):
            message = f"{excerpt(each)} is a glob, and delete takes no globs."
            raise UsageError(message, hint="Write out the slug of each flow.")
        path = PurePath(each)
        if len(path.parts) > 1 and path.name.endswith(ENDINGS):
            raise UsageError(
                f"{excerpt(each)} is a path, and delete takes slugs.", hint=f"The slug is {excerpt(path.stem)}."
            )


def _require_confirmation(wanted: Sequence[str], confirmed: Collection[str], *, is_asked: bool) -> None:
    """Raise UsageError if a flow is not confirmed and nobody can be asked, or a confirmed one is not deleted."""
    other = [slug for slug in confirmed if slug not in wanted]
    missing = [slug for slug in wanted if slug not in confirmed]
    if other:
        raise UsageError(f"--confirm {excerpt(other[0])} names a flow that this command does not delete.")
    if missing and not is_asked:
        needed = " ".join(f"--confirm {excerpt(slug)}" for slug in missing)
        raise UsageError(
            "No question is asked here, so each flow to delete must be confirmed.",
            hint=f"Add {needed}. --dry-run shows what would be deleted.",
        )


def _find(connection: Connection, slugs: Sequence[str], files: Sequence[Flow]) -> tuple[Deletion, ...]:
    """Every version of each flow. Raises UsageError if there is none, RefusedError if it must not be deleted."""
    listing = connection.fetch(slugs)
    live = rows_by_slug(listing.rows)
    reader = connection.client.reader()
    deletions: list[Deletion] = []
    for slug in slugs:
        found = versions(reader, slug, connection.access, listing.rows)
        deletions.append(deletion_of(slug, found.rows, has_versions=found.is_whole))
    for each in deletions:
        require_versions(connection, each.slug, each.rows, listing.rows)
    reasons = [_UNSEEN] if listing.access is not Access.PRIVATE else []
    for each in deletions:
        reasons += [f"{each.slug}: {reason}" for reason in objections(each, files, live, slugs)]
    if reasons:
        raise RefusedError("Nothing was deleted.", reasons=reasons)
    return tuple(deletions)


def _ask(deletions: Sequence[Deletion], confirmed: Collection[str], connection: Connection) -> None:
    """Ask for each slug that is not confirmed to be typed. Raises DeclinedError for any other answer."""
    screen = output.screen_of_stderr(connection.project.given)
    for each in deletions:
        if each.slug not in confirmed and output.typed(words.question(each, connection.place, screen)) != each.slug:
            raise DeclinedError(output.NOTHING_WRITTEN)


def _carry_out(deletions: Sequence[Deletion], connection: Connection, format_: str) -> int:
    ids = sha256([[each.slug, *(row.id for row in each.rows)] for each in deletions])
    header = header_of(values.Purpose.DELETE, connection.place, ids, len(deletions))
    kept = "Every version is kept in {record}, for people to read."
    results = run_each(
        Job(header, format_, words.outcome_line, words.text, "Deleting", kept),
        lambda store, record, stop: delete_each(deletions, store, stop=stop, record=record),
        connection,
        Access.PRIVATE,
        lambda results: words.as_json(deletions, connection.place, results),
    )
    endings = {each.ending for each in results}
    if endings & {Ending.FAILED, Ending.NOT_ATTEMPTED}:
        return ExitCode.PARTLY_APPLIED
    return ExitCode.REFUSED if Ending.REFUSED in endings else ExitCode.OK
