"""Where sources contradict each other: what each reading makes of the API, and that flowsync does the same with all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from flowsync import document
from flowsync.model import SENT_FIELDS
from flowsync.sandbox import ARCHIVES_AFTER, Emulator
from flowsync.sandbox.conflicts import Reading, parse_reading, settled
from flowsync.sandbox.seeds import SeedFlow, seed
from flowsync.sandbox.server import PRIVATE_KEY, PUBLIC_KEY, Request, Response, serve
from tests.sandbox.account import DATA, NOWHERE, PUBLISH, Answer, SteppingClock, ask, populate
from tests.support.command import environment, flowsync, write_flows

NEW: Final = {"name": "New", "data": DATA, "description": "Text"}
STEPS: Final = "steps:\n  - id: first # kept\n    title: 'Hello, ${name}!'\n    order: 1.50\n"
FILE: Final = "name: New\nactive: true\ntargetingLogic: user.property('plan') == 'pro'\ndata:\n" + "".join(
    f"  {line}\n" for line in STEPS.replace("Hello", "Hello again").splitlines()
)
FILES: Final = {
    "flow_a": FILE,
    "flow_b": f"target: draft\n{FILE}",
    "welcome-tour": FILE,
    "12-days": FILE,
    "flow_off": FILE.replace("active: true", "active: false"),
}
ANSWERS: Final = [
    (Reading.LOOKUP_BY_PREFIX, "GET", "/v1/flows/2-days", None, 200, {"id": 2}),
    (Reading.LOOKUP_BY_SLUG, "GET", "/v1/flows/2-days", None, 404, {"statusCode": 404}),
    (Reading.LOOKUP_BY_SLUG, "GET", "/v1/flows/2", None, 200, {"id": 2}),
    (Reading.PAGING_ALL, "GET", "/v1/flows?offset=1&limit=2", None, 200, {"offset": 0, "limit": 100}),
    (Reading.PAGING_WINDOWS, "GET", "/v1/flows?offset=1&limit=2", None, 200, {"offset": 1, "limit": 2}),
    (Reading.DATA_YAML, "GET", "/v1/flows/2", None, 200, {"data": DATA}),
    (Reading.DATA_JSON, "GET", "/v1/flows/2", None, 200, {"data": json.dumps(document.parse_data(DATA).value)}),
    (Reading.CREATED_ACTIVE, "POST", "/v1/flows", NEW, 201, {"status": "ACTIVE"}),
    (Reading.CREATED_DRAFT, "POST", "/v1/flows", NEW, 201, {"status": "DRAFT", "publishedAt": None}),
    (Reading.NEW_SLUG_KEPT, "POST", "/v1/flows", {**NEW, "slug": "new"}, 201, {"slug": "new"}),
    (Reading.NEW_SLUG_BY_PREFIX, "POST", "/v1/flows", {**NEW, "slug": "flow_new"}, 201, {"slug": "flow_new"}),
    (Reading.SECOND_DRAFT_400, "POST", "/v1/flows/2/versions", {}, 400, {"message": "Draft already exists"}),
    (Reading.SECOND_DRAFT_500, "POST", "/v1/flows/2/versions", {}, 500, {"message": "Draft already exists"}),
    (Reading.DESCRIPTION_IGNORED, "POST", "/v1/flows", NEW, 201, {"description": None}),
    (Reading.DESCRIPTION_KEPT, "POST", "/v1/flows", NEW, 201, {"description": "Text"}),
    (Reading.BAD_YAML_400, "PUT", "/v1/flows/2", {"data": "[oops"}, 400, {"error": "Bad Request"}),
    (Reading.BAD_YAML_422, "PUT", "/v1/flows/2", {"data": "[oops"}, 422, {"statusCode": 422}),
    (Reading.WRITE_BY_SLUG_404, "PUT", "/v1/flows/flow_off", {"name": "x"}, 404, {"message": "Flow not found"}),
    (Reading.DELETED_404, "DELETE", f"/v1/flows/{NOWHERE}", None, 404, {"error": "Not Found"}),
    (Reading.DELETED_500, "DELETE", f"/v1/flows/{NOWHERE}", None, 500, {"message": "Internal server error"}),
    (Reading.SLASH_404, "GET", "/v1/flows/", None, 404, {"statusCode": 404}),
    (Reading.SLASH_IGNORED, "GET", "/v1/flows/", None, 200, {"limit": 100}),
]


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: f"{case[0].value} {case[1]} {case[2]}")
def test_a_reading_decides_what_is_answered(case: tuple[Reading, str, str, object, int, dict[str, object]]) -> None:
    reading, method, target, body, status, holds = case
    with Emulator(None, clock=SteppingClock()) as emulator:
        populate(emulator)
        emulator.readings = settled([reading])
        answer = ask(emulator.handle, method, target, body)
    assert answer.status == status
    assert answer.body == (holds and {**answer.body, **holds})


def test_a_write_by_slug_is_answered_with_null(emulator: Emulator) -> None:
    assert ask(emulator.handle, "PUT", "/v1/flows/flow_off", {"name": "x"}) == Answer(200, None)


@pytest.mark.parametrize(
    ("reading", "slug"), [(Reading.NEW_SLUG_BY_PREFIX, "new"), (Reading.NEW_SLUG_MADE_UP, "flow_new")]
)
def test_the_slug_of_a_new_flow_may_be_replaced(reading: Reading, slug: str) -> None:
    with Emulator(None, readings=[reading]) as emulator:
        made = ask(emulator.handle, "POST", "/v1/flows", {**NEW, "slug": slug}).body["slug"]
        assert made.startswith("flow_")
        assert made != slug


def test_a_list_that_hides_drafts_is_the_only_thing_that_does() -> None:
    with Emulator(None, clock=SteppingClock(), readings=[Reading.PRIVATE_LIST_HIDES_DRAFTS]) as emulator:
        populate(emulator)
        for path, ids in (("flows", [1, 2, 4]), ("flows/flow_welcome/versions", [3, 2, 1])):
            assert [row["id"] for row in ask(emulator.handle, "GET", f"/v1/{path}").body["data"]] == ids
        for name in ("3", "flow_welcome?version=3"):
            assert ask(emulator.handle, "GET", f"/v1/flows/{name}").body["status"] == "DRAFT"


def test_a_version_that_is_archived_late_is_active_beside_its_successor_for_a_while() -> None:
    clock = SteppingClock(step=timedelta(milliseconds=100))
    with Emulator(None, clock=clock, readings=[Reading.ARCHIVED_LATE]) as emulator:
        emulator.readings = settled()
        populate(emulator)
        emulator.readings = settled([Reading.ARCHIVED_LATE])

        def seen() -> list[tuple[str, bool]]:
            rows = ask(emulator.handle, "GET", "/v1/flows/flow_welcome/versions").body["data"]
            return [(row["status"], row["archivedAt"] is not None) for row in rows]

        assert ask(emulator.handle, "PUT", "/v1/flows/3/activate", PUBLISH).body["status"] == "ACTIVE"
        assert seen() == [("ACTIVE", False), ("ACTIVE", False), ("ARCHIVED", True)]
        clock.now += ARCHIVES_AFTER
        assert seen() == [("ACTIVE", False), ("ARCHIVED", True), ("ARCHIVED", True)]


@pytest.mark.parametrize(("reading", "status"), [(Reading.UNKNOWN_KEY_403, 403), (Reading.UNKNOWN_KEY_401, 401)])
def test_a_reading_decides_how_an_unknown_key_is_refused(reading: Reading, status: int) -> None:
    with Emulator(None, readings=[reading]) as emulator:
        assert ask(emulator.handle, "GET", "/v1/flows", key="api_private_other").status == status
        assert ask(emulator.handle, "GET", "/v1/flows", key=PUBLIC_KEY).status == 403


@pytest.mark.parametrize("is_shown", [False, True])
def test_readings_decide_what_the_public_list_shows(is_shown: bool) -> None:  # noqa: FBT001 - a parameter of a test
    readings = [Reading.SNIPPET_SHOWN, Reading.PUBLIC_LIST_ALL] if is_shown else []
    with Emulator(None, clock=SteppingClock(), readings=readings) as emulator:
        populate(emulator)
        flows = ask(emulator.handle, "GET", "/v1/public/flows", key=PUBLIC_KEY).body["data"]
    assert [flow["slug"] for flow in flows] == ["flow_welcome", "flow_off"][: 1 + is_shown]
    assert {"codeSnippet" in flow for flow in flows} == {is_shown}


def test_every_conflict_has_several_readings_and_one_of_them_holds() -> None:
    names = {reading.conflict for reading in Reading}
    assert all(len([each for each in Reading if each.conflict == name]) > 1 for name in names)
    assert sorted(reading.conflict for reading in settled([Reading.DATA_JSON])) == sorted(names)


@pytest.mark.parametrize(
    ("text", "names"), [("lookup=any", "lookup=flow-prefix, lookup=any-slug."), ("colour=red", "paging=windows")]
)
def test_a_reading_that_does_not_exist_is_answered_with_those_that_do(text: str, names: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=CHOICE") as caught:
        parse_reading(text)
    assert names in str(caught.value)


@dataclass
class Ran:
    """What came of a series of commands: their exit codes and results, what they sent, and the files in the end."""

    codes: dict[str, int] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)


@contextmanager
def served(readings: list[Reading], sent: list[tuple[str, str, Any]]) -> Iterator[str]:
    """The address of an account in which every flow differs from its file; notes what is written, by its meaning."""
    with Emulator(None, clock=SteppingClock(), readings=readings) as emulator:

        def handle(request: Request) -> Response:
            if request.method != "GET":
                body = json.loads(request.body)
                if "data" in body:
                    body["data"] = document.parse_data(body["data"]).value
                sent.append((request.method, request.target, body))
            return emulator.handle(request)

        stated = {"name": "Old", "active": True, "description": "Text", "data": STEPS}
        seed(emulator, [SeedFlow(slug, stated) for slug in FILES])  # type: ignore[arg-type]
        draft = next(row for row in emulator.store.page() if row.slug == "flow_b")
        if len(emulator.store.versions("flow_b")) == 1:
            ask(emulator.handle, "POST", f"/v1/flows/{draft.id}/versions", {})
        with serve(handle) as server:
            yield server.url


def carried_out(readings: list[Reading], root: Path) -> Ran:
    """List, plan, apply, plan again, roll back, pull, and list with a public key."""
    ran = Ran()
    write_flows(root, FILES)
    with served(readings, ran.sent) as url:
        env = environment(url, PRIVATE_KEY)

        def run(name: str, *arguments: str, key: dict[str, str] = env) -> dict[str, Any]:
            done = flowsync(*arguments, "--format", "json", root=root, env=key)
            ran.codes[name] = done.code
            told: dict[str, Any] = done.json if done.out.startswith("{") else {"out": done.out}
            # What is said of a key that is refused is the server's to choose.
            ran.results[name] = _without_circumstances({"error": True} if "error" in told else told)
            return told

        run("list", "list")
        run("plan", "plan", "--detailed-exitcode")
        run("apply", "apply", "--allow-many")
        run("plan again", "plan", "--detailed-exitcode")
        (record,) = (root / ".flowsync" / "applies").iterdir()
        run("rollback", "rollback", record.name)
        run("plan after rollback", "plan", "--detailed-exitcode")
        run("pull", "pull", "--new")
        run("plan after pull", "plan", "--detailed-exitcode")
        run("public plan", "plan", key=environment(url, None, PUBLIC_KEY))
        run("wrong key", "plan", key=environment(url, "api_private_unknown"))
    ran.sent.sort(key=str)
    ran.files = {path.name: document.parse(path.read_text()).value for path in (root / "flows").iterdir()}
    return ran


def _without_circumstances(told: dict[str, Any]) -> dict[str, Any]:
    """A result without addresses, digests and names of records; `data` by its meaning."""
    left_out = {"api_url", "digest", "record", "copies", "file"}

    def clean(value: Any, name: str = "") -> Any:  # noqa: ANN401 - a JSON document
        if isinstance(value, dict):
            return {key: clean(item, key) for key, item in value.items() if key not in left_out}
        if isinstance(value, list):
            return [clean(item) for item in value]
        return document.parse_data(value).value if name == "data" and isinstance(value, str) else value

    cleaned: dict[str, Any] = clean(told)
    return cleaned


@lru_cache(maxsize=1)
def usual() -> Ran:
    """What comes of it with the first reading of every conflict."""
    with TemporaryDirectory() as folder:
        return carried_out([], Path(folder))


OTHERS: Final = [reading for reading in Reading if reading not in settled()]


@pytest.mark.parametrize(
    "readings", [*([each] for each in OTHERS), OTHERS], ids=lambda each: ",".join(r.value for r in each)
)
def test_flowsync_does_the_same_whatever_is_true(readings: list[Reading], tmp_path: Path) -> None:
    ran = carried_out(readings, tmp_path)
    assert ran.codes == usual().codes
    assert ran.sent == usual().sent
    assert ran.files == usual().files
    assert ran.results == usual().results


def test_flowsync_gets_done_what_it_is_asked_for_and_sends_only_what_put_documents() -> None:
    ran = usual()
    assert {name for name, code in ran.codes.items() if code == 2} == {"plan", "plan after rollback"}
    assert {name for name, code in ran.codes.items() if code == 1} == {"wrong key"}
    assert ran.results["public plan"]["blocked"] == []  # the draft of flow_b is hidden, and would say nothing new
    assert ran.results["apply"]["counts"]["applied"] == len(FILES)
    assert {method for method, _, _ in ran.sent} == {"PUT"}
    assert all(body.keys() <= {*SENT_FIELDS} and None not in body.values() for _, _, body in ran.sent)
