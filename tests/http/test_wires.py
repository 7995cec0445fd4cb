"""Both wires, byte by byte: what is an answer, what is none, and what the server may have seen of a request."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flowsync.config import SANDBOX_URL, Key, Timeouts
from flowsync.errors import ApiError, ConfigError, TransportError
from flowsync.http.call import Call, Method, get
from flowsync.http.client import open_wire
from flowsync.http.direct import LONGEST_IDLE, DirectWire, is_direct
from flowsync.http.pooled import PooledWire
from flowsync.http.unanswered import Repeat, UnansweredError
from flowsync.http.wire import Terms
from tests.http.scripted import End, Hasty, scripted
from tests.http.support import KEY, WIRE, FakeTime, client_of
from tests.support.fake_frigade import fake_frigade

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.http.answer import Answer
    from flowsync.http.wire import Wire
    from tests.http.scripted import Scripted, Step

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INJECTED = "x\r\nX-Injected: yes"


A_SECOND = Timeouts(1.0, 1.0)
"""For tests that wait until it is over; the others wait for a busy machine as long as it takes."""


def terms(
    url: str, time: FakeTime | None = None, *, key: Key = KEY, agent: str = "tests", timeouts: Timeouts = A_SECOND
) -> Terms:
    return Terms(url, key, agent, timeouts, 4, (time or FakeTime()).timing)


def wire_to(
    url: str,
    time: FakeTime | None = None,
    *,
    key: Key = KEY,
    agent: str = "tests",
    timeouts: Timeouts = Timeouts(30.0, 30.0),  # noqa: B008 - a frozen value
) -> Wire:
    """A wire of the kind that the test is run for."""
    return (WIRE.get() or DirectWire)(terms(url, time, key=key, agent=agent, timeouts=timeouts))


def call_to(url: str, method: Method = Method.GET) -> Call:
    return Call(method, f"{url}/v1/flows/1", content=None if method is Method.GET else b'{"name": "A"}')


def sent(server: Scripted, *methods: Method) -> list[Answer]:
    """The answers to these requests, one after the other over one wire."""
    with closing(wire_to(server.url)) as wire:
        return [wire.send(call_to(server.url, method)) for method in methods]


ANSWERS: dict[str, tuple[Step, ...]] = {
    "length": (OK,),
    "length twice": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n[]",),
    "chunks": (CHUNKED + b"1\r\n[\r\n1;some=thing\r\n]\r\n0\r\nX-Trailer: x\r\n\r\n",),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\n[]", End.CLOSE),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n[]", End.CLOSE),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]",),
    "100 first": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK,),
    "103 first": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,),
    "names in any case": (b"HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:2\r\n\r\n[]",),
    "not to be kept": (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]",),
}


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("script", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_to_its_end_however_that_is_told(script: tuple[Step, ...]) -> None:
    with scripted(script) as server:
        (answer,) = sent(server, Method.PUT)
    assert (answer.status, answer.body) == (200, b"[]")


PACKED_NOTHING: dict[str, tuple[Step, ...]] = {
    "204": (b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n",),
    "no bytes": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",),
    "no chunks": (CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n0\r\n\r\n",),
}


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("script", PACKED_NOTHING.values(), ids=PACKED_NOTHING)
def test_an_empty_body_is_empty_however_it_is_said_to_be_packed(script: tuple[Step, ...]) -> None:
    with scripted(script) as server:
        (answer,) = sent(server, Method.PUT)
    assert (answer.is_success, answer.body) == (True, b"")


NO_ANSWERS: dict[str, tuple[Step, ...]] = {
    "nothing": (b"", End.CLOSE),
    "a reset": (b"", End.RESET),
    "a reset in the body": (OK[:-1], End.RESET),
    "half a status": (b"HTTP/1.1 20", End.CLOSE),
    "half a head": (b"HTTP/1.1 200 OK\r\nContent-Le", End.CLOSE),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", End.CLOSE),
    "no status": (b"HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\n[]", End.CLOSE),
    "a status out of range": (b"HTTP/1.1 99 Odd\r\nContent-Length: 2\r\n\r\n[]", End.CLOSE),
    "no header": (b"HTTP/1.1 200 OK\r\nno header\r\nContent-Length: 2\r\n\r\n[]", End.CLOSE),
    "a body that ends early": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]", End.CLOSE),
    "no body": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", End.CLOSE),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]]", End.CLOSE),
    "a length below nothing": (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n[]", End.CLOSE),
    "a length that is none": (b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\n[]", End.CLOSE),
    "chunks without an end": (CHUNKED + b"2\r\n[]\r\n", End.CLOSE),
    "half a chunk": (CHUNKED + b"9\r\n[]", End.CLOSE),
    "a chunk without a size": (CHUNKED + b"[]\r\n0\r\n\r\n", End.CLOSE),
    "a chunk below nothing": (CHUNKED + b"-2\r\n[]\r\n0\r\n\r\n", End.CLOSE),
    "another coding": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", End.CLOSE),
    "two codings": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
        End.CLOSE,
    ),
    "100 and no more": (b"HTTP/1.1 100 Continue\r\n\r\n", End.CLOSE),
    "switching protocols": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", End.CLOSE),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000, End.CLOSE),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 900_000, End.CLOSE),
}


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("script", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_whole_answer_is_told_and_never_called_unsent(script: tuple[Step, ...]) -> None:
    with scripted(script) as server, pytest.raises(ApiError) as caught:
        sent(server, Method.PUT)
    assert isinstance(caught.value, UnansweredError), caught.value
    assert caught.value.message.startswith(f"PUT {server.url}/v1/flows/1: ")
    assert not caught.value.unsent
    assert len(server.requests) == 1


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", OK[:-1], CHUNKED + b"1\r\n["])
def test_silence_is_waited_for_no_longer_than_was_set(said: bytes) -> None:
    with (
        scripted((said, End.SILENCE)) as server,
        closing(wire_to(server.url, timeouts=A_SECOND)) as wire,
        pytest.raises(UnansweredError, match="no answer within 1 sec") as told,
    ):
        wire.send(call_to(server.url, Method.PUT))
    assert not told.value.unsent


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(end: End) -> None:
    with scripted((OK, end), (OK,)) as server, closing(wire_to(server.url)) as wire:
        wire.send(call_to(server.url))
        _wait_for_the_end(server)
        assert wire.send(call_to(server.url, Method.PUT)).status == 200
    assert (server.connections, len(server.requests)) == (2, 2)


def _wait_for_the_end(server: Scripted) -> None:
    """What the server does after its answer is there within a moment."""
    server.over.wait(0.1)


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_write_on_a_kept_connection_that_then_breaks_is_in_doubt_and_not_repeated(end: End) -> None:
    with scripted((OK, b"", end), (OK,)) as server, pytest.raises(UnansweredError, match="connection broke") as caught:
        sent(server, Method.GET, Method.PUT)
    assert not caught.value.unsent
    assert (server.connections, len(server.requests)) == (1, 2)


def test_what_nobody_asked_for_is_not_taken_for_an_answer() -> None:
    forged = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"fake"'
    with scripted((OK + b" " * 20_000 + forged,), (OK,)) as server:
        assert [answer.body for answer in sent(server, Method.GET, Method.PUT)] == [b"[]", b"[]"]
    assert server.connections == 2


@pytest.mark.usefixtures("each_wire")
def test_an_answer_to_half_a_request_is_heard() -> None:
    """A server may refuse a large body without reading it."""
    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n[]"
    with scripted((Hasty(refused), End.RESET), (OK,)) as server, closing(wire_to(server.url)) as wire:
        answer = wire.send(Call(Method.PUT, f"{server.url}/v1/flows/1", content=b"x" * 20_000_000))
        assert answer.status == 413
        wire.send(Call(Method.GET, f"{server.url}/v1/flows/1"))
    assert server.connections == 2


@pytest.mark.usefixtures("each_wire")
def test_a_connection_is_kept_for_the_next_request() -> None:
    with scripted((OK,) * 3) as server:
        assert len(sent(server, Method.GET, Method.PUT, Method.GET)) == 3
    assert server.connections == 1


@pytest.mark.usefixtures("each_wire")
def test_a_connection_that_is_not_to_be_kept_is_not() -> None:
    with scripted(ANSWERS["not to be kept"]) as server:
        sent(server, Method.GET, Method.GET)
    assert server.connections == 2


def test_a_connection_that_was_idle_for_long_is_not_used_again() -> None:
    time = FakeTime()
    with scripted((OK,) * 3) as server, closing(wire_to(server.url, time)) as wire:
        wire.send(call_to(server.url))
        time.clock += LONGEST_IDLE
        wire.send(call_to(server.url))
        assert server.connections == 1
        time.clock += LONGEST_IDLE + 1
        wire.send(call_to(server.url))
        assert server.connections == 2


@pytest.mark.usefixtures("each_wire")
def test_many_threads_open_no_more_connections_than_they_are() -> None:
    with fake_frigade() as server, closing(wire_to(server.url)) as wire, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: wire.send(get(f"{server.url}/v1/flows", {})), range(200)))
    assert {answer.status for answer in answers} == {200}
    assert server.connections <= 4


def test_a_closed_wire_sends_nothing() -> None:
    with scripted((OK,)) as server:
        wire = wire_to(server.url)
        wire.send(call_to(server.url))
        wire.close()
        with pytest.raises(UnansweredError, match="the run is over") as caught:
            wire.send(call_to(server.url, Method.PUT))
    assert caught.value.unsent
    assert len(server.requests) == 1


def test_a_connection_that_is_in_use_while_the_wire_is_closed_is_closed_after_it() -> None:
    """pytest would complain of a socket that was left open."""
    with scripted((b"", End.SILENCE), (OK,)) as server, ThreadPoolExecutor(1) as pool:
        wire = wire_to(server.url, timeouts=A_SECOND)
        asked = pool.submit(wire.send, call_to(server.url))
        while not server.requests:
            pass
        wire.close()
        with pytest.raises(UnansweredError, match="no answer within"):
            asked.result()


@pytest.mark.parametrize(
    "script",
    [
        (b"HTTP/1.1 200 OK\r\nX: y\r\n", End.SILENCE),
        (CHUNKED + b"1\r\n[\r\n", End.SILENCE),
        (CHUNKED + b"0\r\nX: y\r\n", End.SILENCE),
    ],
)
def test_an_answer_that_drips_is_given_up_in_every_part(script: tuple[Step, ...]) -> None:
    """Two minutes pass after the first bytes."""
    ticks = itertools.chain([0.0], itertools.repeat(121.0))
    with scripted(script) as server:
        slow = replace(terms(server.url), timing=replace(FakeTime().timing, monotonic=lambda: next(ticks)))
        with (
            closing(DirectWire(slow)) as wire,
            pytest.raises(UnansweredError, match="did not end within 120 sec") as caught,
        ):
            wire.send(call_to(server.url, Method.PUT))
    assert (caught.value.unsent, caught.value.repeat) == (False, Repeat.NEVER)


@pytest.mark.usefixtures("each_wire")
def test_a_reason_cannot_trick_a_terminal() -> None:
    with scripted((b"HTTP/1.1 400 \x1b[2J\xe2\x80\xaeNo\r\nContent-Length: 2\r\n\r\n[]", End.CLOSE)) as server:
        try:
            (answer,) = sent(server, Method.GET)
        except UnansweredError:
            return
    assert answer.reason.isprintable()


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize("url", ["/v1/a b", "/v1/\u00fc", "/v1/a\r\nX-Injected: yes", "/v1/a\x00b"])
def test_an_address_cannot_end_the_line_it_stands_in(url: str) -> None:
    with scripted((OK,)) as server, closing(wire_to(server.url)) as wire, suppress(UnansweredError):
        wire.send(Call(Method.GET, server.url + url))
    for request in server.requests:
        assert len(request.splitlines()[0].split(b" ")) == 3
        assert b"x-injected" not in request.lower().replace(b"%0d%0ax-injected", b"")


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize(("key", "agent"), [(INJECTED, "tests"), ("key", INJECTED), ("key\n", "tests")])
def test_a_header_cannot_smuggle_another(key: str, agent: str) -> None:
    with (
        scripted((OK,)) as server,
        closing(wire_to(server.url, key=Key(key, "KEY"), agent=agent)) as wire,
        pytest.raises(UnansweredError, match="cannot be sent") as caught,
    ):
        wire.send(call_to(server.url))
    assert key not in str(caught.value)
    assert caught.value.unsent
    assert server.requests == []


@pytest.mark.parametrize(
    "elsewhere", ["http://127.0.0.1:1", "http://localhost", "https://127.0.0.1", "http://evil.example"]
)
def test_the_key_goes_to_one_host_only(elsewhere: str) -> None:
    with scripted((OK,)) as server, closing(wire_to(server.url)) as wire:
        with pytest.raises(UnansweredError, match="cannot be sent") as caught:
            wire.send(call_to(elsewhere))
        assert caught.value.unsent
        assert wire.send(call_to(server.url.replace("http", "HTTP"))).status == 200
    assert len(server.requests) == 1


@pytest.mark.usefixtures("each_wire")
def test_a_host_without_a_name_is_told_and_nothing_was_sent() -> None:
    url = "http://flowsync.invalid"
    with closing(wire_to(url)) as wire, pytest.raises(UnansweredError, match="its name cannot be resolved") as caught:
        wire.send(call_to(url, Method.PUT))
    assert caught.value.unsent


@pytest.mark.usefixtures("each_wire")
def test_a_server_that_says_nothing_while_connecting_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with (
            closing(wire_to(url, timeouts=A_SECOND)) as wire,
            pytest.raises(UnansweredError, match="no connection within") as caught,
        ):
            wire.send(call_to(url, Method.PUT))
    assert caught.value.unsent


CERTIFICATE = """
set -e
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 9999 -subj /CN=tests \
  -addext keyUsage=critical,keyCertSign 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout site.key -out site.csr -subj /CN=site 2>/dev/null
printf 'subjectAltName=DNS:localhost\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\n' > site.ext
openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out site.pem -days 9999 -extfile site.ext \
  2>/dev/null
"""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority (ca.pem) and the certificate of localhost that it signed (site.pem, site.key)."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes certificates, is not found here")
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run(["bash", "-c", CERTIFICATE], cwd=folder, check=True)
    return folder


def site(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "site.pem", certificates / "site.key")
    return context


@pytest.mark.usefixtures("each_wire")
def test_a_server_that_proves_who_it_is_is_spoken_to(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    with scripted((OK,) * 2, tls=site(certificates)) as server:
        url = f"https://localhost:{server.port}"
        with closing(wire_to(url)) as wire:
            assert [wire.send(call_to(url, method)).status for method in (Method.GET, Method.PUT)] == [200, 200]
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /v1/flows/1 HTTP/1.1\r\n")


@pytest.mark.usefixtures("each_wire")
@pytest.mark.parametrize(
    ("host", "trusted", "said"),
    [
        ("localhost", None, "self.signed certificate|unable to get local issuer"),
        ("127.0.0.1", "ca.pem", "IP address mismatch"),
    ],
)
def test_a_server_that_does_not_is_sent_nothing(
    certificates: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: str | None, said: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / trusted))
    with scripted((OK,), tls=site(certificates)) as server:
        url = f"https://{host}:{server.port}"
        with closing(wire_to(url)) as wire, pytest.raises(UnansweredError, match="does not prove who it is") as caught:
            wire.send(call_to(url, Method.PUT))
    assert caught.value.unsent
    assert caught.value.repeat is Repeat.NEVER
    assert server.requests == []
    assert any(each in caught.value.message for each in said.split("|")), caught.value.message


@pytest.mark.usefixtures("each_wire")
def test_a_server_of_old_tls_only_is_sent_nothing(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    old = site(certificates)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with scripted((OK,), tls=old) as server:
        url = f"https://localhost:{server.port}"
        with closing(wire_to(url)) as wire, pytest.raises(UnansweredError, match=r"TLS|no connection") as caught:
            wire.send(call_to(url))
    assert caught.value.unsent
    assert server.requests == []


@pytest.mark.usefixtures("each_wire")
def test_authorities_in_a_folder_are_trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = certificates / "folder"
    folder.mkdir(exist_ok=True)
    shutil.copy(certificates / "ca.pem", folder)
    subprocess.run(["openssl", "rehash", str(folder)], check=True)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    with scripted((OK,), tls=site(certificates)) as server:
        url = f"https://localhost:{server.port}"
        with closing(wire_to(url)) as wire:
            assert wire.send(call_to(url)).status == 200


@pytest.mark.usefixtures("each_wire")
def test_certificates_that_cannot_be_used_are_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "hunter2.pem")
    with pytest.raises(ConfigError, match="in the environment cannot be used") as caught:
        wire_to("https://a.invalid")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        ("https://api.frigade.com", {}, True),
        ("https://api.frigade.com", {"PATH": "/bin"}, True),
        ("https://api.frigade.com", {"HTTPS_PROXY": "http://proxy"}, False),
        ("https://api.frigade.com", {"https_proxy": "http://proxy"}, False),
        ("https://api.frigade.com", {"ALL_PROXY": "http://proxy"}, False),
        ("https://api.frigade.com", {"HTTPS_PROXY": "http://proxy", "NO_PROXY": "*"}, False),
        ("https://api.frigade.com", {"HTTPS_PROXY": ""}, True),
        ("HTTP://127.0.0.1:8000", {"HTTP_PROXY": "http://proxy"}, True),
        ("http://127.0.0.1:8000", {"HTTP_PROXY": "http://proxy", "ALL_PROXY": "http://proxy"}, True),
        ("https://b\u00fccher.example", {}, False),
    ],
)
def test_httpx_is_taken_wherever_it_may_have_to_decide(url: str, environ: dict[str, str], *, expected: bool) -> None:
    assert is_direct(url, environ) is expected


@pytest.mark.parametrize(("proxy", "expected"), [("http://proxy", False), ("", True)])
def test_a_system_that_can_name_proxies_itself_is_asked(
    monkeypatch: pytest.MonkeyPatch, proxy: str, *, expected: bool
) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    assert is_direct("https://api.frigade.com", {}, "darwin") is expected


def test_the_emulator_is_reached_through_httpx() -> None:
    with closing(open_wire(terms(SANDBOX_URL), lambda *_: (200, {}, b"[]"))) as wire:
        assert isinstance(wire, PooledWire)
        assert wire.send(call_to(SANDBOX_URL)).body == b"[]"


def test_https_goes_by_way_of_the_proxy_of_the_environment_which_never_sees_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fake_frigade() as proxy:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            client_of("https://frigade.invalid") as client,
            pytest.raises(TransportError, match=r"the proxy .* refused"),
        ):
            client.reader().get("/v1/flows", {})
    (seen,) = proxy.requests
    assert seen.method == "CONNECT"
    assert "authorization" not in seen.headers


def test_a_proxy_that_cannot_be_reached_is_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with client_of("https://frigade.invalid") as client, pytest.raises(TransportError) as caught:
            client.reader().get("/v1/flows", {})
    assert "Where HTTPS_PROXY or ALL_PROXY names a proxy" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTPS_PROXY", "gopher://user:hunter2@proxy"),
        ("HTTPS_PROXY", "socks5://user:hunter2@proxy"),
        ("HTTPS_PROXY", "http://user:hunter2@proxy:port"),
        ("SSL_CERT_FILE", "hunter2.pem"),
    ],
)
def test_an_environment_that_cannot_be_used_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with (
        pytest.raises(ConfigError, match="in the environment cannot be used") as caught,
        client_of("https://a.invalid"),
    ):
        pass
    assert "hunter2" not in str(caught.value)
