"""Whom flows are for, before a change and after it: what to ask the API's estimate, and what its answers come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.api.audience import EVERYONE, Gap
from flowsync.flows.expressions import as_sent
from flowsync.model import Audience, Create, NewDraft, Qualifying
from flowsync.targeting.tokens import on_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.model import Change, FieldName, Flow, JsonValue, LiveFlow, Plan


class Nobody(Enum):
    """Why certainly nobody qualifies, whatever the expression says."""

    SWITCHED_OFF = "switched off"
    NOT_PUBLISHED = "not published"
    NEW = "new"


Side: TypeAlias = "str | Nobody | Gap"
"""The expression to ask about, or why there is nothing to ask."""

_DECIDING: Final = frozenset({"targetingLogic", "active"})
_LONGEST_EMPTY: Final = 1
"""An expression that is no longer than this means everyone [obs]."""


@dataclass(frozen=True, slots=True)
class Question:
    """The two sides of one flow; None where there is no such side. `live`: it is not about a draft."""

    slug: str
    before: Side | None
    after: Side | None
    live: bool = True


def questions_of(plan: Plan) -> tuple[Question, ...]:
    """What to ask about a plan: of every flow whose targeting or switch it changes, or that it makes."""
    return tuple(
        _question(change)
        for change in plan.changes
        if isinstance(change, Create) or any(each.field in _DECIDING for each in change.fields)
    )


def _question(change: Change) -> Question:
    if isinstance(change, Create):
        return Question(change.slug, Nobody.NEW, _side({"targetingLogic": "", **change.body}), live=True)
    before = {**(change.shown or {}), **change.old}
    is_draft = isinstance(change, NewDraft) or change.status == "DRAFT"
    return Question(change.slug, _side(before), _side({**before, **change.body}), live=not is_draft)


def question_of(slug: str, rows: Sequence[LiveFlow], flow: Flow | None) -> Question:
    """What to ask about one flow: who qualifies for the published row among `rows`, and who would with the file."""
    live = next((row for row in rows if row.is_published), None)
    before = _side(live.fields) if live else Nobody.NOT_PUBLISHED if rows else None
    if flow is None:
        return Question(slug, before, None)
    latest = max((row for row in rows if not row.is_archived), key=lambda row: row.version, default=None)
    there: Mapping[FieldName, JsonValue] = {"targetingLogic": ""} if latest is None else latest.fields
    return Question(slug, before, _side({**there, **as_sent(flow.fields)}))


def _side(fields: Mapping[FieldName, JsonValue]) -> Side:
    """Whom fields are for; a switch that the API does not return is taken to be on."""
    if fields.get("active") is False:
        return Nobody.SWITCHED_OFF
    if "targetingLogic" not in fields:
        return Gap.UNSEEN
    text = fields["targetingLogic"]
    return on_one_line(text or "") if text is None or isinstance(text, str) else Gap.UNREADABLE


def asked(text: str) -> str:
    """The expression that is sent for one: no targeting is asked about in words that are true for every user."""
    return EVERYONE if _is_everyone(text) else text


def expressions_of(questions: Iterable[Question]) -> Iterator[str]:
    """Every expression to ask about."""
    return (asked(side) for each in questions for side in (each.before, each.after) if isinstance(side, str))


def answered(question: Question, answers: Mapping[str, int | Gap]) -> Audience:
    """The question with the estimates of its expressions, which are all among `answers`."""
    before, after = (None if side is None else qualifying(side, answers) for side in (question.before, question.after))
    return Audience(question.slug, before, after, question.live)


def qualifying(side: Side, answers: Mapping[str, int | Gap]) -> Qualifying:
    """How many users one side is for."""
    if isinstance(side, Nobody):
        return Qualifying(0, side.value)
    found = answers[asked(side)] if isinstance(side, str) else side
    is_everyone = isinstance(side, str) and _is_everyone(side)
    if isinstance(found, Gap):
        return Qualifying(None, found.value, is_everyone)
    return Qualifying(found, is_everyone=is_everyone)


def _is_everyone(text: str) -> bool:
    return len(text.strip()) <= _LONGEST_EMPTY
