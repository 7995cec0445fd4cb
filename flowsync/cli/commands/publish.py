"""flowsync publish: make drafts the live versions."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from flowsync.api.endpoints import Access, ArchiveBehavior, find_missing, rows_by_slug, versions
from flowsync.api.rows import OnlyArchived, choose
from flowsync.apply import exit_code
from flowsync.apply.publishing import publish_each
from flowsync.cli import output
from flowsync.cli.commands.pull import require_matches
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.planning import view_of
from flowsync.cli.project import open_project
from flowsync.cli.project.files import levels, matches, plain_slugs, slugs_of
from flowsync.cli.usage import options
from flowsync.cli.usage.guards import allow_options, command_line
from flowsync.cli.usage.help_page import Command
from flowsync.cli.versions import require_versions
from flowsync.cli.writing import applying
from flowsync.cli.writing.running import Job, header_of, run_each
from flowsync.errors import ExitCode, FlowsyncError, RefusedError
from flowsync.flows.expressions import flow_of_rows, referenced_slugs
from flowsync.model import Flow, Plan, Target
from flowsync.plan.document import digest
from flowsync.plan.guards import Kept, judged
from flowsync.record import values
from flowsync.render.escape import plural
from flowsync.render.versions import publishing as words
from flowsync.report import plans
from flowsync.text import excerpt
from flowsync.versions.publishing import Publish, checked, content_of, publish_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.api.endpoints import Listing, Versions
    from flowsync.cli.connection import Connection
    from flowsync.cli.usage.options import Invocation

USERS: Final = {each.name.lower().replace("_", "-"): each for each in ArchiveBehavior}
"""What happens to users in the replaced version, by the values of --users."""
_USUAL: Final = "exit"


@click.command("publish", cls=Command)
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...", shell_complete=options.complete_slugs)
@click.option(
    "--users",
    "users_name",
    type=click.Choice(list(USERS)),
    default=_USUAL,
    show_default=True,
    help="What happens to users in the replaced version: they leave it; they start again; they and those who completed "
    "it start again.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be published, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask. Only a terminal is asked.")
@options.format_option(words.FORMATS)
@allow_options
@options.sandbox_option
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    users_name: str,
    dry_run: bool,
    yes: bool,
    format_: str,
    in_sandbox: bool,
) -> int:
    """Publish the drafts of flows: show each next to what is live, confirm on a terminal, activate, read back.

    A glob means the flows that have a draft. Refuses a draft that changed after it was shown. Frigade archives the
    version that was live; rollback writes its content to the version that is live then. Does not change flow files.
    """
    project = open_project(context)
    only_run = applying.only_run(project, context.command_path, in_sandbox=in_sandbox)
    with nullcontext() if dry_run else only_run:
        files = project.load()
        with connect(project, files.flows, Purpose.WRITE, in_sandbox=in_sandbox) as connection:
            found = _find_drafts(connection, slugs, files.flows, USERS[users_name])
            for each in found.publishes:
                if each.slug in files.unread:
                    output.write_sentence(f"The file of {each.slug} cannot be read; it is not compared.", project.given)
            if dry_run:
                again = ["publish", *slugs, *(["--users", users_name] if users_name != _USUAL else [])]
                return _show(found, format_, again, project.given)
            return _publish(found, connection, format_, yes=yes)


def _show(found: Drafts, format_: str, again: Sequence[str], given: Invocation) -> int:
    """Show what would be published, with the command that publishes it; exit code 4 if it would be refused."""
    screen = output.screen_of_stdout(given)
    is_refused = bool(found.plan.blocked or found.plan.refusals)
    if format_ == "json":
        output.write_result(words.as_json(found.plan, found.publishes))
    else:
        following = "" if is_refused or not found.publishes else f"Next: {command_line(again, found.plan, given)}\n"
        shown = words.preview(found.plan, found.publishes, screen) + plans.refusals(found.plan, screen)
        output.write_result(shown + following)
    return ExitCode.REFUSED if is_refused else ExitCode.OK


def _publish(found: Drafts, connection: Connection, format_: str, *, yes: bool) -> int:
    given, made = connection.project.given, found.plan
    output.write_preview(lambda screen: words.preview(made, found.publishes, screen), format_, given)
    if made.blocked:
        number = plural(len(made.blocked), "draft")
        verb = "has" if len(made.blocked) == 1 else "have"
        hint = "Correct it in its file or in the dashboard, or publish only the other drafts."
        raise RefusedError(
            f"{number} {verb} errors that the live version does not have; nothing was published.", hint=hint
        )
    applying.refuse_guarded(made)
    if found.publishes and not yes and sys.stdin.isatty():
        output.confirm(words.question(made, found.publishes, output.screen_of_stderr(given)))
    if not found.publishes:
        if format_ == "json":
            output.write_result(words.as_json(made, ()))
        return ExitCode.OK
    header = header_of(values.Purpose.PUBLISH, connection.place, made.digest, len(found.publishes))
    kept = "What was live is kept; to put its content back: {way_back}"
    results = run_each(
        Job(header, format_, words.outcome_line, words.text, "Publishing", kept),
        lambda store, record, stop: publish_each(found.publishes, store, stop=stop, record=record),
        connection,
        found.listed,
        lambda results: words.as_json(made, found.publishes, results),
    )
    return exit_code(each.outcome for each in results)


@dataclass(frozen=True, slots=True)
class Drafts:
    """The drafts to publish, and their plan for guards and records; blocked ones are in the plan only.

    `listed` is which list of flows answered.
    """

    publishes: tuple[Publish, ...]
    plan: Plan
    listed: Access


def _find_drafts(
    connection: Connection, arguments: Sequence[str], flows: Sequence[Flow], users: ArchiveBehavior
) -> Drafts:
    """The drafts of the flows that `arguments` name: slugs, or globs, which mean those that have a draft.

    `flows` are those of the files. Raises UsageError for a name or glob that no flow has, FlowsyncError if a named flow
    has no draft.
    """
    patterns = slugs_of(connection.project, arguments)
    files = {flow.slug: flow for flow in flows}
    named = plain_slugs(patterns)
    listing = connection.fetch([*named, *(slug for slug in files if matches(slug, patterns))])
    live = {row.slug for row in listing.rows}
    require_matches([each for each in patterns if not plain_slugs([each])], tuple(sorted(live | files.keys())))
    # The list may hide drafts: each flow is asked for its versions.
    slugs = sorted({*named, *(row.slug for row in listing.rows if matches(row.slug, patterns))})
    reader = connection.client.reader()
    each = connection.map(lambda slug: versions(reader, slug, connection.access, listing.rows), slugs)
    found = dict(zip(slugs, each, strict=True))
    for slug in dict.fromkeys(named):
        if (
            listing.access is Access.PRIVATE or found[slug].is_whole
        ):  # otherwise its first version may be a hidden draft
            require_versions(connection, slug, found[slug].rows, listing.rows)
    publishes = {slug: publish_of(found[slug].rows, files.get(slug), users) for slug in slugs}
    missing = [slug for slug in dict.fromkeys(named) if publishes[slug] is None]
    if missing:
        raise _without_draft(missing, found, listing)
    planned = [publish for publish in publishes.values() if publish is not None]
    referred = {slug for each in planned for slug in referenced_slugs(content_of(each.draft, None))}
    whole = find_missing(reader, listing, sorted(referred), connection.map)
    known = {slug: flow_of_rows(rows) for slug, rows in rows_by_slug(whole.rows).items()}
    fit, blocked = checked(planned, files, known, levels(connection.project))
    made = Plan(
        environment=connection.place.environment,
        api_url=connection.api_url,
        base=None,
        changes=tuple(each.change for each in fit),
        unchanged=(),
        blocked=tuple(blocked),
        unmanaged=(),
        digest="",
        unnamed_unchanged=len(rows_by_slug(listing.rows).keys() - {each.slug for each in planned}),
        view=view_of(connection.access, listing.access),
    )
    guards = replace(connection.project.settings.guards, **connection.project.given.guards)
    return Drafts(tuple(fit), judged(replace(made, digest=digest(made)), guards, Kept.NEW), listing.access)


def _without_draft(slugs: Sequence[str], found: Mapping[str, Versions], listing: Listing) -> FlowsyncError:
    is_hidden = listing.access is not Access.PRIVATE
    sentences = [_why_none(slug, found[slug], is_hidden=is_hidden) for slug in slugs]
    there = any(each.rows for each in (found[slug] for slug in slugs))
    hint = "To make a draft, set `target: draft` in the flow's file and apply, or use the dashboard."
    return FlowsyncError(f"{' '.join(sentences)} Nothing was published.", hint=hint if there else None)


def _why_none(slug: str, found: Versions, *, is_hidden: bool) -> str:
    hidden = ""
    if is_hidden and not found.is_whole:
        hidden = " This server lists no versions, and its public list may hide drafts: publish it in the dashboard."
    if not found.rows:
        return f"There is no live flow {excerpt(slug)}.{hidden}"
    if isinstance(choose(found.rows, Target.LATEST), OnlyArchived):
        return f"{excerpt(slug)} has no draft, only archived versions.{hidden}"
    live = max((row for row in found.rows if row.is_published), key=lambda row: row.version, default=None)
    state = "" if live is None else f": version {live.version} is live, and nothing waits to be published"
    return f"{excerpt(slug)} has no draft{state}.{hidden}"
