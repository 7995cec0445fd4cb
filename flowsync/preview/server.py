"""The preview's HTTP handler: the page, its frames, and the requests of the SDK in each frame; for this machine only.

All paths begin with a part that nobody can guess. A frame is a document without an origin: its scripts run, but reach
neither the page nor the network. Its policy is sent as a header, so that a flow cannot change it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote

from flowsync import document
from flowsync.errors import DocumentError
from flowsync.preview.flows import NO_SELECTOR, Judged, Verdict, anchor_id, judge
from flowsync.preview.session import Look
from flowsync.sandbox.apps.sdk import is_loopback, user_action
from flowsync.sandbox.rows import read_body
from flowsync.sandbox.server import Refusal, Request, Response, answered, refused
from flowsync.sandbox.store import utc_now
from flowsync.targeting.context import CaseError, persona_from

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.model import JsonValue
    from flowsync.preview.flows import Shown, Side
    from flowsync.preview.session import Session

_WAIT_SECONDS: Final = 20.0
LEAST_HEIGHTS: Final = {
    "Announcement": 600,
    "Checklist.Floating": 520,
    "Form.Dialog": 600,
    "Tour": 460,
}
"""Pixels; components that are drawn over the document do not give it a height."""
_LEAST_HEIGHT: Final = 80
_SHARED: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store"}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src 'self' "
    "data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:{media}; "
    "media-src{media} 'self'; frame-src{frames}; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
_SANDBOX: Final = "; sandbox allow-scripts"
_PAGE_FILES: Final = {"page.js": "text/javascript", "page.css": "text/css"}
_FRAME_PATH: Final = re.compile(r"frames/(?P<slug>[^/]+)/(?P<side>before|after)/(?P<user>\d{1,4})")


@dataclass(frozen=True, slots=True)
class Options:
    """How a preview is served. `remote_media`: load images and videos from the web. `still`: without animations.

    `bundle` is the script that draws; `base` names the revision of "before", "" without one.
    """

    bundle: Path
    base: str = ""
    remote_media: bool = False
    still: bool = False


class Preview:
    """Answers the requests of one run; `path` is the secret beginning of every path."""

    def __init__(self, session: Session, options: Options) -> None:
        self.path = f"/{secrets.token_urlsafe(18)}/"
        self._session = session
        self._options = options
        self._bundle = options.bundle.read_bytes()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        target, _, query = request.target.partition("?")
        if not is_loopback(request.headers.get("host", "")):
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "The preview answers to names of this machine only")
        if not secrets.compare_digest(target[: len(self.path)].encode(), self.path.encode()):
            return refused(HTTPStatus.NOT_FOUND, "Not found")
        path, parameters = target[len(self.path) :], dict(parse_qsl(query))
        try:
            return self._answer(request, path, parameters)
        except Refusal as refusal:
            return refusal.response

    def _answer(self, request: Request, path: str, parameters: Mapping[str, str]) -> Response:
        if path.startswith("frame/"):
            return _for_frames(self._for_frame(request, path.removeprefix("frame/")))
        if request.headers.get("sec-fetch-site") == "cross-site":
            raise Refusal(HTTPStatus.FORBIDDEN, "Another site may not ask")
        if (request.method, path) == ("POST", "users"):
            return self._take_user(request)
        if request.method != "GET":
            raise Refusal(HTTPStatus.NOT_FOUND, "Not found")
        if (frame := _FRAME_PATH.fullmatch(path)) is not None:
            look = Look(unquote(frame["slug"]), frame["side"], int(frame["user"]), parameters.get("step", ""))
            return self._frame(look, request)
        return self._show(path, parameters)

    def _show(self, path: str, parameters: Mapping[str, str]) -> Response:
        """The page, its files and its state."""
        match path:
            case "":
                return _document(_static("page/index.html"), "text/html", _PAGE_POLICY)
            case "page.js" | "page.css":
                return _document(_static(f"page/{path}"), _PAGE_FILES[path])
            case "state":
                return self._state(_number(parameters, "user"))
            case "wait":
                return answered(HTTPStatus.OK, self._session.wait(_number(parameters, "revision"), _WAIT_SECONDS))
            case _:
                raise Refusal(HTTPStatus.NOT_FOUND, "Not found")

    def _for_frame(self, request: Request, path: str) -> Response:
        """The requests of frames, which have no origin: the bundle, the style, and the states of their flow."""
        match request.method, path:
            case "GET", "bundle.js":
                return _document(self._bundle, "text/javascript")
            case "GET", "frame.css":
                return _document(_static("frame/frame.css"), "text/css")
            case "OPTIONS", _:
                return Response(HTTPStatus.NO_CONTENT.value, _PREFLIGHT, b"")
            case "POST", "v1/public/flowStates":
                body = read_body(request)
                done = None if body.get("actionType") is None else user_action(body, utc_now())
                return answered(HTTPStatus.CREATED, self._session.states(str(body.get("userId")), done))
            case "POST", "v1/public/sessions":
                return Response(HTTPStatus.CREATED.value, {}, b"")
            case _:
                raise Refusal(HTTPStatus.NOT_FOUND, "Not found")

    def _state(self, user: int) -> Response:
        users = self._session.users
        user = user if user < len(users) else 0
        revision = self._session.revision
        flows: list[JsonValue] = [self._described(flow, user) for flow in self._session.shown(users[user])]
        names: list[JsonValue] = [each.name or "A user of your own" for each in users]
        return answered(
            HTTPStatus.OK,
            {"revision": revision, "user": user, "users": names, "base": self._options.base, "flows": flows},
        )

    def _described(self, flow: Shown, user: int) -> JsonValue:
        context = self._session.users[user].context
        judged = Judged(Verdict.UNSTATED) if flow.source is None else judge(flow.source, context)
        return {
            "slug": flow.slug,
            "name": flow.name,
            "type": flow.type,
            "file": flow.file,
            "difference": flow.difference.value,
            "verdict": judged.verdict.value,
            "sees": judged.verdict in {Verdict.EVERYONE, Verdict.SEES},
            "hidden": judged.verdict in {Verdict.HIDDEN, Verdict.OFF, Verdict.BROKEN},
            "reasons": list(judged.reasons),
            "after": self._side(flow.slug, "after", user, flow.after),
            "before": self._side(flow.slug, "before", user, flow.before),
        }

    def _side(self, slug: str, name: str, user: int, side: Side | None) -> JsonValue:
        if side is None:
            return None
        return {
            "frame": f"frames/{quote(slug, safe='')}/{name}/{user}?{side.digest}",
            "trouble": side.trouble,
            "notes": list(side.notes),
            "height": LEAST_HEIGHTS.get(side.component, _LEAST_HEIGHT),
            "overlay": side.component in LEAST_HEIGHTS,
        }

    def _take_user(self, request: Request) -> Response:
        """Add a user, written like an entry of `tests:` without a verdict."""
        try:
            text = request.body.decode()
            persona = persona_from(document.parse(text, "user").value, utc_now())
        except (UnicodeDecodeError, DocumentError, CaseError) as error:
            raise Refusal(HTTPStatus.BAD_REQUEST, getattr(error, "message", "This is not text.")) from None
        self._session.add_user(persona)
        return answered(HTTPStatus.CREATED, 0)

    def _frame(self, look: Look, request: Request) -> Response:
        side = self._session.side(look)
        if side is None or side.flow is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "This flow is not drawn")
        root = f"http://{request.headers['host']}{self.path}frame"
        anchors: dict[str, JsonValue] = {
            step.id: {
                "id": anchor_id(position),
                "label": side.anchors.get(step.id, NO_SELECTOR),
                "found": step.id in side.anchors,
            }
            for position, step in enumerate(side.flow.steps)
            if side.component == "Tour"
        }
        setup: dict[str, JsonValue] = {
            "apiUrl": root,
            "userId": self._session.open(look),
            "slug": look.slug,
            "frame": f"{look.slug}/{look.side}",
            "component": side.component,
            "anchors": anchors,
            "still": self._options.still,
            "remoteMedia": self._options.remote_media,
        }
        text = json.dumps(setup).replace("<", "\\u003c")
        page = _static("frame/frame.html").decode().replace("{{root}}", root).replace("{{setup}}", text)
        web = " https:" if self._options.remote_media else ""
        policy = _FRAME_POLICY.format(media=web, frames=web or " 'none'")
        return _document(page.encode(), "text/html", policy + ("" if self._options.still else _SANDBOX))


_PREFLIGHT: Final = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "authorization, content-type, x-frigade-sdk-platform, x-frigade-sdk-version",
    "access-control-max-age": "600",
}


def _for_frames(response: Response) -> Response:
    """The response, readable by a document without an origin, which had to know the path."""
    headers = {**response.headers, "access-control-allow-origin": "null", "vary": "Origin"}
    return Response(response.status, headers, response.body)


def _document(content: bytes, kind: str, policy: str | None = None) -> Response:
    headers = {"content-type": f"{kind}; charset=utf-8", **_SHARED}
    if policy is not None:
        headers["content-security-policy"] = policy
    return Response(HTTPStatus.OK.value, headers, content)


def _static(name: str) -> bytes:
    return resources.files("flowsync.preview").joinpath(*name.split("/")).read_bytes()


def _number(parameters: Mapping[str, str], name: str) -> int:
    text = parameters.get(name, "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - a small number
