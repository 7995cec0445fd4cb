"""How many users qualify, asked of the API for a plan or for flows; whatever keeps it from saying is never an error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowsync.api.audience import PATIENCE, Gap, answered, estimates, expressions_of, questions_of
from flowsync.api.endpoints import Access
from flowsync.cli.output import Progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowsync.api.audience import Question
    from flowsync.cli.connection import Connection
    from flowsync.model import Audience, Plan


def with_audiences(plan: Plan, connection: Connection, seconds: float = PATIENCE) -> Plan:
    """The plan with how many users qualify before and after each change that decides about it."""
    return replace(plan, audiences=ask(questions_of(plan), connection, seconds))


def ask(questions: Sequence[Question], connection: Connection, seconds: float = PATIENCE) -> tuple[Audience, ...]:
    """The answers to all questions, or what came of them in so many seconds. A public key is not asked with [obs]."""
    wanted = list(expressions_of(questions))
    if connection.access is Access.PUBLIC:
        answers: dict[str, int | Gap] = dict.fromkeys(wanted, Gap.KEY)
    else:
        with Progress(connection.project.given, lambda: "Asking how many users qualify ..."):
            answers = dict(estimates(connection.client.user_counter(), wanted, seconds))
    return tuple(answered(each, answers) for each in questions)
