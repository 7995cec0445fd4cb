"""The endpoints that the vendor's browser SDK calls, for apps that run against the sandbox.

Browsers ask from another origin, so answers under /v1/public/ say which origins may read them: those of this machine,
and those that were allowed. Anything else would let any open web page read flows that are not published yet.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, final
from urllib.parse import parse_qsl, urlsplit

from flowsync.model import JsonValue
from flowsync.sandbox.apps.progress import Action, PublishedFlow, UserAction, Visitor, act, states
from flowsync.sandbox.apps.users import Kind, Users
from flowsync.sandbox.rows import read_body
from flowsync.sandbox.server import ANY_KEY, PUBLIC_KEY, Refusal, Response, answered, refused
from flowsync.sandbox.store import timestamp
from flowsync.targeting.context import milliseconds
from flowsync.text import printable

if TYPE_CHECKING:
    from datetime import datetime

    from flowsync.sandbox.server import Handler, Request
    from flowsync.sandbox.store import Clock, Store

SESSION_SECONDS: Final = 0.26
"""How long a sessions answer takes at least: the SDK answers a repeated POST from memory for 250 ms, so that an app
would see new properties and events only later if states could be asked for sooner."""
_LOCAL_NAME: Final = re.compile(r"[a-z0-9.-]+\.localhost")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
_ALLOWED_HEADERS: Final = "authorization, content-type, x-frigade-sdk-platform, x-frigade-sdk-version"
_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,300}")


@final
class Sdk:
    """Answers the SDK. `flows` returns the flows that it may load now; `report` gets a line for each fault.

    `origins` are allowed besides those of this machine. Users and their progress are kept in `store`.
    """

    def __init__(
        self,
        flows: Callable[[], Sequence[PublishedFlow]],
        store: Store,
        clock: Clock,
        *,
        origins: Collection[str] = (),
        report: Callable[[str], object] = str,
    ) -> None:
        self._flows = flows
        self._store = store
        self._users = Users(store)
        self._clock = clock
        self._origins = frozenset(origins)
        self._report = report

    def over(self, api: Handler) -> Handler:
        """A handler that answers the SDK, and passes every other request to `api`."""

        def handle(request: Request) -> Response:
            if not is_loopback(request.headers.get("host", "localhost")):
                return refused(HTTPStatus.MISDIRECTED_REQUEST, "The sandbox answers to names of this machine only")
            if not request.path.startswith("/v1/public/"):
                return api(request)
            origin = request.headers.get("origin")
            if origin is not None and not self._is_allowed(origin):
                self._report(f"Refused the origin {printable(origin)[:300]}: allow it with --allow-origin ORIGIN.")
                return refused(HTTPStatus.FORBIDDEN, "This origin may not use the sandbox")
            response = self._answer(request, api)
            if origin is None:
                return response
            headers = {"access-control-allow-origin": origin, "vary": "Origin"}  # errors too: the page may read them
            return replace(response, headers={**response.headers, **headers})

        return handle

    def _answer(self, request: Request, api: Handler) -> Response:
        if request.method == "OPTIONS":
            return _preflight(request)
        if request.key and request.key not in ANY_KEY:
            self._report(f"A request came with another key: the app's apiKey must be {PUBLIC_KEY}.")
        endpoint = _ROUTES.get((request.method, request.path))
        if endpoint is None:
            return api(request)
        if request.key not in ANY_KEY:
            return refused(HTTPStatus.FORBIDDEN, "Forbidden resource")
        try:
            return endpoint(self, request)
        except Refusal as refusal:
            return refusal.response

    def _is_allowed(self, origin: str) -> bool:
        if origin in self._origins:
            return True
        return _ORIGIN.fullmatch(origin) is not None and is_loopback(urlsplit(origin).netloc)

    def open_session(self, request: Request) -> Response:
        """Store what the app reports about a user and a group."""
        body = read_body(request)
        user_id, group_id = _text(body, "userId"), _optional_text(body, "groupId")
        with self._store.writing():
            self._keep("user", user_id, _mapping(body, "userProperties"), _events(body, "userEvents"), group_id)
            if group_id:
                self._keep("group", group_id, _mapping(body, "groupProperties"), _events(body, "groupEvents"))
        began = time.monotonic() if request.arrived is None else request.arrived
        time.sleep(max(0.0, began + SESSION_SECONDS - time.monotonic()))
        return _empty()

    def keep_user(self, request: Request) -> Response:
        """Store what an older script reports about a user alone."""
        body = read_body(request)
        user_id = _optional_text(body, "userId") or _text(body, "foreignId")
        with self._store.writing():
            self._keep("user", user_id, _mapping(body, "properties"), _events(body, "events"))
        return _empty()

    def _keep(
        self,
        kind: Kind,
        identity: str,
        properties: Mapping[str, JsonValue] = {},
        events: Iterable[str] = (),
        group_id: str | None = None,
    ) -> None:
        person = self._users.person(kind, identity).reported(properties, events)
        self._users.keep(kind, identity, person.seen_with(group_id) if group_id else person)

    def show_states(self, request: Request) -> Response:
        """The states of a user, by query."""
        query = dict(parse_qsl(request.target.partition("?")[2]))
        visitor = self._visitor(_text(query, "userId"), query.get("groupId"), None)
        return answered(HTTPStatus.OK, states(self._flows(), visitor))

    def post_states(self, request: Request) -> Response:
        """The states of a user, after the action that the body may name."""
        body = read_body(request)
        context = _mapping(body, "context")
        flows = self._flows()
        with self._store.writing():
            user_id, group_id = _text(body, "userId"), _optional_text(body, "groupId")
            if group_id:
                self._keep("user", user_id, group_id=group_id)
            visitor = self._visitor(user_id, group_id, _optional_text(context, "url"))
            if body.get("actionType") is not None:
                visitor = self._acted(body, user_id, flows, visitor)
        return answered(HTTPStatus.CREATED, states(flows, visitor))

    def _visitor(self, user_id: str, group_id: str | None, url: str | None) -> Visitor:
        return Visitor(
            now=milliseconds(self._clock()),
            is_guest=user_id.startswith("guest_"),  # how the SDK begins the ids that it makes up
            user=self._users.person("user", user_id),
            group=self._users.person("group", group_id or ""),
            url=url,
            flows=self._users.progress(user_id),
        )

    def _acted(
        self, body: Mapping[str, JsonValue], user_id: str, flows: Sequence[PublishedFlow], visitor: Visitor
    ) -> Visitor:
        done, slug = user_action(body, self._clock()), _text(body, "flowSlug")
        flow = next((flow for flow in flows if flow.slug == slug), None)
        if flow is None:
            self._report(f"Ignored a user's action on {printable(slug)[:200]}: the app gets no such flow.")
            return visitor
        if done.action.is_about_a_step and all(step.id != done.step_id for step in flow.steps):
            step = printable(done.step_id)[:200]
            self._report(f"Ignored a user's action on the step {step} of {flow.slug}: no such step.")
            return visitor
        kept = act(done, flow, visitor)
        self._users.keep_progress(user_id, slug, kept)
        return visitor.at(slug, kept)


_Endpoint = Callable[[Sdk, "Request"], Response]
_ROUTES: Final[Mapping[tuple[str, str], _Endpoint]] = {
    ("POST", "/v1/public/sessions"): Sdk.open_session,
    ("GET", "/v1/public/flowStates"): Sdk.show_states,
    ("POST", "/v1/public/flowStates"): Sdk.post_states,
    ("POST", "/v1/public/users"): Sdk.keep_user,
    ("POST", "/v1/public/users/"): Sdk.keep_user,
}


def is_loopback(place: str) -> bool:
    """Whether a host, with or without a port, is this machine."""
    host = re.sub(r":\d+$", "", place).lower()
    return host in _LOOPBACK or _LOCAL_NAME.fullmatch(host) is not None


def _preflight(request: Request) -> Response:
    headers = {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-max-age": "600",
    }
    if "access-control-request-private-network" in request.headers:
        headers["access-control-allow-private-network"] = "true"
    return Response(HTTPStatus.NO_CONTENT.value, headers, b"")


def _empty() -> Response:
    return Response(HTTPStatus.CREATED.value, {}, b"")


def user_action(body: Mapping[str, JsonValue], now: datetime) -> UserAction:
    """The action that a request for states reports. Raises a Refusal (400) if it cannot be understood."""
    try:
        action = Action(body["actionType"])
    except ValueError:
        known = ", ".join(action.value for action in Action)
        raise Refusal(HTTPStatus.BAD_REQUEST, [f"actionType must be one of the following values: {known}"]) from None
    at = _optional_text(body, "createdAt") or timestamp(now)
    return UserAction(action, at, _optional_text(body, "stepId") or "", _answers(body))


def _text(body: Mapping[str, JsonValue], name: str) -> str:
    value = _optional_text(body, name)
    if not value:
        raise Refusal(HTTPStatus.BAD_REQUEST, [f"{name} must be a string", f"{name} should not be empty"])
    return value


def _optional_text(body: Mapping[str, JsonValue], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Refusal(HTTPStatus.BAD_REQUEST, [f"{name} must be a string"])
    return value


def _mapping(body: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, [f"{name} must be an object"])
    return value or {}


def _events(body: Mapping[str, JsonValue], name: str) -> Iterator[str]:
    """The names of the events that a body reports."""
    events = body.get(name)
    for event in events if isinstance(events, list) else ():
        name_of_event = event.get("event") if isinstance(event, dict) else None
        if isinstance(name_of_event, str):
            yield name_of_event


def _answers(body: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The answers of a user in a step: an object, or the JSON text of one."""
    value = body.get("data")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    return value if isinstance(value, dict) else {}
