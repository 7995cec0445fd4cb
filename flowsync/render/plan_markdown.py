"""A plan as Markdown, for a pull request's comment or a job's summary.

It is composed of blocks, so that where space is short whole blocks can be left out and the rest is
still well-formed. Untrusted text is only ever inside code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.render import wording
from flowsync.render.escape import cell_code, cell_prose, code_span, fenced, html_code, prose
from flowsync.render.plural import plural
from flowsync.render.screen import Colour
from flowsync.render.style import paint
from flowsync.render.yaml_diff import capped, flow_diff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.model import Blocked, Plan, PlanWarning, Refusal, Unmanaged, Update

TABLE_ROWS: Final = 100
"""How many flows the table names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of Markdown that can stand or go as a whole. `slug`: the flow whose details it holds."""

    text: str
    slug: str | None = None


def plan(value: Plan) -> str:
    """Return the whole plan as Markdown."""
    return join(blocks(value))


def join(parts: Iterable[Block]) -> str:
    """Return the text of blocks, an empty line between them."""
    return "\n\n".join(part.text for part in parts) + "\n"


def blocks(value: Plan) -> tuple[Block, ...]:
    """Return the plan as blocks: what is about the whole first, then each flow's details, then notes."""
    return tuple(_blocks(value))


def _blocks(value: Plan) -> Iterator[Block]:
    yield Block(_heading(value))
    yield from map(Block, _alerts(value))
    if value.changes or value.blocked:
        yield Block(_table(value))
    else:
        yield Block(prose(wording.NO_CHANGES))
    for change in value.changes:
        yield Block(_details(change), change.slug)
    yield from map(Block, _notes(value))


def _heading(value: Plan) -> str:
    environment = code_span(value.environment or wording.host_of(value.api_url))
    return f"### flowsync plan · {environment}: {wording.counts(value)}"


def _alerts(value: Plan) -> Iterator[str]:
    if value.blocked:
        yield _alert("CAUTION", [*map(_blocked_point, value.blocked), wording.BLOCKED])
    if value.refusals:
        yield _alert("CAUTION", map(_refusal_point, value.refusals), wording.REFUSED)
    warnings = [*_live_points(value), *(point for change in value.changes for point in _warning_points(change))]
    warnings += [_warning_point(row.slug, warning) for row in value.unchanged for warning in row.warnings]
    if warnings:
        yield _alert("WARNING", warnings)


def _alert(kind: str, points: Iterable[str], opening: str = "") -> str:
    first = [f"> {opening}"] if opening else []
    return "\n".join([f"> [!{kind}]", *first, *(f"> - {point}" for point in points)])


def _blocked_point(blocked: Blocked) -> str:
    return f"{code_span(blocked.slug)} is blocked, {code_span(blocked.code)}: {prose(blocked.message)}"


def _refusal_point(refusal: Refusal) -> str:
    flows = f"{wording.listed([code_span(slug) for slug in refusal.slugs], TABLE_ROWS)}: " if refusal.slugs else ""
    return f"{flows}{prose(refusal.message)} {code_span(refusal.flag)} allows it."


def _live_points(value: Plan) -> Iterator[str]:
    live = [code_span(change.slug) for change in value.changes if change.live]
    if live:
        yield f"Seen by users as soon as applied: {wording.listed(live, TABLE_ROWS)}"


def _warning_points(change: Update) -> Iterator[str]:
    for warning in wording.warnings(change):
        yield _warning_point(change.slug, warning)
    for sentence in wording.origins(change):
        yield f"{code_span(change.slug)} {prose(sentence)}"


def _warning_point(slug: str, warning: PlanWarning) -> str:
    where = "" if warning.line is None else f", line {warning.line}"
    return f"{code_span(slug)} {code_span(warning.code)}{where}: {prose(warning.message)}"


def _table(value: Plan) -> str:
    rows = [*map(_blocked_row, value.blocked), *map(_change_row, value.changes)]
    lines = ["| Action | Flow | Version | Changes |", "| --- | --- | --- | --- |", *rows[:TABLE_ROWS]]
    if len(rows) > TABLE_ROWS:
        lines.append(f"| … | {len(rows) - TABLE_ROWS:,} more | | |")
    return "\n".join(lines)


def _blocked_row(blocked: Blocked) -> str:
    return f"| blocked | {cell_code(blocked.slug)} | | {cell_code(blocked.code)} |"


def _change_row(change: Update) -> str:
    version = f"{change.version}, {cell_prose(change.status)}, {wording.visibility(change)}"
    places = wording.listed([cell_code(place) for place in wording.changed_places(change)])
    return f"| update | {cell_code(change.slug)} | {version} | {places} |"


def _details(change: Update) -> str:
    summary = f"<details><summary>{html_code(change.slug)} update: {_summary(change)}</summary>"
    body = [summary, *_remarks(change), fenced(_diff_text(change), "diff"), "</details>"]
    return "\n\n".join(body)


def _summary(change: Update) -> str:
    return plural(len(wording.changed_places(change)), "change")


def _remarks(change: Update) -> Iterator[str]:
    points = [f"{code_span(change.file)}, id {change.id}"]
    points += [prose(sentence) for sentence in map(wording.told, change.fields) if sentence]
    points += [prose(sentence) for sentence in [wording.unseen(change)] if sentence]
    yield "\n".join(f"- {point}" for point in points)


def _diff_text(change: Update) -> str:
    return paint(capped(flow_diff(change)), Colour.NEVER)


def _notes(value: Plan) -> Iterator[str]:
    if note := wording.unseen_elsewhere(value.unchanged):
        yield prose(note)
    if value.unmanaged:
        yield _unmanaged(value.unmanaged)
    base = f", compared with {code_span(wording.revision(value.base))}" if value.base else ""
    yield f"For {code_span(value.api_url)}{base}. Digest {code_span(wording.short_digest(value.digest))}"


def _unmanaged(rows: tuple[Unmanaged, ...]) -> str:
    named = wording.listed([f"{code_span(row.slug)} ({code_span(row.name)}, id {row.id})" for row in rows], TABLE_ROWS)
    return f"Unmanaged, {wording.UNMANAGED}: {named}"
