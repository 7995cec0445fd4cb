"""What each failure is told as: what happened, what it means, what to do."""

from __future__ import annotations

import gzip
import socket

import pytest

from flowsync.api import transport
from flowsync.api.endpoints import Access, Method, list_flows, write
from flowsync.config import Key
from flowsync.errors import (
    ApiError,
    ForbiddenError,
    NotFoundError,
    RateLimitedError,
    RejectedError,
    ServerError,
    TransportError,
    UnauthorizedError,
    UnreadableResponseError,
)
from flowsync.text import printable
from tests.api.scripted import scripted
from tests.api.support import FakeTime, client_of, troubled
from tests.support.fake_frigade import (
    ALWAYS,
    PRIVATE_KEY,
    PUBLIC_KEY,
    Effect,
    Fault,
    fake_frigade,
    hang,
    html,
    rate_limited,
    redirect,
    reply,
    reset,
    server_error,
    success,
    truncated,
    unavailable,
)


def get_error(*faults: Fault, key: Key | None = None, path: str = "/v1/flows", read: float = 5.0) -> ApiError:
    """What a GET of `path` raises, checked for what holds of every message."""
    with (
        troubled(*faults, key=key or Key(PRIVATE_KEY, "FRIGADE_API_KEY"), read=read) as (server, client),
        pytest.raises(ApiError) as caught,
    ):
        client.reader().get(path, {"secret": "query"})
    assert caught.value.message.startswith(f"GET {server.url}{path}: ")
    return checked(caught.value)


def put_error(*faults: Fault, read: float = 5.0) -> tuple[ApiError, int, str]:
    """What a PUT raises, how many requests were made, and the name that the flow has afterwards."""
    with troubled(*faults, read=read) as (server, client):
        with pytest.raises(ApiError) as caught:
            write(client.writer(), 1, {"name": "After"})
        return checked(caught.value), len(server.requests), server.row(1)["name"]


def checked(error: ApiError) -> ApiError:
    for text in (error.message, error.hint or ""):
        assert printable(text) == text
        assert "secret" not in text
        assert len(text) < 700
    assert error.__cause__ is error.__context__ is None
    return error


def packed(coding: str, body: bytes) -> Fault:
    return Fault(status=200, headers=(("Content-Encoding", coding),), body=body)


API_TABLE = [
    (reply(400, ["name must be a string", "no"]), RejectedError, 'It said: "name must be a string; no"'),
    (reply(401), UnauthorizedError, "another environment's organization"),
    (
        reply(403),
        ForbiddenError,
        "does not accept the key from FRIGADE_API_KEY: it is unknown or revoked, or a public one",
    ),
    (reply(404), NotFoundError, "no such flow for the key from FRIGADE_API_KEY, or no such path"),
    (reply(405), RejectedError, "405 Method Not Allowed: the API refused the request"),
    (reply(418), RejectedError, "418"),
    (rate_limited(), RateLimitedError, "the account's cap of monthly users is reached"),
    (rate_limited("3600"), RateLimitedError, "asks to wait 3600 more seconds"),
    (server_error().on(times=ALWAYS), ServerError, "500 Internal Server Error after 4 attempts"),
    (unavailable().on(times=ALWAYS), ServerError, "503 Service Unavailable after 4 attempts, as an HTML page"),
    (reply(505), ServerError, "505"),
    (html(403), ForbiddenError, "a proxy or firewall in front of the API refused the request"),
    (html(404), NotFoundError, 'It said: "Blocked No\\u001b[31m entry"'),
    (html(200), UnreadableResponseError, "200 OK, but with an HTML page instead of the API's JSON"),
    (success(b""), UnreadableResponseError, "but with nothing instead"),
    (
        success(b"Hello"),
        UnreadableResponseError,
        'but with something else instead of the API\'s JSON. It said: "Hello"',
    ),
    (success(b"[NaN]"), UnreadableResponseError, "something else"),
    (success(b"[" * 100_000), UnreadableResponseError, "something else"),
    (success(b'{"id": ' + b"9" * 5_000 + b"}"), UnreadableResponseError, "something else"),
    (success(b'"\xff"'), UnreadableResponseError, "something else"),
    (
        redirect("https://elsewhere.example/v1/flows"),
        UnreadableResponseError,
        "302 Found redirects to https://elsewhere.example, which must not get the key",
    ),
    (redirect("https://127.0.0.1/v1/flows", 308), UnreadableResponseError, "redirects to https://127.0.0.1, which"),
    (redirect("http://[::1]:8080/"), UnreadableResponseError, "redirects to http://[::1]:8080, which"),
    (redirect("http://user:pass@127.0.0.1/"), UnreadableResponseError, "redirects without a usable address"),
    (redirect("ftp://files/"), UnreadableResponseError, "redirects without a usable address"),
    (redirect("http://["), UnreadableResponseError, "redirects without a usable address"),
    (redirect("/" + "x" * 3_000), UnreadableResponseError, "redirects without a usable address"),
    (Fault(status=302), UnreadableResponseError, "redirects without a usable address"),
    (redirect("/v1/flows").on(times=ALWAYS), UnreadableResponseError, "more than 5 redirects in a row"),
    (truncated().on(times=ALWAYS), TransportError, "the connection broke before the answer was complete"),
    (reset().on(times=ALWAYS), TransportError, "the connection broke"),
    (packed("br", b"x"), UnreadableResponseError, "packed as 'br', not as asked for"),
    (packed("gzip", b"x" * 9), UnreadableResponseError, "cannot be unzipped"),
    (packed("gzip", b"\x1f\x8b\x08").on(times=ALWAYS), TransportError, "broke off"),
]


@pytest.mark.parametrize(("fault", "kind", "said"), API_TABLE)
def test_every_failure_is_told_apart(fault: Fault, kind: type[ApiError], said: str) -> None:
    error = get_error(fault)
    assert type(error) is kind
    assert said in error.message
    assert error.status in {fault.status, None}


def test_an_answer_that_does_not_come_is_waited_for_no_longer_than_was_set() -> None:
    error = get_error(hang().on(times=ALWAYS), read=0.05)
    assert type(error) is TransportError
    assert error.message.endswith("no answer within 0.05 seconds.")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/flows", "the key from FRIGADE_PUBLIC_API_KEY looks like a public key, and this needs a private one"),
        ("/v1/public/flows", "does not accept the key from FRIGADE_PUBLIC_API_KEY: it is unknown or revoked. It"),
    ],
)
def test_a_403_says_whether_the_key_looks_public_where_a_private_one_is_needed(path: str, said: str) -> None:
    error = get_error(reply(403), key=Key(PUBLIC_KEY, "FRIGADE_PUBLIC_API_KEY"), path=path)
    assert said in error.message


def test_an_html_403_says_that_the_user_agent_can_be_changed() -> None:
    error = get_error(html(403))
    assert error.hint is not None
    assert "'flowsync/" in error.hint
    assert "user_agent in flowsync.yaml" in error.hint


@pytest.mark.parametrize("body", [b'{"message": 5}', b'["x"]', b'"x"', b'{"message": [1, {}]}'])
def test_an_error_document_of_another_shape_is_quoted_as_it_is_or_not_at_all(body: bytes) -> None:
    error = get_error(Fault(status=400, body=body))
    assert type(error) is RejectedError


def test_a_long_reason_is_cut_short() -> None:
    answer = b"HTTP/1.1 500 " + b"Because " * 1_000 + b"\r\nContent-Length: 0\r\n\r\n"
    with scripted((answer,)) as server, client_of(server.url) as client, pytest.raises(ApiError) as caught:
        client.writer().send(Method.PUT, "/v1/flows/7", {"name": "New"})
    assert len(caught.value.message) < 1_000


def test_a_long_hostile_page_is_cut_short() -> None:
    page = b"<html>" + b"<" * 200_000 + b"\x1b[2J\xe2\x80\xae" * 50_000
    assert len(get_error(Fault(status=400, body=page, content_type="text/html")).message) < 1_000


UNCERTAIN = [
    (server_error(), ServerError, False),
    (server_error(Effect.AFTER), ServerError, True),
    (html(502), ServerError, False),
    (unavailable(), ServerError, False),
    (reset(), TransportError, False),
    (reset(Effect.AFTER), TransportError, True),
    (truncated(Effect.AFTER), TransportError, True),
    (success(b"<html>Log in</html>", effect=Effect.AFTER), UnreadableResponseError, True),
    (redirect("/v1/flows/1", 307), UnreadableResponseError, False),
    (redirect("https://elsewhere.example/", 303), UnreadableResponseError, False),
]


@pytest.mark.parametrize(("fault", "kind", "written"), UNCERTAIN)
def test_a_put_that_may_have_taken_effect_is_never_repeated(
    fault: Fault, kind: type[ApiError], *, written: bool
) -> None:
    error, requests, name = put_error(fault)
    assert (type(error), requests, name) == (kind, 1, "After" if written else "Flow a")


@pytest.mark.parametrize("effect", Effect)
def test_a_put_without_an_answer_is_never_repeated(effect: Effect) -> None:
    error, requests, name = put_error(hang(effect), read=0.1)
    assert (type(error), requests) == (TransportError, 1)
    assert name == ("After" if effect is Effect.AFTER else "Flow a")


@pytest.mark.parametrize("fault", [server_error(), unavailable(), html(502), success(b"<html>Log in</html>")])
def test_a_read_that_failed_is_not_said_to_have_written(fault: Fault) -> None:
    hint = get_error(fault.on(times=ALWAYS)).hint
    assert hint is None or "write" not in hint


@pytest.mark.parametrize("fault", [fault for fault, kind, _ in UNCERTAIN if kind is ServerError])
def test_an_uncertain_put_says_so(fault: Fault) -> None:
    error, _, _ = put_error(fault)
    assert error.hint == "The write may have taken effect: run plan again to see."


@pytest.mark.parametrize("fault", [reply(400), html(413), rate_limited(), reply(403)])
def test_a_put_that_was_refused_is_final(fault: Fault) -> None:
    error, requests, name = put_error(fault)
    assert (error.status, requests, name) == (fault.status, 1, "Flow a")


def test_a_redirect_within_the_origin_is_followed_by_a_get() -> None:
    with troubled(redirect("/v1/public/flows?limit=1#there").on(path="/v1/flows")) as (server, client):
        assert len(list_flows(client.reader(), Access.PRIVATE).rows) == 1
    assert [(seen.path, seen.query) for seen in server.requests][1] == ("/v1/public/flows", {"limit": "1"})


def test_another_origin_never_sees_a_request() -> None:
    with fake_frigade() as other:
        error = get_error(redirect(f"{other.url}/v1/flows"))
        assert f"redirects to {other.url}, which must not get the key" in error.message
        assert other.requests == []


def test_an_address_where_nothing_listens_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    time = FakeTime()
    with client_of(url, time=time) as client, pytest.raises(TransportError) as caught:
        client.reader().get("/v1/flows/1", {})
    assert caught.value.message == f"GET {url}/v1/flows/1: cannot reach {url}: nothing listens there."
    assert caught.value.unsent
    assert len(time.slept) == 3


def test_a_server_without_tls_is_told_so_and_not_asked_again() -> None:
    time = FakeTime()
    with (
        fake_frigade() as server,
        client_of(server.url.replace("http:", "https:"), time=time) as client,
        pytest.raises(TransportError, match="offers no usable TLS"),
    ):
        client.reader().get("/v1/flows", {})
    assert (time.slept, server.requests) == ([], [])


def test_a_body_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1_048_576)
    error = get_error(success(b" " * 1_048_577))
    assert type(error) is UnreadableResponseError
    assert error.message.endswith("the answer is larger than 1 MiB.")


def test_a_small_answer_that_unpacks_to_much_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 1_048_576)
    assert get_error(packed("gzip", gzip.compress(b" " * 50_000_000))).message.endswith(
        "the answer is larger than 1 MiB."
    )
