"""The API's checks of bodies, how it stores their fields, and how it shows a row to each key.

A field that an endpoint does not know is ignored. Null is refused everywhere, which is stricter than what is known of
the vendor's server.
"""

from __future__ import annotations

import json
import re
import secrets
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from flowsync import document
from flowsync.errors import DocumentError, FlowsyncError
from flowsync.model import JsonValue
from flowsync.sandbox.conflicts import Reading
from flowsync.sandbox.server import Refusal
from flowsync.sandbox.store import Status

if TYPE_CHECKING:
    from flowsync.sandbox.server import Request
    from flowsync.sandbox.store import Row

COMPONENTS: Final = {
    "ANNOUNCEMENT": "Announcement",
    "BANNER": "Banner",
    "CARD": "Card",
    "CHECKLIST": "Checklist.Collapsible",
    "CUSTOM": "Flow",
    "FORM": "Form",
    "SURVEY": "Survey.NPS",
    "TOUR": "Tour",
}
"""The documented types [doc], and the component that draws each."""
FLOW_TYPES: Final = (*COMPONENTS, "SUPPORT", "EMBEDDED_TIP", "NPS_SURVEY")
"""The documented types, then legacy ones that still occur [obs]."""
ARCHIVE_BEHAVIORS: Final = ("EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS")
"""What becomes of users who are in the version that a published draft replaces [obs]; the first by default."""
ORGANIZATION_ID: Final = 1001
"""The organization that the rows of a sandbox belong to, unless another one is given."""
_COLUMNS: Final = {
    "targetingLogic": "targeting_logic",
    "triggerType": "trigger_type",
    "completionBehavior": "completion_behavior",
    "codeSnippet": "code_snippet",
}
_NOT_YAML: Final = frozenset({"yaml-syntax", "tab", "duplicate-key"})
"""The document's errors that npm yaml has too; what else it refuses may be read by the vendor's server."""

Body: TypeAlias = Mapping[str, "JsonValue"]
Shown: TypeAlias = "dict[str, JsonValue]"
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
    """Require balanced parentheses, as the server does [obs]; those inside quotes count too."""
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
"""The PUT body [doc], and other fields that scripts of the vendor send [obs]; every field is optional."""
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
        value = storable(value) if b"\\u" in request.body else value
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "Body is not valid JSON") from None
    if not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, ["the body must be an object"])
    return value


def storable(value: JsonValue) -> JsonValue:
    """The value with U+FFFD for half a surrogate pair, as in the vendor's runtime: nothing can store it."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    stored: JsonValue = json.loads(text)
    return stored


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
    values: dict[str, Any] = {_COLUMNS.get(name, name): value for name, value in body.items()}
    if "data" in values:
        values["data"] = _stored_data(values["data"], readings)
    if values.get("targeting_logic") == "":  # the empty string clears it [obs], and then it comes back as null [doc]
        values["targeting_logic"] = None
    return replace(row, **values)


def new_slug(asked: str, readings: frozenset[Reading]) -> str:
    """The slug of a new flow: the one `asked` for; a made-up one if it is missing or malformed [obs]."""
    lacks_prefix = Reading.NEW_SLUG_BY_PREFIX in readings and not asked.startswith("flow_")
    is_ignored = lacks_prefix or Reading.NEW_SLUG_MADE_UP in readings
    if re.fullmatch(r"[^\s/?#]+", asked) and not asked.isdigit() and not is_ignored:
        return asked
    return "flow_" + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(8))


def _stored_data(text: str, readings: frozenset[Reading]) -> str:
    """A JSON mapping or list becomes YAML [doc], YAML stays as it is; anything else is refused [obs]."""
    try:
        with suppress(ValueError):
            value = json.loads(text, parse_constant=_refuse_constant)
            if isinstance(value, (dict, list)):
                with suppress(DocumentError):  # what cannot be written as YAML stays as it is: JSON is YAML
                    return document.dump(storable(value))
    except RecursionError:
        raise Refusal(HTTPStatus.BAD_REQUEST, ["data is nested too deeply"]) from None
    try:
        document.parse(text, "data")
    except DocumentError as error:
        if error.problem.code in _NOT_YAML:
            is_422 = Reading.BAD_YAML_422 in readings
            status = HTTPStatus.UNPROCESSABLE_ENTITY if is_422 else HTTPStatus.BAD_REQUEST
            place = error.problem.location
            message = f"data is not YAML: {error.problem.message} (line {place.line}, column {place.column})"
            raise Refusal(status, message) from None
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Views:
    """How rows are shown. A `documented` view leaves out every field that the reference does not list [doc]."""

    readings: frozenset[Reading]
    documented: bool
    organization: int = ORGANIZATION_ID

    def public(self, row: Row) -> Shown:
        """The row as /v1/public/... shows it, to any key: without the account's private fields [obs]."""
        if self.documented:
            return self._documented(row)
        shown = {**self._documented(row), **_observed(row)}
        if Reading.SNIPPET_HIDDEN in self.readings:
            del shown["codeSnippet"]
        return shown

    def private(self, row: Row) -> Shown:
        """The row as a GET with a private key shows it."""
        return self.written(row) if self.documented else {**self.written(row), "internalData": _internal_data()}

    def written(self, row: Row) -> Shown:
        """The row as the answer to a write shows it: `internalData` is for GETs only [obs]."""
        if self.documented:
            return self._documented(row)
        return {**self._documented(row), **_observed(row), **_private(row), "organizationId": self.organization}

    def _documented(self, row: Row) -> Shown:
        """The fields of the documented response [doc]; `description` and `active` are not among them."""
        return {
            "id": row.id,
            "slug": row.slug,
            "version": row.version,
            "status": row.status.value,
            "name": row.name,
            "type": row.type,
            "targetingLogic": row.targeting_logic,
            "data": _json_text(row.data) if Reading.DATA_JSON in self.readings else row.data,
            "codeSnippet": row.code_snippet or f'<Frigade.{COMPONENTS.get(row.type, "Flow")} flowId="{row.slug}" />',
            "createdAt": row.created_at,
            "modifiedAt": row.modified_at,
        }


def _observed(row: Row) -> Shown:
    """More fields of public answers [obs]."""
    return {
        "active": row.active,
        "description": row.description,
        "triggerType": row.trigger_type,
        "completionBehavior": row.completion_behavior,
    }


def _private(row: Row) -> Shown:
    """The fields that public answers lack [obs]. A sandbox has no people, so it has no ids of people."""
    return {
        "customerId": None,
        "publishedAt": row.published_at,
        "publishedById": None,
        "archivedAt": row.archived_at if row.status is Status.ARCHIVED else None,
        "archivedById": None,
        "modifiedById": None,
        "archiveBehavior": row.archive_behavior,
        "lastSeenAt": None,
    }


def _internal_data() -> Shown:
    """The usage of a flow [obs]: nobody has used it, and no collection holds it."""
    users = dict.fromkeys((f"numberOfUsers{did}Flow" for did in ("Seen", "Started", "Completed", "Skipped")), 0)
    return {
        "flowStats": {**users, "stepCounts": {}},
        "rules": [],
        "productionDraftFlowId": None,
        "productionActiveFlowId": None,
    }


def _json_text(text: str) -> str:
    """`data` encoded as JSON; as it is if it cannot be read."""
    try:
        return json.dumps(document.parse_data(text).value, ensure_ascii=False)
    except FlowsyncError:
        return text
