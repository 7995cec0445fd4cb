"""The output of delete, before and after: for a terminal, and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.render import ledger, wording
from flowsync.render.escape import masked_json, plural
from flowsync.render.style import Line, Screen, Span, Style, draw, line
from flowsync.render.versions.history import day
from flowsync.versions.deleting import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.model import JsonValue, LiveFlow
    from flowsync.record.values import Place
    from flowsync.versions.deleting import Deleted, Deletion

LOST: Final = "Lost for good, with every version: users' progress and answers, and all statistics."
NO_WAY_BACK: Final = "This cannot be undone: a flow created again from the content is a new flow, without its users."
_STYLES: Final = {
    Ending.DELETED: Style.DONE,
    Ending.REFUSED: Style.WARNING,
    Ending.FAILED: Style.ERROR,
    Ending.NOT_ATTEMPTED: Style.WARNING,
}
_WIDTH: Final = max(len(ending.words) for ending in Ending)


def preview(deletions: Sequence[Deletion], place: Place, screen: Screen) -> str:
    """Return what will be deleted, and what is lost with it, before the question."""
    lines: list[Line] = [line(Span(f"Delete: {plural(len(deletions), 'flow')}", Style.HEADING))]
    lines.append(line(Span(f"for {wording.place(place.environment, place.api_url)}", Style.MUTED)))
    for deletion in deletions:
        count = len(deletion.rows)
        going = f"  all {plural(count, 'version')}, in this order" if count > 1 else "  its only version"
        lines += [(), line(Span("- ", Style.REMOVED), Span(deletion.slug, Style.HEADING), going)]
        for row in deletion.rows:
            lines.append(line(f"    {_facts(row)}"))
    for sentence in (LOST, NO_WAY_BACK):
        lines += [*([()] if sentence is LOST else []), line(Span(sentence, Style.WARNING))]
    return draw([*lines, ()], screen)


def _facts(row: LiveFlow) -> str:
    parts = [f"id {row.id}", f"version {row.version}", row.status or "no status"]
    if isinstance(created := row.raw.get("createdAt"), str) and created:
        parts.append(f"created {day(created)}")
    if isinstance(name := row.fields.get("name"), str):
        parts.append(name)
    return " · ".join(parts)


def question(deletion: Deletion, place: Place, screen: Screen) -> str:
    """Return the question before a flow is deleted: one line, without its end."""
    where = wording.place(place.environment, place.api_url)
    asked = line(Span(f"Type {deletion.slug} to delete it from {where}:", Style.HEADING), " ")
    return draw([asked], screen).removesuffix("\n")


def outcome_line(deleted: Deleted, screen: Screen) -> str:
    """Return the line, with its end, for a flow whose turn is over; empty if it had no turn."""
    if deleted.ending is Ending.NOT_ATTEMPTED:
        return ""
    return ledger.result_line(_result(deleted), _WIDTH, screen)


def text(results: Sequence[Deleted], screen: Screen) -> str:
    """Return the closing ledger."""
    return ledger.results_text(map(_result, results), (ending.words for ending in Ending), screen)


def _result(deleted: Deleted) -> ledger.Result:
    return ledger.Result(
        slug=deleted.deletion.slug,
        word=deleted.ending.words,
        style=_STYLES[deleted.ending],
        explained=_explained(deleted),
        is_good=deleted.ending is Ending.DELETED,
        code=deleted.code,
        hint=deleted.hint,
    )


def _explained(deleted: Deleted) -> str:
    rows, left = deleted.deletion.rows, deleted.left
    if deleted.ending is Ending.DELETED:
        return f"all {plural(len(rows), 'version')} are gone" if len(rows) > 1 else "its only version is gone"
    parts = [deleted.message or ""]
    if deleted.ending is Ending.FAILED:
        gone = len(rows) - sum(row.id in {each.id for each in left} for row in rows)
        named = wording.listed([f"version {row.version} ({row.status}, id {row.id})" for row in left])
        parts.append(f"{gone} of {plural(len(rows), 'version')} gone; left: {named}. Delete this flow again to finish.")
    return " ".join(filter(None, parts))


def as_json(deletions: Sequence[Deletion], place: Place, results: Sequence[Deleted] = ()) -> str:
    """Return the document `flowsync-delete/1`; before anything is done every outcome is null."""
    done = {each.deletion.slug: _outcome(each) for each in results}
    return masked_json(
        {
            "format": "flowsync-delete/1",
            "environment": place.environment,
            "api_url": place.api_url,
            "deletes": [{**_document(each), **done.get(each.slug, {"outcome": None})} for each in deletions],
        }
    )


def _document(deletion: Deletion) -> dict[str, JsonValue]:
    rows: list[JsonValue] = [
        {"id": row.id, "version": row.version, "status": row.status, "created": row.raw.get("createdAt")}
        for row in deletion.rows
    ]
    return {"slug": deletion.slug, "rows": rows}


def _outcome(deleted: Deleted) -> dict[str, JsonValue]:
    return {
        "outcome": deleted.ending.value,
        "left": [row.id for row in deleted.left],
        "code": deleted.code,
        "message": deleted.message,
        "hint": deleted.hint,
        "uncertain": deleted.uncertain,
    }
