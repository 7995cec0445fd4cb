"""What the API checks before it writes, and what it makes of the values.

The checks of types are stricter than what is known of the vendor's server: null is refused everywhere
and so is a field the endpoint does not know. A client that passes here sends nothing doubtful.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn, TypeAlias

from flowsync import document
from flowsync.sandbox.replies import Refusal

if TYPE_CHECKING:
    from flowsync.model import JsonValue

Body: TypeAlias = Mapping[str, "JsonValue"]
Check: TypeAlias = Callable[[str, "JsonValue"], "str | None"]
"""Takes a field's name and value; answers what is wrong with it, if anything."""

FLOW_TYPES: Final = (
    *("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"),
    *("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY"),
)
"""The documented types [doc], then legacy ones that still occur [obs]."""

ARCHIVE_BEHAVIORS: Final = ("EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS")
"""What becomes of users who are in the version that a published draft replaces [obs]."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


def _is_boolean(name: str, value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else f"{name} must be a boolean value"


def _is_string(name: str, value: JsonValue) -> str | None:
    return None if isinstance(value, str) else f"{name} must be a string"


def _is_filled_string(name: str, value: JsonValue) -> str | None:
    return _is_string(name, value) or (None if value else f"{name} should not be empty")


def _is_slug(name: str, value: JsonValue) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"[^\s/?#]+", value) and not value.isdigit():
        return None
    return f"{name} must be a string without spaces and slashes that is not a number"


def _is_flow_type(name: str, value: JsonValue) -> str | None:
    return None if value in FLOW_TYPES else f"{name} must be one of the following values: {', '.join(FLOW_TYPES)}"


def _is_archive_behavior(name: str, value: JsonValue) -> str | None:
    known = ", ".join(ARCHIVE_BEHAVIORS)
    return None if value in ARCHIVE_BEHAVIORS else f"{name} must be one of the following values: {known}"


def _is_targeting(name: str, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return f"{name} must be a string"
    return None if has_balanced_parentheses(value) else f"{name} has unbalanced parentheses"


UPDATE_CHECKS: Final[Mapping[str, Check]] = {
    "active": _is_boolean,
    "data": _is_string,
    "description": _is_string,
    "name": _is_filled_string,
    "targetingLogic": _is_targeting,
    "type": _is_flow_type,
}
"""The PUT body [doc]; every field is optional."""

CREATE_CHECKS: Final[Mapping[str, Check]] = {**UPDATE_CHECKS, "slug": _is_slug}
ACTIVATE_CHECKS: Final[Mapping[str, Check]] = {"archiveBehavior": _is_archive_behavior}
NEW_VERSION_CHECKS: Final[Mapping[str, Check]] = {}


def check(body: Body, checks: Mapping[str, Check], *, required: tuple[str, ...] = ()) -> None:
    """Raise a Refusal (400) that lists everything wrong with `body`, as the vendor's validation does [doc]."""
    missing = [f"{name} should not be empty" for name in required if name not in body]
    unknown = [f"property {name} should not exist" for name in body if name not in checks]
    wrong = [problem for name, value in body.items() if name in checks and (problem := checks[name](name, value))]
    if problems := [*missing, *unknown, *wrong]:
        raise Refusal(HTTPStatus.BAD_REQUEST, problems)


def has_balanced_parentheses(text: str) -> bool:
    """All that the server checks of targeting [obs]; taken literally, so that strings are not told apart."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def stored_data(text: str) -> str:
    """`data` as the server keeps it: a JSON mapping or list becomes YAML [doc], any other text stays as it is."""
    try:
        value = _parse_json(text)
        return document.dump(value) if isinstance(value, (dict, list)) else stored_text(text)
    except RecursionError:
        raise Refusal(HTTPStatus.BAD_REQUEST, ["data is nested too deeply"]) from None


def stored_text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair becomes U+FFFD, as in the vendor's runtime."""
    return _SURROGATE.sub(_REPLACEMENT, text)


def stored_targeting(text: str) -> str | None:
    """The empty string clears targeting [obs]; cleared targeting comes back as null [doc: string or null]."""
    return stored_text(text) or None


def derived_slug(name: str) -> str:
    """The slug of a flow that was created without one: `flow_` and its name in lower-case words."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return "_".join(["flow", *words])


def _parse_json(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse_constant)
    except ValueError:
        return None
    return _without_surrogates(value)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _without_surrogates(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return stored_text(value)
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {stored_text(key): _without_surrogates(item) for key, item in value.items()}
        case _:
            return value
