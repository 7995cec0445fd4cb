"""What must be unique: step ids in the flow, field ids in their step, option values in their field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind
from flowsync.validate.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import JsonValue, Problem, ValuePath
    from flowsync.validate.view import View

DUPLICATE_STEP_ID: Final = Rule(
    "duplicate-step-id",
    Severity.ERROR,
    "Two steps of one flow have the same `id`. Progress is kept by id, so completing one completes the other.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: One\n    - id: budget\n      title: Two\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: One\n    - id: savings\n      title: Two\n",
)
DUPLICATE_FIELD_ID: Final = Rule(
    "duplicate-field-id",
    Severity.ERROR,
    "Two fields of one step have the same `id`. Answers are kept by id, so one overwrites the other.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n        - id: role\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n        - id: team\n",
)
DUPLICATE_OPTION_VALUE: Final = Rule(
    "duplicate-option-value",
    Severity.ERROR,
    "Two options of one field have the same `value`, so nobody can tell later which one was chosen. The number 1 and "
    "the text '1' count as the same, because a browser stores both as text.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n          type: select\n"
    "          options:\n            - {label: Finance, value: a}\n            - {label: Sales, value: a}\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: role\n"
    "          type: select\n          options:\n            - {label: Admin, value: admin}\n"
    "            - {label: Member, value: member}\n",
)
RULES: Final = (DUPLICATE_STEP_ID, DUPLICATE_FIELD_ID, DUPLICATE_OPTION_VALUE)


def check(view: View) -> Iterator[Problem]:
    """Report every repeated id and value, with the line of the first."""
    for part in view.of(Kind.ROOT):
        yield from _repeated(view, (*part.path, "steps"), part.value, DUPLICATE_STEP_ID, "flow")
    for part in view.of(Kind.STEP):
        yield from _repeated(view, (*part.path, "fields"), part.value, DUPLICATE_FIELD_ID, "step")
    for part in view.of(Kind.FIELD):
        yield from _repeated(view, (*part.path, "options"), part.value, DUPLICATE_OPTION_VALUE, "field")


def _repeated(
    view: View, path: ValuePath, parent: Mapping[str, JsonValue], rule: Rule, scope: str
) -> Iterator[Problem]:
    key = "value" if rule is DUPLICATE_OPTION_VALUE else "id"
    items = parent.get(str(path[-1]))
    first: dict[str, ValuePath] = {}
    for index, identity in _identities(items, key):
        here = (*path, index, key)
        earlier = first.setdefault(identity, here)
        if earlier != here:
            yield rule.at(
                view.location(here),
                f"The {key} {code(identity)} is already used in line {view.location(earlier).line}.",
                f"Each {key} must be unique in its {scope}.",
            )


def _identities(items: JsonValue, key: str) -> Iterator[tuple[int, str]]:
    for index, item in enumerate(items if isinstance(items, list) else ()):
        value = item.get(key) if isinstance(item, dict) else None
        text = _as_browser_text(value)
        if text is not None:
            yield index, text


def _as_browser_text(value: JsonValue) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None
