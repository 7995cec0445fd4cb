"""JSON to GitHub: what is repeated, where the token goes, and where it never does."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flowsync.api.client import open_sender
from flowsync.config import Key, Timeouts
from flowsync.errors import ApiError, GithubError
from flowsync.github.api import HEADERS, PATIENCE, Github
from tests.api.support import NOW, FakeTime
from tests.support.fake_frigade import (
    PRIVATE_KEY,
    FakeConfig,
    fake_frigade,
    html,
    redirect,
    reply,
    reset,
    row,
    success,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.fake_frigade import (
        FakeFrigade,
        Fault,
    )

KEY = Key(PRIVATE_KEY, "GITHUB_TOKEN")


@contextmanager
def web(*faults: Fault, time: FakeTime | None = None) -> Iterator[tuple[FakeFrigade, Github]]:
    timing = (time or FakeTime()).timing
    with (
        fake_frigade(FakeConfig(faults=faults), [row(1, "flow_a")]) as server,
        open_sender(
            [server.url],
            KEY,
            timeouts=Timeouts(2.0, 5.0),
            connections=2,
            headers=HEADERS,
            patience=PATIENCE,
            resends_writes=True,
            timing=timing,
        ) as sender,
    ):
        yield server, Github(sender, server.url, f"{server.url}/graphql", "acorn/web")


def test_a_request_carries_token_headers_and_json() -> None:
    with web() as (server, client):
        answer = client.send("PUT", f"{server.url}/v1/flows/1?a=b", {"name": "New"})
        assert (answer.status, answer.next_url) == (200, None)
        assert isinstance(answer.value, dict)
        (seen,) = server.requests
        assert (seen.json, seen.query) == ({"name": "New"}, {"a": "b"})
        assert seen.headers["authorization"] == f"Bearer {PRIVATE_KEY}"
        assert seen.headers["x-github-api-version"] == "2022-11-28"


@pytest.mark.parametrize(("method", "attempts"), [("GET", 4), ("PATCH", 4), ("PUT", 4), ("DELETE", 4), ("POST", 1)])
def test_only_what_is_idempotent_is_repeated_after_a_server_error(method: str, attempts: int) -> None:
    with web(reply(502).on("*", "*", times=9)) as (server, client):
        with pytest.raises(GithubError) as caught:
            client.send(method, f"{server.url}/v1/flows")
        assert caught.value.status == 502
        assert len(server.requests) == attempts


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_wait_that_is_asked_for_is_kept_whatever_the_method(status: int) -> None:
    time = FakeTime()
    fault = replace(reply(status), headers=(("Retry-After", "7"),))
    with web(fault, time=time) as (server, client):
        with pytest.raises(GithubError, match="name should not be empty"):
            client.send("POST", f"{server.url}/v1/flows", {})
        assert (len(server.requests), sum(time.slept)) == (2, 7.0)


@pytest.mark.parametrize(
    ("remaining", "reset_at", "slept"),
    [
        ("0", str(int(NOW) + 9), 9),
        ("0", "soon", 0),
        ("0", "9", 0),
        ("1", str(int(NOW) + 9), 0),
        ("0", str(int(NOW) + 900), 0),
    ],
)
def test_a_used_up_limit_is_waited_for_where_that_is_short(remaining: str, reset_at: str, slept: float) -> None:
    time = FakeTime()
    fault = replace(reply(403), headers=(("X-RateLimit-Remaining", remaining), ("X-RateLimit-Reset", reset_at)))
    with web(fault, time=time) as (server, client):
        with suppress(GithubError):
            client.send("GET", f"{server.url}/v1/flows")
        assert sum(time.slept) == slept


def test_no_answer_is_an_error_without_the_token() -> None:
    with web(reset().on("*", "*", times=9)) as (server, client), pytest.raises(ApiError) as caught:
        client.send("POST", f"{server.url}/v1/flows", {})
    assert "the connection broke" in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("url", ["https://evil.example/x", "http://127.0.0.1:1/x", "file:///etc/passwd", "x"])
def test_the_token_goes_to_its_own_origins_only(url: str) -> None:
    with web() as (_, client), pytest.raises(ApiError, match="another host"):
        client.send("GET", url)


def test_a_redirect_to_no_address_is_an_error_of_the_server() -> None:
    fault = replace(reply(302), headers=(("Location", "http://["),))
    with web(fault) as (server, client), pytest.raises(ApiError, match="redirects without a usable address"):
        client.send("GET", f"{server.url}/v1/flows")


def test_a_link_to_no_address_is_no_next_page() -> None:
    fault = replace(reply(200), headers=(("Link", '<http://[>; rel="next"'),))
    with web(fault) as (server, client):
        assert client.send("GET", f"{server.url}/v1/flows").next_url is None


def test_a_redirect_within_the_origin_is_followed_and_no_other() -> None:
    with web(redirect("/v1/flows?limit=1", 301).on(times=1)) as (server, client):
        assert client.send("GET", f"{server.url}/old").status == 200
        assert server.requests[-1].query == {"limit": "1"}
    with (
        web(redirect("https://evil.example/", 307)) as (server, client),
        pytest.raises(ApiError, match="must not get the key"),
    ):
        client.send("POST", f"{server.url}/old", {})
    with web(redirect("/v1/flows", 302)) as (server, client), pytest.raises(ApiError, match="redirects a write"):
        client.send("POST", f"{server.url}/old", {})
    with web(redirect("/v1/flows/1", 308)) as (server, client):
        assert client.send("PUT", f"{server.url}/old", {"name": "New"}).status == 200
    with web(redirect("/again", 302).on(times=99)) as (server, client), pytest.raises(ApiError, match="in a row"):
        client.send("GET", f"{server.url}/old")


LINKS = [
    ('<{url}/x?page=2>; rel="next", <{url}/x?page=9>; rel="last"', "{url}/x?page=2"),
    ('<{url}/x?page=1>; rel="prev", <{url}/x?page=3>; rel="next"', "{url}/x?page=3"),
    ("</x?page=2>; rel=next", "{url}/x?page=2"),
    ('<{url}/x>; rel="last"', None),
    ("nonsense", None),
]


@pytest.mark.parametrize(("link", "following"), LINKS)
def test_the_next_page_is_what_the_link_says(link: str, following: str | None) -> None:
    time = FakeTime()
    with fake_frigade() as server:
        url = server.url
    with web(replace(success(b"[]"), headers=(("Link", link.format(url=url)),)), time=time) as (server, client):
        found = client.send("GET", f"{server.url}/v1/flows").next_url
    wanted = None if following is None else following.format(url=server.url if link.startswith("</") else url)
    assert found == wanted


def test_what_a_server_says_is_told_without_keys_and_safe_to_print() -> None:
    said = reply(404, f"No \x1b[31m {PRIVATE_KEY}")
    with web(said, html(404)) as (server, client):
        with pytest.raises(GithubError) as caught:
            client.send("GET", f"{server.url}/v1/flows")
        assert PRIVATE_KEY not in caught.value.message
        assert caught.value.message.endswith(r'It said: "No \u001b[31m [redacted]"')
        with pytest.raises(GithubError, match=r"No.*u001b"):
            client.send("GET", f"{server.url}/v1/flows")
