"""The fake keeps to the reference, so that what passes against it means something."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.fake_frigade import (
    PRIVATE_KEY,
    PUBLIC_KEY,
    UNOBSERVABLE,
    DataFormat,
    Endpoints,
    FakeConfig,
    FakeFrigade,
    dump,
    fake_frigade,
    load,
    row,
)

COMMENTED = "# who sees it\nsteps:\n  - id: first # really\n"


def ask(
    server: FakeFrigade, method: str, path: str, body: str | None = None, key: str = PRIVATE_KEY
) -> tuple[int, dict[str, Any]]:
    """Status and JSON, by the standard library's own client."""
    connection = HTTPConnection(urlsplit(server.url).netloc)
    headers = {"Authorization": f"Bearer {key}", **({} if body is None else {"Content-Type": "application/json"})}
    connection.request(method, path, body, headers)
    with connection.getresponse() as response:
        status, text = response.status, response.read()
    connection.close()
    return status, json.loads(text or b"{}")


ACCOUNT = [row(1, "flow_a", version=2), row(2, "flow_a", status="ARCHIVED")]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/flows/", None, 404),
        ("GET", "/v1/public/flows/flow_z", None, 404),
        ("GET", "/v1/public/flows/1", None, 404),
        ("GET", "/v1/flows/flow_z/versions", None, 404),
        ("GET", "/v1/flows", "", 400),
        ("PATCH", "/v1/flows/1", "{}", 404),
        ("PUT", "/v1/flows/flow_a", "{}", 400),
        ("PUT", "/v1/flows/99", "{}", 404),
        ("PUT", "/v1/flows/2", "{}", 400),
        ("PUT", "/v1/flows/1", "{", 400),
        ("PUT", "/v1/flows/1", "[]", 400),
        ("PUT", "/v1/flows/1", '{"slug": "b"}', 400),
        ("PUT", "/v1/flows/1", '{"active": "yes"}', 400),
        ("PUT", "/v1/flows/1", '{"targetingLogic": null}', 400),
        ("PUT", "/v1/flows/1", '{"targetingLogic": ")("}', 400),
        ("PUT", "/v1/flows/1", '{"data": "a: [b"}', 400),
        ("POST", "/v1/flows", '{"name": "A", "data": "steps: []", "slug": "flow_a"}', 400),
        ("POST", "/v1/flows", '{"name": "A"}', 400),
        ("PUT", "/v1/flows/1/activate", '{"archiveBehavior": "RESTART_ALL_USERS"}', 500),
        ("DELETE", "/v1/flows/99", None, 404),
    ],
)
def test_it_refuses_what_the_api_refuses(method: str, path: str, body: str | None, status: int) -> None:
    with fake_frigade(rows=ACCOUNT) as server:
        met, document = ask(server, method, path, body)
        assert (met, document["statusCode"], server.rows) == (status, status, ACCOUNT)


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [
        (PUBLIC_KEY, "/v1/public/flows", 200),
        (PRIVATE_KEY, "/v1/public/flows", 200),
        (PUBLIC_KEY, "/v1/flows", 403),
        ("api_private_other", "/v1/public/flows", 403),
    ],
)
def test_keys_open_what_they_should(key: str, path: str, status: int) -> None:
    with fake_frigade() as server:
        assert ask(server, "GET", path, key=key)[0] == status


def test_without_undocumented_endpoints_only_the_documented_ones_answer() -> None:
    with fake_frigade(FakeConfig(endpoints=Endpoints.DOCUMENTED), [row(1, "flow_a")]) as server:
        asked = {path: ask(server, "GET", path)[0] for path in ("/v1/flows", "/v1/flows/flow_a", "/v1/public/flows")}
        assert asked == {"/v1/flows": 404, "/v1/flows/flow_a": 404, "/v1/public/flows": 200}
        assert ask(server, "PUT", "/v1/flows/1", '{"name": "B"}')[1]["name"] == "B"


@pytest.mark.parametrize(
    ("data", "sent", "shown"),
    [
        (DataFormat.YAML, COMMENTED, COMMENTED),
        (DataFormat.YAML, '{"steps": [{"id": "a"}]}', "steps:\n- id: a\n"),
        (DataFormat.JSON, COMMENTED, '{"steps": [{"id": "first"}]}'),
        (DataFormat.STORED, '{"steps":[]}', '{"steps":[]}'),
    ],
)
def test_data_comes_back_in_the_form_that_was_chosen(data: DataFormat, sent: str, shown: str) -> None:
    with fake_frigade(FakeConfig(data=data), [row(1, "flow_a")]) as server:
        answered = ask(server, "PUT", "/v1/flows/1", json.dumps({"data": sent}))[1]["data"]
        assert (answered, server.row(1)["data"]) == (shown, sent)


@pytest.mark.parametrize("archives_after", [0, 2])
def test_a_flow_lives_from_its_creation_to_its_end(archives_after: int) -> None:
    config = FakeConfig(created="ACTIVE", archives_after=archives_after, unlisted_statuses=frozenset({"DRAFT"}))
    with fake_frigade(config) as server:
        new = json.dumps({"slug": "flow_new", "name": "New", "data": "steps: []", "description": "Lost"})
        assert ask(server, "POST", "/v1/flows", new)[0] == 201
        assert (server.row(1)["type"], server.row(1)["description"], server.row(1)["active"]) == (
            "CHECKLIST",
            None,
            True,
        )
        assert ask(server, "POST", "/v1/flows/1/versions", "{}")[1]["status"] == "DRAFT"
        assert ask(server, "POST", "/v1/flows/1/versions", "{}")[1]["message"] == "Draft already exists"
        assert [each["id"] for each in ask(server, "GET", "/v1/flows")[1]["data"]] == [1]
        assert ask(server, "PUT", "/v1/flows/2/activate", '{"archiveBehavior": "EXIT_EXISTING_USERS"}')[0] == 200
        seen = [ask(server, "GET", "/v1/flows/1")[1]["status"] for _ in range(4)]
        assert seen == ["ACTIVE"] * archives_after + ["ARCHIVED"] * (4 - archives_after)
        assert ask(server, "DELETE", "/v1/flows/1") == (204, {})
        assert [each["id"] for each in server.rows] == [2]


def test_hidden_fields_are_stored_and_not_shown() -> None:
    with fake_frigade(FakeConfig(hidden=UNOBSERVABLE), [row(1, "flow_a")]) as server:
        shown = ask(server, "PUT", "/v1/flows/1", '{"description": "D", "active": false}')[1]
        assert UNOBSERVABLE.isdisjoint(shown)
        assert (server.row(1)["description"], server.row(1)["active"]) == ("D", False)


def test_its_yaml_is_that_of_the_vendor() -> None:
    text = "[no, on, 12:30, 2026-01-01, 012, 0o14, 0x1F, 1e3, .5, ~, true, 1_000]"
    assert load(text) == ["no", "on", "12:30", "2026-01-01", 12, 12, 31, 1000.0, 0.5, None, True, "1_000"]
    assert load(dump({"a": ["no", "012", "1e3", "2026-01-01", 1, None]})) == {
        "a": ["no", "012", "1e3", "2026-01-01", 1, None]
    }
