"""What is kept of users and groups, and of users' progress, in the sandbox's SQLite file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flowsync.sandbox.apps.progress import KeptFlow, KeptStep, Person
from flowsync.targeting.context import FlowState, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.model import JsonValue
    from flowsync.sandbox.store import Store


class Users:
    """Users, groups and progress of one sandbox, as JSON by id. Whoever changes them holds `store.writing()`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def user(self, user_id: str) -> Person:
        """What is known of a user; nothing of one who was never seen."""
        return self._person("user", user_id)

    def group(self, group_id: str) -> Person:
        """What is known of a group."""
        return self._person("group", group_id)

    def keep_user(self, user_id: str, person: Person) -> None:
        """Keep a user in place of what was known."""
        self._keep("user", user_id, person)

    def keep_group(self, group_id: str, person: Person) -> None:
        """Keep a group in place of what was known."""
        self._keep("group", group_id, person)

    def progress(self, user_id: str) -> Mapping[str, KeptFlow]:
        """How far a user is with every flow that they began, by slug."""
        rows = self._store.query("SELECT flow, content FROM progress WHERE user = ?", user_id)
        return {slug: _flow_from(json.loads(content)) for slug, content in rows}

    def keep_progress(self, user_id: str, slug: str, kept: KeptFlow) -> None:
        """Keep how far a user is with one flow."""
        self._store.query("INSERT OR REPLACE INTO progress VALUES (?, ?, ?)", user_id, slug, _text(_flow_json(kept)))

    def _person(self, kind: str, identity: str) -> Person:
        rows = self._store.query("SELECT content FROM people WHERE kind = ? AND id = ?", kind, identity)
        for (content,) in rows:
            value = json.loads(content)
            return Person(value["properties"], value["events"], tuple(value["groups"]))
        return Person()

    def _keep(self, kind: str, identity: str, person: Person) -> None:
        value: JsonValue = {
            "properties": dict(person.properties),
            "events": dict(person.events),
            "groups": list(person.groups),
        }
        self._store.query("INSERT OR REPLACE INTO people VALUES (?, ?, ?)", kind, identity, _text(value))


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def _flow_json(kept: KeptFlow) -> JsonValue:
    steps: dict[str, JsonValue] = {
        name: {"state": step.state.value, "started": step.started, "data": dict(step.data), "at": step.at}
        for name, step in kept.steps.items()
    }
    return {"state": kept.state.value, "at": kept.at, "current": kept.current, "steps": steps}


def _flow_from(value: Any) -> KeptFlow:  # noqa: ANN401 - what `_flow_json` made
    steps = {
        name: KeptStep(StepState(step["state"]), step["started"], step["data"], step["at"])
        for name, step in value["steps"].items()
    }
    return KeptFlow(FlowState(value["state"]), value["at"], value["current"], steps)
