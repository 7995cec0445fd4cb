"""What the API does when told: each field, versions, publishing, deletion."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync import document
from flowsync.model import JsonValue
from flowsync.sandbox import Emulator
from tests.sandbox.account import ACTIVE, ARCHIVED, DATA, DRAFT, PUBLISH, SWITCHED_OFF, SteppingClock, ask, populate

TIMES: Final = {"modifiedAt", "publishedAt", "archivedAt"}


@pytest.mark.parametrize("target", [ACTIVE, DRAFT])
@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({"name": "Hello"}, {"name": "Hello"}),
        ({"active": False}, {"active": False}),
        ({"description": "Shown once"}, {"description": "Shown once"}),
        ({"description": ""}, {"description": ""}),
        ({"type": "CARD"}, {"type": "CARD"}),
        ({"type": "EMBEDDED_TIP"}, {"type": "EMBEDDED_TIP"}),
        ({"targetingLogic": "user.isGuest()"}, {"targetingLogic": "user.isGuest()"}),
        (
            {"targetingLogic": "nonsense &&& stored all the same"},
            {"targetingLogic": "nonsense &&& stored all the same"},
        ),
        ({"targetingLogic": ""}, {"targetingLogic": None}),
        ({"triggerType": "AUTOMATIC"}, {"triggerType": "AUTOMATIC"}),
        ({"completionBehavior": "ON_LAST_STEP_COMPLETED"}, {"completionBehavior": "ON_LAST_STEP_COMPLETED"}),
        ({"completionBehavior": None}, {}),
        ({"version": 9, "slug": "flow_new", "colour": "red"}, {}),
        ({"data": "# kept\nsteps: []\n"}, {"data": "# kept\nsteps: []\n"}),
        ({"name": "é\ud83d", "description": "\u202e"}, {"name": "é\ufffd", "description": "\u202e"}),
        ({}, {}),
    ],
)
def test_a_put_writes_what_it_holds_and_leaves_the_rest_alone(
    body: dict[str, object], stored: dict[str, object], target: int, emulator: Emulator
) -> None:
    before = ask(emulator.handle, "GET", f"/v1/flows/{target}").body
    answer = ask(emulator.handle, "PUT", f"/v1/flows/{target}", body)
    assert answer.status == 200
    after = ask(emulator.handle, "GET", f"/v1/flows/{target}").body
    assert after == {**answer.body, "internalData": after["internalData"]}
    assert {**after, "modifiedAt": 0, "codeSnippet": 0} == {**before, **stored, "modifiedAt": 0, "codeSnippet": 0}


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=1), timedelta(days=-1)])
def test_modified_at_moves_on_every_write_whatever_the_clock_does(step: timedelta) -> None:
    clock = SteppingClock()
    with Emulator(None, clock=clock) as emulator:
        populate(emulator)
        clock.step = step
        moments = [ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {}).body["modifiedAt"] for _ in range(3)]
    assert sorted(set(moments)) == moments


def test_the_default_clock_tells_the_real_time() -> None:
    with Emulator(None) as emulator:
        populate(emulator)
        flow = ask(emulator.handle, "GET", f"/v1/flows/{ACTIVE}").body
    assert flow["createdAt"] > "2026"


def test_json_data_is_converted_to_yaml_by_the_server(emulator: Emulator) -> None:
    value = {"steps": [{"id": "a", "title": "no", "order": 1.5}]}
    answer = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"data": json.dumps(value)})
    assert not answer.body["data"].startswith("{")
    assert document.parse_data(answer.body["data"]).value == value


@pytest.mark.parametrize(
    "text", ["", "{a: b}", "12", '"text"', '{"a": NaN}', "steps: [] # none\n", '{"a": 12345678901234567890}']
)
def test_any_other_text_stays_as_it_is(text: str, emulator: Emulator) -> None:
    assert ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"data": text}).body["data"] == text


TEXTS: Final = st.text(max_size=12)
SCALARS: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    TEXTS,
)
VALUES: Final = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


@given(value=st.one_of(st.dictionaries(TEXTS, VALUES, max_size=4), st.lists(VALUES, max_size=4)))
def test_json_data_comes_back_as_yaml_text_of_the_same_value(value: JsonValue) -> None:
    with Emulator(None) as emulator:
        populate(emulator)
        text = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"data": json.dumps(value)}).body["data"]
        again = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"data": text}).body["data"]
    assert document.parse_data(text).value == value
    assert document.parse_data(again).value == value


@pytest.mark.parametrize("data", ['{"a\\ud800": "\\ud83d", "b": ["\\udfff", 1, null]}'])
def test_half_surrogate_pairs_in_json_data_become_replacement_characters(data: str, emulator: Emulator) -> None:
    text = ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"data": data}).body["data"]
    assert document.parse_data(text).value == {"a\ufffd": "\ufffd", "b": ["\ufffd", 1, None]}


def test_a_new_flow_is_version_1_with_everything_it_was_given(empty: Emulator) -> None:
    body = {
        "slug": "flow_new",
        "name": "New",
        "type": "FORM",
        "data": DATA,
        "active": True,
        "targetingLogic": "user.isGuest()",
        "completionBehavior": "ON_ALL_STEPS_COMPLETED",
        "codeSnippet": "<Own />",
    }
    answer = ask(empty.handle, "POST", "/v1/flows", {**body, "triggerType": "AUTOMATIC", "version": 7})
    assert (answer.status, answer.body["triggerType"]) == (201, "MANUAL")
    assert {key: answer.body[key] for key in body} == body
    assert (answer.body["version"], answer.body["status"]) == (1, "ACTIVE")
    read = ask(empty.handle, "GET", "/v1/flows/flow_new").body
    assert read == {**answer.body, "internalData": read["internalData"]}


@pytest.mark.parametrize("more", [{}, {"slug": ""}, {"slug": "a/b"}, {"slug": "12"}, {"slug": "two words"}])
def test_a_new_flow_has_the_servers_defaults_and_a_made_up_slug_for_a_malformed_one(
    more: dict[str, object], empty: Emulator
) -> None:
    body = {"name": "Welcome", "data": DATA, "version": 7, "description": "Set it with a PUT", **more}
    flow = ask(empty.handle, "POST", "/v1/flows", body).body
    assert re.fullmatch(r"flow_[A-Za-z0-9]{8}", flow["slug"])
    assert (flow["type"], flow["active"], flow["version"]) == ("CHECKLIST", True, 1)
    assert (flow["description"], flow["triggerType"], flow["completionBehavior"]) == (None, "MANUAL", None)


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [("PUT", "/v1/flows/flow_welcome", {"name": "x"}), ("POST", "/v1/flows/flow_off/versions", {})],
)
def test_a_write_with_a_slug_in_place_of_the_id_writes_nothing(
    method: str, target: str, body: object, emulator: Emulator
) -> None:
    before = emulator.store.page()
    answer = ask(emulator.handle, method, target, body)
    assert (answer.status < 300, answer.body) == (True, None)
    assert emulator.store.page() == before


def test_a_draft_is_activated_without_a_body_too(emulator: Emulator) -> None:
    assert ask(emulator.handle, "PUT", f"/v1/flows/{DRAFT}/activate").body["status"] == "ACTIVE"
    archived = ask(emulator.handle, "GET", f"/v1/flows/{ACTIVE}").body
    assert (archived["status"], archived["archiveBehavior"]) == ("ARCHIVED", "EXIT_EXISTING_USERS")


def test_a_new_version_is_a_draft_copied_from_the_row_it_was_asked_of(emulator: Emulator) -> None:
    ask(emulator.handle, "DELETE", f"/v1/flows/{DRAFT}")
    ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"name": "Newer"})
    draft = ask(emulator.handle, "POST", f"/v1/flows/{ARCHIVED}/versions", {})
    assert draft.status == 201
    assert (draft.body["version"], draft.body["status"], draft.body["name"]) == (3, "DRAFT", "Welcome")
    assert draft.body["id"] > SWITCHED_OFF
    assert draft.body["publishedAt"] is draft.body["archivedAt"] is None


def test_a_put_to_a_draft_reaches_nobody_until_it_is_activated(emulator: Emulator) -> None:
    ask(emulator.handle, "PUT", f"/v1/flows/{DRAFT}", {"name": "Begun"})
    seen_before = ask(emulator.handle, "GET", "/v1/public/flows/flow_welcome").body["name"]
    published = ask(emulator.handle, "PUT", f"/v1/flows/{DRAFT}/activate", PUBLISH)
    assert seen_before == "Welcome"
    assert ask(emulator.handle, "GET", "/v1/public/flows/flow_welcome").body["name"] == "Begun"
    assert published.body["publishedAt"] is not None


@pytest.mark.parametrize("behaviour", ["EXIT_EXISTING_USERS", "RESTART_EXISTING_USERS", "RESTART_ALL_USERS"])
def test_activation_archives_the_version_that_was_active(behaviour: str, emulator: Emulator) -> None:
    answer = ask(emulator.handle, "PUT", f"/v1/flows/{DRAFT}/activate", {"archiveBehavior": behaviour})
    rows = ask(emulator.handle, "GET", "/v1/flows/flow_welcome/versions").body["data"]
    assert answer.body["status"] == "ACTIVE"
    assert [row["status"] for row in rows] == ["ACTIVE", "ARCHIVED", "ARCHIVED"]
    assert rows[1]["archivedAt"] is not None
    assert rows[1]["archiveBehavior"] == behaviour
    assert ask(emulator.handle, "PUT", f"/v1/flows/{ACTIVE}", {"name": "x"}).status == 400


def test_a_deletion_takes_that_row_only_and_its_id_is_never_given_again(emulator: Emulator) -> None:
    answer = ask(emulator.handle, "DELETE", f"/v1/flows/{SWITCHED_OFF}")
    fresh = ask(emulator.handle, "POST", "/v1/flows", {"name": "Fresh", "data": DATA}).body
    assert (answer.status, answer.body) == (204, None)
    assert ask(emulator.handle, "GET", f"/v1/flows/{SWITCHED_OFF}").status == 404
    assert fresh["id"] > SWITCHED_OFF
    assert len(ask(emulator.handle, "GET", "/v1/flows/flow_welcome/versions").body["data"]) == 3
