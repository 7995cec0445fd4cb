"""The versions of a flow as a table, and one of them as a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from flowsync.api.rows import Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus
from flowsync.model import JsonValue, LiveFlow, Target
from flowsync.plan.document import json_safe
from flowsync.render.escape import cell_code, markdown_table, masked_json, plural, prose
from flowsync.render.style import Screen, Span, Style, draw, line, paint, table
from flowsync.render.versions.sides import changed_places
from flowsync.render.wording import listed
from flowsync.text import shortened
from flowsync.versions.history import History, Seen, Version

if TYPE_CHECKING:
    from flowsync.api.rows import Choice
    from flowsync.diff.fields import Observed
    from flowsync.pull.results import NewFile
    from flowsync.record.values import Place

_TITLES: Final = ("VERSION", "STATUS", "ON", "ID", "CREATED", "PUBLISHED", "ARCHIVED", "ROLE", "CHANGED")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)")
_LONGEST: Final = 40
_PLACES: Final = 3
"""How many changed places are named; the rest is counted."""
_STYLES: Final = {"ACTIVE": Style.ADDED, "DRAFT": Style.WARNING, "ARCHIVED": Style.MUTED}
_SEEN: Final = {
    Seen.YES: "Users see version {} (id {}).",
    Seen.UNLESS_OFF: "Users see version {} (id {}), unless it is switched off: the API does not return that.",
    Seen.SWITCHED_OFF: "Nobody sees version {} (id {}): it is published, and switched off.",
    Seen.BROKEN: "Nobody sees version {} (id {}): it is published, and its targeting cannot be met.",
    Seen.ONE_OF_SEVERAL: "Version {} (id {}) is one of several that are published: which one users see is not known.",
    Seen.UNKNOWN: "It is not known whether users see version {} (id {}): its status is unknown.",
}


def text(found: History, screen: Screen) -> str:
    """Return a table of the versions, then who sees which, and which one apply would write."""
    rows = [[Span(cell, style) for cell, style in _cells(each, found, day)] for each in found.versions]
    lines = [*table(_TITLES, rows, screen), ()]
    lines += [line(sentence) for sentence in sentences_of(found)]
    lines += [line(Span(note, Style.WARNING)) for note in found.notes]
    return draw(lines, screen)


def sentences_of(found: History) -> Iterator[str]:
    """Yield who sees which version, and which one apply would write."""
    for each in found.versions:
        if each.seen is not Seen.NO:
            yield _SEEN[each.seen].format(each.row.version, each.row.id)
    if all(each.seen is Seen.NO for each in found.versions):
        yield "Nothing is published: nobody sees this flow."
    yield _written(found.choice)


def _written(choice: Choice) -> str:
    match choice:
        case Chosen(row):
            return f"Apply would write version {row.version} (id {row.id}, {row.status or 'status unknown'})."
        case NoSuchTarget(Target.DRAFT):
            return "Apply would make a new draft: its target is a draft, and there is none."
        case NoSuchTarget(target):
            return f"Apply would write none of these: its target is the {target.value} version, and there is none."
        case UnknownStatus(row):
            return f"Apply would write none of these: the status of version {row.version} is unknown."
        case OnlyArchived() | NoSuchFlow():
            return "Apply would write none of these: archived versions are read-only."


def _cells(each: Version, found: History, moment: Callable[[JsonValue], str]) -> list[tuple[str, Style]]:
    row, raw = each.row, each.row.raw
    return [
        (str(row.version), Style.HEADING),
        (row.status or "-", _STYLES.get(row.status, Style.WARNING)),
        (_switch(row), Style.PLAIN),
        (str(row.id), Style.PLAIN),
        (moment(raw.get("createdAt")), Style.PLAIN),
        (_by(moment(raw.get("publishedAt")), raw.get("publishedById")), Style.PLAIN),
        (_by(moment(raw.get("archivedAt")), raw.get("archivedById")), Style.PLAIN),
        (_role(each), Style.PLAIN),
        (_changed(each, found), Style.PLAIN),
    ]


def _switch(row: LiveFlow) -> str:
    return {True: "on", False: "off"}[active] if isinstance(active := row.fields.get("active"), bool) else "-"


def _role(each: Version) -> str:
    return ", ".join([*(["live"] if each.row.is_published else []), *(["apply"] if each.is_target else [])]) or "-"


def _changed(each: Version, found: History) -> str:
    """Return the changes since the version before, in a few words."""
    if each.change is None:
        return "first version" if found.is_whole and each.row.version == 1 else "-"
    places = changed_places(each.change)
    unseen = f"; {listed(each.change.unseen)} not shown" if each.change.unseen else ""
    if not places:
        return f"nothing{unseen}"
    return f"{plural(len(places), 'change')}: {listed(places, _PLACES)}{unseen}"


def day(value: JsonValue) -> str:
    """Return the day of a time in the API's form; any other text shortened."""
    return _minute(value, r"\1")


def _minute(value: JsonValue, form: str = r"\1 \2") -> str:
    if found := _MOMENT.fullmatch(value) if isinstance(value, str) else None:
        return found.expand(form)
    return "-" if value is None or value == "" else shortened(str(value), _LONGEST)


def _by(moment: str, person: JsonValue) -> str:
    """Return when, and by whom if the server says so: it names people by ids."""
    return moment if person is None or person == "" else f"{moment} by {shortened(str(person), _LONGEST)}"


def markdown(found: History, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same as Markdown, nothing cut."""
    rows = []
    for each in found.versions:
        version, *cells = [cell for cell, _ in _cells(each, found, _minute)]
        rows.append([version, *(cell if cell == "-" else cell_code(cell) for cell in cells)])
    said = [prose(sentence) for sentence in (*sentences_of(found), *found.notes)]
    return "\n".join([*markdown_table([title.capitalize() for title in _TITLES], rows), "", *said, ""])


def as_json(found: History, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-history/1`."""
    return masked_json(
        {
            "format": "flowsync-history/1",
            "environment": found.place.environment,
            "api_url": found.place.api_url,
            "slug": found.slug,
            "complete": found.is_whole,
            "versions": [_document(each) for each in found.versions],
            "notes": [*found.notes],
        }
    )


def _document(each: Version) -> JsonValue:
    row, raw = each.row, each.row.raw
    times = {"created": "createdAt", "modified": "modifiedAt", "published": "publishedAt", "archived": "archivedAt"}
    people = {"published_by": "publishedById", "archived_by": "archivedById"}
    change = each.change
    return {
        "version": row.version,
        "id": row.id,
        "status": row.status,
        "active": active if isinstance(active := row.fields.get("active"), bool) else None,
        **{name: json_safe(raw.get(key)) for name, key in (times | people).items()},
        "target": each.is_target,
        "seen": each.seen.value,
        "changes": None if change is None else [*changed_places(change)],
        "unseen": [] if change is None else [*change.unseen],
    }


FORMATS: Final[Mapping[str, Callable[[History, Screen], str]]] = {"text": text, "markdown": markdown, "json": as_json}
"""What `history --format` offers."""


def file_text(made: NewFile, screen: Screen) -> str:
    """Return a version as a flow file: on a terminal inert, else as it is, for a file."""
    if screen.wrap is None:
        return made.text
    return paint([line(each) for each in made.text.removesuffix("\n").split("\n")], screen.colour)


def file_json(made: NewFile, row: LiveFlow, observed: Observed, place: Place) -> str:
    """Return the document `flowsync-version/1`: the version's facts, its fields, and the same as a flow file."""
    return masked_json(
        {
            "format": "flowsync-version/1",
            "environment": place.environment,
            "api_url": place.api_url,
            "slug": row.slug,
            "id": row.id,
            "version": row.version,
            "status": row.status,
            "fields": {name: json_safe(value) for name, value in observed.values.items()},
            "file": made.text,
            "left_out": [{"field": each.field, "message": each.message} for each in made.left_out],
        }
    )
