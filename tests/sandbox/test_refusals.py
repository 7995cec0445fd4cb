"""Everything the API refuses, as data: the source of the fact, the request, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import pytest

from flowsync.sandbox import Emulator
from flowsync.sandbox.server import PUBLIC_KEY, Request
from tests.sandbox.account import ACTIVE, ARCHIVED, DATA, DRAFT, NOWHERE, SWITCHED_OFF, ask

JSON: Final = {"content-type": "application/json"}
PRIVATE: Final = "api_private_sandbox"


@dataclass(frozen=True)
class Case:
    """`source`: doc, obs, or ours where the vendor says nothing and the emulator decides."""

    source: str
    fact: str
    method: str
    target: str
    status: int
    says: str
    body: object = None
    key: str | None = PRIVATE
    headers: Mapping[str, str] = field(default_factory=dict)


def put(source: str, fact: str, body: object, says: str, target: object = ACTIVE) -> Case:
    return Case(source, fact, "PUT", f"/v1/flows/{target}", 400, says, body)


def post(source: str, fact: str, body: object, says: str) -> Case:
    return Case(source, fact, "POST", "/v1/flows", 400, says, body)


NEW: Final = {"name": "New", "data": DATA}

CASES: Final = (
    Case("obs", "no key", "GET", "/v1/flows", 403, "Forbidden", key=None),
    Case("obs", "no key on a public path", "GET", "/v1/public/flows", 403, "Forbidden", key=None),
    Case("obs", "an unknown key", "GET", "/v1/public/flows", 403, "Forbidden", key="api_private_other"),
    Case("obs", "another scheme", "GET", "/v1/flows", 403, "Forbidden", headers={"authorization": "Basic " + PRIVATE}),
    Case("obs", "a public key lists privately", "GET", "/v1/flows", 403, "Forbidden", key=PUBLIC_KEY),
    Case("obs", "a public key reads privately", "GET", "/v1/flows/2", 403, "Forbidden", key=PUBLIC_KEY),
    Case("obs", "a public key reads versions", "GET", "/v1/flows/flow_off/versions", 403, "Forbidden", key=PUBLIC_KEY),
    Case("obs", "a public key writes", "PUT", "/v1/flows/2", 403, "Forbidden", {"name": "x"}, key=PUBLIC_KEY),
    Case("obs", "a public key creates", "POST", "/v1/flows", 403, "Forbidden", NEW, key=PUBLIC_KEY),
    Case("obs", "a public key deletes", "DELETE", "/v1/flows/2", 403, "Forbidden", key=PUBLIC_KEY),
    Case("obs", "trailing slash", "GET", "/v1/flows/", 404, "Cannot GET /v1/flows/"),
    Case("obs", "trailing slash, public", "GET", "/v1/public/flows/", 404, "Cannot GET"),
    Case("obs", "trailing slash before a query", "GET", "/v1/flows/?offset=0", 404, "Cannot GET"),
    Case("obs", "trailing slash on creation", "POST", "/v1/flows/", 404, "Cannot POST", NEW),
    Case("obs", "trailing slash below a flow", "GET", "/v1/flows/flow_off/", 404, "Cannot GET"),
    Case("obs", "no PATCH", "PATCH", "/v1/flows/2", 404, "Cannot PATCH", {"name": "x"}),
    Case("ours", "no such path", "GET", "/v2/flows", 404, "Cannot GET /v2/flows"),
    Case("ours", "no such path below a flow", "GET", "/v1/flows/2/activate", 404, "Cannot GET"),
    Case("ours", "half surrogate pairs are answered", "GET", "/v1/\ud800", 404, "Cannot GET"),
    Case("obs", "JSON announced, no body: list", "GET", "/v1/flows", 400, "cannot be empty", headers=JSON),
    Case("obs", "JSON announced, no body: delete", "DELETE", "/v1/flows/2", 400, "cannot be empty", headers=JSON),
    Case("doc", "no such slug, public", "GET", "/v1/public/flows/flow_none", 404, "not found"),
    Case("ours", "a draft by id, public", "GET", f"/v1/public/flows/{DRAFT}", 404, "not found"),
    Case("obs", "no slug and no number", "GET", "/v1/flows/welcome", 404, "not found"),
    Case("obs", "no slug and no number, public", "GET", "/v1/public/flows/welcome", 404, "not found"),
    Case("obs", "no such slug, private", "GET", "/v1/flows/flow_none", 404, "not found"),
    Case("obs", "no such id", "GET", f"/v1/flows/{NOWHERE}", 404, "not found"),
    Case("obs", "an id too large for a database", "GET", f"/v1/flows/{'9' * 30}", 404, "not found"),
    Case("obs", "no such version", "GET", "/v1/flows/flow_welcome?version=9", 404, "not found"),
    Case("ours", "version is no number", "GET", "/v1/flows/flow_welcome?version=x", 400, "version must be"),
    Case("doc", "write to no flow", "PUT", f"/v1/flows/{NOWHERE}", 404, "not found", {"name": "x"}),
    Case("doc", "delete no flow", "DELETE", f"/v1/flows/{NOWHERE}", 404, "not found"),
    Case("obs", "delete by slug", "DELETE", "/v1/flows/flow_off", 404, "not found"),
    Case("obs", "draft of no flow", "POST", f"/v1/flows/{NOWHERE}/versions", 404, "not found", {}),
    put("doc", "archived is read-only", {"name": "x"}, "read-only", ARCHIVED),
    put("doc", "active is no boolean", {"active": "true"}, "active must be a boolean"),
    put("doc", "active is a number", {"active": 1}, "active must be a boolean"),
    put("doc", "data is no text", {"data": {"steps": []}}, "data must be a string"),
    put("doc", "name is no text", {"name": 7}, "name must be a string"),
    put("ours", "name is empty", {"name": ""}, "name should not be empty"),
    put("doc", "description is no text", {"description": ["x"]}, "description must be a string"),
    put("ours", "description is null", {"description": None}, "description must be a string"),
    put("doc", "type is unknown", {"type": "POPUP"}, "type must be one of"),
    put("doc", "type is a list", {"type": ["TOUR"]}, "type must be one of"),
    put("obs", "targetingLogic is null", {"targetingLogic": None}, "targetingLogic must be a string"),
    put("obs", "parenthesis left open", {"targetingLogic": "user.property('a'"}, "unbalanced parentheses"),
    put("obs", "parenthesis too many", {"targetingLogic": "a)"}, "unbalanced parentheses"),
    put("obs", "parentheses in the wrong order", {"targetingLogic": ")("}, "unbalanced parentheses"),
    put("obs", "trigger type is unknown", {"triggerType": "NEVER"}, "triggerType must be one of"),
    put("obs", "data is no YAML", {"data": "steps: ["}, "data is not YAML"),
    put("obs", "data has a key twice", {"data": "steps: []\nsteps: []\n"}, "data is not YAML"),
    put("obs", "data is indented with a tab", {"data": "steps:\n\t- id: a\n"}, "data is not YAML"),
    put("ours", "a body that is no object", ["name"], "must be an object"),
    put("ours", "JSON too deep to convert", {"data": "[" * 100_000 + "]" * 100_000}, "nested too deeply"),
    post("obs", "name is required", {"data": DATA}, "name should not be empty"),
    post("obs", "data is required", {"name": "x"}, "data should not be empty"),
    post("obs", "slug exists", {**NEW, "slug": "flow_welcome"}, "already exists"),
    post("obs", "data is empty", {**NEW, "data": ""}, "data should not be empty"),
    post("ours", "slug is no text", {**NEW, "slug": 7}, "slug must be a string"),
    post("obs", "parenthesis left open", {**NEW, "targetingLogic": "(("}, "unbalanced parentheses"),
    post("obs", "data is no YAML", {**NEW, "data": "[oops"}, "data is not YAML"),
    Case("obs", "second draft", "POST", f"/v1/flows/{ACTIVE}/versions", 400, "Draft already exists", {}),
    Case(
        *("obs", "activate with an unknown behaviour", "PUT", f"/v1/flows/{DRAFT}/activate", 400),
        *("archiveBehavior must be one of", {"archiveBehavior": "KEEP"}),
    ),
    Case(
        *("obs", "activate what is no draft", "PUT", f"/v1/flows/{SWITCHED_OFF}/activate", 500),
        *("Internal server error", {"archiveBehavior": "RESTART_ALL_USERS"}),
    ),
    Case("obs", "activate no flow", "PUT", f"/v1/flows/{NOWHERE}/activate", 404, "not found", {}),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source}: {case.fact}")
def test_the_api_refuses_in_its_own_shape_and_changes_nothing(case: Case, emulator: Emulator) -> None:
    before = emulator.store.page(0, 100)
    answer = ask(emulator.handle, case.method, case.target, case.body, key=case.key, headers=case.headers)
    assert answer.status == case.status
    error = {} if case.status == 500 else {"error": HTTPStatus(case.status).phrase}
    assert answer.body == {"statusCode": case.status, "message": answer.body["message"], **error}
    assert case.says in str(answer.body["message"])
    assert emulator.store.page(0, 100) == before


def test_validation_lists_everything_that_is_wrong_as_messages(emulator: Emulator) -> None:
    body = {"active": "no", "targetingLogic": "((", "colour": 1}
    answer = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", body)
    assert answer.body["message"] == [
        "active must be a boolean value",
        "targetingLogic has unbalanced parentheses",
    ]


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"name": "x"', b"[" * 100_000, b"nonsense"])
def test_a_body_that_is_not_json_is_a_400(content: bytes, emulator: Emulator) -> None:
    headers = {"authorization": f"Bearer {PRIVATE}", **JSON}
    assert emulator.handle(Request("PUT", f"/v1/flows/{ACTIVE}", headers, content)).status == 400


@pytest.mark.parametrize("headers", [{}, {"content-type": "application/x-www-form-urlencoded"}])
def test_a_body_that_is_not_announced_as_json_is_a_415(headers: dict[str, str], emulator: Emulator) -> None:
    sent = {"authorization": f"Bearer {PRIVATE}", **headers}
    assert emulator.handle(Request("PUT", f"/v1/flows/{ACTIVE}", sent, b"{}")).status == 415


def test_no_answer_repeats_the_key_that_was_sent(emulator: Emulator) -> None:
    headers = {"authorization": "Bearer api_private_secret"}
    response = emulator.handle(Request("GET", "/v1/flows", headers, b""))
    assert b"secret" not in response.body
