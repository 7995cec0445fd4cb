"""No key leaves, whatever the server does with it."""

from __future__ import annotations

import html as markup
import json
import pickle
import traceback
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowsync.api.messages import Redactor
from flowsync.config import Key
from flowsync.errors import ApiError, ServerError
from flowsync.secrets import REDACTED
from tests.api.support import FakeTime, client_of, troubled
from tests.support.fake_frigade import PRIVATE_KEY, Fault, fake_frigade, key_echo, redirect, reply, success

STRANGE_KEY = "sk+/=\"'&<%\\Zz9~"

SPLIT_BY_TAGS = f"<p>{PRIVATE_KEY[:9]}<b></b>{PRIVATE_KEY[9:]}"

ECHOES = [
    PRIVATE_KEY,
    "".join(f"\\u{ord(char):04X}" for char in PRIVATE_KEY),
    "".join(f"%{ord(char):02x}" for char in PRIVATE_KEY),
    "".join(f"&#{ord(char)};" for char in PRIVATE_KEY),
    f"Bearer {PRIVATE_KEY}, and api_public_abc123",
]


def text_of(error: BaseException) -> str:
    """Everything that a log could make of an error."""
    hint = getattr(error, "hint", "")
    return f"{error} {error!r} {hint} {''.join(traceback.format_exception(error))} {vars(error)}"


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 501])
def test_a_key_that_the_server_repeats_is_not_told(echo: str, status: int) -> None:
    fault = key_echo(echo, status) if status != 200 else success(b"not JSON: " + echo.encode())
    with troubled(fault) as (_, client), pytest.raises(ApiError) as caught:
        client.reader().get("/v1/flows", {})
    assert PRIVATE_KEY not in text_of(caught.value)
    assert "T3stOnly" not in text_of(caught.value)
    assert "api_public_abc123" not in text_of(caught.value)
    assert echo not in caught.value.message
    assert REDACTED in caught.value.message


@pytest.mark.parametrize(
    "fault",
    [
        redirect(f"https://{PRIVATE_KEY.lower()}.example/{PRIVATE_KEY}"),
        redirect(f"/v1/{PRIVATE_KEY}"),
        Fault(status=400, body=SPLIT_BY_TAGS.encode(), content_type="text/html"),
        Fault(status=200, headers=(("Content-Encoding", PRIVATE_KEY),), body=b"x"),
    ],
)
def test_a_key_in_other_places_of_an_answer_is_not_told(fault: Fault) -> None:
    with troubled(fault, reply(404).on(path=f"*{PRIVATE_KEY}")) as (_, client), pytest.raises(ApiError) as caught:
        client.reader().get("/v1/flows", {})
    assert PRIVATE_KEY not in text_of(caught.value)


def test_nothing_that_holds_the_key_shows_it() -> None:
    with fake_frigade() as server, client_of(server.url) as client:
        parts: list[object] = [client, client.reader(), client.writer()]
        seen = list(parts)
        for _ in range(4):
            parts = [part for thing in parts for part in getattr(thing, "__dict__", {}).values()]
            seen += parts
        assert len(seen) > 20, "it looks into what the client is made of"
        assert not [thing for thing in seen if PRIVATE_KEY in repr(thing)]


def test_an_error_carries_neither_the_request_nor_the_frames_that_held_the_key() -> None:
    time = FakeTime()
    with client_of("http://127.0.0.1:1", time=time) as client, pytest.raises(ApiError) as caught:
        client.reader().get("/v1/flows", {})
    error = caught.value
    assert error.__cause__ is error.__context__ is None
    assert PRIVATE_KEY not in text_of(error)
    assert PRIVATE_KEY.encode() not in pickle.dumps(vars(error))


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "percent": lambda key: quote(key, safe=""),
    "percent, lenient": quote,
    "percent, lower case": lambda key: "".join(f"%{ord(char):02x}" for char in key),
    "form": quote_plus,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON, slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "HTML": markup.escape,
    "repr": lambda key: repr(key)[1:-1],
    "Python": lambda key: "".join(f"\\x{ord(char):02X}" for char in key),
    "HTML, numbers": lambda key: "".join(f"&#x{ord(char):X};" for char in key),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(key=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40))
def test_any_key_is_found_in_every_way_of_writing_it(form: str, key: str) -> None:
    assert Redactor(key).text(f"\u2013{FORMS[form](key)}\u2013") == f"\u2013{REDACTED}\u2013"


def test_a_strange_key_is_removed_from_message_and_hint_and_the_kind_and_status_are_kept() -> None:
    redactor = Redactor(STRANGE_KEY)
    clean = redactor.error(ServerError(f"a {STRANGE_KEY}", status=502, hint=f"b {quote(STRANGE_KEY)}"))
    assert (type(clean), clean.message, clean.hint, clean.status) == (
        ServerError,
        f"a {REDACTED}",
        f"b {REDACTED}",
        502,
    )
    assert STRANGE_KEY not in repr(redactor)


def test_without_a_key_of_its_own_whatever_looks_like_one_is_removed() -> None:
    assert Redactor("").text("api_private_a-b_c, api_public_…") == f"{REDACTED}, api_public_…"


def test_a_key_prints_as_where_it_came_from() -> None:
    assert repr(Key(PRIVATE_KEY, "FRIGADE_API_KEY")) == "Key(variable='FRIGADE_API_KEY')"


@pytest.mark.parametrize("form", ["{:c}", "%{:02x}", "&#{};"])
@pytest.mark.parametrize("before", [16_384 - 20, 16_384 - 70])
def test_a_key_is_not_cut_where_an_excerpt_stops_looking(form: str, before: int) -> None:
    key = STRANGE_KEY + "0123456789abcdef"
    told = Redactor(key).excerpt(" " * before + "".join(form.format(ord(char)) for char in key))
    assert told in {"", REDACTED}
