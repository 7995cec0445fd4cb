"""What the API checks in the body of a request, and what it makes of the values.

A field that the endpoint does not know is ignored. Null is refused everywhere, which is stricter than what is known of
the vendor's server.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.model import JsonValue
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.values import Refusal

if TYPE_CHECKING:
    from flowsync.sandbox.store import Row
    from flowsync.sandbox.values import Request

FLOW_TYPES: Final = (
    *("ANNOUNCEMENT", "BANNER", "CARD", "CHECKLIST", "CUSTOM", "FORM", "SURVEY", "TOUR"),
    *("SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY"),
)
"""The documented types [doc], then legacy ones that still occur [obs]."""
ARCHIVE_BEHAVIORS: Final = ("EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS")
"""What becomes of users who are in the version that a published draft replaces [obs]; the first by default."""
_COLUMNS: Final = {
    "targetingLogic": "targeting_logic",
    "triggerType": "trigger_type",
    "completionBehavior": "completion_behavior",
    "codeSnippet": "code_snippet",
}
_NOT_YAML: Final = frozenset({"yaml-syntax", "tab", "duplicate-key"})
"""The document's errors that npm yaml has too; what else it refuses may be read by the vendor's server."""
_WELL_FORMED: Final = re.compile(r"[^\s/?#]+")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MADE_UP: Final = string.ascii_letters + string.digits
_MADE_UP_LENGTH: Final = 8

Body: TypeAlias = Mapping[str, "JsonValue"]
_Check: TypeAlias = Callable[[str, "JsonValue"], "str | None"]
"""Takes a field's name and value; returns what is wrong with it, if anything, beginning with the name [obs]."""


def _is_a(kind: type | tuple[type, ...], words: str) -> _Check:
    return lambda name, value: None if isinstance(value, kind) else f"{name} must be {words}"


_is_string = _is_a(str, "a string")


def _is_filled_string(name: str, value: JsonValue) -> str | None:
    return _is_string(name, value) or (None if value else f"{name} should not be empty")


def _is_one_of(*choices: str) -> _Check:
    listed = ", ".join(choices)
    return lambda name, value: None if value in choices else f"{name} must be one of the following values: {listed}"


def _is_targeting(name: str, value: JsonValue) -> str | None:
    """Balanced parentheses are all that the server asks for [obs]; those inside strings count too."""
    depth = 0
    for character in str(value):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            break
    return _is_string(name, value) or (None if depth == 0 else f"{name} has unbalanced parentheses")


UPDATE_CHECKS: Final[Mapping[str, _Check]] = {
    "active": _is_a(bool, "a boolean value"),
    "codeSnippet": _is_string,
    "completionBehavior": _is_a((str, type(None)), "a string"),
    "data": _is_string,
    "description": _is_string,
    "name": _is_filled_string,
    "targetingLogic": _is_targeting,
    "triggerType": _is_one_of("MANUAL", "AUTOMATIC"),
    "type": _is_one_of(*FLOW_TYPES),
}
"""The PUT body [doc], and what else scripts of the vendor's send [obs]; every field is optional."""
CREATE_CHECKS: Final[Mapping[str, _Check]] = {
    **{name: check for name, check in UPDATE_CHECKS.items() if name != "triggerType"},
    "data": _is_filled_string,
    "slug": _is_string,
}
"""The POST body [obs]."""
ACTIVATE_CHECKS: Final[Mapping[str, _Check]] = {"archiveBehavior": _is_one_of(*ARCHIVE_BEHAVIORS)}


def read_body(request: Request) -> Body:
    """The JSON object in the body; a request without a body must not announce JSON (400) [obs]."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json"
    if not request.body and is_json:
        problem = "Body cannot be empty when content-type is set to 'application/json'"
        raise Refusal(HTTPStatus.BAD_REQUEST, problem)
    if not request.body:
        return {}
    if not is_json:
        raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Unsupported Media Type: {media_type or 'none'}")
    try:
        value: JsonValue = json.loads(request.body.decode())
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, ["the body must be an object"])
    return value


def checked(body: Body, checks: Mapping[str, _Check], *, required: tuple[str, ...] = ()) -> dict[str, JsonValue]:
    """The fields of `body` that the endpoint knows. Raises a Refusal (400) that lists everything wrong [doc]."""
    known = {name: value for name, value in body.items() if name in checks}
    missing = [f"{name} should not be empty" for name in required if name not in body]
    wrong = [problem for name, value in known.items() if (problem := checks[name](name, value))]
    if problems := [*missing, *wrong]:
        raise Refusal(HTTPStatus.BAD_REQUEST, problems)
    return known


def written(row: Row, body: Body, readings: frozenset[Reading]) -> Row:
    """`row` with the fields of a checked body in it. Raises a Refusal for `data` that is not YAML."""
    values: dict[str, Any] = {
        _COLUMNS.get(name, name): stored_text(value) if isinstance(value, str) and name != "data" else value
        for name, value in body.items()
    }
    if "data" in values:
        values["data"] = _stored_data(values["data"], readings)
    if values.get("targeting_logic") == "":  # the empty string clears it [obs], and then it comes back as null [doc]
        values["targeting_logic"] = None
    return replace(row, **values)


def stored_text(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair becomes U+FFFD, as in the vendor's runtime."""
    return _SURROGATE.sub("\ufffd", text)


def new_slug(asked: str, readings: frozenset[Reading]) -> str:
    """The slug of a new flow: the one `asked` for; a made-up one where that is missing or malformed [obs]."""
    lacks_prefix = Reading.NEW_SLUG_BY_PREFIX in readings and not asked.startswith("flow_")
    is_ignored = lacks_prefix or Reading.NEW_SLUG_MADE_UP in readings
    if _WELL_FORMED.fullmatch(asked) and not asked.isdigit() and not is_ignored:
        return stored_text(asked)
    return "flow_" + "".join(secrets.choice(_MADE_UP) for _ in range(_MADE_UP_LENGTH))


def _stored_data(text: str, readings: frozenset[Reading]) -> str:
    """A JSON mapping or list becomes YAML [doc], YAML stays as it is; what is neither is refused [obs]."""
    value: JsonValue = None
    try:
        with suppress(ValueError):
            value = json.loads(text, parse_constant=_refuse_constant)
        if isinstance(value, (dict, list)):
            with suppress(DocumentError):  # what cannot be written as YAML stays as it is: JSON is YAML
                return document.dump(_without_surrogates(value))
    except RecursionError:
        raise Refusal(HTTPStatus.BAD_REQUEST, ["data is nested too deeply"]) from None
    text = stored_text(text)
    try:
        document.parse(text, "data")
    except DocumentError as error:
        if error.problem.code in _NOT_YAML:
            status = HTTPStatus.BAD_REQUEST
            if Reading.BAD_YAML_422 in readings:
                status = HTTPStatus.UNPROCESSABLE_ENTITY
            place = error.problem.location
            said = f"data is not YAML: {error.problem.message} (line {place.line}, column {place.column})"
            raise Refusal(status, said) from None
    return text


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
