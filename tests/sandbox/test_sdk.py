"""Apps against the sandbox: with the vendor's own SDK where Node and it are there, and over HTTP as it asks."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.sandbox.apps.progress import Action, Person, PublishedFlow, Step, UserAction, Visitor, act, states
from tests.support.command import flowsync, start
from tests.support.javascript import FOLDER

APP_FLOWS = Path(__file__).parent / "app_flows"
SDK = FOLDER / "sdk"
KEY = {"Authorization": "Bearer api_public_sandbox"}


@dataclass
class App:
    """An app on another port of this machine; `said` is what the sandbox reported once it has ended."""

    url: str
    client: httpx.Client
    said: str = ""

    def states(self, user: str = "ada", **body: object) -> dict[str, Any]:
        answer = self.post("flowStates", {"userId": user, "context": {}, **body})
        assert answer.status_code == 201, answer.text
        return {flow["flowSlug"]: flow for flow in answer.json()["eligibleFlows"]}

    def does(
        self, action: str, flow: str, step: str | None = None, user: str = "ada", **more: object
    ) -> dict[str, Any]:
        found: dict[str, Any] = self.states(user, actionType=action, flowSlug=flow, stepId=step, **more)[flow]
        return found

    def session(self, user: str = "ada", **body: object) -> None:
        assert self.post("sessions", {"userId": user, **body}).status_code == 201

    def post(self, path: str, body: object) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return self.client.post(f"/v1/public/{path}", content=json.dumps(body), headers=headers)


@contextmanager
def served(root: Path, *options: str) -> Iterator[App]:
    server = start("sandbox", "serve", *options, root=root)
    url = server.stdout.readline().strip().partition("=")[2]
    with httpx.Client(base_url=url, headers=KEY) as client:
        app = App(url, client)
        yield app
    server.send_signal(signal.SIGINT)
    app.said = server.communicate(timeout=60)[1]
    assert (server.returncode, "Traceback" in app.said) == (130, False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(APP_FLOWS, tmp_path / "flows")
    return tmp_path


@pytest.mark.skipif(
    shutil.which("node") is None or not (SDK / "node_modules/@frigade/js").is_dir(),
    reason="needs Node and the vendor's SDK: npm ci in tests/javascript/sdk",
)
def test_the_vendors_sdk_works_against_the_files(shared_app: App) -> None:
    done = subprocess.run(
        ["node", SDK / "scenarios.mjs", shared_app.url], capture_output=True, text=True, timeout=60, check=False
    )
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each for each in outcomes if each["error"]] == [], done.stderr
    assert len(outcomes) == 20


def test_an_app_goes_through_a_flow(project: Path) -> None:
    with served(project, "--files") as app:
        first = app.states()["flow_setup"]
        assert (first["flowName"], first["flowType"], first["version"]) == ("Set up", "CHECKLIST", 1)
        assert first["data"]["type"] == "CHECKLIST"
        assert first["$state"] == {
            "currentStepId": "profile",
            "currentStepIndex": 0,
            "started": False,
            "completed": False,
            "skipped": False,
            "visible": True,
        }
        at = "2026-02-01T10:00:00.000Z"
        done = app.does("COMPLETED_STEP", "flow_setup", "profile", createdAt=at)
        assert (done["$state"]["currentStepId"], done["$state"]["lastActionAt"]) == ("import", at)
        profile, importing, _ = (step["$state"] for step in done["data"]["steps"])
        assert (profile["completed"], profile["lastActionAt"], importing["started"]) == (True, at, True)
        reset = app.does("NOT_STARTED_STEP", "flow_setup", "profile")
        assert "lastActionAt" not in reset["data"]["steps"][0]["$state"]
        app.does("SKIPPED_FLOW", "flow_setup")
    with served(project, "--files") as app:  # kept over a restart of the sandbox
        assert app.states()["flow_setup"]["$state"]["skipped"] is True
        assert app.does("NOT_STARTED_FLOW", "flow_setup")["$state"]["started"] is False
        assert app.states(user="bob")["flow_setup"]["$state"]["visible"] is True
    assert flowsync("sandbox", "reset", root=project).code == 0


def test_answers_of_a_form_decide_what_is_next(shared_app: App) -> None:
    for user, answer, following in (
        ("bob", {"kind": "alone"}, "thanks"),
        ("cleo", json.dumps({"kind": "company"}), "size"),
        ("dan", "no JSON", "thanks"),
    ):
        branched = shared_app.does("COMPLETED_STEP", "flow_survey", "who", user, data=answer)
        assert branched["$state"]["currentStepId"] == following


def test_reported_users_and_groups_decide_who_sees(shared_app: App) -> None:
    app, seen = shared_app, ("flow_pro", "flow_group", "flow_events", "flow_guests")
    assert [app.states("eli")[slug]["$state"]["visible"] for slug in seen] == [False] * 4
    began = time.monotonic()
    app.session("eli", userProperties={"plan": "pro"}, userEvents=[{"event": "report.opened"}, {"no": "name"}])
    assert time.monotonic() - began >= 0.26  # the SDK remembers an answer for 250 ms
    app.session("eli", groupId="acorn", groupProperties={"seats": 20}, userEvents=[{"event": "report.opened"}])
    visible = {slug: flow["$state"]["visible"] for slug, flow in app.states("eli", groupId="acorn").items()}
    assert [visible[slug] for slug in seen] == [True, True, True, False]
    assert app.states("guest_1")["flow_guests"]["$state"]["visible"] is True
    posted = app.client.post("/v1/public/users/", json={"foreignId": "eve", "properties": {"plan": "pro"}})
    assert (posted.status_code, app.states("eve")["flow_pro"]["$state"]["visible"]) == (201, True)
    got = app.client.get("/v1/public/flowStates", params={"userId": "eve", "groupId": "acorn"})
    assert got.json()["collections"] == {"computedOrder": []}


def test_the_account_is_what_apps_see_without_files(project: Path) -> None:
    with served(project) as app:
        slugs = set(app.states())
        assert "flow_summer_sale" in slugs
        private = {"Authorization": "Bearer api_private_sandbox"}
        row = next(
            each
            for each in app.client.get("/v1/flows", headers=private).json()["data"]
            if (each["slug"], each["status"]) == ("flow_summer_sale", "ACTIVE")
        )
        app.client.put(f"/v1/flows/{row['id']}", headers=private, json={"active": False})
        assert set(app.states()) == slugs - {"flow_summer_sale"}


def test_what_the_sdk_cannot_draw_is_left_out_and_reported(project: Path) -> None:
    drawn = {
        "flow_none": "name: None\ndata: {title: Nothing}\n",
        "flow_empty": "name: Empty\ndata: {steps: []}\n",
        "flow_former": "name: Former\ndata:\n  data: [{id: a}]\n",
        "flow_ids": "name: Ids\ndata:\n  steps: [{title: no id}, {id: a}, {id: a}]\n",
        "flow_text": "name: Text\ndata: 'steps: ['\n",
        "flow_bare": "name: Bare\n",
        "flow_broken_file": "name: [\n",
        "flow_title": "name: Title\ndata: {title: [a], steps: [{id: a}]}\n",
    }
    for slug, text in drawn.items():
        (project / "flows" / f"{slug}.yaml").write_text(text)
    with served(project, "--files") as app:
        for _ in range(2):
            assert drawn.keys() & app.states().keys() == {"flow_ids"}
        assert [step["id"] for step in app.states()["flow_ids"]["data"]["steps"]] == ["a"]
        app.states(actionType="STARTED_FLOW", flowSlug="flow_\x1b[31m")
        app.does("STARTED_STEP", "flow_setup", "nowhere")
    for line in (
        "flow_broken_file.yaml:1:7: error",
        "Left out flow_none: it has no list of steps.",
        "Left out flow_empty: it has no steps.",
        "Left out flow_former: its steps are in the former format, a list under `data`.",
        "Left out flow_title: its title is not a text, so the SDK would throw.",
        "Left out step 1 of flow_ids: it has no id.",
        "Left out step 3 of flow_ids: another step has its id.",
        "Ignored a user's action on the step nowhere of flow_setup: no such step.",
    ):
        assert app.said.count(line) == 1, app.said
    assert "\x1b" not in app.said


def test_a_saved_file_shows_and_a_broken_one_keeps_its_last_good_state(project: Path) -> None:
    file = project / "flows/flow_setup.yaml"
    good = file.read_text()

    def soon(title: str) -> bool:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if app.states()["flow_setup"]["data"]["steps"][0]["title"] == title:
                return True
            time.sleep(0.05)
        return False

    with served(project, "--files") as app:
        file.write_text(good.replace("Fill in your profile", "Say who you are"))
        assert soon("Say who you are")
        file.write_text("name: [\n")
        (project / "flows/flow_new.yaml").write_text("name: New\ndata: {steps: [{id: a}]}\n")
        until = time.monotonic() + 10
        while "flow_new" not in app.states() and time.monotonic() < until:
            time.sleep(0.05)
        assert app.states()["flow_setup"]["data"]["steps"][0]["title"] == "Say who you are"
        file.write_text(good)
        assert soon("Fill in your profile")
        file.unlink()
    assert "flow_setup.yaml:" in app.said
    assert "a file with an error keeps its last good state" in app.said


def test_what_json_cannot_hold_keeps_no_flow_from_an_app(project: Path) -> None:
    endless = "name: Endless\ndata: {steps: [{id: a, seats: .inf, share: [.nan], price: 1.5}]}\n"
    (project / "flows/flow_endless.yaml").write_text(endless)
    with served(project, "--files", "--no-watch") as app:
        answer = app.client.get("/v1/public/flowStates", params={"userId": "ada"})
        found = json.loads(answer.text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
        step = next(each for each in found["eligibleFlows"] if each["flowSlug"] == "flow_endless")["data"]["steps"][0]
        assert (step["seats"], step["share"], step["price"]) == (None, [None], 1.5)
        # Half a surrogate pair, which a browser may send, and nothing can store.
        app.session("\ud83d", groupId="\udc00", userProperties={"plan": "pro", "a\ud800": "\ud800"})
        assert app.states("\ud83d", groupId="\udc00")["flow_pro"]["$state"]["visible"] is True
        done = app.does("COMPLETED_STEP", "flow_setup", "profile", "\ud83d", createdAt="no time", data={"a": "\ud800"})
        assert done["$state"]["currentStepId"] == "import"
        app.does("COMPLETED_FLOW", "flow_setup", user="\ud83d", createdAt="no time")
        assert app.states("\ud83d")["flow_after"]["$state"]["visible"] is True


ORIGINS = [
    ("http://localhost:3000", True),
    ("https://app.localhost", True),
    ("http://127.0.0.1:1", True),
    ("http://[::1]:3000", True),
    ("https://staging.example.com", True),  # allowed
    ("https://evil.example", False),
    ("https://localhost.evil.example", False),
    ("http://.localhost", False),
    ("https://evil.example/localhost", False),
    ("null", False),
    ("chrome-extension://localhost", False),
]


def test_only_pages_of_this_machine_may_ask(project: Path) -> None:
    with served(project, "--files", "--allow-origin", "https://staging.example.com") as app:
        for origin, is_allowed in ORIGINS:
            asked = {"Origin": origin, "Access-Control-Request-Private-Network": "true"}
            allowed = app.client.options("/v1/public/flowStates", headers=asked)
            assert (allowed.status_code == 204) is is_allowed, origin
            assert allowed.headers.get("access-control-allow-origin") == (origin if is_allowed else None)
            refused = app.client.get("/v1/public/flows/none", headers={"Origin": origin})
            assert (refused.headers.get("access-control-allow-origin") == origin) is is_allowed
        assert allowed.headers.get("access-control-allow-methods") is None
        private = app.client.get("/v1/flows", headers={"Origin": "http://localhost:3000"})
        assert "access-control-allow-origin" not in private.headers
        for host in ("evil.example", "127.0.0.1.evil.example:80", '"><b>.localhost'):
            for path in ("/v1/flows", "/v1/public/flowStates"):
                assert app.client.get(path, headers={"Host": host}).status_code == 421
    assert app.said.count("allow it with --allow-origin") == 6
    wrong = flowsync("sandbox", "serve", "--allow-origin", "https://a.example/path", root=project)
    assert (wrong.code, "without a path" in wrong.err) == (64, True)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("flowStates", []),
        ("flowStates", {}),
        ("flowStates", {"userId": 1}),
        ("flowStates", {"userId": "a", "context": "b"}),
        ("flowStates", {"userId": "a", "groupId": 1}),
        ("flowStates", {"userId": "a", "actionType": "DANCED", "flowSlug": "flow_setup"}),
        ("flowStates", {"userId": "a", "actionType": ["x"], "flowSlug": "flow_setup"}),
        ("sessions", {"userId": "a", "userProperties": []}),
        ("users", {}),
    ],
)
def test_what_makes_no_sense_is_refused(shared_app: App, path: str, body: object) -> None:
    assert shared_app.client.post(f"/v1/public/{path}", json=body).status_code == 400


def test_another_key_is_refused_and_reported_without_it(project: Path) -> None:
    secret = "api_public_somebody_elses"
    headers = {"Authorization": f"Bearer {secret}", "Origin": "http://localhost:3000"}
    with served(project, "--files", "--no-watch") as app:
        for path in ("flowStates?userId=a", "flows"):
            answer = app.client.get(f"/v1/public/{path}", headers=headers)
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (403, "http://localhost:3000")
            assert secret not in answer.text
        assert app.client.get("/v1/public/flowStates").status_code == 400
    assert app.said.count("the app's apiKey must be api_public_sandbox") == 1
    assert secret not in app.said


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("app")
    shutil.copytree(APP_FLOWS, root / "flows")
    with served(root, "--files", "--no-watch") as app:
        yield app


CRITERIA = st.sampled_from(
    [None, "", "user.property('a') == true", "user.flowStep('f', 's0') == 'COMPLETED_STEP'", "(", "user.isGuest()"]
)
STEPS = st.lists(st.fixed_dictionaries({"visibilityCriteria": CRITERIA, "completionCriteria": CRITERIA}), min_size=1)
ACTIONS = st.lists(st.tuples(st.sampled_from(Action), st.integers(0, 4)), max_size=12)


@given(steps=STEPS, actions=ACTIONS, user=st.sampled_from(["ada", "guest_1"]), is_a=st.booleans())
def test_the_current_step_is_visible_or_the_flow_is_not(
    steps: list[dict[str, Any]], actions: list[tuple[Action, int]], user: str, *, is_a: bool
) -> None:
    made = tuple(Step(f"s{index}", {"id": f"s{index}", **step}) for index, step in enumerate(steps[:5]))
    flow = PublishedFlow("f", "F", "TOUR", 1, "", {}, made)
    visitor = Visitor(0.0, user == "guest_1", Person({"a": is_a}))
    for action, step in actions:
        visitor = visitor.at("f", act(UserAction(action, "2026-02-01T00:00:00.000Z", f"s{step}"), flow, visitor))
        answer: Any = states([flow], visitor)
        shown = answer["eligibleFlows"][0]
        state, listed = shown["$state"], shown["data"]["steps"]
        current = listed[state["currentStepIndex"]]
        assert current["id"] == state["currentStepId"]
        assert current["$state"]["visible"] or not state["visible"]
        assert not (state["completed"] and state["visible"])
