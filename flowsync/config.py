"""Flags, flowsync.yaml and environment variables, brought together into one frozen Settings.

flowsync.yaml is optional and lies beside the flows directory. Whoever opens a pull request writes it, so it decides
neither what counts as a key nor where a key is sent. The address in FRIGADE_API_URL goes before those in the file.
Everywhere else the more specific place wins: an option of the command, then the chosen environment, then the top of
flowsync.yaml, then the default. A private key is read from the process environment only.
"""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flowsync.closeness import closest
from flowsync.errors import ConfigError, InvalidFilesError
from flowsync.model import Problem, Severity, Target
from flowsync.secrets import IN_USE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from flowsync.model import JsonValue, Location, Source, ValuePath

DEFAULT_API_URL: Final = "https://api.frigade.com"
"""[doc] the API reference and the SDK's default."""
PRIVATE_KEY_VARIABLE: Final = "FRIGADE_API_KEY"
PUBLIC_KEY_VARIABLE: Final = "FRIGADE_PUBLIC_API_KEY"
API_URL_VARIABLE: Final = "FRIGADE_API_URL"
ALLOW_HOSTS_VARIABLE: Final = "FLOWSYNC_ALLOW_HOSTS"
VENDOR_URLS: Final = (DEFAULT_API_URL, "https://api3.frigade.com")
"""Both are the vendor's; the second is the same service [obs]."""
SANDBOX_URL: Final = "https://sandbox.invalid"
"""Stands for the embedded emulator in plans and messages; `.invalid` can never be a real host."""
FILE_NAMES: Final = ("flowsync.yaml", "flowsync.yml")
"""What the configuration file is called, where no option names it."""
PARALLELISM_LIMIT: Final = 64
DEFAULT_PARALLELISM: Final = 10
"""What other tools that write to an API have by default, Terraform and decK among them: APIs know such clients."""
TIMEOUT_LIMIT: Final = 600.0
_LEVELS_HINT: Final = "Write one line for each: targeting-months: off."
_LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PUBLIC_PREFIX: Final = "api_public_"
_PRIVATE_PREFIX: Final = "api_private_"
_KEY_CHARACTERS: Final = re.compile(r"[\x21-\x7e]+")
_KEY_FORM: Final = re.compile(r"api_(?:public|private)_[\x21-\x7e]+")
_NAMED_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?"
_NUMBERED_HOST: Final = r"\[[0-9A-Fa-f:.]+\]"
_PORT: Final = r"0*[1-9][0-9]{0,4}"
_PATH: Final = r'(?:/[!"$->A-\[\]-~]*)?'
_LOOPBACK: Final = r"(?:[lL][oO][cC][aA][lL][hH][oO][sS][tT]\.?|127\.0\.0\.1\.?|\[::1\])"
_ADDRESS: Final = (
    rf"^(?:[hH][tT][tT][pP][sS]://(?:{_NAMED_HOST}|{_NUMBERED_HOST})|[hH][tT][tT][pP]://{_LOOPBACK})"
    rf"(?::(?:{_PORT})?)?{_PATH}$"
)
"""An address of the API, as editors check it."""
_ALLOWED_HOST: Final = re.compile(rf"({_NAMED_HOST}|{_NUMBERED_HOST})(?::({_PORT}))?")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
PLATFORM_PREFIXES: Final = (
    *("ACTIONS_", "AGENT_", "AMPLIFY_", "APPVEYOR_", "ARM_", "AWS_", "AZURE_", "BITBUCKET_", "BUILDKITE_", "BUILD_"),
    *("CARGO_", "CF_", "CI_", "CIRCLE_", "CLOUDFLARE_", "CLOUDSDK_", "CODEBUILD_", "DIGITALOCEAN_", "DOCKER_"),
    *("DRONE_", "DYLD_", "FLOWSYNC_", "GCLOUD_", "GCP_", "GH_", "GITEA_", "GITHUB_", "GITLAB_", "GIT_", "GOOGLE_"),
    *("GPG_", "HEROKU_", "INPUT_", "JENKINS_", "KUBE", "LD_", "NETLIFY_", "NODE_", "NPM_", "PIP_", "PYPI_", "PYTHON"),
    *("RUNNER_", "SEMAPHORE_", "SSH_", "SSL_", "SYSTEM_", "TEAMCITY_", "TF_", "TRAVIS_", "TWINE_", "UV_", "VAULT_"),
    *("VERCEL_", "WOODPECKER_", "XDG_", "YARN_"),
)
"""How the names of variables begin that belong to a CI, a cloud or another tool, or steer flowsync itself."""
PLATFORM_VARIABLES: Final = (
    *("ALL_PROXY", "CI", "FRIGADE_API_URL", "FTP_PROXY", "HOME", "HOSTNAME", "HTTPS_PROXY", "HTTP_PROXY", "IFS"),
    *("LOGNAME", "MAIL", "NO_PROXY", "OLDPWD", "PATH", "PWD", "SHELL", "TEMP", "TMP", "TMPDIR", "USER", "USERNAME"),
)
"""Such variables by their whole name. No variable of the platform is read as a key, whatever flowsync.yaml says."""
_IN_FILE: Final = "flowsync.yaml"
"""Where a key that no variable holds comes from."""
_KEY_SETTINGS: Final = ("api_key_variable", "public_api_key_variable", "public_api_key")
_KEY_VARIABLE_SETTINGS: Final = ("api_key_variable", "public_api_key_variable")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Key:
    """An API key and the name of where it came from; the value never shows in a repr."""

    value: str = field(repr=False)
    variable: str

    @property
    def is_from_file(self) -> bool:
        """Whether the key stands in flowsync.yaml itself, for everyone to read."""
        return self.variable == _IN_FILE

    @property
    def looks_public(self) -> bool:
        """Whether the key has the form of a public one [obs]."""
        return self.value.startswith(_PUBLIC_PREFIX)

    def refuse_other_forms(self) -> None:
        """Raise ConfigError, without the value, where it has not the form of a key: it is sent nowhere."""
        if not _KEY_FORM.fullmatch(self.value):
            raise ConfigError(
                f"{shown(self.variable)} holds no API key: one starts with {_PRIVATE_PREFIX} or {_PUBLIC_PREFIX}, and "
                "has no blanks.",
                hint="Copy the key again; quotes and line ends do not belong to it.",
            )


class Trust(Enum):
    """Who named the address of the API, and so which keys may be sent to it."""

    OPERATOR = "operator"
    """FRIGADE_API_URL, a host in FLOWSYNC_ALLOW_HOSTS, the vendor's hosts, or this machine: every key."""
    FILE = "file"
    """flowsync.yaml alone: no key but a public one that the file holds itself."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next bytes of an answer."""

    connect: float = 5.0
    read: float = 30.0


class Policy(Enum):
    """What becomes of an edit in the dashboard that applying would undo."""

    OVERWRITE = "overwrite"
    KEEP = "keep"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Guards:
    """What apply refuses to do before it writes anything; None is no limit."""

    max_changes: int | None = 20
    max_changed_percent: int | None = 50
    on_drift: Policy = Policy.OVERWRITE
    on_conflict: Policy = Policy.REFUSE
    allow_clear_targeting: bool = False
    allow_type_change: bool = False
    allow_protected: bool = False
    require_saved_plan: bool = False


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line says about settings; None where it is silent.

    The two variables hold keys that were given for this very run: flowsync.yaml does not say which.
    """

    environment: str | None = None
    parallelism: int | None = None
    private_key_variable: str | None = None
    public_key_variable: str | None = None


class Level(Enum):
    """How much a rule of `validate` weighs in a project."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RuleLevel:
    """The level that flowsync.yaml sets for one rule, and where; whether there is such a rule is not known here."""

    code: str
    level: Level
    location: Location


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a command needs to know that is not in the flow files.

    `flows` is the flows directory as people write it, relative to the project's root.
    `environment_names` are those that flowsync.yaml defines, empty when it defines none. `unused_url` is an
    address that flowsync.yaml names although the operator's is used.
    """

    flows: str = "flows"
    environment: str | None = None
    environment_names: tuple[str, ...] = ()
    api_url: str = DEFAULT_API_URL
    unused_url: str | None = None
    trust: Trust = Trust.OPERATOR
    target: Target = Target.LATEST
    parallelism: int = DEFAULT_PARALLELISM
    timeouts: Timeouts = Timeouts()
    user_agent: str | None = None
    private_key: Key | None = None
    public_key: Key | None = None
    key_variables: tuple[str | None, str | None] = (PRIVATE_KEY_VARIABLE, PUBLIC_KEY_VARIABLE)
    guards: Guards = Guards()
    rule_levels: tuple[RuleLevel, ...] = ()

    def reading_key(self) -> Key:
        """The key to plan with: the private one where there is one, for it sees drafts too.

        Raises ConfigError when there is no key, one has not the form of a key, or none may be sent to the address.
        """
        found = [key for key in (self.private_key, self.public_key) if key is not None]
        for key in found:
            key.refuse_other_forms()
        allowed = [key for key in found if self._may_send(key)]
        if allowed:
            return allowed[0]
        if found:
            raise self._not_sent(found[0])
        names = [name for name in reversed(self.key_variables) if name is not None]
        raise ConfigError(
            f"There is no API key to read the live flows{self._of_environment} with.",
            hint=f"Set {' (enough for plan) or '.join(map(shown, names))}, or try it on the embedded sandbox with "
            "--sandbox."
            if names
            else self._name_a_variable,
        )

    def writing_key(self) -> Key:
        """The private key.

        Raises ConfigError when there is none, it has another form, or it may not be sent to the address.
        """
        private, _ = self.key_variables
        key = self.private_key
        if key is None:
            unset = "" if private is None else f": {shown(private)} is not set"
            raise ConfigError(
                f"There is no private API key to write{self._of_environment} with{unset}.",
                hint=self._name_a_variable
                if private is None
                else f"Set {shown(private)} to a key that starts with {_PRIVATE_PREFIX}, or try it on the embedded "
                "sandbox with --sandbox.",
            )
        key.refuse_other_forms()
        if key.looks_public:
            raise ConfigError(
                f"The key in {shown(key.variable)} is a public one; a public key can only read.",
                hint=f"Set {shown(key.variable)} to the private key of the same environment.",
            )
        if not self._may_send(key):
            raise self._not_sent(key)
        return key

    def _may_send(self, key: Key) -> bool:
        return self.trust is Trust.OPERATOR or (key.is_from_file and key.looks_public)

    def _not_sent(self, key: Key) -> ConfigError:
        host = shown(urlsplit(self.api_url).netloc)
        return ConfigError(
            f"The key in {shown(key.variable)} is not sent to {host}, an address that only flowsync.yaml names.",
            hint=f"If you trust that host, set {API_URL_VARIABLE}={shlex.quote(self.api_url)} or "
            f"{ALLOW_HOSTS_VARIABLE}={shlex.quote(host)} where this runs.",
        )

    @property
    def _of_environment(self) -> str:
        return f" of {shown(self.environment)}" if self.environment is not None else ""

    @property
    def _name_a_variable(self) -> str:
        return (
            f"Name its variable in flowsync.yaml: api_key_variable under environments, {shown(self.environment or '')}."
        )


@dataclass(frozen=True, slots=True)
class Setting:
    """One key of flowsync.yaml: what it means, its JSON Schema, and what is wrong with a value (or None)."""

    name: str
    description: str
    schema: Mapping[str, JsonValue]
    complaint: Callable[[JsonValue], str | None]


def _is_text(value: JsonValue) -> str | None:
    return None if isinstance(value, str) and value.strip() else "must be a text"


def _is_relative_directory(value: JsonValue) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return "must be the path of a directory"
    if value.startswith(("/", "\\")):
        return "must be relative to the directory of flowsync.yaml"
    return None


def _is_target(value: JsonValue) -> str | None:
    fits = isinstance(value, str) and value in {target.value for target in Target}
    return None if fits else "must be latest, active or draft"


def _is_parallelism(value: JsonValue) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= PARALLELISM_LIMIT
    return None if fits else f"must be a whole number from 1 to {PARALLELISM_LIMIT}"


def _is_count(value: JsonValue) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return None if fits else "must be a whole number, 0 or more"


def _is_percent(value: JsonValue) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100  # noqa: PLR2004 - a percentage
    return None if fits else "must be a whole number from 0 to 100"


def _is_truth(value: JsonValue) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _is_policy(value: JsonValue) -> str | None:
    fits = isinstance(value, str) and value in {policy.value for policy in Policy}
    return None if fits else "must be overwrite, keep or refuse"


def _is_seconds(value: JsonValue) -> str | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= TIMEOUT_LIMIT
    return None if fits else f"must be a number of seconds, more than 0 and at most {TIMEOUT_LIMIT:g}"


def _is_header_text(value: JsonValue) -> str | None:
    fits = isinstance(value, str) and re.fullmatch(r"[\x20-\x7e]+", value) and value.strip() == value
    return None if fits else "must be one line of printable ASCII"


def _is_variable(value: JsonValue) -> str | None:
    if not isinstance(value, str) or not _VARIABLE_NAME.fullmatch(value):
        return "must be the name of an environment variable, such as FRIGADE_API_KEY"
    if value.upper().startswith(PLATFORM_PREFIXES) or value.upper() in PLATFORM_VARIABLES:
        return "names a variable of the platform or of flowsync itself; such a variable is never read as a key"
    return None


def _is_public_key(value: JsonValue) -> str | None:
    fits = isinstance(value, str) and value.startswith(_PUBLIC_PREFIX) and _KEY_FORM.fullmatch(value)
    return None if fits else f"must be a public key, which starts with {_PUBLIC_PREFIX}"


def url_complaint(value: JsonValue) -> str | None:
    """What keeps `value` from being the address of an API that a key may be sent to; None if nothing does."""
    if not isinstance(value, str):
        return "must be a URL"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if not set("@?#\\").isdisjoint(value):
        return "must hold no user name, query or fragment"
    if parts.scheme == "http" and host and host.removesuffix(".") not in _LOOPBACK_HOSTS:
        return "must start with https:// (http:// only to this machine), for the key travels with every request"
    if not re.fullmatch(_ADDRESS, value):
        return "must be a URL that starts with https://, with a host of letters, digits, hyphens and dots"
    return None


def canonical_url(url: str) -> str:
    """One spelling for one address: small letters, no dot after the host, no default port, no slash at the end."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    bracketed = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{bracketed}{port}{parts.path}".rstrip("/")


def place_of(url: str) -> str:
    """An address as locks, plans and records name it: this machine is always `127.0.0.1`."""
    if url_complaint(url) is not None:
        return url
    parts = urlsplit(canonical_url(url))
    host = "127.0.0.1" if parts.hostname in _LOOPBACK_HOSTS else parts.netloc.removesuffix(f":{parts.port}")
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()


def _trust(url: str, environ: Mapping[str, str]) -> Trust:
    """Whether the operator allows keys at an address that flowsync.yaml names."""
    parts = urlsplit(url)
    is_vendor = f"{parts.scheme}://{parts.netloc}" in VENDOR_URLS
    host = parts.netloc.removesuffix(f":{parts.port}")
    named = {(host, None), (host, parts.port or _DEFAULT_PORTS[parts.scheme])}
    if is_vendor or parts.hostname in _LOOPBACK_HOSTS or not named.isdisjoint(_allowed_hosts(environ)):
        return Trust.OPERATOR
    return Trust.FILE


def _allowed_hosts(environ: Mapping[str, str]) -> Iterator[tuple[str, int | None]]:
    """The hosts that the operator allows, each with its one port or None for any. What is no host allows nothing."""
    for entry in environ.get(ALLOW_HOSTS_VARIABLE, "").split(","):
        if (match := _ALLOWED_HOST.fullmatch(entry.strip())) is not None:
            yield match[1].removesuffix(".").lower(), int(match[2]) if match[2] else None


def _text_schema(example: str) -> Mapping[str, JsonValue]:
    return {"type": "string", "pattern": r"\S", "examples": [example]}


def _variable_pattern() -> str:
    """The names that a variable of a key may have; JSON Schema has no way to leave capitals out of account."""
    names = [*PLATFORM_PREFIXES, *(f"{name}$" for name in PLATFORM_VARIABLES)]
    either = "|".join("".join(f"[{each}{each.lower()}]" if each.isalpha() else each for each in name) for name in names)
    return f"^(?!{either})[A-Za-z_][A-Za-z0-9_]*$"


_SECONDS_SCHEMA: Final[Mapping[str, JsonValue]] = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": TIMEOUT_LIMIT,
}
_TARGET = Setting(
    "target",
    "Which version of a flow is written: the latest that is not archived, the active one, or the draft.",
    {
        "enum": [target.value for target in Target],
        "enumDescriptions": [
            "The highest version that is not archived",
            "The version that users see now",
            "The draft, which nobody sees until it is published",
        ],
        "default": Target.LATEST.value,
        "examples": [Target.DRAFT.value],
    },
    _is_target,
)
CONNECTION_SETTINGS: Final = (
    Setting(
        "api_url",
        "Address of the API; https, or http to this machine only.",
        {
            "type": "string",
            "format": "uri",
            "pattern": _ADDRESS,
            "default": DEFAULT_API_URL,
            "examples": ["https://api.frigade.com", "http://localhost:4000"],
        },
        url_complaint,
    ),
    Setting(
        "api_key_variable",
        "Name of the environment variable that holds the private key.",
        {**_text_schema("FRIGADE_PRODUCTION_API_KEY"), "pattern": _variable_pattern()},
        _is_variable,
    ),
    Setting(
        "public_api_key_variable",
        "Name of the environment variable that holds the public key.",
        {**_text_schema("FRIGADE_PRODUCTION_PUBLIC_API_KEY"), "pattern": _variable_pattern()},
        _is_variable,
    ),
    Setting(
        "public_api_key",
        "The public key itself: it is not a secret. A private key is refused here.",
        {**_text_schema("api_public_3xample"), "pattern": "^api_public_[!-~]+$"},
        _is_public_key,
    ),
    _TARGET,
)
"""Keys that may stand at the top of flowsync.yaml and in each environment."""
TIMEOUT_SETTINGS: Final = (
    Setting(
        "connect", "Seconds to wait for a connection.", {**_SECONDS_SCHEMA, "default": 5, "examples": [10]}, _is_seconds
    ),
    Setting(
        "read",
        "Seconds to wait for the next bytes of an answer.",
        {**_SECONDS_SCHEMA, "default": 30, "examples": [60]},
        _is_seconds,
    ),
)
_FALSE_SCHEMA: Final[Mapping[str, JsonValue]] = {"type": "boolean", "default": False, "examples": [True]}


def _policy_schema(default: Policy, example: Policy) -> Mapping[str, JsonValue]:
    return {
        "enum": [policy.value for policy in Policy],
        "enumDescriptions": [
            "Apply undoes the edit, and the plan says so",
            "The edited field is left as it is",
            "Apply writes nothing at all",
        ],
        "default": default.value,
        "examples": [example.value],
    }


GUARD_SETTINGS: Final = (
    Setting(
        "max_changes",
        "How many flows one apply may write.",
        {"type": "integer", "minimum": 0, "default": 20, "examples": [50]},
        _is_count,
    ),
    Setting(
        "max_changed_percent",
        "How much of the planned flows one apply may write, in percent; only from 10 flows up.",
        {"type": "integer", "minimum": 0, "maximum": 100, "default": 50, "examples": [80]},
        _is_percent,
    ),
    Setting(
        "on_drift",
        "What becomes of an edit in the dashboard to what the branch left alone (with --base).",
        _policy_schema(Policy.OVERWRITE, Policy.REFUSE),
        _is_policy,
    ),
    Setting(
        "on_conflict",
        "What becomes of an edit in the dashboard to what the branch changed too (with --base).",
        _policy_schema(Policy.REFUSE, Policy.OVERWRITE),
        _is_policy,
    ),
    Setting(
        "allow_clear_targeting", "Whether a live flow for some may become one for everyone.", _FALSE_SCHEMA, _is_truth
    ),
    Setting("allow_type_change", "Whether the type of a flow may change.", _FALSE_SCHEMA, _is_truth),
    Setting("allow_protected", "Whether flows marked `protected: true` may be written.", _FALSE_SCHEMA, _is_truth),
    Setting("require_saved_plan", "Whether apply takes only plans saved by plan --out.", _FALSE_SCHEMA, _is_truth),
)
"""Keys of `guards`, at the top of flowsync.yaml and in each environment."""
PROJECT_SETTINGS: Final = (
    Setting(
        "flows",
        "Directory of the flow files, beside flowsync.yaml.",
        {"type": "string", "pattern": r"^(?![/\\])[^\n]*\S", "default": "flows", "examples": ["frigade/flows"]},
        _is_relative_directory,
    ),
    Setting(
        "parallelism",
        f"How many requests may be in flight at once, 1 to {PARALLELISM_LIMIT}.",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": PARALLELISM_LIMIT,
            "default": DEFAULT_PARALLELISM,
            "examples": [4],
        },
        _is_parallelism,
    ),
    Setting(
        "user_agent",
        "User-Agent header to send instead of flowsync/<version>, where a proxy asks for one.",
        {**_text_schema("Mozilla/5.0 (compatible; flowsync)"), "pattern": "^[!-~]([ -~]*[!-~])?$"},
        _is_header_text,
    ),
    Setting(
        "default_environment",
        "Environment to use when -e is not given.",
        _text_schema("development"),
        _is_text,
    ),
)


RULES_DESCRIPTION: Final = "How much a rule weighs, by its code: error, warning or off."
_LEVELS: Final = tuple(level.value for level in Level)


def read_settings(source: Source | None, flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Settings from a parsed flowsync.yaml (None when there is none), the flags and the environment.

    Raises InvalidFilesError with every problem of the file at once, and ConfigError for an unknown
    environment, an unusable address or an unusable key.
    """
    value: JsonValue = {} if source is None else source.value
    if source is not None:
        _refuse_problems(source, sorted(_problems(source), key=lambda problem: problem.sort_key))
    top = _mapping(value)
    environments = _mapping(top.get("environments"))
    name = _environment_name(flags, top, environments)
    chosen = _mapping(environments.get(name)) if name is not None else {}
    merged = {**top, **chosen}
    timeouts = _mapping(top.get("timeouts"))
    api_url, unused_url, trust = _address(top, chosen, environ)
    keys, private, public = _key_settings(top, chosen, flags)
    _remember_keys([top, *map(_mapping, environments.values())], environ)
    return Settings(
        flows=str(top.get("flows", "flows")).rstrip("/"),
        environment=name,
        environment_names=tuple(environments),
        api_url=api_url,
        unused_url=unused_url,
        trust=trust,
        target=Target(merged.get("target", Target.LATEST.value)),
        parallelism=flags.parallelism or _whole(top.get("parallelism"), DEFAULT_PARALLELISM),
        timeouts=Timeouts(_seconds(timeouts.get("connect"), 5.0), _seconds(timeouts.get("read"), 30.0)),
        user_agent=_optional_text(top.get("user_agent")),
        private_key=_key_from(environ, private),
        public_key=_key_from(environ, public) or _written_key(keys),
        key_variables=(private, public),
        guards=_guards({**_mapping(top.get("guards")), **_mapping(chosen.get("guards"))}),
        rule_levels=() if source is None else tuple(_rule_levels(source, top)),
    )


def _guards(stated: Mapping[str, JsonValue]) -> Guards:
    """The guards as stated, an environment's over those of the whole project."""
    default = Guards()
    return Guards(
        max_changes=_whole(stated.get("max_changes"), 20),
        max_changed_percent=_whole(stated.get("max_changed_percent"), 50),
        on_drift=Policy(stated.get("on_drift", default.on_drift.value)),
        on_conflict=Policy(stated.get("on_conflict", default.on_conflict.value)),
        allow_clear_targeting=stated.get("allow_clear_targeting") is True,
        allow_type_change=stated.get("allow_type_change") is True,
        allow_protected=stated.get("allow_protected") is True,
        require_saved_plan=stated.get("require_saved_plan") is True,
    )


def _rule_levels(source: Source, top: Mapping[str, JsonValue]) -> Iterator[RuleLevel]:
    for code, level in _mapping(top.get("rules")).items():
        yield RuleLevel(code, Level(level), source.key_location(("rules", code)))


def _refuse_problems(source: Source, problems: list[Problem]) -> None:
    if problems:
        file = source.location(()).file
        raise InvalidFilesError(f"{file} cannot be used as it is.", problems)


def _problems(source: Source) -> Iterator[Problem]:
    value = source.value
    if value is None:
        return
    if not isinstance(value, dict):
        yield _problem(source.location(()), "not-a-mapping", "flowsync.yaml must be a mapping of settings.")
        return
    yield from _private_keys(source, value, ())
    nested = ("environments", "timeouts", "guards", "rules")
    yield from _section_problems(source, (), PROJECT_SETTINGS + CONNECTION_SETTINGS, nested)
    yield from _nested_problems(source, ("guards",), GUARD_SETTINGS)
    yield from _nested_problems(source, ("timeouts",), TIMEOUT_SETTINGS)
    yield from _rule_problems(source, value.get("rules"))
    environments = value.get("environments")
    if environments is not None and not isinstance(environments, dict):
        yield _problem(
            source.location(("environments",)), "not-a-mapping", "`environments` must map names to settings."
        )
    for name in _mapping(environments):
        yield from _nested_problems(source, ("environments", name), CONNECTION_SETTINGS, ("guards",))
        yield from _nested_problems(source, ("environments", name, "guards"), GUARD_SETTINGS)


def _rule_problems(source: Source, rules: JsonValue) -> Iterator[Problem]:
    if rules is not None and not isinstance(rules, dict):
        yield _problem(source.location(("rules",)), "not-a-mapping", "`rules` must map rules to levels.", _LEVELS_HINT)
    for code, level in _mapping(rules).items():
        if level not in _LEVELS:
            message = f"The level of `{shown(code)}` must be one of {', '.join(_LEVELS)}."
            yield _problem(source.location(("rules", code)), "invalid-setting", message)


def _nested_problems(
    source: Source, path: ValuePath, settings: tuple[Setting, ...], nested: tuple[str, ...] = ()
) -> Iterator[Problem]:
    value = _at(source.value, path)
    if value is None:
        return
    if not isinstance(value, dict):
        yield _problem(source.location(path), "not-a-mapping", f"`{path[-1]}` must be a mapping of settings.")
        return
    yield from _section_problems(source, path, settings, nested)


def _section_problems(
    source: Source, path: ValuePath, settings: tuple[Setting, ...], nested: tuple[str, ...]
) -> Iterator[Problem]:
    known = {setting.name: setting for setting in settings}
    for name, value in _mapping(_at(source.value, path)).items():
        if name in nested or _holds_private_key(value):
            continue
        if name not in known:
            yield _unknown_key(source.key_location((*path, name)), name, (*known, *nested))
        elif (complaint := known[name].complaint(value)) is not None:
            yield _problem(source.location((*path, name)), "invalid-setting", f"`{name}` {complaint}.")


def _private_keys(source: Source, value: JsonValue, path: ValuePath) -> Iterator[Problem]:
    """Problems for keys that must not lie in a file; the key itself is never repeated."""
    if isinstance(value, str) and _holds_private_key(value):
        yield _problem(
            source.location(path),
            "private-key-in-file",
            "A private API key must not lie in a file.",
            f"Take it out, revoke it if it was ever committed, and put it into the variable {PRIVATE_KEY_VARIABLE}.",
        )
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _private_keys(source, item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _private_keys(source, item, (*path, index))


def _holds_private_key(value: JsonValue) -> bool:
    return isinstance(value, str) and _PRIVATE_PREFIX in value


def _unknown_key(location: Location, name: str, known: tuple[str, ...]) -> Problem:
    close = closest(name, known)
    hint = f"Did you mean `{close}`?" if close else f"Known keys: {', '.join(sorted(known))}."
    return _problem(location, "unknown-key", f"`{shown(name)}` is not a setting of flowsync.", hint)


def shown(name: str) -> str:
    """`name` as one short printable word for a message."""
    text = "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in name)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a message stays on one line


def _problem(location: Location, code: str, message: str, hint: str | None = None) -> Problem:
    return Problem(location, Severity.ERROR, code, message, hint)


def _environment_name(flags: Flags, top: Mapping[str, JsonValue], environments: Mapping[str, JsonValue]) -> str | None:
    name = flags.environment or _optional_text(top.get("default_environment"))
    if name is None or name in environments:
        return name
    known = ", ".join(environments) or "none; define it under `environments:` in flowsync.yaml"
    close = closest(name, tuple(environments))
    question = f" Did you mean {close}?" if close else ""
    raise ConfigError(f"There is no environment {shown(name)}.{question}", hint=f"Known environments: {known}.")


def _address(
    top: Mapping[str, JsonValue], chosen: Mapping[str, JsonValue], environ: Mapping[str, str]
) -> tuple[str, str | None, Trust]:
    """The address of the API, another one in the file that is not used, and who named the first.

    The operator's variable goes before the file.
    """
    written = _optional_text(chosen.get("api_url") or top.get("api_url"))
    in_file = None if written is None else canonical_url(written)
    variable = environ.get(API_URL_VARIABLE)
    if not variable:
        url = in_file or DEFAULT_API_URL
        return url, None, _trust(url, environ)
    complaint = url_complaint(variable)
    if complaint is not None:
        raise ConfigError(f"The address in {API_URL_VARIABLE} {complaint}.")
    url = canonical_url(variable)
    is_used = in_file is None or place_of(in_file) == place_of(url)
    return url, None if is_used else in_file, Trust.OPERATOR


def _key_settings(
    top: Mapping[str, JsonValue], chosen: Mapping[str, JsonValue], flags: Flags
) -> tuple[Mapping[str, JsonValue], str | None, str | None]:
    """The settings that keys are read by, and the variables of the private and of the public key.

    An environment that names a key reads its own keys only: another's, or the one that the project shares, may belong
    to another account. Only a key that was given for this run counts besides.
    """
    if any(name in chosen for name in _KEY_SETTINGS):
        private = _optional_text(chosen.get("api_key_variable"))
        public = _optional_text(chosen.get("public_api_key_variable"))
        given = None if public is None and "public_api_key" in chosen else flags.public_key_variable
        return chosen, flags.private_key_variable or private, given or public
    private = _optional_text(top.get("api_key_variable")) or PRIVATE_KEY_VARIABLE
    public = _optional_text(top.get("public_api_key_variable")) or PUBLIC_KEY_VARIABLE
    return top, flags.private_key_variable or private, flags.public_key_variable or public


def _remember_keys(sections: Iterable[Mapping[str, JsonValue]], environ: Mapping[str, str]) -> None:
    """Keep every private key that any environment could be read with out of all output."""
    named = {_optional_text(section.get(name)) for section in sections for name in _KEY_VARIABLE_SETTINGS}
    for variable in {*named, PRIVATE_KEY_VARIABLE} - {None}:
        value = environ.get(str(variable), "").strip()
        if value.startswith(_PRIVATE_PREFIX):
            IN_USE.add(value)


def _written_key(section: Mapping[str, JsonValue]) -> Key | None:
    written = _optional_text(section.get("public_api_key"))
    return None if written is None else Key(written, _IN_FILE)


def _key_from(environ: Mapping[str, str], variable: str | None) -> Key | None:
    """What the variable holds, whatever its form: who needs no key is not kept up by a wrong one."""
    value = "" if variable is None else environ.get(variable, "").strip()
    return Key(value, variable) if value and variable is not None else None


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _at(value: JsonValue, path: ValuePath) -> JsonValue:
    for part in path:
        value = _mapping(value).get(str(part))
    return value


def _optional_text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: JsonValue, default: int) -> int:
    return value if isinstance(value, int) else default


def _seconds(value: JsonValue, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default


def schema() -> dict[str, JsonValue]:
    """JSON Schema (draft 2020-12) of flowsync.yaml, made from the same table that reads it."""
    whole = _object_schema("Settings of flowsync for this repository.", PROJECT_SETTINGS + CONNECTION_SETTINGS)
    guards: dict[str, JsonValue] = {
        "title": "Guards",
        **_object_schema("What apply refuses to do unless a flag allows it.", GUARD_SETTINGS),
        "examples": [{"max_changes": 50, "on_drift": "refuse"}],
    }
    environment = _object_schema("Settings of one environment.", CONNECTION_SETTINGS)
    environment["properties"] = {**_properties(CONNECTION_SETTINGS), "guards": guards}
    nested: dict[str, JsonValue] = {
        "timeouts": {
            "title": "Timeouts",
            **_object_schema("How long to wait for the API.", TIMEOUT_SETTINGS),
            "examples": [{"connect": 10, "read": 60}],
        },
        "guards": guards,
        "rules": {
            "title": "Rules",
            "description": RULES_DESCRIPTION,
            "type": ["object", "null"],
            "additionalProperties": {"enum": list(_LEVELS)},
            "examples": [{"targeting-months": "off"}],
        },
        "environments": {
            "title": "Environments",
            "description": "The environments that flows are applied to, by name; -e picks one.",
            "type": ["object", "null"],
            "additionalProperties": {"title": "Environment", **environment},
            "examples": [{"production": {"api_key_variable": "FRIGADE_PRODUCTION_API_KEY"}}],
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "flowsync.yaml",
        **whole,
        "properties": {**_properties(PROJECT_SETTINGS + CONNECTION_SETTINGS), **nested},
    }


def schema_text() -> str:
    """The schema of flowsync.yaml as the text of a file; ends in a newline."""
    import json  # noqa: PLC0415 - only those who publish the schema need it

    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _object_schema(description: str, settings: tuple[Setting, ...]) -> dict[str, JsonValue]:
    return {
        "description": description,
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": _properties(settings),
    }


def _properties(settings: tuple[Setting, ...]) -> dict[str, JsonValue]:
    return {
        setting.name: {"title": _title(setting.name), "description": setting.description, **setting.schema}
        for setting in settings
    }


def _title(name: str) -> str:
    words = [{"api": "API", "url": "address"}.get(word, word) for word in name.split("_")]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]])


def config_path(root: Path, given: str | None) -> Path | None:
    """The configuration file to read: the given one, else flowsync.yaml or .yml in `root` where there is one.

    Whatever has that name counts: a link to nowhere or a directory is no reason to go without the project's guards.
    """
    if given is not None:
        return root / given
    found = [root / name for name in FILE_NAMES if os.path.lexists(root / name)]
    if len(found) > 1:
        raise ConfigError("There are both flowsync.yaml and flowsync.yml.", hint="Keep one of them.")
    return found[0] if found else None
