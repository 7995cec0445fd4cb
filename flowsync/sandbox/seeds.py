"""A first state for a sandbox: an account that belongs to a repo's own files.

Some flows are equal to their files, some older, one has a draft that somebody began, one a history, one
was edited in the dashboard, and one live flow has no file. Every file's flow has a row that can be written.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.model import FieldName, JsonValue, Target
from flowsync.sandbox.bodies import FLOW_TYPES, stored_text
from flowsync.sandbox.edits import DASHBOARD, DRAFT, OLDER, Fields, edited, name_of
from flowsync.sandbox.store import Row, Status
from flowsync.sandbox.values import timestamp

if TYPE_CHECKING:
    from flowsync.sandbox.emulator import Emulator


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


_CYCLE: Final = (
    *(Scenario.OLDER, Scenario.EQUAL, Scenario.DASHBOARD, Scenario.DRAFT),
    *(Scenario.HISTORY, Scenario.EQUAL, Scenario.EQUAL, Scenario.EQUAL),
)
_AGE: Final = timedelta(days=300)
_LOWEST_ID: Final = 1_000
_HIGHEST_ID: Final = 999_999
_WIDEST_GAP: Final = 97
_UNMANAGED_SLUG: Final = "flow_summer_sale"
_UNMANAGED_FIELDS: Final[Fields] = {
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


def seed(emulator: Emulator, flows: Sequence[SeedFlow], *, number: int = 0) -> dict[str, Scenario]:
    """Fill an empty account from `flows`; what was made of each, by slug, the unmanaged one last.

    The same flows and number give the same ids, versions and texts; another number spreads the scenarios
    and edits differently. An account that holds flows already is left as it is, and the answer is empty.
    """
    made: dict[str, Scenario] = {}
    rows: list[Row] = []
    for position, flow in enumerate(sorted(flows, key=lambda flow: flow.slug)):
        left = len(flows) - 1 - position  # the cycle starts at the last slug; the number moves all of them on
        scenario = _CYCLE[(left + number) % len(flows) % len(_CYCLE)]
        made[flow.slug], versions = _versions(flow, scenario, left // len(_CYCLE) + number)
        rows += versions
    names = (_UNMANAGED_SLUG, *(f"{_UNMANAGED_SLUG}_{suffix}" for suffix in range(2, len(made) + 3)))
    unmanaged = next(name for name in names if name not in made)
    made[unmanaged] = Scenario.UNMANAGED
    rows.append(_row(unmanaged, 1, Status.ACTIVE, _UNMANAGED_FIELDS))
    rows = _dated(rows, random.Random(number), emulator.clock())  # noqa: S311 - ids, not secrets
    with emulator.store.writing():
        if not emulator.is_empty():
            return {}
        for row in rows:
            emulator.store.add(row)
    return made


def _versions(flow: SeedFlow, scenario: Scenario, turn: int) -> tuple[Scenario, list[Row]]:
    """The rows of a flow that make the scenario, oldest first; a flow that states nothing to edit stays equal."""
    fields: Fields = {str(name): value for name, value in flow.fields.items()}
    if flow.target is Target.DRAFT or scenario is Scenario.DRAFT:
        draft = edited(fields, DRAFT, start=turn, count=1)
        return Scenario.DRAFT, [_row(flow.slug, 1, Status.ACTIVE, fields), _row(flow.slug, 2, Status.DRAFT, draft)]
    published, below = fields, 3 if scenario is Scenario.HISTORY else 0
    if scenario is Scenario.OLDER:
        published, below = edited(fields, OLDER, start=2 * turn, count=3), 1 + turn % 2
    elif scenario is Scenario.DASHBOARD:
        published = edited(fields, DASHBOARD, start=2 * turn, count=2)
    if published == fields and scenario is not Scenario.HISTORY:
        scenario, below = Scenario.EQUAL, 0
    contents = [published]
    for start in range(below):
        contents.insert(0, edited(contents[0], OLDER, start=start, count=1))
    rows = [_row(flow.slug, version, Status.ARCHIVED, each) for version, each in enumerate(contents, start=1)]
    return scenario, [*rows[:-1], replace(rows[-1], status=Status.ACTIVE)]


def _row(slug: str, version: int, status: Status, fields: Fields) -> Row:
    """A row without id and times, with something plausible in the place of what the file leaves open."""
    texts = {key: stored_text(value) for key, value in fields.items() if isinstance(value, str)}
    name = texts.get("name") or name_of(slug)
    step: JsonValue = {"id": "welcome", "title": name, "primaryButton": {"title": "Got it", "action": "flow.complete"}}
    return Row(
        0,
        slug,
        version,
        status,
        name,
        type=texts["type"] if texts.get("type") in FLOW_TYPES else "ANNOUNCEMENT",
        description=texts.get("description"),
        active=fields.get("active") is not False,
        targeting_logic=texts.get("targetingLogic") or None,
        data=texts.get("data") or document.dump({"steps": [step]}),
    )


def _dated(rows: Sequence[Row], chance: random.Random, now: datetime) -> list[Row]:
    """The rows with ids and times that grow together: first versions first, flows in no particular order.

    Ids are numbers of four to six digits with gaps, as in an account that is one of many. An archived row was
    archived when its successor came.
    """
    ordered = sorted(rows, key=lambda row: (row.version, chance.random()))
    created = {
        (row.slug, row.version): timestamp(now - _AGE * (len(rows) - index) / len(rows))
        for index, row in enumerate(ordered)
    }
    widest = max(1, min(_WIDEST_GAP, (_HIGHEST_ID - 9 * _LOWEST_ID) // len(rows)))
    flow_id = chance.randrange(_LOWEST_ID, 8 * _LOWEST_ID)
    dated: list[Row] = []
    for row in ordered:
        began = created[row.slug, row.version]
        archived = created.get((row.slug, row.version + 1)) if row.status is Status.ARCHIVED else None
        published = None if row.status is Status.DRAFT else began
        numbered = replace(row, id=flow_id, created_at=began, modified_at=archived or began)
        dated.append(replace(numbered, published_at=published, archived_at=archived))
        flow_id += chance.randint(1, widest)
    return dated
