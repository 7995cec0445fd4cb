"""The estimate of users: the one query that is sent, what every kind of answer comes to, four at a time, cut off."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus

import pytest

from flowsync.api.audience import MOST_AT_ONCE, MOST_USERS, QUERY, NoEstimate, estimates
from flowsync.model import JsonValue
from flowsync.sandbox.server import Request, Response, answered, serve
from tests.api.support import client_of

PRO = "user.property('plan') == 'pro'"
HTML = b"<!DOCTYPE html><html><body>Log in</body></html>"
ERRORS = json.dumps({"errors": [{"message": "Internal server error"}], "data": None}).encode()


def total(count: object, name: str = "Total", *more: object) -> bytes:
    return json.dumps({"data": {"getTotalUsers": [{"name": name, "count": count}, *more]}}).encode()


def found(*answers: tuple[int, bytes] | type[Exception]) -> tuple[int | NoEstimate, int]:
    """What comes of one expression when the server gives these answers, the last again and again; how often asked."""
    asked: list[str] = []

    def handle(
        method: str, target: str, _headers: Mapping[str, str], _body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked.append(f"{method} {target}")
        answer = answers[min(len(asked), len(answers)) - 1]
        if isinstance(answer, type):
            raise answer
        return answer[0], {"content-type": "application/json"}, answer[1]

    with client_of("https://api.frigade.example", handler=handle) as client:
        result = estimates(client.user_counter(), [PRO])
    assert set(asked) == {"POST /graphql"}
    return result[PRO], len(asked)


@pytest.mark.parametrize(
    ("answers", "result", "asked"),
    [
        ([(200, total(812))], 812, 1),
        ([(201, total(0))], 0, 1),
        ([(200, total(811.6))], 812, 1),
        ([(200, total(MOST_USERS))], MOST_USERS, 1),
        ([(200, total(5, "Total", {"name": "Seen", "count": 9}, 7))], 5, 1),
        ([(200, ERRORS), (200, total(3))], 3, 2),
        ([(500, b"{}"), (200, total(3))], 3, 2),
        ([ConnectionResetError, (200, total(3))], 3, 2),
        ([(200, ERRORS)], NoEstimate.FAILED, 2),
        ([(400, ERRORS)], NoEstimate.FAILED, 2),
        ([(502, HTML)], NoEstimate.FAILED, 2),
        ([(403, HTML)], NoEstimate.FAILED, 2),
        ([TimeoutError], NoEstimate.NETWORK, 2),
        ([(403, b'{"message": "Forbidden resource"}')], NoEstimate.KEY, 1),
        ([(401, b'{"message": "Unauthorized"}')], NoEstimate.KEY, 1),
        ([(404, b'{"message": "Cannot POST /graphql"}')], NoEstimate.ABSENT, 1),
        ([(405, b'{"message": "Method Not Allowed"}')], NoEstimate.ABSENT, 1),
        ([(429, b'{"message": "Too many"}')], NoEstimate.LIMIT, 1),
        ([(302, b"")], NoEstimate.UNREADABLE, 1),
        ([(200, HTML)], NoEstimate.UNREADABLE, 1),
        ([(200, b"")], NoEstimate.UNREADABLE, 1),
        ([(200, b"null")], NoEstimate.UNREADABLE, 1),
        ([(200, b"[]")], NoEstimate.UNREADABLE, 1),
        ([(200, b'{"status":"ok"}')], NoEstimate.UNREADABLE, 1),
        ([(200, b'{"data": {"getTotalUsers": null}, "errors": []}')], NoEstimate.UNREADABLE, 1),
        ([(200, b'{"data": {"getTotalUsers": []}}')], NoEstimate.UNREADABLE, 1),
        ([(200, total(4, "Seen"))], NoEstimate.UNREADABLE, 1),
        ([(200, total(4, "Total", {"name": "Total", "count": 5}))], NoEstimate.UNREADABLE, 1),
        ([(200, total(-1))], NoEstimate.UNREADABLE, 1),
        ([(200, total(MOST_USERS + 1))], NoEstimate.UNREADABLE, 1),
        (
            [(200, b'{"data":{"getTotalUsers":[{"name":"Total","count":1' + b"0" * 400 + b"}]}}")],
            NoEstimate.UNREADABLE,
            1,
        ),
        ([(200, b'{"data":{"getTotalUsers":[{"name":"Total","count":1e999}]}}')], NoEstimate.UNREADABLE, 1),
        ([(200, total("812"))], NoEstimate.UNREADABLE, 1),
        ([(200, total(True))], NoEstimate.UNREADABLE, 1),  # noqa: FBT003 - what a server may answer
        ([(200, total(None))], NoEstimate.UNREADABLE, 1),
        ([(200, total([8]))], NoEstimate.UNREADABLE, 1),
    ],
)
def test_what_an_answer_comes_to(
    answers: list[tuple[int, bytes] | type[Exception]], result: int | NoEstimate, asked: int
) -> None:
    assert found(*answers) == (result, asked)


def test_one_query_is_sent_whatever_the_expression_is_and_each_expression_once() -> None:
    bodies: list[JsonValue] = []

    def handle(
        _method: str, _target: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        assert {name.lower(): value for name, value in headers.items()}["content-type"] == "application/json"
        bodies.append(json.loads(body))
        return 200, {}, total(1)

    hostile = 'x") { name } } mutation { deleteRule(id: 1) { id } } #\ud800'
    with client_of("https://api.frigade.example", handler=handle) as client:
        assert estimates(client.user_counter(), [PRO, hostile, PRO]) == {PRO: 1, hostile: 1}
        assert not any(hasattr(client.user_counter(), name) for name in ("get", "send"))
    sent = [{"query": QUERY, "variables": {"query": f"targeting: {each}"}} for each in (PRO, hostile)]
    assert sorted(map(str, bodies)) == sorted(map(str, sent))


def test_four_are_asked_at_a_time_and_what_has_come_is_kept_when_time_is_up() -> None:
    """Ten are answered, nine never are, and nobody waits for those."""
    lock, over = threading.Lock(), threading.Event()
    now, most = 0, 0

    def handle(request: Request) -> Response:
        nonlocal now, most
        expression = json.loads(request.body)["variables"]["query"]
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        if "silent" in expression:
            over.wait(20)
        with lock:
            now -= 1
        return answered_with(len(expression))

    quick, silent = [f"quick {number}" for number in range(10)], [f"silent {number}" for number in range(9)]
    with serve(handle) as server:
        try:
            with client_of(server.url) as client:
                began = time.monotonic()
                answers = estimates(client.user_counter(), [*quick, *silent], seconds=1.0)
                assert time.monotonic() - began < 5
        finally:
            over.set()
    assert answers == {
        **{each: len(f"targeting: {each}") for each in quick},
        **dict.fromkeys(silent, NoEstimate.TIMEOUT),
    }
    assert most == MOST_AT_ONCE


def answered_with(count: int) -> Response:
    return answered(HTTPStatus.OK, {"data": {"getTotalUsers": [{"name": "Total", "count": count}]}})


def test_a_mistake_of_our_own_is_not_taken_for_a_missing_estimate() -> None:
    class Broken:
        def total_users(self, expression: str) -> JsonValue:
            raise LookupError(expression)

    with pytest.raises(LookupError, match="pro"):
        estimates(Broken(), [PRO])
    assert estimates(Broken(), []) == {}
