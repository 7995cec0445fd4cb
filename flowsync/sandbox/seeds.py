"""A first state for a sandbox: an account that belongs to a repo's own files.

Some flows are equal to their files, some older, one has a draft that somebody began, one a history, one
was edited in the dashboard, and one live flow has no file. Every file's flow has a row that can be written.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from flowsync import document
from flowsync.model import Target
from flowsync.sandbox import edits
from flowsync.sandbox.edits import name_of
from flowsync.sandbox.faults import FaultKind
from flowsync.sandbox.store import FLOW_TYPES, stored_targeting, stored_text
from flowsync.sandbox.values import PRIVATE_KEY, Request, Row, Status, timestamp, timestamp_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from flowsync.model import FieldName, JsonValue
    from flowsync.sandbox.emulator import Emulator
    from flowsync.sandbox.faults import Act


class Scenario(Enum):
    """How a live flow differs from its file, in words for people."""

    EQUAL = "equal to its file"
    OLDER = "older than its file"
    DASHBOARD = "edited in the dashboard"
    DRAFT = "equal, with a newer draft"
    HISTORY = "equal, above archived versions"
    UNMANAGED = "live without a file"


@dataclass(frozen=True, slots=True)
class SeedFlow:
    """What a file says of its flow; `data` among `fields` is the text that the file would send.

    `target` is the version that the file wants written: a file that asks for a draft gets one.
    """

    slug: str
    fields: Mapping[FieldName, JsonValue]
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What was made of one flow."""

    slug: str
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class _Version:
    slug: str
    version: int
    status: Status
    fields: Mapping[FieldName, JsonValue]


_CYCLE: Final = (
    *(Scenario.OLDER, Scenario.EQUAL, Scenario.DASHBOARD, Scenario.DRAFT),
    *(Scenario.HISTORY, Scenario.EQUAL, Scenario.EQUAL, Scenario.EQUAL),
)
_AGE: Final = timedelta(days=300)
_LOWEST_ID: Final = 1_000
_HIGHEST_ID: Final = 999_999
_WIDEST_GAP: Final = 97
_UNMANAGED_SLUG: Final = "flow_summer_sale"
_UNMANAGED_FIELDS: Final[Mapping[FieldName, JsonValue]] = {
    "name": "Summer sale",
    "type": "BANNER",
    "description": "Runs until the end of August",
    "active": True,
    "data": """steps:
  - id: summer-sale
    title: 20 % off all yearly plans
    subtitle: Until the end of August
    primaryButton:
      title: See plans
      action: flow.complete
      uri: /pricing
""",
}


def seed(emulator: Emulator, flows: Sequence[SeedFlow], *, number: int = 0) -> tuple[Story, ...]:
    """Fill an empty account from `flows` and tell what was made of each, by slug, the unmanaged one last.

    The same flows and number give the same ids, versions and texts; another number spreads the scenarios
    and edits differently. An account that holds flows already is left as it is, and the answer is empty.
    """
    ordered = sorted(flows, key=lambda flow: flow.slug)
    stories, versions = _compose(ordered, number)
    rows = _rows(versions, random.Random(number), emulator.clock())  # noqa: S311 - ids, not secrets
    with emulator.store.writing():
        if not emulator.store.is_empty():
            return ()
        for row in rows:
            emulator.store.add(row)
    return stories


def _compose(flows: Sequence[SeedFlow], number: int) -> tuple[tuple[Story, ...], list[_Version]]:
    stories: list[Story] = []
    versions: list[_Version] = []
    for position, flow in enumerate(flows):
        scenario = _scenario(flow, position, len(flows), number)
        story, rows = _tell(flow, scenario, (len(flows) - 1 - position) // len(_CYCLE) + number)
        stories.append(story)
        versions.extend(rows)
    slug = _free_slug({flow.slug for flow in flows})
    stories.append(Story(slug, Scenario.UNMANAGED))
    return tuple(stories), [*versions, _Version(slug, 1, Status.ACTIVE, _UNMANAGED_FIELDS)]


def _scenario(flow: SeedFlow, position: int, count: int, number: int) -> Scenario:
    """Each flow's place in the cycle, which starts at the last slug; the number moves all of them on."""
    if flow.target is Target.DRAFT:
        return Scenario.DRAFT
    return _CYCLE[(count - 1 - position + number) % count % len(_CYCLE)]


def _tell(flow: SeedFlow, scenario: Scenario, round_number: int) -> tuple[Story, list[_Version]]:
    """The versions that make the scenario, oldest first; a flow that states nothing to edit stays equal."""
    if scenario is Scenario.EQUAL:
        return Story(flow.slug, scenario), _stack(flow, flow.fields)
    original = edits.content_of(flow.fields)
    edited = _seeds_edited(original, scenario, round_number)
    if edited == original and scenario in {Scenario.OLDER, Scenario.DASHBOARD}:
        return Story(flow.slug, Scenario.EQUAL), _stack(flow, flow.fields)
    below = _versions_below(scenario, round_number)
    history = [edits.fields_of(content, original) for content in _history(edited, below)]
    return Story(flow.slug, scenario), _versions(flow, scenario, history, edits.fields_of(edited, original))


def _versions(
    flow: SeedFlow,
    scenario: Scenario,
    history: Sequence[Mapping[FieldName, JsonValue]],
    fields: Mapping[FieldName, JsonValue],
) -> list[_Version]:
    """The rows of one slug; `fields` are the edited ones."""
    if scenario is Scenario.DRAFT:
        return [*_stack(flow, flow.fields), _Version(flow.slug, 2, Status.DRAFT, fields)]
    return _stack(flow, *history, fields)


def _versions_below(scenario: Scenario, round_number: int) -> int:
    """How many archived versions lie below the published one."""
    match scenario:
        case Scenario.HISTORY:
            return 3
        case Scenario.OLDER:
            return 1 + round_number % 2
        case _:
            return 0


def _seeds_edited(content: edits.Content, scenario: Scenario, round_number: int) -> edits.Content:
    match scenario:
        case Scenario.OLDER:
            return edits.apply_edits(content, edits.OLDER, start=2 * round_number, count=3)
        case Scenario.DASHBOARD:
            return edits.apply_edits(content, edits.DASHBOARD, start=2 * round_number, count=2)
        case Scenario.DRAFT:
            return edits.apply_edits(content, edits.DRAFT, start=round_number, count=1)
        case _:
            return content


def _history(content: edits.Content, count: int) -> list[edits.Content]:
    """Earlier and earlier contents of a flow, the oldest first."""
    versions = [content]
    for places in range(count):
        versions.append(edits.apply_edits(versions[-1], edits.OLDER, start=places, count=1))
    return versions[:0:-1]


def _stack(flow: SeedFlow, *versions: Mapping[FieldName, JsonValue]) -> list[_Version]:
    """Archived versions with the published one on top."""
    *archived, published = [_Version(flow.slug, at, Status.ARCHIVED, fields) for at, fields in enumerate(versions, 1)]
    return [*archived, replace(published, status=Status.ACTIVE)]


def _free_slug(taken: set[str]) -> str:
    candidates = (_UNMANAGED_SLUG, *(f"{_UNMANAGED_SLUG}_{number}" for number in range(2, len(taken) + 3)))
    return next(slug for slug in candidates if slug not in taken)


def _rows(versions: Sequence[_Version], chance: random.Random, now: datetime) -> list[Row]:
    """Rows with ids and times that grow together: first versions first, flows in no particular order."""
    order = sorted(versions, key=lambda version: (version.version, chance.random()))
    ids = _ids(len(order), chance)
    rows = [
        _row(version, flow_id, timestamp(now - _AGE * (len(order) - index) / len(order)))
        for index, (version, flow_id) in enumerate(zip(order, ids, strict=True))
    ]
    created = {(row.slug, row.version): row.created_at for row in rows}
    return [_superseded(row, created.get((row.slug, row.version + 1))) for row in rows]


def _superseded(row: Row, successor_created: str | None) -> Row:
    """An archived row was archived when its successor came."""
    if row.status is not Status.ARCHIVED or successor_created is None:
        return row
    return replace(row, archived_at=successor_created, modified_at=successor_created)


def _ids(count: int, chance: random.Random) -> list[int]:
    """Growing numbers of four to six digits with gaps, as an account has that is one of many."""
    widest = max(1, min(_WIDEST_GAP, (_HIGHEST_ID - 9 * _LOWEST_ID) // count))
    ids = [chance.randrange(_LOWEST_ID, 8 * _LOWEST_ID)]
    while len(ids) < count:
        ids.append(ids[-1] + chance.randint(1, widest))
    return ids


def _row(version: _Version, flow_id: int, created: str) -> Row:
    """The row, with something plausible in the place of what the file leaves open."""
    fields = version.fields
    name = _text(fields.get("name")) or name_of(version.slug)
    kind = fields.get("type")
    return Row(
        id=flow_id,
        slug=version.slug,
        version=version.version,
        status=version.status,
        name=name,
        type=kind if isinstance(kind, str) and kind in FLOW_TYPES else "ANNOUNCEMENT",
        description=_text(fields.get("description")),
        active=fields.get("active") is not False,
        targeting_logic=stored_targeting(_text(fields.get("targetingLogic")) or ""),
        data=_text(fields.get("data")) or _plain_data(name),
        created_at=created,
        modified_at=created,
        published_at=None if version.status is Status.DRAFT else created,
        archived_at=None,
    )


def _text(value: JsonValue) -> str | None:
    return stored_text(value) if isinstance(value, str) else None


def _plain_data(name: str) -> str:
    step: JsonValue = {"id": "welcome", "title": name, "primaryButton": {"title": "Got it", "action": "flow.complete"}}
    return document.dump({"steps": [step]})


_FLOWS = ("v1", "flows")
_KEY = {"authorization": f"Bearer {PRIVATE_KEY}"}


def dashboard_edit(emulator: Emulator) -> Act:
    """Somebody who edits the flow that a request is about, or begins a draft of it; the first of all for the list.

    What is edited goes on from one edit to the next: a title, a button, the order of the steps.
    """
    turns = count()

    def act(request: Request, kind: FaultKind) -> None:
        row = next(_concerned(emulator, request), None)
        if row is None:
            return
        if kind is FaultKind.DRAFT:
            emulator.handle(Request("POST", f"/v1/flows/{row.id}/versions", _KEY, b""))
            return
        with emulator.store.writing():
            emulator.store.replace(_dashboard_edited(row, next(turns), emulator))

    return act


def _concerned(emulator: Emulator, request: Request) -> Iterator[Row]:
    """The rows that a person could have edited, the one in question first."""
    named = _named(request)
    if named.isdigit():
        row = emulator.store.find(int(named))
        yield from [row] if row and row.status is not Status.ARCHIVED else []
    rows = emulator.store.versions(named) if named else sorted(emulator.store.page(0, 100), key=lambda row: row.slug)
    yield from (row for row in rows if row.status is not Status.ARCHIVED)


def _named(request: Request) -> str:
    """The slug or id in the path; empty where it is the list's."""
    parts = [part for part in request.target.partition("?")[0].split("/") if part not in {"", "public"}]
    return unquote(parts[2]) if tuple(parts[:2]) == _FLOWS and len(parts) > 2 else ""  # noqa: PLR2004 - v1, flows, name


def _dashboard_edited(row: Row, turn: int, emulator: Emulator) -> Row:
    content = edits.content_of({"name": row.name, "data": row.data})
    edited = edits.fields_of(edits.apply_edits(content, edits.DASHBOARD, start=turn, count=1), content)
    name, data = str(edited["name"]), str(edited["data"])
    if (name, data) == (row.name, row.data):
        name = f"{row.name} (edited)"
    return replace(row, name=name, data=data, modified_at=timestamp_after(emulator.clock(), row.modified_at))
