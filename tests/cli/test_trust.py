"""Which keys are read, and where they are sent: what flowsync.yaml says is written by whoever opens a pull request."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.command import environment, flowsync, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, FakeConfig, fake_frigade, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS = [["plan"], ["apply", "--yes"], ["list"], ["pull"], ["pull", "--check"], ["plan", "--out", "plan.json"]]
THEIRS = "https://theirs.example"
KEYS = {"FRIGADE_API_KEY": PRIVATE_KEY, "FRIGADE_PUBLIC_API_KEY": PUBLIC_KEY}


def project(root: Path, configuration: str) -> None:
    write_flows(root, {"flow_a": "name: New\n"})
    (root / "flowsync.yaml").write_text(configuration)


@contextmanager
def proxy() -> Iterator[tuple[dict[str, str], socket.socket]]:
    """A proxy for all addresses but this machine's, which only sees whether somebody comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield {"HTTPS_PROXY": address, "https_proxy": address, "NO_PROXY": "127.0.0.1"}, server


def nobody_came(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return True
    return False


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    "configuration",
    [
        f"api_url: {THEIRS}\n",
        f"default_environment: x\nenvironments: {{x: {{api_url: {THEIRS}}}}}\n",
        "api_url: https://api.frigade.com.theirs.example\n",
        "api_url: https://api.frigade.com:8443\n",
        f"api_url: {THEIRS}\napi_key_variable: CUSTOMER\npublic_api_key_variable: CUSTOMER\n",
    ],
)
def test_an_address_that_only_the_file_names_is_given_no_key(
    tmp_path: Path, command: list[str], configuration: str
) -> None:
    project(tmp_path, configuration)
    with proxy() as (variables, server):
        refused = flowsync(*command, root=tmp_path, env={**KEYS, "CUSTOMER": PRIVATE_KEY, **variables})
        assert nobody_came(server)
    assert refused.code == 1
    assert "is not sent to" in refused.err
    assert "FRIGADE_API_URL=" in refused.err
    assert "FLOWSYNC_ALLOW_HOSTS=" in refused.err


@pytest.mark.parametrize("variable", ["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ACTIONS_RUNTIME_TOKEN", "npm_token"])
@pytest.mark.parametrize("setting", ["api_key_variable", "public_api_key_variable"])
def test_a_variable_of_the_platform_is_never_read_as_a_key(tmp_path: Path, variable: str, setting: str) -> None:
    project(tmp_path, f"environments:\n  x:\n    {setting}: {variable}\n")
    refused = flowsync("plan", "-e", "x", root=tmp_path, env={variable: PRIVATE_KEY})
    assert refused.code == 3
    assert f"flowsync.yaml:3:{len(setting) + 7}" in refused.err
    assert "variable of the platform" in refused.err


@pytest.mark.parametrize("value", ["ghp_0123456789abcdef", "AKIA0123456789", "xapi_private_1", "a b"])
def test_what_has_not_the_form_of_a_key_is_neither_sent_nor_shown(tmp_path: Path, value: str) -> None:
    project(tmp_path, "api_key_variable: CUSTOMER\n")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        refused = flowsync("plan", root=tmp_path, env={"CUSTOMER": value, "FRIGADE_API_URL": server.url})
        assert server.requests == []
    assert refused.code == 1
    assert "CUSTOMER holds no API key" in refused.err
    assert value not in refused.both


def test_the_operator_s_address_goes_before_that_of_the_default_environment(tmp_path: Path) -> None:
    project(tmp_path, f"default_environment: x\nenvironments: {{x: {{api_url: {THEIRS}}}}}\n")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=environment(server.url)).code == 2


def test_this_machine_needs_no_permission(tmp_path: Path) -> None:
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        project(tmp_path, f"api_url: {server.url}\n")
        assert flowsync("plan", "--detailed-exitcode", root=tmp_path, env=KEYS).code == 2


@pytest.mark.parametrize(
    ("environment_settings", "said"),
    [
        ("{api_key_variable: PRODUCTION}", "PRODUCTION"),
        ("{public_api_key_variable: PRODUCTION}", "PRODUCTION"),
        ("{api_key_variable: PRODUCTION, public_api_key_variable: PRODUCTION_PUBLIC}", "PRODUCTION"),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]], ids=" ".join)
def test_an_environment_without_its_key_reads_with_no_other(
    tmp_path: Path, environment_settings: str, said: str, command: list[str]
) -> None:
    project(
        tmp_path,
        f"api_key_variable: SHARED\npublic_api_key: {PUBLIC_KEY}\n"
        f"environments:\n  production: {environment_settings}\n  other: {{api_key_variable: OTHER}}\n",
    )
    variables = {**KEYS, "SHARED": PRIVATE_KEY, "OTHER": PRIVATE_KEY}
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        refused = flowsync(
            *command, "-e", "production", root=tmp_path, env={**variables, "FRIGADE_API_URL": server.url}
        )
        assert server.requests == []
    assert refused.code == 1
    assert (
        said.removesuffix("_PUBLIC" if command[0] == "apply" else "") in refused.err
        or "api_key_variable" in refused.err
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example?",
        "https://a.example#",
        "https://a@b.example",
        "https://a.example\\.b",
        "https://ex\u00e4mple.de",
    ],
)
def test_an_address_with_more_than_a_host_and_a_path_is_refused(tmp_path: Path, url: str) -> None:
    project(tmp_path, "")
    refused = flowsync("plan", root=tmp_path, env={**KEYS, "FRIGADE_API_URL": url})
    assert refused.code == 1
    assert "The address in FRIGADE_API_URL must" in refused.err


@pytest.mark.parametrize("spelling", ["HTTP://{}", "http://{}/", "http://LOCALHOST:{port}", "http://localhost.:{port}"])
def test_one_place_however_its_address_is_spelled(tmp_path: Path, spelling: str) -> None:
    project(tmp_path, "")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        host = server.url.removeprefix("http://")
        other = spelling.format(host, port=host.partition(":")[2])
        plan = flowsync("plan", "--out", "plan.json", root=tmp_path, env=environment(server.url))
        assert plan.code == 0, plan.err
        applied = flowsync("apply", "plan.json", root=tmp_path, env=environment(other))
        assert applied.code == 0, applied.err
        record = next((tmp_path / ".flowsync" / "applies").glob("*.jsonl"))
        back = flowsync("rollback", record.name, root=tmp_path, env=environment(server.url))
        assert back.code == 0, back.err
        assert len(server.writes) == 2


def test_words_of_the_configuration_are_inert(tmp_path: Path) -> None:
    name = '"p\\e[31m\\u202e; rm -rf ~\\n::error::x"'
    project(tmp_path, f"environments: {{{name}: {{}}}}\n")
    refused = flowsync("plan", "-e", "nonsense", root=tmp_path, env=KEYS)
    assert refused.code == 1
    assert set(refused.err) & set("\x1b\u202e") == set()
    assert "\n::error" not in refused.err
