"""Stores users, groups and users' progress in the sandbox's SQLite file."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from flowsync.sandbox.apps.progress import KeptFlow, KeptStep, Person
from flowsync.targeting.context import FlowState, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.sandbox.store import Store

Kind: TypeAlias = Literal["user", "group"]


class Users:
    """Users, groups and progress of one sandbox, as JSON by id. Whoever changes them holds `store.writing()`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def person(self, kind: Kind, identity: str) -> Person:
        """The stored user or group; empty if it was never seen."""
        rows = self._store.query("SELECT content FROM people WHERE kind = ? AND id = ?", kind, identity)
        return Person(**json.loads(rows[0][0])) if rows else Person()

    def keep(self, kind: Kind, identity: str, person: Person) -> None:
        """Store a user or a group, replacing the former data."""
        self._store.query("INSERT OR REPLACE INTO people VALUES (?, ?, ?)", kind, identity, json.dumps(asdict(person)))

    def progress(self, user_id: str) -> Mapping[str, KeptFlow]:
        """A user's progress in every flow that they began, by slug."""
        rows = self._store.query("SELECT flow, content FROM progress WHERE user = ?", user_id)
        return {slug: _flow_from(json.loads(content)) for slug, content in rows}

    def keep_progress(self, user_id: str, slug: str, kept: KeptFlow) -> None:
        """Store a user's progress in one flow."""
        content = json.dumps(asdict(kept), default=lambda state: state.value)
        self._store.query("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", user_id, slug, content)


def _flow_from(value: dict[str, Any]) -> KeptFlow:
    steps = {name: KeptStep(**{**step, "state": StepState(step["state"])}) for name, step in value["steps"].items()}
    return KeptFlow(**{**value, "state": FlowState(value["state"]), "steps": steps})
