"""The output of publish, before and after: for a terminal, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import ArchiveBehavior
from flowsync.model import Create, NotAttempted
from flowsync.plan.document import field_change
from flowsync.render import ledger, wording
from flowsync.render.diffs.flows import change_lines, with_remarks
from flowsync.render.escape import masked_json, plural
from flowsync.render.ledger import Kind
from flowsync.render.style import Detail, Line, Screen, Span, Style, draw, flow_title, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.model import JsonValue, Plan
    from flowsync.versions.publishing import Publish, Published

FORMATS: Final = ("text", "json")
"""What `publish --format` and `delete --format` offer."""
NOTHING: Final = "Nothing to publish: no flow that matches has a draft."
_UNCERTAIN: Final = "Run the same command again to see whether it is published."
_WORDS: Final = {kind: "published" if kind is Kind.APPLIED else kind.words for kind in Kind}
_WIDTH: Final = max(map(len, _WORDS.values()))


def preview(plan: Plan, publishes: Sequence[Publish], screen: Screen) -> str:
    """Return what will be published, before the question."""
    if not publishes and not plan.blocked:
        return f"{NOTHING}\n"
    lines: list[Line] = [line(Span(f"Publish: {plural(len(publishes), 'draft')}", Style.HEADING))]
    place = f"for {wording.place(plan.environment, plan.api_url)}"
    lines.append(line(Span(place, Style.MUTED)))
    for publish in publishes:
        lines += _publish_lines(publish, screen)
    for each in plan.blocked:
        lines += flow_title(Span("! ", Style.ERROR), each.slug, each.file)
        lines.append(line("  ", Span(f"blocked[{each.code}]", Style.ERROR), f" {each.message}"))
    return draw([*lines, ()], screen)


def _publish_lines(publish: Publish, screen: Screen) -> Iterator[Line]:
    change, published = publish.change, publish.published
    instead = "the first version to be live"
    if published is not None:
        instead = f"takes the place of version {published.version} (id {published.id})"
    facts = f"{change.file} · id {change.id} · version {change.version} · {change.status} · "
    yield from flow_title(Span("^ ", Style.HINT), change.slug, facts, line(instead)[0])
    for warning in change.warnings:
        yield line("  ", Span(f"warning[{warning.code}]", Style.WARNING), f" {warning.message}")
    yield line("  ", Span(_what_users_notice(publish), Style.WARNING))
    if published is not None and not change.fields:
        yield line(Span(f"  Nothing differs from version {published.version}.", Style.MUTED))
    whole = Create(change.slug, change.file, change.fields, (), change.body, change.after, change.new)
    if change.fields or screen.detail is not Detail.SUMMARY:
        lines = with_remarks(change if published is not None else whole)
        yield from change_lines(lines, wording.changed_places(change), screen)


def _what_users_notice(publish: Publish) -> str:
    """Return what users will notice, in a sentence or two."""
    new, old = f"version {publish.draft.version}", publish.published
    if old is None:
        sentence = f"No version is live now: users who qualify see {new} from now on."
    else:
        was = f"version {old.version}"
        match publish.users:
            case ArchiveBehavior.EXIT:
                sentence = f"Users in {was} leave it, and those who completed it do not see {new}: "
                sentence += "only users who enter from now on do."
            case ArchiveBehavior.RESTART_EXISTING:
                sentence = f"Users in {was} start again in {new}; those who completed it do not see it."
            case ArchiveBehavior.RESTART_ALL:
                sentence = f"Users in {was}, and those who completed it, start again in {new}."
    if publish.change.live:
        return sentence
    hidden = f"Nobody sees {new} before it is switched on: its active is false."
    if publish.draft.fields.get("active") is not False:
        hidden = f"Nobody sees {new}: its targeting matches nobody."
    return hidden if old is None else f"{hidden} {sentence}"


def question(plan: Plan, publishes: Sequence[Publish], screen: Screen) -> str:
    """Return the question before the first draft is published: one line, without its end."""
    seen = wording.seen_by_users(sum(publish.change.live for publish in publishes), len(publishes))
    drafts, where = plural(len(publishes), "draft"), wording.place(plan.environment, plan.api_url)
    asked = line(Span(f"Publish {drafts} of {where}, {seen}?", Style.HEADING), " [y/N] ")
    return draw([asked], screen).removesuffix("\n")


def outcome_line(published: Published, screen: Screen) -> str:
    """Return the line, with its end, for a draft whose turn is over; empty if it had no turn."""
    if isinstance(published.outcome, NotAttempted):
        return ""
    return ledger.result_line(_result(published), _WIDTH, screen)


def text(results: Sequence[Published], screen: Screen) -> str:
    """Return the closing ledger."""
    return ledger.results_text(map(_result, results), _WORDS.values(), screen)


def _result(published: Published) -> ledger.Result:
    row, draft = ledger.entry(published.outcome), published.publish.draft
    return ledger.Result(
        slug=draft.slug,
        word=_WORDS[row.kind],
        style=ledger.STYLES[row.kind],
        explained=_explained(published),
        is_good=row.is_good,
        row=f"id {draft.id}",
        code=row.code,
        hint=row.hint,
        differences=tuple(ledger.differences(row)),
    )


def _explained(published: Published) -> str:
    row, publish, still_live = ledger.entry(published.outcome), published.publish, published.still_live
    old = publish.published
    if row.kind is not Kind.APPLIED:
        return " ".join(filter(None, [row.message, _UNCERTAIN if row.uncertain else None]))
    parts = [f"version {publish.draft.version} is live"]
    if old is not None and old.id not in {each.id for each in still_live}:
        parts.append(f"version {old.version} is archived")
    if still_live:
        others = wording.listed([f"version {each.version} (id {each.id})" for each in still_live])
        verb, them = ("was", "it") if len(still_live) == 1 else ("were", "them")
        parts.append(f"{others} {verb} still shown as live too: the server may archive {them} later")
    if row.untaken:
        parts.append(f"what is live differs from what was shown: {', '.join(row.untaken)}")
    return "; ".join(parts)


def as_json(plan: Plan, publishes: Sequence[Publish], results: Sequence[Published] = ()) -> str:
    """Return the document `flowsync-publish/1`; before anything is done every outcome is null."""
    done = {each.publish.slug: _outcome(each) for each in results}
    return masked_json(
        {
            "format": "flowsync-publish/1",
            "environment": plan.environment,
            "api_url": plan.api_url,
            "publishes": [{**_document(each), **done.get(each.slug, {"outcome": None})} for each in publishes],
            "blocked": [{"slug": each.slug, "code": each.code, "message": each.message} for each in plan.blocked],
        }
    )


def _document(publish: Publish) -> dict[str, JsonValue]:
    change, old = publish.change, publish.published
    return {
        "slug": publish.slug,
        "file": change.file,
        "id": change.id,
        "version": change.version,
        "replaces": None if old is None else {"id": old.id, "version": old.version},
        "users": publish.users.name.lower().replace("_", "-"),
        "live": change.live,
        "fields": [field_change(field) for field in change.fields],
        "warnings": [{"code": each.code, "message": each.message} for each in change.warnings],
    }


def _outcome(published: Published) -> dict[str, JsonValue]:
    row = ledger.entry(published.outcome)
    return {
        "outcome": _WORDS[row.kind].replace(" ", "-"),
        "still_live": [each.id for each in published.still_live],
        "differs": [*row.untaken],
        "code": row.code,
        "message": row.message,
        "hint": row.hint,
        "uncertain": row.uncertain,
    }
