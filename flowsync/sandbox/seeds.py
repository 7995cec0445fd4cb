"""The first state of a sandbox: an account that fits the files of a repository.

Some flows are equal to their files, some older, one has a draft that somebody began, one a history, one
was edited in the dashboard, and one live flow has no file. Every file's flow has a row that can be written.
The differences are made from the flow's own words, so that they read like edits of a person.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import document
from flowsync.errors import FlowsyncError
from flowsync.model import FieldName, JsonValue, Target
from flowsync.sandbox.rows import FLOW_TYPES, storable
from flowsync.sandbox.store import Row, Status, timestamp

if TYPE_CHECKING:
    from flowsync.sandbox import Emulator

_PHRASES: Final = (
    ("Get started", "Begin"),
    ("Let's go", "Start"),
    ("Take the tour", "Start the tour"),
    ("Show me around", "Look around"),
    ("Show me", "See"),
    ("Learn more", "Read more"),
    ("Got it", "OK"),
    ("Welcome to", "Hello from"),
    ("What's new", "New"),
    ("Set up", "Configure"),
    ("Not now", "Skip"),
    ("Invite", "Add"),
    ("Create", "Make"),
    ("Connect", "Link"),
    ("Choose", "Pick"),
    ("Try", "Explore"),
    ("teammates", "coworkers"),
    ("Next", "Continue"),
    ("Done", "Finish"),
    ("your", "the"),
)
"""Wordings of today, and earlier ones."""

_SENTENCES: Final = (
    "It only takes a minute.",
    "You can change this later in settings.",
    "Questions? Write to us any time.",
)
_LONGEST: Final = 2_000
"""Characters; the most that an expression may have [doc]."""

_VARIABLE: Final = re.compile(r",\s*\$\{[^}]*\}|\s\$\{[^}]*\}$")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+")
_LAST_CLAUSE: Final = re.compile(r"(?s)(\S+\s+\S.*)\s+(?:and|at|for|from|in|with|without)\s+\S.*")
_TAG_OPENED: Final = re.compile(r"<(?:b|i|u|a|p|div|span|strong)\b")
_CONJUNCTION: Final = re.compile(r"\s+(?:&&|AND)\s+")


Fields: TypeAlias = Mapping[str, "JsonValue"]
"""The fields of a flow file. While they are edited, `data` is the parsed value."""
Edit: TypeAlias = Callable[[Fields], Fields]


def edited(fields: Fields, edits: Sequence[Edit], *, start: int, count: int) -> Fields:
    """`fields` after `count` of `edits` that change them, beginning with the one at `start`.

    If none of them changes anything, another edit changes one place. The text of `data` stays as it is, comments and
    all, unless an edit changed it.
    """
    text = fields.get("data")
    try:
        data = document.parse_data(text).value if isinstance(text, str) else None
    except FlowsyncError:
        data = None
    original = {**fields, "data": data}
    first = start % len(edits)
    changed = _apply(original, (*edits[first:], *edits[:first]), count)
    if changed == original:
        changed = _apply(original, _ANYTHING, 1)
    new_text = text if changed["data"] == data else document.dump(changed["data"])
    return {name: new_text if name == "data" else changed[name] for name in fields}


def _apply(fields: Fields, edits: Sequence[Edit], count: int) -> Fields:
    for edit in edits:
        changed = edit(fields)
        count -= changed != fields
        fields = changed
        if count == 0:
            break
    return fields


def earlier_wording(text: str) -> str:
    """An earlier wording of `text`; the same if nothing can be left out or reworded."""
    body = text.rstrip()
    if len(body) > _LONGEST:
        return text
    shorter = _VARIABLE.sub("", body).strip()
    sentence = _SENTENCE_END.split(body.strip(), maxsplit=1)[0]
    clause = None if "<" in body or "${" in body else _LAST_CLAUSE.fullmatch(body)
    candidates = (
        shorter if re.search(r"\w", shorter) else body,
        sentence if len(_TAG_OPENED.findall(sentence)) == sentence.count("</") else body,
        _in_other_words(body),
        clause[1] if clause else body,
    )
    return next((earlier for earlier in candidates if earlier not in {body, ""}), body) + text[len(body) :]


def other_wording(text: str) -> str:
    """Another wording of a short text, such as the title of a button."""
    reworded = _in_other_words(text)
    return f"{text} now" if reworded == text else reworded


def other_ending(text: str) -> str:
    """`text` without the full stop at its end, or with one: an edit for any text."""
    shorter = text.rstrip(" .!?")
    return shorter if shorter not in {text, ""} else f"{text}."


def longer_wording(text: str) -> str:
    """`text` with a sentence after it."""
    body = text.rstrip()
    separator = " " if body.endswith((".", "!", "?")) else ". "
    return body + separator + _SENTENCES[len(text) % len(_SENTENCES)] + text[len(body) :]


def earlier_targeting(expression: str) -> str:
    """The expression without its last `&&` term; empty, for everyone, if it has but one term or is too long."""
    if len(expression) > _LONGEST:
        return ""
    for match in reversed(list(_CONJUNCTION.finditer(expression))):
        prefix = expression[: match.start()]
        is_outside_of_texts = prefix.count("'") % 2 == 0 and prefix.count('"') % 2 == 0
        if is_outside_of_texts and prefix.count("(") == prefix.count(")"):
            return prefix
    return ""


def name_of(slug: str) -> str:
    """A readable name: `flow_welcome_tour` becomes `Welcome tour`."""
    words = re.sub(r"[_\-]+", " ", slug.removeprefix("flow_")).strip()
    return words[:1].upper() + words[1:] or slug


def _in_other_words(text: str) -> str:
    for today, before in _PHRASES:
        reworded = re.sub(rf"\b{re.escape(today)}\b", before, text, count=1)
        if reworded != text:
            return reworded
    return text


def _at(reword: Callable[[str], str], *path: str) -> Edit:
    """Rewrite the text at a path; `*` is the first item of a list that this changes."""

    def rewritten(value: JsonValue, path: Sequence[str]) -> JsonValue:
        if not path:
            return reword(value) if isinstance(value, str) and value.strip() else value
        key, *rest = path
        if isinstance(value, dict) and key in value:
            return {**value, key: rewritten(value[key], rest)}
        if isinstance(value, list) and key == "*":
            for index, item in enumerate(value):
                if (new := rewritten(item, rest)) != item:
                    return [*value[:index], new, *value[index + 1 :]]
        return value

    return lambda fields: {**fields, path[0]: rewritten(fields.get(path[0]), path[1:])} if path[0] in fields else fields


def _step(reword: Callable[[str], str], *path: str) -> Edit:
    return _at(reword, "data", "steps", "*", *path)


def _with_steps(change: Callable[[list[JsonValue]], list[JsonValue]]) -> Edit:
    def edit(fields: Fields) -> Fields:
        data = fields["data"]
        steps = data.get("steps") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(steps, list):
            return fields
        return {**fields, "data": {**data, "steps": change(steps)}}

    return edit


def _switched(fields: Fields) -> Fields:
    """The fields with the switch turned, for a flow without texts."""
    active = fields.get("active")
    return {**fields, "active": not active} if isinstance(active, bool) else fields


_ANYTHING: Final = (
    _at(earlier_targeting, "targetingLogic"),
    _at(earlier_wording, "description"),
    *(_step(other_ending, key) for key in ("title", "subtitle")),
    *(_at(other_ending, "data", key) for key in ("title", "subtitle")),
    *(_at(other_ending, name) for name in ("name", "description")),
    _switched,
)
"""Tried last: one of them changes nearly every flow."""
OLDER: Final = (
    _step(earlier_wording, "title"),
    _at(earlier_targeting, "targetingLogic"),
    _with_steps(lambda steps: steps[:-1] or steps),
    _at(earlier_wording, "name"),
    _step(earlier_wording, "subtitle"),
)
"""Changes that the files have and the account has not yet."""
DASHBOARD: Final = (
    _with_steps(lambda steps: [*steps[:-2], *steps[:-3:-1]] if len(steps) > 2 else steps),  # noqa: PLR2004
    _step(longer_wording, "subtitle"),
    _step(other_wording, "primaryButton", "title"),
)
"""Edits in the dashboard."""
DRAFT: Final = (
    _step(earlier_wording, "subtitle"),
    _step(other_wording, "primaryButton", "title"),
    _step(earlier_wording, "title"),
)
"""Edits in a draft."""


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
    """The fields of a flow file; `data` is the text that the file would send.

    `target` is the version that the file asks for: a file with `draft` gets a draft.
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
    """Fill an empty account from `flows`; returns the scenario of each slug, the unmanaged one last.

    The same flows and number give the same ids, versions and texts; another number spreads the scenarios
    and edits differently. An account that has flows is not changed, and the result is empty.
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
    """The rows of a flow that make the scenario, oldest first; a flow with nothing to edit stays equal."""
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
    """A row without id and times, with plausible values for the fields that the file lacks."""
    texts = {key: str(storable(value)) for key, value in fields.items() if isinstance(value, str)}
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
