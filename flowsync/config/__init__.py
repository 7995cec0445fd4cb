"""Settings from the command line, flowsync.yaml and environment variables.

flowsync.yaml is optional and is next to the flows directory. The author of a pull request can change it, so it decides
neither what counts as a key nor where a key is sent. The address in FRIGADE_API_URL overrides those in the file. All
other settings are taken from the most specific place: an option of the command, then the chosen environment, then the
top of flowsync.yaml, then the default. A private key is read from the process environment only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from flowsync.config.address import (
    ALLOW_HOSTS_VARIABLE,
    DEFAULT_API_URL,
    SANDBOX_URL,
    canonical_url,
    is_trusted,
    place_of,
    url_complaint,
)
from flowsync.config.file import (
    FILE_NAMES,
    PLATFORM_PREFIXES,
    PLATFORM_VARIABLES,
    PRIVATE_KEY_VARIABLE,
    PRIVATE_PREFIX,
    PUBLIC_PREFIX,
    config_path,
    find_home,
    refuse_problems,
    schema,
    schema_text,
)
from flowsync.errors import ConfigError
from flowsync.model import JsonValue, Location, Source, Target
from flowsync.secrets import IN_USE
from flowsync.text import closest, excerpt

__all__ = [
    "FILE_NAMES",
    "PLATFORM_PREFIXES",
    "PLATFORM_VARIABLES",
    "SANDBOX_URL",
    "config_path",
    "find_home",
    "place_of",
    "schema",
    "schema_text",
    "url_complaint",
]

PUBLIC_KEY_VARIABLE: Final = "FRIGADE_PUBLIC_API_KEY"
API_URL_VARIABLE: Final = "FRIGADE_API_URL"
PARALLELISM_LIMIT: Final = 64
DEFAULT_PARALLELISM: Final = 10
"""The default of Terraform, decK and others that write to an API."""
_KEY_FORM: Final = re.compile(r"api_(?:public|private)_[\x21-\x7e]+")
_IN_FILE: Final = "flowsync.yaml"
"""The origin of a key that is not in a variable."""

_KEY_SETTINGS: Final = ("api_key_variable", "public_api_key_variable", "public_api_key")

Section: TypeAlias = "Mapping[str, Any]"
"""The settings at the top of flowsync.yaml or of one environment, after `refuse_problems` found nothing."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key and the variable or file that it was read from; its repr hides the value."""

    value: str = field(repr=False)
    variable: str

    @property
    def looks_public(self) -> bool:
        """Whether the key has the form of a public one [obs]."""
        return self.value.startswith(PUBLIC_PREFIX)

    def refuse_other_forms(self) -> None:
        """Raise ConfigError, without the value, unless it has the form of a key."""
        if not _KEY_FORM.fullmatch(self.value):
            raise ConfigError(
                f"{excerpt(self.variable)} holds no API key: one starts with {PRIVATE_PREFIX} or {PUBLIC_PREFIX}, "
                "and has no spaces.",
                hint="Copy the key again; quotes and line ends do not belong to it.",
            )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next bytes of an answer."""

    connect: float = 5.0
    read: float = 30.0


class Policy(Enum):
    """What apply does about a dashboard edit that it would undo."""

    OVERWRITE = "overwrite"
    KEEP = "keep"
    REFUSE = "refuse"


class Creating(Enum):
    """Whether apply creates flows for files whose slug is not live; ANYWAY: even if that looks like a mistake."""

    ALLOW = "allow"
    REFUSE = "refuse"
    ANYWAY = "anyway"


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits that apply checks before it writes anything; None is no limit."""

    max_changes: int | None = 20
    max_changed_percent: int | None = 50
    on_drift: Policy = Policy.OVERWRITE
    on_conflict: Policy = Policy.REFUSE
    allow_clear_targeting: bool = False
    allow_type_change: bool = False
    allow_protected: bool = False
    require_saved_plan: bool = False
    create: Creating = Creating.ALLOW


@dataclass(frozen=True, slots=True)
class Flags:
    """Options of the command line that are settings; None if an option is not given.

    The two variables contain keys for this run only: flowsync.yaml does not choose them.
    """

    environment: str | None = None
    parallelism: int | None = None
    private_key_variable: str | None = None
    public_key_variable: str | None = None


class Level(Enum):
    """How serious the problems of a rule are in a project."""

    ERROR = "error"
    WARNING = "warning"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class RuleLevel:
    """The level that flowsync.yaml sets for a rule, and where; `validate` knows whether there is such a rule."""

    code: str
    level: Level
    location: Location


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a command.

    `flows` is the flows directory, relative to the root of the project. `environment_names` are those that
    flowsync.yaml defines. `unused_url` is an address in flowsync.yaml that FRIGADE_API_URL overrides. `organization` is
    the number that private rows must carry, None if it is not set. `variables` are values for a preview.
    `is_trusted` is false if only flowsync.yaml names the address: then it gets no key but a public one from that file.
    """

    flows: str = "flows"
    environment: str | None = None
    environment_names: tuple[str, ...] = ()
    api_url: str = DEFAULT_API_URL
    unused_url: str | None = None
    is_trusted: bool = True
    organization: int | None = None
    target: Target = Target.LATEST
    parallelism: int = DEFAULT_PARALLELISM
    timeouts: Timeouts = Timeouts()
    user_agent: str | None = None
    private_key: Key | None = None
    public_key: Key | None = None
    key_variables: tuple[str | None, str | None] = (PRIVATE_KEY_VARIABLE, PUBLIC_KEY_VARIABLE)
    guards: Guards = Guards()
    rule_levels: tuple[RuleLevel, ...] = ()
    variables: Mapping[str, JsonValue] = field(default_factory=dict)

    def reading_key(self) -> Key:
        """The key to plan with: the private one if set, because it sees drafts too.

        Raises ConfigError if there is no key, a key has the wrong form, or none may be sent to the address.
        """
        found = [key for key in (self.private_key, self.public_key) if key is not None]
        for key in found:
            key.refuse_other_forms()
        allowed = [key for key in found if self._may_send(key)]
        if allowed:
            return allowed[0]
        if found:
            raise self._not_sent(found[0])
        raise ConfigError(
            f"There is no API key to read the live flows{self._of_environment} with.",
            hint=self._key_hint(" (enough for plan) or ".join(map(excerpt, filter(None, self.key_variables[::-1])))),
        )

    def writing_key(self) -> Key:
        """The private key. Raises ConfigError as `reading_key`, and if the key is a public one."""
        key = self.private_key
        if key is None:
            variable = self.key_variables[0]
            unset, wanted = "", ""
            if variable is not None:
                unset = f": {excerpt(variable)} is not set"
                wanted = f"{excerpt(variable)} to a key that starts with {PRIVATE_PREFIX}"
            raise ConfigError(
                f"There is no private API key to write{self._of_environment} with{unset}.", hint=self._key_hint(wanted)
            )
        key.refuse_other_forms()
        if key.looks_public:
            raise ConfigError(
                f"The key in {excerpt(key.variable)} is a public one; a public key can only read.",
                hint=f"Set {excerpt(key.variable)} to the private key of the same environment.",
            )
        if not self._may_send(key):
            raise self._not_sent(key)
        return key

    def _may_send(self, key: Key) -> bool:
        return self.is_trusted or (key.variable == _IN_FILE and key.looks_public)

    def _not_sent(self, key: Key) -> ConfigError:
        host = excerpt(urlsplit(self.api_url).netloc)
        return ConfigError(
            f"The key in {excerpt(key.variable)} is not sent to {host}, an address that only flowsync.yaml names.",
            hint=f"If you trust that host, set {API_URL_VARIABLE}={shlex.quote(self.api_url)} or "
            f"{ALLOW_HOSTS_VARIABLE}={shlex.quote(host)} where this runs.",
        )

    @property
    def _of_environment(self) -> str:
        return f" of {excerpt(self.environment)}" if self.environment is not None else ""

    def _key_hint(self, wanted: str) -> str:
        """How to set a key: `wanted` is what to set, or empty if flowsync.yaml names no variable."""
        if wanted:
            return f"Set {wanted}, or try it on the embedded sandbox with --sandbox."
        environment = excerpt(self.environment or "")
        return (
            f"Name its variable in flowsync.yaml: api_key_variable under environments, {environment}. The general key "
            "is for the default environment only."
        )


def read_settings(source: Source | None, flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Settings from a parsed flowsync.yaml (None when there is none), the flags and the environment variables.

    Raises InvalidFilesError with every problem of the file at once, and ConfigError for an unknown
    environment, an unusable address or an unusable key.
    """
    top: Section = {}
    levels: tuple[RuleLevel, ...] = ()
    if source is not None:
        refuse_problems(source)
        top = _section(source.value)
        rules = _section(top.get("rules")).items()
        levels = tuple(RuleLevel(code, Level(level), source.key_location(("rules", code))) for code, level in rules)
    environments = _section(top.get("environments"))
    name = _environment_name(flags, top, environments)
    chosen = {} if name is None else _section(environments.get(name))
    api_url, unused_url, trusted = _address(top, chosen, environ)
    _mask_keys([top, *map(_section, environments.values())], environ)
    is_general = name is None or name == top.get("default_environment") or len(environments) == 1
    keys, private, public = _key_settings(top, chosen, flags, is_general=is_general)
    written = keys.get("public_api_key")
    timeouts = {name: float(seconds) for name, seconds in _section(top.get("timeouts")).items()}
    guards: dict[str, Any] = {**_section(top.get("guards")), **_section(chosen.get("guards"))}
    guards |= {name: Policy(guards[name]) for name in ("on_drift", "on_conflict") if name in guards}
    guards |= {"create": Creating(guards["create"])} if "create" in guards else {}
    return Settings(
        flows=top.get("flows", "flows").rstrip("/"),
        environment=name,
        environment_names=tuple(environments),
        api_url=api_url,
        unused_url=unused_url,
        is_trusted=trusted,
        organization=chosen.get("organization", None if keys is chosen else top.get("organization")),
        target=Target(chosen.get("target", top.get("target", Target.LATEST))),
        parallelism=flags.parallelism or top.get("parallelism", DEFAULT_PARALLELISM),
        timeouts=Timeouts(**timeouts),
        user_agent=top.get("user_agent"),
        private_key=_key_from(environ, private),
        public_key=_key_from(environ, public) or (None if written is None else Key(written, _IN_FILE)),
        key_variables=(private, public),
        guards=Guards(**guards),
        rule_levels=levels,
        variables=_section(_section(top.get("preview")).get("variables")),
    )


def _section(value: Any) -> Section:  # noqa: ANN401 - a checked value
    """A section of flowsync.yaml; an empty one sets nothing."""
    return value if isinstance(value, dict) else {}


def _environment_name(flags: Flags, top: Section, environments: Section) -> str | None:
    name: str | None = flags.environment or top.get("default_environment")
    if name is None or name in environments:
        return name
    known = ", ".join(environments) or "none; define it under `environments:` in flowsync.yaml"
    close = closest(name, environments)
    question = f" Did you mean {close}?" if close else ""
    raise ConfigError(f"There is no environment {excerpt(name)}.{question}", hint=f"Known environments: {known}.")


def _address(top: Section, chosen: Section, environ: Mapping[str, str]) -> tuple[str, str | None, bool]:
    """The API's address, an address in the file that is not used, and whether the first may get private keys."""
    written = chosen.get("api_url") or top.get("api_url")
    in_file = None if written is None else canonical_url(written)
    variable = environ.get(API_URL_VARIABLE)
    if not variable:
        url = in_file or DEFAULT_API_URL
        return url, None, is_trusted(url, environ)
    complaint = url_complaint(variable)
    if complaint is not None:
        raise ConfigError(f"The address in {API_URL_VARIABLE} {complaint}.")
    url = canonical_url(variable)
    is_same = in_file is None or place_of(in_file) == place_of(url)
    return url, None if is_same else in_file, True


def _key_settings(
    top: Section, chosen: Section, flags: Flags, *, is_general: bool
) -> tuple[Section, str | None, str | None]:
    """The section with the key settings, and the variables of the private and the public key.

    An environment that names a key uses its own keys only, and keys for this run: those at the top of the file may
    belong to another account. One that names none uses those at the top if they are meant for it (`is_general`): there
    is no other environment, or it is the default one.
    """
    if not is_general or not chosen.keys().isdisjoint(_KEY_SETTINGS):
        private, public = chosen.get("api_key_variable"), chosen.get("public_api_key_variable")
        given = None if public is None and "public_api_key" in chosen else flags.public_key_variable
        return chosen, flags.private_key_variable or private, given or public
    private = flags.private_key_variable or top.get("api_key_variable", PRIVATE_KEY_VARIABLE)
    return top, private, flags.public_key_variable or top.get("public_api_key_variable", PUBLIC_KEY_VARIABLE)


def _mask_keys(sections: Iterable[Section], environ: Mapping[str, str]) -> None:
    settings = ("api_key_variable", "public_api_key_variable")
    named = {section[name] for section in sections for name in settings if name in section}
    for variable in {*named, PRIVATE_KEY_VARIABLE}:
        value = environ.get(variable, "").strip()
        if value.startswith(PRIVATE_PREFIX):
            IN_USE.add(value)


def _key_from(environ: Mapping[str, str], variable: str | None) -> Key | None:
    """The key in a variable, in any form: a command that needs no key does not fail for a wrong one."""
    value = "" if variable is None else environ.get(variable, "").strip()
    return Key(value, variable) if value and variable is not None else None
