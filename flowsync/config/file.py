"""flowsync.yaml: finds and checks it; its JSON Schema for editors."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from flowsync.config.address import ADDRESS_PATTERN, url_complaint
from flowsync.errors import ConfigError, InvalidFilesError
from flowsync.model import JsonValue, Location, Problem, Severity, Source, ValuePath
from flowsync.text import closest, excerpt

Schema: TypeAlias = "dict[str, Any]"

PRIVATE_KEY_VARIABLE: Final = "FRIGADE_API_KEY"
PUBLIC_PREFIX: Final = "api_public_"
PRIVATE_PREFIX: Final = "api_private_"
FILE_NAMES: Final = ("flowsync.yaml", "flowsync.yml")
"""Names of the configuration file, unless an option names it."""
_FLOWS: Final = "flows"
"""The flows directory, unless the configuration names another."""
PLATFORM_PREFIXES: Final = (
    *("ACTIONS_", "AGENT_", "AMPLIFY_", "APPVEYOR_", "ARM_", "AWS_", "AZURE_", "BITBUCKET_", "BUILDKITE_", "BUILD_"),
    *("CARGO_", "CF_", "CI_", "CIRCLE_", "CLOUDFLARE_", "CLOUDSDK_", "CODEBUILD_", "DIGITALOCEAN_", "DOCKER_"),
    *("DRONE_", "DYLD_", "FLOWSYNC_", "GCLOUD_", "GCP_", "GH_", "GITEA_", "GITHUB_", "GITLAB_", "GIT_", "GOOGLE_"),
    *("GPG_", "HEROKU_", "INPUT_", "JENKINS_", "KUBE", "LD_", "NETLIFY_", "NODE_", "NPM_", "PIP_", "PYPI_", "PYTHON"),
    *("RUNNER_", "SEMAPHORE_", "SSH_", "SSL_", "SYSTEM_", "TEAMCITY_", "TF_", "TRAVIS_", "TWINE_", "UV_", "VAULT_"),
    *("VERCEL_", "WOODPECKER_", "XDG_", "YARN_"),
)
"""Prefixes of variables that belong to a CI, a cloud or another tool, or control flowsync itself."""
PLATFORM_VARIABLES: Final = (
    *("ALL_PROXY", "CI", "FRIGADE_API_URL", "FTP_PROXY", "HOME", "HOSTNAME", "HTTPS_PROXY", "HTTP_PROXY", "IFS"),
    *("LOGNAME", "MAIL", "NO_PROXY", "OLDPWD", "PATH", "PWD", "SHELL", "TEMP", "TMP", "TMPDIR", "USER", "USERNAME"),
)
"""More such variables. None is ever read as a key, whatever flowsync.yaml says."""


def config_path(root: Path, given: str | None) -> Path | None:
    """The configuration file to read: the given one, else flowsync.yaml or .yml in `root`; None if there is none.

    A broken link or a directory of that name counts too: without the file the project's guards would not hold.
    """
    if given is not None:
        return root / given
    found = [root / name for name in FILE_NAMES if os.path.lexists(root / name)]
    if len(found) > 1:
        raise ConfigError("There are both flowsync.yaml and flowsync.yml.", hint="Keep one of them.")
    return found[0] if found else None


def find_home(directory: Path) -> Path:
    """The root of the project of `directory`: the directory itself, or one above it in the same repository.

    It is the nearest one with a flowsync.yaml, else the repository's top if that has a flows directory. A directory
    with either is its own root. No root is found above the repository's top, in or above the user's home directory, on
    another file system, or behind a directory of another user, whose configuration must not be used.
    """
    here = Path(os.path.realpath(directory))
    if _is_configured(here) or (here / _FLOWS).is_dir():
        return directory
    try:
        above = list(_in_repository(here))
    except OSError:
        return directory
    configured = (each for each in above if _is_configured(each))
    top = (each for each in above[-1:] if (each / _FLOWS).is_dir())
    return next(configured, None) or next(top, None) or directory


def _in_repository(here: Path) -> Iterator[Path]:
    """The directories from `here` to the top of its repository; none if the user owns no such repository."""
    found: list[Path] = []
    of_user = Path(os.path.realpath(os.path.expanduser("~")))  # noqa: PTH111 - fails for a user without an entry
    own = here.stat()
    for each in (here, *here.parents):
        status = each.stat()
        if (status.st_dev, status.st_uid) != (own.st_dev, own.st_uid) or each == of_user:
            return
        if any((each / name).lstat().st_uid != own.st_uid for name in FILE_NAMES if os.path.lexists(each / name)):
            return
        found.append(each)
        if os.path.lexists(each / ".git"):
            yield from found if (each / ".git").lstat().st_uid == own.st_uid else ()
            return


def _is_configured(directory: Path) -> bool:
    return any(os.path.lexists(directory / name) for name in FILE_NAMES)


@cache
def schema() -> Schema:
    """JSON Schema (draft 2020-12) of flowsync.yaml. A section of settings has `properties`."""
    whole: Schema = json.loads(Path(__file__).with_name("flowsync.schema.json").read_text(encoding="utf-8"))
    settings = whole["properties"]
    settings["api_url"]["pattern"] = ADDRESS_PATTERN
    names = [*PLATFORM_PREFIXES, *(f"{name}$" for name in PLATFORM_VARIABLES)]
    # JSON Schema has no way to ignore case.
    either = "|".join("".join(f"[{each}{each.lower()}]" if each.isalpha() else each for each in name) for name in names)
    variables = ("api_key_variable", "public_api_key_variable")
    for variable in variables:
        settings[variable]["pattern"] = f"^(?!{either})[A-Za-z_][A-Za-z0-9_]*$"
    own = ("api_url", *variables, "public_api_key", "organization", "target", "guards")
    settings["environments"]["additionalProperties"]["properties"] = {name: settings[name] for name in own}
    return whole


def schema_text() -> str:
    """The schema of flowsync.yaml as the text of a file; ends in a newline."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def refuse_problems(source: Source) -> None:
    """Raise InvalidFilesError with every problem of a flowsync.yaml, if there are any."""
    value = source.value
    if isinstance(value, dict | None):
        problems = [*_private_keys(source, value, ()), *_section_problems(source, value, (), schema())]
    else:
        problems = [_problem(source.location(()), "not-a-mapping", "flowsync.yaml must be a mapping of settings.")]
    if problems:
        problems.sort(key=lambda problem: problem.sort_key)
        raise InvalidFilesError(f"{source.location(()).file} cannot be used as it is.", problems)


def _section_problems(source: Source, section: JsonValue, path: ValuePath, schema: Schema) -> Iterator[Problem]:
    if section is None:
        return
    if not isinstance(section, dict):
        yield _problem(source.location(path), "not-a-mapping", f"`{path[-1]}` must be a mapping of settings.")
        return
    settings = schema["properties"]
    for name, value in section.items():
        here = (*path, name)
        if "properties" in settings.get(name, ()):
            yield from _section_problems(source, value, here, settings[name])
        elif name in {"rules", "environments"} and name in settings:
            yield from _map_problems(source, value, here, settings[name]["additionalProperties"])
        elif _holds_private_key(value):
            continue
        elif name not in settings:
            close = closest(name, settings)
            hint = f"Did you mean `{close}`?" if close else f"Known keys: {', '.join(sorted(settings))}."
            message = f"`{excerpt(name)}` is not a setting of flowsync."
            yield _problem(source.key_location(here), "unknown-key", message, hint)
        elif (complaint := _complaint(name, value, settings[name])) is not None:
            yield _problem(source.location(here), "invalid-setting", f"`{name}` {complaint}.")


def _map_problems(source: Source, value: JsonValue, path: ValuePath, schema: Schema) -> Iterator[Problem]:
    if isinstance(value, dict):
        for name, item in value.items():
            if "properties" in schema:
                yield from _section_problems(source, item, (*path, name), schema)
            elif item not in schema["enum"]:
                message = f"The level of `{excerpt(name)}` must be one of {', '.join(schema['enum'])}."
                yield _problem(source.location((*path, name)), "invalid-setting", message)
    elif path == ("rules",) and value is not None:
        hint = "Write one line for each: targeting-months: off."
        yield _problem(source.location(path), "not-a-mapping", "`rules` must map rules to levels.", hint)
    elif value is not None:
        yield _problem(source.location(path), "not-a-mapping", "`environments` must map names to settings.")


def _directory_complaint(value: JsonValue) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return "must be the path of a directory"
    return "must be relative to the directory of flowsync.yaml" if value.startswith(("/", "\\")) else None


def _variable_complaint(value: JsonValue) -> str | None:
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", value):
        return "must be the name of an environment variable, such as FRIGADE_API_KEY"
    if value.upper().startswith(PLATFORM_PREFIXES) or value.upper() in PLATFORM_VARIABLES:
        return "names a variable of the platform or of flowsync, which is never read as a key"
    return None


def _variables_complaint(value: JsonValue) -> str | None:
    fits = isinstance(value, dict) and all(type(each) in {str, int, float} for each in value.values())
    return None if fits else "must map names to texts or numbers"


_COMPLAINTS: Final[Mapping[str, Callable[[JsonValue], str | None]]] = {
    "flows": _directory_complaint,
    "api_url": url_complaint,
    "api_key_variable": _variable_complaint,
    "public_api_key_variable": _variable_complaint,
    "variables": _variables_complaint,
}
"""Settings that can be wrong in more than one way."""
_TEXTS: Final = {
    "default_environment": "must be a text",
    "public_api_key": f"must be a public key, which starts with {PUBLIC_PREFIX}",
    "user_agent": "must be one line of printable ASCII",
}


def _complaint(name: str, value: JsonValue, schema: Schema) -> str | None:
    """The fault of a setting's value, as the end of a sentence; None if it is valid."""
    if name in _COMPLAINTS:
        return _COMPLAINTS[name](value)
    if "enum" in schema:
        *first, last = schema["enum"]
        return None if value in schema["enum"] else f"must be {', '.join(first)} or {last}"
    if schema["type"] == "string":
        # `$` is the very end in JavaScript, whose patterns these are.
        fits = isinstance(value, str) and re.search(schema["pattern"].replace("$", r"\Z"), value)
        return None if fits else _TEXTS[name]
    if schema["type"] == "boolean":
        return None if isinstance(value, bool) else "must be true or false"
    if schema["type"] == "number":
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= schema["maximum"]
        return None if fits else f"must be a number of seconds, more than 0 and at most {schema['maximum']:g}"
    least, most = schema["minimum"], schema.get("maximum", math.inf)
    fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    wanted = f" from {least} to {most}" if "maximum" in schema else f", {least} or more"
    return None if fits else f"must be a whole number{wanted}"


def _private_keys(source: Source, value: JsonValue, path: ValuePath) -> Iterator[Problem]:
    """The problems of private keys in the file; none of them repeats the key."""
    if _holds_private_key(value):
        yield _problem(
            source.location(path),
            "private-key-in-file",
            "A private API key must not be in a file.",
            f"Remove it, revoke it if it was ever committed, and set the variable {PRIVATE_KEY_VARIABLE} to a new one.",
        )
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _private_keys(source, item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _private_keys(source, item, (*path, index))


def _holds_private_key(value: JsonValue) -> bool:
    return isinstance(value, str) and PRIVATE_PREFIX in value


def _problem(location: Location, code: str, message: str, hint: str | None = None) -> Problem:
    return Problem(location, Severity.ERROR, code, message, hint)
