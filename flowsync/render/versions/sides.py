"""The comparison of two sides: for a terminal, as Markdown, and as the document `flowsync-diff/1`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from flowsync.model import JsonValue
from flowsync.plan.document import field_change, json_safe
from flowsync.render.diffs.flows import capped, change_lines, with_remarks
from flowsync.render.escape import code_span, compact, fenced, masked_json, plural, prose
from flowsync.render.style import NAMES_SHOWN, Colour, Detail, Line, Screen, Span, Style, draw, flow_title, line, paint
from flowsync.render.wording import host_of, listed, revision

if TYPE_CHECKING:
    from flowsync.versions.sides import Comparison, Content, Contents, Difference, NotCompared, OnlyOneSide

FORMAT: Final = "flowsync-diff/1"
_NOT_WRITTEN: Final = "flowsync does not write it"


def text(found: Comparison, screen: Screen) -> str:
    """Return the differences, flow by flow, then the flows that only one side has."""
    return draw(_lines(found, screen), screen)


def counts(found: Comparison) -> str:
    """Return the comparison in numbers."""
    verb = "differs" if len(found.differing) == 1 else "differ"
    parts = [f"{len(found.differing):,} {verb}", f"{len(found.same):,} the same"]
    for only, side in ((found.only_before, found.before), (found.only_after, found.after)):
        parts += [f"{len(only):,} only in {side.name}"] if only else []
    parts += [f"{len(found.not_compared):,} not compared"] if found.not_compared else []
    return ", ".join(parts)


def place(contents: Contents) -> str:
    """Return where a side was read from; empty for the current files."""
    if contents.revision is not None:
        return f"commit {revision(contents.revision)}"
    return "" if contents.api_url is None else host_of(contents.api_url)


def _lines(found: Comparison, screen: Screen) -> Iterator[Line]:
    yield line(Span(f"Diff: {counts(found)}", Style.HEADING))
    for mark, side, style in (("-", found.before, Style.REMOVED), ("+", found.after, Style.ADDED)):
        where = f" ({place(side)})" if place(side) else ""
        yield line(Span(f"{mark} {side.name}", style), Span(where, Style.MUTED))
    for note in dict.fromkeys((*found.before.notes, *found.after.notes)):
        yield line(Span(note, Style.WARNING))
    for each in found.differing:
        yield from _title_lines(Span("~ ", Style.HINT), each, found)
        yield from change_lines(diff_lines(each), changed_places(each), screen)
    if screen.detail is Detail.VERBOSE:
        for each in found.same:
            yield from _title_lines(Span("= "), each, found)
    yield from _only_lines("-", found.before, found.only_before, Style.REMOVED, screen)
    yield from _only_lines("+", found.after, found.only_after, Style.ADDED, screen)
    for lacking in found.not_compared:
        yield from flow_title(Span("! ", Style.ERROR), lacking.slug, "not compared")
        yield line(f"  {_why(lacking)}")
    if not found.has_differences and not found.not_compared:
        yield line(Span(nothing_differs(found), Style.DONE))


def nothing_differs(found: Comparison) -> str:
    """Return the sentence for two sides without a difference; it claims no more than the API returns."""
    if not found.same:
        return "There is no flow on either side."
    unseen = list(dict.fromkeys(name for each in found.same for name in each.unseen))
    return f"Nothing differs, but {listed(unseen)} could not be seen everywhere." if unseen else "Nothing differs."


def _title_lines(mark: Span, each: Difference, found: Comparison) -> Iterator[Line]:
    yield from flow_title(mark, each.slug, _both(each))
    if sentence := unseen(each, found):
        yield line("  ", Span(f"note: {sentence}", Style.MUTED))


def diff_lines(each: Difference) -> list[Line]:
    """Return the diff of a flow, after remarks on single changes."""
    lines = with_remarks(each)
    for other in each.others:
        lines.append(line(Span(f"- {other.name}: {compact(other.old)}", Style.REMOVED)))
        lines.append(line(Span(f"+ {other.name}: {compact(other.new)}", Style.ADDED), f"  ({_NOT_WRITTEN})"))
    return lines


def changed_places(each: Difference) -> list[str]:
    """Return the labels of what differs, each once."""
    return list(dict.fromkeys([*(change.label for change in each.fields), *(other.name for other in each.others)]))


def unseen(each: Difference, found: Comparison) -> str:
    """Return the fields that could not be compared because a side does not show them; may be empty."""
    parts = []
    for content, side in ((each.before, found.before), (each.after, found.after)):
        names = [name for name in each.unseen if name not in content.observed.values]
        if names:
            verb = "is" if len(names) == 1 else "are"
            parts.append(f"{listed(names)} {verb} not shown by {side.name}, so not compared")
    return "; ".join(parts)


def _both(each: Difference) -> str:
    return f"{facts(each.before, other=each.after)} → {facts(each.after, other=each.before)}"


def facts(content: Content, between: str = " · ", other: Content | None = None) -> str:
    """Return the file or row of a side's content, and a newer version, unless that is the `other` side."""
    row = content.row
    if row is None:
        return content.file or ""
    newer = content.newer
    is_shown = newer is None or (other is not None and other.row is not None and other.row.id == newer.id)
    later = "" if newer is None or is_shown else f", version {newer.version} ({newer.status}) is newer"
    return between.join([f"id {row.id}", f"version {row.version}", f"{row.status or 'status unknown'}{later}"])


def _only_lines(
    mark: str, side: Contents, flows: Sequence[OnlyOneSide], style: Style, screen: Screen
) -> Iterator[Line]:
    if not flows:
        return
    yield ()
    yield line(f"Only in {side.name}: {plural(len(flows), 'flow')}")
    limit = len(flows) if screen.detail is Detail.VERBOSE else NAMES_SHOWN
    for each in flows[:limit]:
        said = "".join(f" · {part}" for part in (each.content.name, each.message) if part)
        known = Span(f"  {facts(each.content)}{said}", Style.MUTED)
        yield line(Span(f"  {mark} ", style), Span(each.content.slug, Style.HEADING), known)
    if len(flows) > limit:
        yield line(Span(f"  … {len(flows) - limit:,} more", Style.MUTED))


def _why(lacking: NotCompared) -> str:
    return f"{lacking.side}: {lacking.message}"


def markdown(found: Comparison, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the comparison as Markdown: a diff for each flow, the rest as lists."""
    parts = [f"**{prose(f'Diff: {counts(found)}')}**"]
    for mark, side in (("-", found.before), ("+", found.after)):
        where = f" ({prose(place(side))})" if place(side) else ""
        parts.append(f"- `{mark}` {code_span(side.name)}{where}")
    blocks = ["\n".join([parts[0], "", *parts[1:]])]
    blocks += [prose(note) for note in dict.fromkeys((*found.before.notes, *found.after.notes))]
    for each in found.differing:
        facts_of_both = f"{_markdown_facts(each.before, each.after)} → {_markdown_facts(each.after, each.before)}"
        title = f"### {code_span(each.slug)}\n\n{facts_of_both}"
        note = f"\n\n{prose(sentence)}" if (sentence := unseen(each, found)) else ""
        diff = paint(capped(diff_lines(each)), Colour.NEVER)
        blocks.append(f"{title}{note}\n\n{fenced(diff, 'diff')}")
    for side, flows in ((found.before, found.only_before), (found.after, found.only_after)):
        blocks += _markdown_list(f"Only in {code_span(side.name)}", [_only_point(each) for each in flows])
    points = [f"{code_span(each.slug)}: {prose(_why(each))}" for each in found.not_compared]
    blocks += _markdown_list("Not compared", points)
    if not found.has_differences and not found.not_compared:
        blocks.append(prose(nothing_differs(found)))
    return "\n\n".join(blocks) + "\n"


def _markdown_facts(content: Content, other: Content | None = None) -> str:
    return prose(facts(content, ", ", other)) if content.row is not None else code_span(content.file or "")


def _only_point(each: OnlyOneSide) -> str:
    name = [code_span(each.content.name)] if each.content.name else []
    message = [prose(each.message)] if each.message else []
    said = "; ".join([_markdown_facts(each.content), *name, *message])
    return f"{code_span(each.content.slug)}: {said}"


def _markdown_list(title: str, points: Sequence[str]) -> Iterator[str]:
    if points:
        yield "\n".join([f"**{title}**", "", *(f"- {point}" for point in points)])


def as_json(found: Comparison, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-diff/1`."""
    return masked_json(document(found))


def document(found: Comparison) -> dict[str, JsonValue]:
    """Return the comparison as a document, keys in order."""
    return {
        "format": FORMAT,
        "from": _side(found.before),
        "to": _side(found.after),
        "summary": {
            "differing": len(found.differing),
            "same": len(found.same),
            "only_in_from": len(found.only_before),
            "only_in_to": len(found.only_after),
            "not_compared": len(found.not_compared),
        },
        "flows": [_flow(each) for each in found.differing],
        "same": [{"slug": each.slug, "unseen": [*each.unseen]} for each in found.same],
        "only_in_from": [_only(each) for each in found.only_before],
        "only_in_to": [_only(each) for each in found.only_after],
        "not_compared": [
            {"slug": each.slug, "side": each.side, "message": each.message} for each in found.not_compared
        ],
        "notes": [*dict.fromkeys((*found.before.notes, *found.after.notes))],
    }


def _side(contents: Contents) -> JsonValue:
    return {
        "side": contents.side.name,
        "environment": contents.environment,
        "api_url": contents.api_url,
        "commit": contents.revision,
    }


def _flow(each: Difference) -> JsonValue:
    return {
        "slug": each.slug,
        "from": _content(each.before),
        "to": _content(each.after),
        "fields": [field_change(change) for change in each.fields],
        "unseen": [*each.unseen],
        "not_written": [
            {"field": other.name, "old": json_safe(other.old), "new": json_safe(other.new)} for other in each.others
        ],
    }


def _only(each: OnlyOneSide) -> JsonValue:
    return {"slug": each.content.slug, "name": each.content.name, **_content(each.content), "message": each.message}


def _content(content: Content) -> dict[str, JsonValue]:
    row = content.row
    if row is None:
        return {"file": content.file, "id": None, "version": None, "status": None}
    return {"file": None, "id": row.id, "version": row.version, "status": row.status}


FORMATS: Final[Mapping[str, Callable[[Comparison, Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `diff --format` offers."""
