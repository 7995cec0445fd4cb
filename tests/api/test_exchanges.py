"""Requests byte by byte: what is an answer, what is none, and what the server may have seen of a request."""

from __future__ import annotations

import gc
import gzip
import itertools
import shutil
import socket
import ssl
import subprocess
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from flowsync.api.client import Client
from flowsync.api.endpoints import Method
from flowsync.config import Key
from flowsync.errors import ApiError, ConfigError, RejectedError, TransportError
from flowsync.model import JsonValue
from tests.api.scripted import End, Hasty, Step, scripted
from tests.api.support import FakeTime, client_of
from tests.support.fake_frigade import fake_frigade

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INJECTED = "x\r\nX-Injected: yes"


def read(client: Client, path: str = "/v1/flows/1") -> JsonValue:
    return client.reader().get(path, {})


def write(client: Client) -> JsonValue:
    return client.writer().send(Method.PUT, "/v1/flows/1", {"name": "A"})


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


@pytest.mark.parametrize("script", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_read_to_its_end_however_that_is_told(script: tuple[Step, ...]) -> None:
    with scripted(script) as server, client_of(server.url) as client:
        assert write(client) == []


PACKED_NOTHING: dict[str, tuple[Step, ...]] = {
    "204": (b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n",),
    "no bytes": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",),
    "no chunks": (CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n0\r\n\r\n",),
}


@pytest.mark.parametrize("script", PACKED_NOTHING.values(), ids=PACKED_NOTHING)
def test_an_empty_body_is_empty_however_it_is_said_to_be_packed(script: tuple[Step, ...]) -> None:
    with scripted(script) as server, client_of(server.url) as client:
        assert write(client) is None


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
    "a length beyond all bounds": (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 19 + b"\r\n\r\n[]", End.CLOSE),
    "a chunk beyond all bounds": (CHUNKED + b"f" * 16 + b"\r\n[]", End.CLOSE),
    "a chunk without end": (CHUNKED + b"2;" + b"x" * 900_000 + b"\r\n[]\r\n0\r\n\r\n", End.CLOSE),
    "trailers without end": (CHUNKED + b"2\r\n[]\r\n0\r\n" + b"X: y\r\n" * 200_000, End.CLOSE),
    "a header without end": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 900_000, End.CLOSE),
}


@pytest.mark.parametrize("script", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_whole_answer_is_told_and_never_called_unsent(script: tuple[Step, ...]) -> None:
    with scripted(script) as server, client_of(server.url) as client, pytest.raises(ApiError) as caught:
        write(client)
    assert type(caught.value) is TransportError
    assert caught.value.message.startswith(f"PUT {server.url}/v1/flows/1: ")
    assert not caught.value.unsent
    assert len(server.requests) == 1


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", OK[:-1], CHUNKED + b"1\r\n["])
def test_silence_is_waited_for_no_longer_than_was_set(said: bytes) -> None:
    with (
        scripted((said, End.SILENCE)) as server,
        client_of(server.url, read=0.3) as client,
        pytest.raises(TransportError, match=r"no answer within 0\.3 sec") as caught,
    ):
        write(client)
    assert not caught.value.unsent


DRIPS: dict[str, bytes] = {
    "a head": b"HTTP/1.1 200 OK\r\nX: y\r\n",
    "announcements": b"HTTP/1.1 103 Early Hints\r\n\r\n",
    "many announcements": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3_000,
    "a body": OK[:-1],
    "chunks": CHUNKED + b"1\r\n[\r\n",
    "the size of a chunk": CHUNKED + b"1;some=",
    "trailers": CHUNKED + b"0\r\nX: y\r\n",
}


@pytest.mark.parametrize("said", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_is_given_up_in_every_part(said: bytes) -> None:
    """Each look at the clock takes half a minute, so the time is over while the server still sends."""
    ticks = itertools.count(0.0, 30.0)
    with (
        scripted((said, End.SILENCE)) as server,
        client_of(server.url, timing=replace(FakeTime().timing, monotonic=lambda: next(ticks))) as client,
        pytest.raises(TransportError, match="did not end within 120 sec") as caught,
    ):
        write(client)
    assert not caught.value.unsent


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again(end: End) -> None:
    with scripted((OK, end), (OK,)) as server, client_of(server.url) as client:
        read(client)
        server.over.wait(0.1)  # what the server does after its answer is there within a moment
        assert write(client) == []
    assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize("end", [End.CLOSE, End.RESET])
def test_a_write_on_a_kept_connection_that_then_breaks_is_in_doubt_and_not_repeated(end: End) -> None:
    with scripted((OK, b"", end), (OK,)) as server, client_of(server.url) as client:
        read(client)
        with pytest.raises(TransportError, match="connection broke") as caught:
            write(client)
    assert not caught.value.unsent
    assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize("between", [b"", b" " * 20_000, b"\r\n"])
def test_what_nobody_asked_for_is_not_taken_for_an_answer(between: bytes) -> None:
    forged = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"fake"'
    with scripted((OK + between + forged, OK), (OK,)) as server, client_of(server.url) as client:
        read(client)
        with pytest.raises(TransportError, match="connection broke") as caught:
            write(client)
        assert not caught.value.unsent
        assert write(client) == []
    assert server.connections == 2


def test_an_answer_to_half_a_request_is_heard() -> None:
    """A server may refuse a large body without reading it."""
    refused = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n[]"
    with scripted((Hasty(refused), End.RESET), (OK,)) as server, client_of(server.url) as client:
        with pytest.raises(RejectedError, match="413 Too Large"):
            client.writer().send(Method.PUT, "/v1/flows/1", {"name": "x" * 20_000_000})
        read(client)
    assert server.connections == 2


def test_a_connection_is_kept_for_the_next_request() -> None:
    with scripted((OK,) * 3) as server, client_of(server.url) as client:
        assert [read(client), write(client), read(client)] == [[], [], []]
    assert server.connections == 1


def test_a_connection_that_is_not_to_be_kept_is_not() -> None:
    with scripted(ANSWERS["not to be kept"]) as server, client_of(server.url) as client:
        assert [read(client), read(client)] == [[], []]
    assert server.connections == 2


def test_many_threads_open_no_more_connections_than_they_may() -> None:
    with fake_frigade() as server, client_of(server.url, parallelism=4) as client, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: read(client, "/v1/flows"), range(200)))
    assert server.connections <= 4


def test_a_cookie_is_not_sent_back() -> None:
    with_cookie = OK.replace(b"\r\n", b"\r\nSet-Cookie: seen=yes; Path=/\r\n", 1)
    with scripted((with_cookie, OK)) as server, client_of(server.url) as client:
        assert [read(client), write(client)] == [[], []]
    assert b"cookie" not in server.requests[1].lower()


def test_a_closed_client_sends_nothing() -> None:
    with scripted((OK,)) as server:
        with client_of(server.url) as client:
            read(client)
        with pytest.raises(TransportError, match="the run is over") as caught:
            write(client)
    assert caught.value.unsent
    assert len(server.requests) == 1


def test_a_connection_that_is_in_use_while_the_client_is_closed_is_closed_after_it() -> None:
    """pytest would complain of a socket that was left open."""
    with scripted((b"", End.SILENCE)) as server, ThreadPoolExecutor(1) as pool:
        with client_of(server.url, read=0.3) as client:
            asked = pool.submit(write, client)
            while not server.requests:
                pass
        with pytest.raises(TransportError) as caught:
            asked.result()
    assert not caught.value.unsent


def test_a_reason_cannot_trick_a_terminal() -> None:
    script = (b"HTTP/1.1 400 \x1b[2J\xe2\x80\xaeNo\r\nContent-Length: 2\r\n\r\n[]", End.CLOSE)
    with scripted(script) as server, client_of(server.url) as client, pytest.raises(ApiError) as caught:
        read(client)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("path", ["/v1/a b", "/v1/\u00fc", "/v1/a\r\nX-Injected: yes", "/v1/a\x00b"])
def test_an_address_cannot_end_the_line_it_stands_in(path: str) -> None:
    with scripted((OK,)) as server, client_of(server.url) as client, suppress(TransportError):
        read(client, path)
    for request in server.requests:
        assert len(request.splitlines()[0].split(b" ")) == 3
        assert b"x-injected" not in request.lower().replace(b"%0d%0ax-injected", b"")


@pytest.mark.parametrize(
    ("key", "agent"), [(INJECTED, "tests"), ("key", INJECTED), ("key\n", "tests"), ("k\u00e9y", "a")]
)
def test_a_header_cannot_smuggle_another(key: str, agent: str) -> None:
    with (
        scripted((OK,)) as server,
        pytest.raises(ConfigError, match="The key from KEY, or user_agent, cannot be sent") as caught,
        client_of(server.url, key=Key(key, "KEY"), agent=agent),
    ):
        pass
    assert "x-injected" not in str(caught.value).lower()
    assert server.requests == []


UNREACHABLE = {
    "no such name": ("http://flowsync.invalid", "its name cannot be resolved"),
    "a name too long": (f"http://{'a' * 64}.invalid", "no usable answer"),
}


@pytest.mark.parametrize(("url", "said"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_a_host_that_cannot_be_found_is_told(url: str, said: str) -> None:
    with client_of(url) as client, pytest.raises(TransportError, match=said):
        write(client)


def test_a_server_that_says_nothing_while_connecting_is_not_waited_for() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        client_of(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.3) as client,
        pytest.raises(TransportError, match="no connection within") as caught,
    ):
        write(client)
    assert caught.value.unsent


def test_what_follows_on_a_packed_answer_is_passed_over_and_not_kept() -> None:
    packed = gzip.compress(b"[]") + b"x" * 20_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with scripted((head + packed,)) as server, client_of(server.url) as client:
        tracemalloc.start()
        try:
            assert write(client) == []
            assert tracemalloc.get_traced_memory()[1] < 2**20
        finally:
            tracemalloc.stop()


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


def test_a_server_that_proves_who_it_is_is_spoken_to(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    with scripted((OK,) * 2, tls=site(certificates)) as server, client_of(f"https://localhost:{server.port}") as client:
        assert [read(client), write(client)] == [[], []]
    assert server.connections == 1
    assert server.requests[0].startswith(b"GET /v1/flows/1 HTTP/1.1\r\n")


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
    time = FakeTime()
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / trusted))
    with (
        scripted((OK,), tls=site(certificates)) as server,
        client_of(f"https://{host}:{server.port}", time=time) as client,
        pytest.raises(TransportError, match=f"cannot prove its identity: .*({said})") as caught,
    ):
        read(client)
    assert (caught.value.unsent, time.slept, server.requests) == (True, [], [])


def test_a_server_of_old_tls_only_is_sent_nothing(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    old = site(certificates)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        scripted((OK,), tls=old) as server,
        client_of(f"https://localhost:{server.port}") as client,
        pytest.raises(TransportError, match=r"TLS|no connection") as caught,
    ):
        read(client)
    assert caught.value.unsent
    assert server.requests == []


def test_authorities_in_a_folder_are_trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = certificates / "folder"
    folder.mkdir(exist_ok=True)
    shutil.copy(certificates / "ca.pem", folder)
    subprocess.run(["openssl", "rehash", str(folder)], check=True)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    with scripted((OK,), tls=site(certificates)) as server, client_of(f"https://localhost:{server.port}") as client:
        assert read(client) == []


def test_authorities_are_loaded_once_for_all_clients(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded: list[object] = []
    load = ssl.create_default_context

    def counted(**given: object) -> ssl.SSLContext:
        loaded.append(given)
        return load()

    monkeypatch.setattr(ssl, "create_default_context", counted)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with client_of("https://a.invalid"), client_of("https://b.invalid"):
        assert len(loaded) == 1


@pytest.fixture
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.usefixtures("without_proxies")
def test_https_goes_by_way_of_the_proxy_of_the_environment_which_never_sees_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fake_frigade() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with (
            client_of("https://frigade.invalid") as client,
            pytest.raises(TransportError, match=r"the proxy .* refused") as caught,
        ):
            write(client)
    (seen,) = proxy.requests
    assert seen.method == "CONNECT"
    assert "authorization" not in seen.headers
    assert caught.value.unsent


@pytest.mark.usefixtures("without_proxies")
def test_a_host_of_no_proxy_is_reached_directly(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
    monkeypatch.setenv("NO_PROXY", "localhost")
    with fake_frigade() as proxy, scripted((OK,), tls=site(certificates)) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with client_of(f"https://localhost:{server.port}") as client:
            assert read(client) == []
    assert proxy.requests == []


@pytest.mark.usefixtures("without_proxies")
def test_a_proxy_that_cannot_be_reached_is_hinted_at(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with client_of("https://frigade.invalid") as client, pytest.raises(TransportError) as caught:
            read(client)
    assert "If HTTPS_PROXY or ALL_PROXY names a proxy" in str(caught.value.hint)


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


@pytest.mark.parametrize("pause", [0.0, 0.001, 0.003])
def test_a_connection_made_while_the_client_is_closed_is_closed_too(pause: float) -> None:
    """By the warnings of the interpreter, which are errors here."""
    for _ in range(20):
        with fake_frigade() as server, ThreadPoolExecutor(1) as pool:
            with client_of(server.url, read=0.3) as client:
                asked = pool.submit(read, client)
                time.sleep(pause)
            with suppress(ApiError):
                asked.result(10)
    gc.collect()


def test_an_answer_that_was_read_is_freed_at_once() -> None:
    gc.collect()
    gc.disable()
    try:
        with scripted((OK, OK)) as server, client_of(server.url) as client:
            assert read(client) == write(client) == []
            assert not [each for each in gc.get_objects() if isinstance(each, httpx.Response)]
    finally:
        gc.enable()
