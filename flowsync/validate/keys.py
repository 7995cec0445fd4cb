"""The file as a whole: its name, its type, whether it manages anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Location, Severity
from flowsync.secrets import private_key_at
from flowsync.validate.rule import (
    BUTTON_KEYS,
    DEPRECATED_STEP_KEYS,
    FIELD_KEYS,
    FLOW_TYPES,
    LEGACY_FLOW_TYPES,
    LISTS,
    OPTION_KEYS,
    PATTERN_KEYS,
    ROOT_KEYS,
    STEP_KEYS,
    Kind,
    Rule,
    code,
    listed,
    meant,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.model import JsonValue, Problem, ValuePath
    from flowsync.validate.rule import Part, View

LEGACY_TYPE: Final = Rule(
    "legacy-type",
    Severity.WARNING,
    "The flow has a type that Frigade keeps for old flows only. It is compared and sent like any other.",
    "type: NPS_SURVEY\n",
    "type: SURVEY\n",
)
NOTHING_MANAGED: Final = Rule(
    "nothing-managed",
    Severity.WARNING,
    "The file states no field that is sent, so flowsync manages nothing of this flow.",
    "protected: true\n",
    "protected: true\nname: Welcome\n",
)
UNUSUAL_SLUG: Final = Rule(
    "unusual-slug",
    Severity.WARNING,
    "The file's name, which is the flow's slug, holds other characters than letters, digits, `_` and `-`. Frigade "
    "gives no such slugs, and some systems cannot check out such files.",
    "# flows/flow welcome.yaml\nname: Welcome\n",
    "# flows/flow_welcome.yaml\nname: Welcome\n",
)
PRIVATE_KEY: Final = Rule(
    "private-key",
    Severity.ERROR,
    "The file holds a private API key. Whoever reads the file could change every flow of the account, and what is in "
    "`data` is delivered to browsers.",
    "name: Welcome # api_private_3xample4Docs\n",
    "name: Welcome\n",
    is_firm=True,
)
FILE_RULES: Final = (LEGACY_TYPE, NOTHING_MANAGED, UNUSUAL_SLUG, PRIVATE_KEY)

USUAL_SLUG: Final = re.compile(r"[A-Za-z0-9_-]+")


def check_file(view: View) -> Iterator[Problem]:
    """Report what is odd about the file as a whole."""
    yield from _slug(view)
    yield from _private_key(view)
    if not view.flow.fields:
        yield NOTHING_MANAGED.at(
            view.location(()),
            "This file states no field that is sent, so nothing of the flow is managed.",
            "State at least one of name, type, description, active, targetingLogic and data.",
        )
    flow_type = view.value.get("type")
    if flow_type in LEGACY_FLOW_TYPES:
        yield LEGACY_TYPE.at(
            view.location(("type",)),
            f"{flow_type} is a legacy type of flow.",
            f"New flows are one of {listed(FLOW_TYPES)}.",
        )


def _private_key(view: View) -> Iterator[Problem]:
    text = view.flow.source.text
    at = private_key_at(text)
    if private_key_at(view.flow.slug) is not None:
        yield PRIVATE_KEY.at(view.location(()), "The file's name holds a private API key.", "Revoke it in Frigade.")
    if at is not None:
        before = text[:at]
        place = Location(view.flow.file, before.count("\n") + 1, at - before.rfind("\n"))
        yield PRIVATE_KEY.at(
            place, "The file holds a private API key.", "Take it out, and revoke it in Frigade if it was committed."
        )


def _slug(view: View) -> Iterator[Problem]:
    if not USUAL_SLUG.fullmatch(view.flow.slug):
        yield UNUSUAL_SLUG.at(
            view.location(()),
            f"The slug {code(view.flow.slug)}, which is the file's name, holds unusual characters.",
            "Slugs are made of letters, digits, _ and -.",
        )


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
KEYS_RULES: Final = (UNKNOWN_DATA_KEY, DEPRECATED_KEY, EMPTY_VALUE)

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


def check_keys(view: View) -> Iterator[Problem]:
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


EMPTY_LIST: Final = Rule(
    "empty-list",
    Severity.WARNING,
    "A list of steps, fields or options is empty: the flow shows nothing there.",
    "type: BANNER\ndata:\n  steps: []\n",
    "type: BANNER\ndata:\n  steps:\n    - id: payday\n      title: Payday is near\n",
)
LISTS_RULES: Final = (EMPTY_LIST,)


def check_lists(view: View) -> Iterator[Problem]:
    """Report lists of steps, fields and options that are empty."""
    for part in view.parts:
        key = LISTS.get(part.kind)
        if key is not None and part.value.get(key) == []:
            yield EMPTY_LIST.at(
                view.location((*part.path, key)), f"`{key}` is empty, so there is nothing to show.", f"Add {key}."
            )


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
IDS_RULES: Final = (DUPLICATE_STEP_ID, DUPLICATE_FIELD_ID, DUPLICATE_OPTION_VALUE)


def check_ids(view: View) -> Iterator[Problem]:
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
