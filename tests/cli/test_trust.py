"""Which keys are read, and where they are sent: what flowsync.yaml says is written by whoever opens a pull request."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.github.support import workplace
from tests.support.command import commit, environment, flowsync, git, write_flows
from tests.support.fake_frigade import PRIVATE_KEY, PUBLIC_KEY, FakeConfig, fake_frigade, row

COMMANDS = [["plan"], ["apply", "--yes"], ["status"], ["pull"], ["pull", "--check"], ["plan", "--out", "plan.json"]]
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
        "api_url: https://xn--frigade-6fg.com\n",
        "api_url: https://127.0.0.1.theirs.example\n",
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


def test_a_pull_request_that_changes_the_configuration_gets_no_key(tmp_path: Path) -> None:
    project(tmp_path, "")
    commit(tmp_path)
    git(tmp_path, "switch", "-qc", "theirs")
    (tmp_path / "flowsync.yaml").write_text(
        f"default_environment: x\nenvironments:\n  x:\n    api_url: {THEIRS}\n    api_key_variable: FRIGADE_API_KEY\n"
    )
    commit(tmp_path)
    with proxy() as (variables, listening):
        refused = flowsync("plan", "--base", "main", root=tmp_path, env={**KEYS, **variables})
        assert nobody_came(listening)
    assert refused.code == 1
    assert "is not sent to theirs.example" in refused.err


def test_a_public_key_of_the_file_itself_goes_where_the_file_says_and_no_other_key_does(tmp_path: Path) -> None:
    """A private key would read /v1/flows; the request that fails here is the one of a public key."""
    project(tmp_path, f"api_url: https://theirs.invalid\npublic_api_key: {PUBLIC_KEY}\n")
    read = flowsync("plan", root=tmp_path, env={"FRIGADE_API_KEY": PRIVATE_KEY})
    assert "/v1/public/flows" in read.err
    with proxy() as (variables, listening):
        written = flowsync("apply", "--yes", root=tmp_path, env={**KEYS, **variables})
        assert nobody_came(listening)
    assert "The key in FRIGADE_API_KEY is not sent to theirs.invalid" in written.err


@pytest.mark.parametrize("way", [["apply", "plan.json"], ["rollback", "RECORD"], ["rollback", "--dry-run", "RECORD"]])
def test_neither_a_saved_plan_nor_a_record_says_where_a_key_goes(tmp_path: Path, way: list[str]) -> None:
    project(tmp_path, "")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        flowsync("plan", "--out", "plan.json", root=tmp_path, env=environment(server.url))
        flowsync("apply", "--record", "RECORD", root=tmp_path, env=environment(server.url))
    for name in ("plan.json", "RECORD"):
        file = tmp_path / name
        file.write_text(file.read_text().replace(server.url, THEIRS))
    with proxy() as (variables, listening):
        for configuration in ("", f"api_url: {THEIRS}\n"):
            (tmp_path / "flowsync.yaml").write_text(configuration)
            with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
                url = "" if configuration else server.url
                refused = flowsync(*way, root=tmp_path, env={**KEYS, **variables, "FRIGADE_API_URL": url})
                assert [each.method for each in server.requests if each.method != "GET"] == []
            assert refused.code in {1, 4}
        assert nobody_came(listening)


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_flowsync_ci_sends_no_key_where_only_the_files_of_a_pull_request_say(tmp_path: Path, command: str) -> None:
    with workplace(tmp_path) as place, proxy() as (variables, listening):
        place.write(flow_a="name: New\n")
        place.merge()
        (place.root / "flowsync.yaml").write_text(f"api_url: {THEIRS}\napi_key_variable: CUSTOMER\n")
        done = getattr(place, command)(**KEYS, **variables, FRIGADE_API_URL="", FLOWSYNC_PRIVATE_API_KEY=PRIVATE_KEY)
        assert nobody_came(listening)
        assert done.code == 1
        assert "is not sent to theirs.example" in done.completed.both
        (place.root / "flowsync.yaml").write_text(f"api_url: {THEIRS}\npublic_api_key_variable: GITHUB_TOKEN\n")
        assert getattr(place, command)(**variables, FRIGADE_API_URL="", FLOWSYNC_API_URL=THEIRS).code == 3
        assert nobody_came(listening)


def test_an_address_that_is_not_the_input_api_url_s_gets_nothing(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        (place.root / "flowsync.yaml").write_text(f"api_url: {THEIRS}\n")
        done = place.plan(FRIGADE_API_URL="", FLOWSYNC_API_URL=place.frigade.url)
        assert done.code == 1
        assert "names the address https://theirs.example" in " ".join(done.completed.err.split())
        assert place.frigade.requests == []


def test_the_private_key_of_the_action_serves_an_environment_that_names_a_public_key_only(tmp_path: Path) -> None:
    with workplace(tmp_path) as place:
        place.write(flow_a="name: New\n")
        place.merge()
        settings = f"environments: {{production: {{public_api_key: {PUBLIC_KEY}}}}}\n"
        (place.root / "flowsync.yaml").write_text(settings)
        given = {"FLOWSYNC_ENVIRONMENT": "production", "FLOWSYNC_REQUIRE_REVIEWED_PLAN": "off"}
        assert place.apply(**given).code == 1, "the general key is not the one of production"
        assert place.apply(**given, FLOWSYNC_PRIVATE_API_KEY=PRIVATE_KEY).code == 0


@pytest.mark.parametrize(
    "variable",
    [
        *("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ACTIONS_RUNTIME_TOKEN", "npm_token", "PATH", "Home", "CI"),
        *("SSH_AUTH_SOCK", "HTTPS_PROXY", "FRIGADE_API_URL", "FLOWSYNC_ALLOW_HOSTS", "FLOWSYNC_PRIVATE_API_KEY"),
    ],
)
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


@pytest.mark.parametrize("command", [["validate"], ["plan", "--sandbox"], ["apply", "--sandbox", "--yes"]])
def test_who_needs_no_key_is_not_kept_up_by_a_wrong_one(tmp_path: Path, command: list[str]) -> None:
    project(tmp_path, "")
    assert flowsync(*command, root=tmp_path, env={"FRIGADE_API_KEY": "ghp_0123456789"}).code == 0


@pytest.mark.parametrize("command", [["plan"], ["status"], ["pull", "--check"]], ids=" ".join)
def test_the_operator_s_address_goes_before_that_of_the_file_and_it_is_said(tmp_path: Path, command: list[str]) -> None:
    project(tmp_path, f"default_environment: x\nenvironments: {{x: {{api_url: {THEIRS}}}}}\n")
    with fake_frigade(FakeConfig(), [row(1, "flow_a", name="New")]) as server, proxy() as (variables, listening):
        done = flowsync(*command, root=tmp_path, env={**environment(server.url), **variables})
        assert nobody_came(listening)
        assert done.code == 0
        assert f"Using {server.url} from FRIGADE_API_URL, not {THEIRS}, which flowsync.yaml names." in done.err
        (tmp_path / "flowsync.yaml").write_text(f"api_url: {server.url}/\n")
        assert "which flowsync.yaml names" not in flowsync(*command, root=tmp_path, env=environment(server.url)).err


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
    ("settings", "said"),
    [
        (f"public_api_key: {PUBLIC_KEY}", "brings in your own flows\n"),
        ("api_key_variable: PRODUCTION", "brings in your own flows, once PRODUCTION holds a key\n"),
    ],
)
def test_init_names_the_variables_of_the_environment_only(tmp_path: Path, settings: str, said: str) -> None:
    project(tmp_path, f"environments: {{x: {{{settings}}}}}\n")
    assert said in flowsync("init", "--no-github", "-e", "x", root=tmp_path).err


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


def test_one_digest_however_this_machine_is_called(tmp_path: Path) -> None:
    project(tmp_path, "")
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        urls = [server.url, server.url.replace("127.0.0.1", "LOCALHOST") + "/"]
        plans = [flowsync("plan", "--format", "json", root=tmp_path, env=environment(url)).json for url in urls]
    assert plans[0]["api_url"] == plans[1]["api_url"] == server.url
    assert plans[0]["digest"] == plans[1]["digest"]


KEY = "{api_key_variable: FRIGADE_API_KEY}"
HOSTILE = "p\x1b[31m\u202e $(touch x) ##[command]\n::error::boo"


@pytest.mark.parametrize("name", [HOSTILE, "prod; rm -rf ~", "it's"])
def test_words_of_the_configuration_are_inert_in_every_output(tmp_path: Path, name: str) -> None:
    project(tmp_path, f"environments: {{{json.dumps(name)}: {KEY}, other: {KEY}}}\n")
    chosen = ("-e", name)
    with fake_frigade(FakeConfig(), [row(1, "flow_a")]) as server:
        env = environment(server.url)
        done = [
            flowsync("plan", *chosen, root=tmp_path, env=env),
            flowsync("plan", "--out", "p.json", *chosen, root=tmp_path, env=env),
            flowsync("plan", "-e", "nonsense", root=tmp_path, env=env),
            flowsync("apply", "p.json", "-e", "other", root=tmp_path, env=env),
            flowsync("apply", "--record", "RECORD", *chosen, root=tmp_path, env=env),
            flowsync("rollback", "RECORD", "-e", "other", root=tmp_path, env=env),
            flowsync("rollback", "RECORD", *chosen, root=tmp_path, env=env),
            flowsync("status", *chosen, root=tmp_path, env={}),
        ]
    assert [each.code for each in done] == [0, 0, 1, 4, 0, 4, 0, 1]
    for each in done:
        assert set(each.both) & set("\x1b\u202e") == set()
        assert not any(line.lstrip().startswith("::") for line in each.both.splitlines())
        assert "##[" not in each.both
        said = " ".join(each.both.split())
        assert f"-e {name}" not in said, "a command line to copy quotes it"


def test_an_address_is_quoted_where_it_is_to_be_copied(tmp_path: Path) -> None:
    project(tmp_path, "api_url: 'https://theirs.example/$(id);x'\n")
    refused = flowsync("plan", root=tmp_path, env=KEYS)
    assert "FRIGADE_API_URL='https://theirs.example/$(id);x'" in refused.err
