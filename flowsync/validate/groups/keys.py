"""Keys inside `data`: unknown ones, deprecated ones, and ones without a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.suggestion import meant
from flowsync.validate.tree import Kind
from flowsync.validate.vocabulary import (
    BUTTON_KEYS,
    DEPRECATED_STEP_KEYS,
    FIELD_KEYS,
    OPTION_KEYS,
    PATTERN_KEYS,
    ROOT_KEYS,
    STEP_KEYS,
)
from flowsync.validate.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import Problem
    from flowsync.validate.tree import Part
    from flowsync.validate.view import View

UNKNOWN_DATA_KEY: Final = Rule(
    "unknown-data-key",
    Severity.WARNING,
    "A key inside `data` is none that Frigade's SDK knows, and the SDK ignores such keys without a word. It is a "
    "warning because a component of your own may read it; settings for those belong in `props`, which is never "
    "checked. In flows of the type CUSTOM, in steps with a `type` and in fields of a custom type only keys that look "
    "like a slip of a known one are reported.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      tittle: Your first budget\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: Your first budget\n",
)
DEPRECATED_KEY: Final = Rule(
    "deprecated-key",
    Severity.WARNING,
    "A key of an older version of Frigade. It still works, and has been replaced by a mapping for each button.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButtonTitle: Create one\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      primaryButton: {title: Create one}\n",
)
EMPTY_VALUE: Final = Rule(
    "empty-value",
    Severity.WARNING,
    "A key inside `data` has no value, so null is sent.",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title:\n",
    "type: CARD\ndata:\n  steps:\n    - id: budget\n      title: Your first budget\n",
)
RULES: Final = (UNKNOWN_DATA_KEY, DEPRECATED_KEY, EMPTY_VALUE)

KNOWN_KEYS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.ROOT: ROOT_KEYS,
    Kind.STEP: STEP_KEYS,
    Kind.BUTTON: BUTTON_KEYS,
    Kind.FIELD: FIELD_KEYS,
    Kind.OPTION: OPTION_KEYS,
    Kind.PATTERN: PATTERN_KEYS,
}
NEVER_EMPTY: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.ROOT: frozenset({"steps"}),
    Kind.STEP: frozenset({"id"}),
    Kind.BUTTON: frozenset(),
    Kind.FIELD: frozenset({"id", "value"}),
    Kind.OPTION: frozenset({"label", "value"}),
    Kind.PATTERN: frozenset({"value"}),
}
"""Keys without which null is an error of the schema, or (a field's initial value) is fine."""


def check(view: View) -> Iterator[Problem]:
    """Report every key of `data` that will not do what its author meant."""
    for part in view.parts:
        known = KNOWN_KEYS[part.kind]
        for key, value in part.value.items():
            if key not in known:
                yield from _stranger(view, part, key, known)
            elif value is None and not _is_schema_matter(view, part, key):
                yield EMPTY_VALUE.at(
                    view.key_location((*part.path, key)),
                    f"`{key}` has no value, so null is sent.",
                    "Give it a value, or remove the line.",
                )


def _is_schema_matter(view: View, part: Part, key: str) -> bool:
    """Whether the schema already refuses null here."""
    if key in NEVER_EMPTY[part.kind]:
        return True
    if part.kind is Kind.FIELD and key == "options":
        return part.value.get("type") in ("select", "radio")
    return part.kind is Kind.STEP and key == "selector" and view.value.get("type") == "TOUR"


def _stranger(view: View, part: Part, key: str, known: tuple[str, ...]) -> Iterator[Problem]:
    location = view.key_location((*part.path, key))
    if part.kind is Kind.STEP and key in DEPRECATED_STEP_KEYS:
        yield DEPRECATED_KEY.at(location, f"`{key}` is deprecated.", f"Write {DEPRECATED_STEP_KEYS[key]} instead.")
        return
    match = meant(key, [name for name in known if name not in part.value])
    if match is not None or not part.is_custom:
        yield UNKNOWN_DATA_KEY.at(
            location,
            f"{code(key)} is not a key of {part.kind.value}; Frigade ignores it without a word.",
            f"Did you mean `{match}`?" if match else "What a component of your own reads belongs in `props`.",
        )
