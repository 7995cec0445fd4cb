"""Settings out of flags, flowsync.yaml and the environment."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from flowsync import config, document
from flowsync.config import PARALLELISM_LIMIT, Creating, Flags, Guards, Policy, Settings, Timeouts, read_settings
from flowsync.config.address import DEFAULT_API_URL
from flowsync.errors import ConfigError, InvalidFilesError
from flowsync.model import JsonValue, Target

ENVIRONMENTS = """
    default_environment: development
    environments:
      development:
        api_url: http://localhost:4000
        public_api_key: api_public_dev
      production:
        api_key_variable: PRODUCTION_KEY
        public_api_key_variable: PRODUCTION_PUBLIC_KEY
        target: active
"""


def settings(text: str = "", flags: Flags | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    source = document.parse(textwrap.dedent(text), "flowsync.yaml") if text else None
    return read_settings(source, flags or Flags(), environ or {})


def test_without_anything_the_defaults_hold() -> None:
    assert settings() == settings("# nothing yet\n") == Settings()
    assert settings().api_url == DEFAULT_API_URL


def test_every_setting_is_read() -> None:
    read = settings("""
        flows: src/flows/
        target: draft
        parallelism: 3
        timeouts: {connect: 1, read: 2.5}
        user_agent: curl/8
        api_url: https://api3.frigade.com/
    """)
    assert (read.flows, read.target, read.parallelism, read.user_agent) == ("src/flows", Target.DRAFT, 3, "curl/8")
    assert (read.timeouts.connect, read.timeouts.read) == (1.0, 2.5)
    assert read.api_url == "https://api3.frigade.com"
    assert settings("parallelism: 3", Flags(parallelism=5)).parallelism == 5, "a flag wins over the file"


def test_the_default_environment_is_used_and_the_operator_s_address_wins_over_its_own() -> None:
    read = settings(ENVIRONMENTS, environ={"FRIGADE_API_URL": "https://elsewhere.example"})
    assert (read.environment, read.api_url) == ("development", "https://elsewhere.example")
    assert settings(ENVIRONMENTS).api_url == "http://localhost:4000"
    assert read.environment_names == ("development", "production")
    assert read.public_key == config.Key("api_public_dev", "flowsync.yaml")


def test_an_environment_picked_by_flag_reads_only_the_variables_it_names() -> None:
    environ = {"FRIGADE_API_KEY": "api_private_wrong", "PRODUCTION_KEY": "api_private_right"}
    read = settings(ENVIRONMENTS, Flags(environment="production"), environ)
    assert read.private_key == config.Key("api_private_right", "PRODUCTION_KEY")
    assert read.public_key is None
    assert read.target is Target.ACTIVE
    read = settings(ENVIRONMENTS, Flags(environment="production"), {"FRIGADE_API_KEY": "api_private_wrong"})
    assert read.private_key is None
    with pytest.raises(ConfigError, match="PRODUCTION_KEY is not set"):
        read.writing_key()


@pytest.mark.parametrize(
    ("production", "environ", "expected"),
    [
        ("{public_api_key_variable: PRODUCTION}", {}, None),
        ("{public_api_key_variable: PRODUCTION}", {"PRODUCTION": "api_public_p"}, ("api_public_p", "PRODUCTION")),
        ("{public_api_key: api_public_own}", {"SHARED": "api_public_s"}, ("api_public_own", "flowsync.yaml")),
        ("{target: active}", {"SHARED": "api_public_s"}, ("api_public_s", "SHARED")),
        ("{target: active}", {}, ("api_public_top", "flowsync.yaml")),
    ],
)
def test_the_public_key_of_an_environment_is_never_that_of_the_project(
    production: str, environ: Mapping[str, str], expected: tuple[str, str] | None
) -> None:
    text = f"""
        public_api_key: api_public_top
        public_api_key_variable: SHARED
        environments:
          production: {production}
    """
    read = settings(text, Flags(environment="production"), {"FRIGADE_PUBLIC_API_KEY": "api_public_any", **environ})
    assert read.public_key == (None if expected is None else config.Key(*expected))


@pytest.mark.parametrize(
    ("text", "chosen", "expected"),
    [
        ("environments: {one: {}}", "one", "FRIGADE_API_KEY"),
        ("environments: {one: {}, two: {}}", "one", None),
        ("default_environment: one\nenvironments: {one: {}, two: {}}", "one", "FRIGADE_API_KEY"),
        ("default_environment: one\nenvironments: {one: {}, two: {}}", "two", None),
        ("api_key_variable: ALL\npublic_api_key: api_public_x\nenvironments: {one: {}, two: {}}", "two", None),
        ("environments: {one: {}, two: {}}", None, "FRIGADE_API_KEY"),
    ],
)
def test_the_general_key_is_for_the_only_or_the_default_environment(
    text: str, chosen: str | None, expected: str | None
) -> None:
    environ = {"FRIGADE_API_KEY": "api_private_x", "FRIGADE_PUBLIC_API_KEY": "api_public_x", "ALL": "api_private_x"}
    read = settings(text, Flags(environment=chosen), environ)
    assert (read.private_key and read.private_key.variable) == expected
    if expected is None:
        assert read.public_key is None
        with pytest.raises(ConfigError, match="no private API key to write of") as caught:
            read.writing_key()
        assert str(caught.value.hint).startswith("Name its variable in flowsync.yaml: api_key_variable under")


@pytest.mark.parametrize(
    ("text", "chosen", "expected"),
    [
        ("organization: 7", None, 7),
        ("organization: 7\nenvironments: {one: {}}", "one", 7),
        ("organization: 7\nenvironments: {one: {organization: 8}}", "one", 8),
        ("organization: 7\nenvironments: {one: {api_key_variable: ONE}}", "one", None),
        ("organization: 7\nenvironments: {one: {}, two: {}}", "two", None),
        ("environments: {one: {organization: 8, api_key_variable: ONE}, two: {}}", "one", 8),
    ],
)
def test_the_organization_is_that_of_the_key(text: str, chosen: str | None, expected: int | None) -> None:
    assert settings(text, Flags(environment=chosen)).organization == expected


def test_the_variable_of_the_public_key_wins_over_the_top_of_the_file_and_not_over_an_environment() -> None:
    environ = {"FRIGADE_PUBLIC_API_KEY": "api_public_any"}
    in_variable = config.Key("api_public_any", "FRIGADE_PUBLIC_API_KEY")
    assert settings("public_api_key: api_public_top", environ=environ).public_key == in_variable
    assert settings(ENVIRONMENTS, environ=environ).public_key == config.Key("api_public_dev", "flowsync.yaml")


def test_the_variable_gives_the_address_where_the_environment_does_not() -> None:
    read = settings(ENVIRONMENTS, Flags(environment="production"), {"FRIGADE_API_URL": "https://api3.frigade.com"})
    assert read.api_url == "https://api3.frigade.com"


def test_an_environment_sets_guards_key_by_key_over_those_of_the_project() -> None:
    text = """
        guards: {max_changes: 5, on_drift: keep, allow_type_change: true, max_changed_percent: 0}
        environments:
          production:
            guards: {on_drift: refuse, require_saved_plan: true, allow_protected: true, allow_clear_targeting: true}
    """
    top = Guards(max_changes=5, max_changed_percent=0, on_drift=Policy.KEEP, allow_type_change=True)
    assert settings(text).guards == top
    assert settings(text, Flags(environment="production")).guards == replace(
        top, on_drift=Policy.REFUSE, require_saved_plan=True, allow_protected=True, allow_clear_targeting=True
    )
    assert settings("guards: {on_conflict: overwrite}").guards == Guards(on_conflict=Policy.OVERWRITE)


def test_an_unknown_environment_is_refused_with_the_near_one() -> None:
    with pytest.raises(ConfigError, match="Did you mean production") as caught:
        settings(ENVIRONMENTS, Flags(environment="prodution"))
    assert caught.value.hint == "Known environments: development, production."
    with pytest.raises(ConfigError) as caught:
        settings("", Flags(environment="production"))
    assert "define it" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "line", "column", "code", "said"),
    [
        ("paralelism: 3", 1, 1, "unknown-key", "Did you mean `parallelism`?"),
        ("quux: 3", 1, 1, "unknown-key", "Known keys: api_key_variable"),
        ("target: newest", 1, 9, "invalid-setting", "latest, active or draft"),
        ("parallelism: 65", 1, 14, "invalid-setting", "from 1 to 64"),
        ("parallelism: true", 1, 14, "invalid-setting", "from 1 to 64"),
        ("flows: /etc", 1, 8, "invalid-setting", "relative"),
        ("flows: 3", 1, 8, "invalid-setting", "path of a directory"),
        ("user_agent: 'a b '", 1, 13, "invalid-setting", "printable ASCII"),
        ('user_agent: "curl/8\\n"', 1, 13, "invalid-setting", "printable ASCII"),
        ("timeouts: 3", 1, 11, "not-a-mapping", "mapping of settings"),
        ("timeouts: {read: 0}", 1, 18, "invalid-setting", "more than 0"),
        ("timeouts: {reed: 1}", 1, 12, "unknown-key", "Did you mean `read`?"),
        ("api_url: http://api.frigade.com", 1, 10, "invalid-setting", "https://"),
        ("api_url: ftp://api.frigade.com", 1, 10, "invalid-setting", "https://"),
        ("api_url: 'https://api.frigade.com/?q=1'", 1, 10, "invalid-setting", "no user name, query"),
        ("api_url: 'https://[nonsense'", 1, 10, "invalid-setting", "is not a URL"),
        ("api_url: 3", 1, 10, "invalid-setting", "must be a URL"),
        ("default_environment: ''", 1, 22, "invalid-setting", "must be a text"),
        ("environments: [a]", 1, 15, "not-a-mapping", "map names"),
        ("environments: {a: 3}", 1, 19, "not-a-mapping", "mapping of settings"),
        ("organization: 0", 1, 15, "invalid-setting", "whole number, 1 or more"),
        ("environments: {a: {organization: '1001'}}", 1, 34, "invalid-setting", "whole number"),
        ("environments: {a: {flows: x}}", 1, 20, "unknown-key", "not a setting"),
        ("api_key_variable: 'a b'", 1, 19, "invalid-setting", "environment variable"),
        ("public_api_key: secret", 1, 17, "invalid-setting", "starts with api_public_"),
        ('public_api_key: "api_public_x\\n"', 1, 17, "invalid-setting", "starts with api_public_"),
        ("rules: [a]", 1, 8, "not-a-mapping", "targeting-months: off"),
        ("rules: {a: of}", 1, 12, "invalid-setting", "one of error, warning, off"),
        ("guards: 3", 1, 9, "not-a-mapping", "mapping of settings"),
        ("guards: {max_change: 3}", 1, 10, "unknown-key", "Did you mean `max_changes`?"),
        ("guards: {max_changes: -1}", 1, 23, "invalid-setting", "0 or more"),
        ("guards: {max_changed_percent: 101}", 1, 31, "invalid-setting", "from 0 to 100"),
        ("guards: {on_drift: ignore}", 1, 20, "invalid-setting", "overwrite, keep or refuse"),
        ("guards: {allow_protected: 1}", 1, 27, "invalid-setting", "true or false"),
        ("environments: {a: {guards: {on_drift: 1}}}", 1, 39, "invalid-setting", "overwrite, keep or refuse"),
        ("- a", 1, 1, "not-a-mapping", "must be a mapping"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_at_its_place(
    text: str, line: int, column: int, code: str, said: str
) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        settings(text)
    (problem,) = caught.value.problems
    assert (problem.location.file, problem.location.line, problem.location.column) == ("flowsync.yaml", line, column)
    assert problem.code == code
    assert said in f"{problem.message} {problem.hint}"


def test_all_problems_of_the_file_are_told_at_once_in_order() -> None:
    with pytest.raises(InvalidFilesError) as caught:
        settings("parallelism: no\ntarget: x\nfoo: 1\n")
    assert [problem.location.line for problem in caught.value.problems] == [1, 2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "public_api_key: api_private_SECRET",
        "api_key: api_private_SECRET",
        "environments: {production: {api_key: api_private_SECRET}}",
        "environments: {production: {public_api_key: ' api_private_SECRET'}}",
        "x: [api_private_SECRET]",
    ],
)
def test_a_private_key_in_the_file_is_refused_without_being_printed(text: str) -> None:
    with pytest.raises(InvalidFilesError) as caught:
        settings(text)
    assert "private-key-in-file" in {problem.code for problem in caught.value.problems}
    assert "SECRET" not in repr(caught.value.problems)


@pytest.mark.parametrize(
    "url", ["http://api.frigade.com", "https://user:secret@api.frigade.com", "nonsense", "https://"]
)
def test_an_unusable_address_in_the_variable_is_refused_without_being_printed(url: str) -> None:
    with pytest.raises(ConfigError, match="FRIGADE_API_URL") as caught:
        settings(environ={"FRIGADE_API_URL": url})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1:8080/base", "http://[::1]:3", "https://theirs.example"]
)
def test_https_and_loopback_addresses_are_taken(url: str) -> None:
    read = settings(f"api_url: '{url}'", environ={"FRIGADE_API_URL": url, "FRIGADE_API_KEY": "api_private_x"})
    assert (read.api_url, read.reading_key().variable) == (url, "FRIGADE_API_KEY")


@pytest.mark.parametrize(
    ("url", "allowed", "goes"),
    [
        ("https://theirs.example", "theirs.example", True),
        ("https://theirs.example:8443", "a.example, THEIRS.example.", True),
        ("https://theirs.example:443/", "other.example, theirs.example:443 ,", True),
        ("https://theirs.example", "theirs.example:443", True),
        ("https://[fd00::1]", "[fd00::1]", True),
        ("https://[fd00::1]:8443", "[fd00::1]:8443", True),
        ("https://theirs.example:8443", "theirs.example:443", False),
        ("https://sub.theirs.example", "theirs.example", False),
        ("https://theirs.example.evil.example", "theirs.example", False),
        ("https://theirs.example", "", False),
        ("https://theirs.example", " , ,", False),
        ("https://theirs.example", "theirs.example.evil,example,*", False),
        ("https://theirs.example", "https://theirs.example,theirs.example/,*.example,.example,a theirs.example", False),
        ("https://[fd00::1]", "fd00::1", False),
    ],
)
def test_the_operator_allows_a_host_or_one_port_of_it(url: str, allowed: str, goes: bool) -> None:  # noqa: FBT001
    environ = {"FRIGADE_API_KEY": "api_private_x", "FLOWSYNC_ALLOW_HOSTS": allowed}
    read = settings(f"api_url: '{url}'", environ=environ)
    for key in (read.reading_key, read.writing_key):
        with nullcontext() if goes else pytest.raises(ConfigError, match="is not sent to"):
            assert key().value == "api_private_x"


def test_a_public_key_of_the_file_may_go_to_the_address_of_the_file() -> None:
    text = "{api_url: https://theirs.example, public_api_key: api_public_own}"
    assert settings(text, environ={"FRIGADE_API_KEY": "api_private_1"}).reading_key().value == "api_public_own"


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.frigade.com", "HTTPS://API.Frigade.com:443/", "https://api.frigade.com."),
        *("https://api3.frigade.com", "https://API3.frigade.com./", "http://LOCALHOST:80/", "https://[::1]:8443"),
    ],
)
def test_frigade_and_this_machine_take_keys_however_they_are_spelled(url: str) -> None:
    read = settings(f"api_url: '{url}'", environ={"FRIGADE_API_KEY": "api_private_x"})
    assert read.reading_key().variable == "FRIGADE_API_KEY"


@pytest.mark.parametrize(
    "url",
    [
        *("https://api.frigade.com.theirs.example", "https://api.frigade.com@theirs.example", "http://api.frigade.com"),
        *("https://theirs.example/api.frigade.com", "https://theirs.example?api.frigade.com", "https://frigade.com"),
        *("https://api.frigade.com%2etheirs.example", "https://api.frigade.com;theirs.example", "https://127.1"),
        *("https://\u0430pi.frigade.com", "https://api\u3002frigade.com", "https://api.frigade.com\\.theirs.example"),
        *("http://localhost.theirs.example", "http://[::ffff:127.0.0.1]", "http://0.0.0.0"),
        "https://xn--pi-7kc.frigade.com",
    ],
)
def test_what_looks_like_frigade_or_this_machine_takes_no_key(url: str) -> None:
    with pytest.raises((ConfigError, InvalidFilesError)):
        settings(f"api_url: '{url}'", environ={"FRIGADE_API_KEY": "api_private_x"}).reading_key()


def test_without_a_key_the_error_names_both_ways_out() -> None:
    with pytest.raises(ConfigError) as caught:
        settings().reading_key()
    assert caught.value.hint == (
        "Set FRIGADE_PUBLIC_API_KEY (enough for plan) or FRIGADE_API_KEY, or try it on the embedded sandbox with "
        "--sandbox."
    )


def test_the_private_key_reads_where_there_is_one_and_only_it_can_write() -> None:
    both = settings(environ={"FRIGADE_API_KEY": "api_private_x", "FRIGADE_PUBLIC_API_KEY": "api_public_x"})
    assert both.reading_key().variable == both.writing_key().variable == "FRIGADE_API_KEY"
    public = settings(environ={"FRIGADE_PUBLIC_API_KEY": "api_public_x"})
    assert public.reading_key().looks_public
    with pytest.raises(ConfigError, match="no private API key"):
        public.writing_key()
    with pytest.raises(ConfigError, match="FRIGADE_API_KEY is a public one"):
        settings(environ={"FRIGADE_API_KEY": "api_public_x"}).writing_key()


def test_a_key_with_a_line_end_inside_is_refused_without_being_printed() -> None:
    read = settings(environ={"FRIGADE_API_KEY": "api_private_SECRET\nx"})
    with pytest.raises(ConfigError, match="FRIGADE_API_KEY") as caught:
        read.reading_key()
    assert "SECRET" not in f"{caught.value!r} {caught.value.hint} {read!r}"


SCHEMA: Any = config.schema()
TOP = SCHEMA["properties"]
ENVIRONMENT = TOP["environments"]["additionalProperties"]["properties"]
SECTIONS = {
    (): TOP,
    ("timeouts",): TOP["timeouts"]["properties"],
    ("guards",): TOP["guards"]["properties"],
    ("environments", "production"): ENVIRONMENT,
    ("environments", "production", "guards"): ENVIRONMENT["guards"]["properties"],
}
EACH_SETTING = [
    (path, name)
    for path, settings_ in SECTIONS.items()
    for name, each in settings_.items()
    if "additionalProperties" not in each
]
NEAR_MISSES: tuple[Any, ...] = (
    *(None, True, False, 0, 0.5, 1, 5.0, 64, 65, 600, 600.5, -1, [], {}, ["x"], {"x": 1}),
    *(
        "",
        " ",
        "x",
        " x",
        "x ",
        "flows",
        "/flows",
        "\\flows",
        "../flows",
        "latest",
        "Latest",
        "keep",
        "Refuse",
        "refuse",
    ),
    *("FRIGADE_API_KEY", "9KEY", "a-b", "api_public_x", "api_public_", "public", "api_public_ä", "curl/8", "curl\t8"),
    *("refuse", "draft", "https://a.example", "https://a.example/v", "ftp://a.b"),
    *("http://localhost", "http://localhost:4000/x", "http://localhost.evil.example", "http://127.0.0.1"),
    *("http://a.example", "http://[::1]:1", "PATH", "Home", "PATHS", "github_token", "MY_GITHUB_TOKEN"),
    *("FLOWSYNC_KEY", "FRIGADE_API_URL", "api_private"),
    *("HTTPS://A.example", "HTTP://LocalHost:4/x", "http://localhost.", "https://a.example.", "https://a.example.."),
    *("https://a.example:", "https://a.example:0", "https://a.example:443/", "https://a.example:x", "https://[::2]:8/"),
    *("https://a\\b", "https://a.example/\\", "https://\u00e4.example", "https://a%2eb", "https://a_b", "https://-a"),
    *("https://a.example/?", "https://a.example#", "https:///x", "https:a.example", "http://127.0.0.1.evil.example"),
    *("https://user@a.example", "https://a.example?x=1", "https://a.example#x", "https:// a"),
)


def with_setting(path: tuple[str, ...], name: str, value: JsonValue) -> JsonValue:
    whole: JsonValue = {name: value}
    for part in reversed(path):
        whole = {part: whole}
    return whole


def is_accepted(value: JsonValue) -> bool:
    try:
        read_settings(document.parse(document.dump(value), "flowsync.yaml"), Flags(environment="production"), {})
    except InvalidFilesError:
        return False
    except ConfigError:  # the file is fine; there is no such environment in it
        return True
    return True


@pytest.mark.parametrize(("path", "name"), EACH_SETTING, ids=str)
def test_an_editor_refuses_what_the_reader_refuses_and_nothing_else(path: tuple[str, ...], name: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    wholes = [with_setting(path, name, value) for value in NEAR_MISSES]
    verdicts = [(whole, validator.is_valid(whole), is_accepted(whole)) for whole in wholes]
    assert [each for each in verdicts if each[1] is not each[2]] == []
    assert {accepted for _, _, accepted in verdicts} == {True, False}


@pytest.mark.parametrize(
    "value",
    [
        *(None, {}, [], "x", {"timeouts": None}, {"environments": None}, {"environments": []}, {"paralelism": 3}),
        *({"rules": None}, {"rules": []}, {"rules": {"a": "off"}}, {"rules": {"a": 1}}, {"environments": {"a": 3}}),
        {"environments": {"a": {"flows": "x"}}},
        document.parse(textwrap.dedent(ENVIRONMENTS)).value,
    ],
)
def test_an_editor_and_the_reader_agree_on_the_shape_of_the_file(value: JsonValue) -> None:
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(value) is is_accepted(value)


def test_every_setting_has_what_an_editor_shows() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for properties in SECTIONS.values():
        for name, each in properties.items():
            assert each["title"][0].isupper(), name
            assert each["description"].endswith("."), name
            assert each["examples"], name
            validator = jsonschema.Draft202012Validator(each)
            assert [example for example in each["examples"] if not validator.is_valid(example)] == []
            assert len(each.get("enum", ())) == len(each.get("enumDescriptions", ())), name


def test_the_schema_shows_the_defaults_and_the_limit_that_the_code_has() -> None:
    shown = {name: each["default"] for name, each in TOP.items() if "default" in each}
    assert {name: getattr(Settings(), name) for name in shown} == {**shown, "target": Target(shown["target"])}
    assert TOP["parallelism"]["maximum"] == PARALLELISM_LIMIT
    for section, default in (("timeouts", Timeouts()), ("guards", Guards())):
        for name, each in TOP[section]["properties"].items():
            value = getattr(default, name)
            assert (value.value if isinstance(value, Policy | Creating) else value) == each["default"], name


def test_the_configuration_file_is_found_beside_the_flows(tmp_path: Path) -> None:
    assert config.config_path(tmp_path, None) is None
    (tmp_path / "flowsync.yml").touch()
    assert config.config_path(tmp_path, None) == tmp_path / "flowsync.yml"
    assert config.config_path(tmp_path, "other.yaml") == tmp_path / "other.yaml"
    (tmp_path / "flowsync.yaml").touch()
    with pytest.raises(ConfigError, match="both"):
        config.config_path(tmp_path, None)
