"""Facts about this machine: installed versions, git, proxies, certificates, and the programs that preview uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGES: Final = {
    "click": "",
    "deepdiff": "",
    "filelock": "",
    "google-re2": "The patterns of `matches` are not checked without it.",
    "httpx": "",
    "jsonschema": "",
    "jsonschema-rs": "Validation takes longer without it.",
    "pyyaml": "",
    "rich": "",
}
"""The packages that flowsync imports, by their names on PyPI; an optional one with what it is good for."""
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_INSTALL: Final = "Install flowsync again in a new environment, together with its packages."


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found on this machine.

    `versions` has None for a missing package; `git` is None without git. `proxies` are the variables that are set,
    `certificates` those that name a path, with whether it exists. `browser` and `bundle` are None if they are
    there, else what to do.
    """

    flowsync: str
    python: str
    system: str
    versions: Mapping[str, str | None]
    has_libyaml: bool
    git: str | None
    proxies: tuple[str, ...] = ()
    certificates: tuple[tuple[str, bool], ...] = ()
    has_npm: bool = False
    browser: str | None = None
    bundle: str | None = None


def machine_facts(machine: Machine) -> Iterator[Fact]:
    """Facts about the machine."""
    yield ok("flowsync", machine.flowsync, machine.flowsync)
    yield ok("python", f"{machine.python} on {machine.system}", [machine.python, machine.system])
    yield from _package_facts(machine.versions)
    if machine.has_libyaml:
        yield ok("libyaml", "reads YAML", value=True)
    else:
        text = "missing: PyYAML's own parser reads files; it is slower and refuses a few more texts"
        yield note("libyaml", text, value=False, hint="Install PyYAML from a wheel.")
    if machine.git is None:
        text = "not found: no edit in the dashboard can be distinguished from other differences"
        yield note("git", text, hint="Install git, and put it on the PATH.")
    else:
        yield ok("git", excerpt(machine.git), machine.git)
    yield from _network_facts(machine)
    yield from _preview_facts(machine)


def _package_facts(versions: Mapping[str, str | None]) -> Iterator[Fact]:
    found = {name: version for name, version in versions.items() if version is not None}
    listed = ", ".join(f"{name} {version}" for name, version in found.items()) or "none"
    yield ok("packages", listed, dict(found))
    for name, version in versions.items():
        if version is None and PACKAGES[name]:
            yield note(name, f"not installed. {PACKAGES[name]}", hint=f"pip install {name}")
        elif version is None:
            yield problem(name, "not installed", _INSTALL)


def _network_facts(machine: Machine) -> Iterator[Fact]:
    """Which variables are set: never their values, which may hold a password."""
    named = list(machine.proxies)
    yield ok("proxy", f"{', '.join(named)} set" if named else "no variable for a proxy is set", [*named])
    if not machine.certificates:
        yield ok("certificates", "those of Python's packages; no variable names other ones", [])
    for name, is_there in machine.certificates:
        if is_there:
            yield ok("certificates", f"{name} is set", [name])
        else:
            yield problem(
                "certificates", f"{name} names a path that does not exist", f"Correct or unset {name}.", [name]
            )


def _preview_facts(machine: Machine) -> Iterator[Fact]:
    if machine.bundle is None:
        yield ok("preview", "its components are in the cache", "cached")
    else:
        text = "its components are not in the cache yet; the first `flowsync preview` fetches them"
        text += ", with npm" if machine.has_npm else ""
        yield note("preview", text, "not cached", machine.bundle)
    if machine.browser is None:
        yield ok("browser", "Chromium can take pictures", value=True)
    else:
        yield note(
            "browser", "no Chromium: `flowsync preview --png` cannot take pictures", value=False, hint=machine.browser
        )
