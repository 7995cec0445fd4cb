"""The drafts that a command line names: found, compared with what is live, checked, judged by the guards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flowsync import validate
from flowsync.api.endpoints import Access, find_missing, rows_by_slug, versions
from flowsync.api.rows import OnlyArchived, choose
from flowsync.cli.planning import view_of
from flowsync.cli.project.files import PATTERN_CHARACTERS, is_settled, levels, matches, slugs_of
from flowsync.errors import FlowsyncError
from flowsync.flows.expressions import flow_of_rows, referenced_slugs
from flowsync.model import Blocked, Flow, Plan, PlanWarning, Severity, Target
from flowsync.plan.document import digest
from flowsync.plan.guards import Kept, judged
from flowsync.text import closest, excerpt
from flowsync.versions.publishing import Publish, content_of, publish_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.api.endpoints import ArchiveBehavior, Listing, Versions
    from flowsync.cli.connection import Connection
    from flowsync.config import Guards
    from flowsync.model import Problem
    from flowsync.targeting.references import KnownFlow


@dataclass(frozen=True, slots=True)
class Drafts:
    """What is to be published, and the plan of it for guards and records: those that are blocked are in it only.

    `listed` is which list of flows answered.
    """

    publishes: tuple[Publish, ...]
    plan: Plan
    listed: Access


def find_drafts(
    connection: Connection, arguments: Sequence[str], flows: Sequence[Flow], users: ArchiveBehavior, guards: Guards
) -> Drafts:
    """The drafts of the flows that `arguments` name: slugs, or globs, which mean those that have a draft.

    `flows` are those of the files. Raises FlowsyncError where a flow that is named has no draft.
    """
    patterns = slugs_of(connection.project, arguments)
    files = {flow.slug: flow for flow in flows}
    named = [pattern for pattern in patterns if not PATTERN_CHARACTERS & set(pattern)]
    listing = connection.fetch([*named, *(slug for slug in files if matches(slug, patterns))])
    # The list may hide drafts: each flow is asked for its versions.
    slugs = sorted({*named, *(row.slug for row in listing.rows if matches(row.slug, patterns))})
    reader = connection.client.reader()
    each = connection.map(lambda slug: versions(reader, slug, connection.access, listing.rows), slugs)
    found = dict(zip(slugs, each, strict=True))
    publishes = {slug: publish_of(found[slug].rows, files.get(slug), users) for slug in slugs}
    missing = [slug for slug in dict.fromkeys(named) if publishes[slug] is None]
    if missing:
        raise _without_draft(missing, found, listing)
    planned = [publish for publish in publishes.values() if publish is not None]
    checked, blocked = _checked(planned, files, listing, connection)
    return _judged(checked, blocked, listing, connection, guards)


def _without_draft(slugs: Sequence[str], found: Mapping[str, Versions], listing: Listing) -> FlowsyncError:
    is_hidden = listing.access is not Access.PRIVATE
    sentences = [_why_none(slug, found[slug], listing, is_hidden=is_hidden) for slug in slugs]
    there = any(each.rows for each in (found[slug] for slug in slugs))
    hint = "A draft is made by `target: draft` in the flow's file and an apply, or in the dashboard."
    return FlowsyncError(f"{' '.join(sentences)} Nothing was published.", hint=hint if there else None)


def _why_none(slug: str, found: Versions, listing: Listing, *, is_hidden: bool) -> str:
    hidden = ""
    if is_hidden and not found.is_whole:
        hidden = " This server lists no versions, and its public list may hide drafts: publish it in the dashboard."
    if not found.rows:
        close = closest(slug, rows_by_slug(listing.rows))
        question = f" Did you mean {excerpt(close)}?" if close else ""
        return f"No flow has the slug {excerpt(slug)}.{question}{hidden}"
    if isinstance(choose(found.rows, Target.LATEST), OnlyArchived):
        return f"{excerpt(slug)} has no draft, only archived versions.{hidden}"
    live = max((row for row in found.rows if row.is_published), key=lambda row: row.version, default=None)
    state = "" if live is None else f": version {live.version} is live, and nothing waits to be published"
    return f"{excerpt(slug)} has no draft{state}.{hidden}"


def _checked(
    publishes: Sequence[Publish], files: Mapping[str, Flow], listing: Listing, connection: Connection
) -> tuple[list[Publish], list[Blocked]]:
    """The drafts without errors, and what keeps the others from being published.

    An error that is live already keeps nobody from publishing, and is warned of.
    """
    contents = [content_of(each.draft, files.get(each.slug)) for each in publishes]
    referred = {slug for content in contents for slug in referenced_slugs(content)}
    whole = find_missing(connection.client.reader(), listing, sorted(referred), connection.map)
    known = {slug: flow_of_rows(rows) for slug, rows in rows_by_slug(whole.rows).items()}
    fit: list[Publish] = []
    blocked: list[Blocked] = []
    for publish, content in zip(publishes, contents, strict=True):
        file = files.get(publish.slug)
        live = _errors(None if publish.published is None else content_of(publish.published, file), known, connection)
        found = _errors(content, known, connection)
        new = [each for key, each in found.items() if key not in live.keys() | _excused(file, connection)]
        if new:
            said = " ".join(f"{each.message} {each.hint or ''}".rstrip() for each in new)
            blocked.append(Blocked(publish.slug, content.file, new[0].code, f"The draft has an error. {said}"))
            continue
        kept = (PlanWarning(each.code, f"Live already: {each.message}") for key, each in found.items() if key in live)
        change = replace(publish.change, warnings=(*publish.change.warnings, *kept))
        fit.append(replace(publish, change=change))
    return fit, blocked


def _errors(
    content: Flow | None, known: Mapping[str, KnownFlow], connection: Connection
) -> dict[tuple[str, str], Problem]:
    """The errors in what a row holds, by code and message; what it leaves empty is not looked at."""
    if content is None:
        return {}
    fields = {name: value for name, value in content.fields.items() if value is not None and value != ""}
    flow = replace(content, fields=fields)
    found = [*filter(is_settled, validate.check_all((flow,))), *validate.check_live((flow,), known, (flow,))]
    problems, _ = validate.govern(found, (flow,), levels(connection.project))
    return {(each.code, each.message): each for each in problems if each.severity is Severity.ERROR}


def _excused(file: Flow | None, connection: Connection) -> set[tuple[str, str]]:
    """The errors that comments in the flow's own file take back."""
    if file is None:
        return set()
    found = validate.check_all((file,))
    left, _ = validate.govern(found, (file,), levels(connection.project))
    return {(each.code, each.message) for each in found} - {(each.code, each.message) for each in left}


def _judged(
    publishes: Sequence[Publish],
    blocked: Sequence[Blocked],
    listing: Listing,
    connection: Connection,
    guards: Guards,
) -> Drafts:
    """The plan with what the guards have against it."""
    made = Plan(
        environment=connection.project.settings.environment,
        api_url=connection.api_url,
        base=None,
        changes=tuple(each.change for each in publishes),
        unchanged=(),
        blocked=tuple(blocked),
        unmanaged=(),
        digest="",
        unnamed_unchanged=len(
            rows_by_slug(listing.rows).keys()
            - {publish.slug for publish in publishes}
            - {each.slug for each in blocked}
        ),
        view=view_of(connection.access, listing.access),
    )
    made = replace(made, digest=digest(made))
    return Drafts(tuple(publishes), judged(made, guards, Kept.FRESH), listing.access)
