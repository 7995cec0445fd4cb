"""The bundle that draws flows: the vendor's components, fetched by a list of hashes and bundled by esbuild."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from flowsync.api.messages import Request
from flowsync.config import url_complaint
from flowsync.errors import ApiError, FlowsyncError
from flowsync.preview.environment import for_npm
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.api.messages import Exchange
    from flowsync.api.retry import Sender

REGISTRY: Final = "https://registry.npmjs.org"
REGISTRY_VARIABLE: Final = "npm_config_registry"
"""The variable in which npm itself takes another registry."""
MEGABYTES: Final = 8
"""Approximate size of the download: the archives of all packages and of the bundler."""
LICENCE: Final = "Elastic License 2.0"
"""The licence of the vendor's components; the other packages have the MIT licence or a similar one."""
_ENTRY: Final = "main.jsx"
_SOURCES: Final = (_ENTRY, "page.js", "storage.js")
_MOST_PACKED: Final = 16 * 1024 * 1024
_MOST_UNPACKED: Final = 64 * 1024 * 1024
"""Bytes of one archive; the largest is the bundler, 4 MB packed and 11 MB unpacked."""
_MOST_FILES: Final = 5_000
_SECONDS: Final = 120
_MARK: Final = b"\n//sha256:"
_SIGN_IN: Final = re.compile(r"//[^/@\s]+@")
_MACHINES: Final = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_SYSTEMS: Final = {"linux": "linux", "darwin": "darwin", "win32": "win32"}
_OTHER_WAY: Final = "--bundle FILE takes a bundle that was built elsewhere: copy it from the cache of another machine."


class BundleError(FlowsyncError):
    """The bundle cannot be fetched or built."""

    code = "preview-bundle"


@dataclass(frozen=True, slots=True)
class Package:
    """One archive of npm's registry; `integrity` is "sha512-" and its hash in base64."""

    name: str
    version: str
    integrity: str

    @property
    def url_path(self) -> str:
        """Its path in a registry."""
        return f"{quote(self.name, safe='@/')}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"

    @property
    def file(self) -> str:
        """Its file name by `npm pack`."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    def checked(self, content: bytes) -> bytes:
        """The archive, if its hash is the expected one. Raises BundleError for any other."""
        found = base64.b64encode(hashlib.sha512(content).digest()).decode()
        if f"sha512-{found}" != self.integrity:
            raise BundleError(
                f"{self.name}@{self.version} is not what flowsync expects: its hash differs. Nothing was unpacked.",
                hint=f"A proxy or a registry may have changed it. {_OTHER_WAY}",
            )
        return content


Fetch: TypeAlias = "Callable[[Sequence[Package]], Iterator[bytes]]"
"""Fetches archives from npm's registry, in order; does not check them. Raises BundleError."""


def packages() -> Sequence[Package]:
    """The packages to fetch on this machine, and the bundler for its platform, last.

    Raises BundleError if there is no bundler for it.
    """
    listed = json.loads(_resource("packages.json"))
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    wanted = f"@esbuild/{system}-{machine}"
    bundlers = [Package(**each) for each in listed["bundlers"] if each["name"] == wanted]
    if not bundlers:
        raise BundleError(
            f"There is no bundler for this machine ({sys.platform}, {platform.machine()}).", hint=_OTHER_WAY
        )
    return [*(Package(**each) for each in listed["packages"]), *bundlers]


def cached(environ: Mapping[str, str], home: Path) -> Path:
    """The path of the bundle for this version of flowsync; it may not exist yet."""
    parts = [_resource("packages.json"), *(_resource(f"frame/{name}") for name in _SOURCES)]
    identity = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
    cache = environ.get("XDG_CACHE_HOME") or environ.get("LOCALAPPDATA")
    return (Path(cache) if cache else home / ".cache") / "flowsync" / "preview" / f"{identity}.js"


def is_whole(path: Path) -> bool:
    """Whether a bundle exists and is complete: its last line is the hash of everything before it."""
    try:
        script, _, mark = path.read_bytes().rpartition(_MARK)
    except OSError:
        return False
    return bool(script) and mark == hashlib.sha256(script).hexdigest().encode()


def registry_from(environ: Mapping[str, str]) -> str:
    """The registry to fetch from. Raises BundleError, without the address, if it cannot be used."""
    given = environ.get(REGISTRY_VARIABLE) or REGISTRY
    if url_complaint(given) is not None or not given.startswith("https://"):
        raise BundleError(
            f"The address in {REGISTRY_VARIABLE} cannot be used: it must be an https address without a user name, "
            "password, query or fragment.",
            hint=f"Install npm: flowsync then fetches with npm, which can sign in. {_OTHER_WAY}",
        )
    return given.rstrip("/")


def build(fetch: Fetch, target: Path, report: Callable[[int, int], object]) -> None:
    """Fetch all archives, check their hashes, bundle them, and write the bundle to `target` at once.

    `report` is called with the number of fetched archives and of all. After BundleError nothing is left behind.
    """
    wanted = packages()
    with tempfile.TemporaryDirectory(prefix="flowsync-preview-") as place:
        folder = Path(place)
        for number, (package, content) in enumerate(zip(wanted, fetch(wanted), strict=True), start=1):
            unpack(package.checked(content), folder / "node_modules" / package.name)
            report(number, len(wanted))
        for name in _SOURCES:
            (folder / name).write_bytes(_resource(f"frame/{name}"))
        _join(folder, folder / "node_modules" / wanted[-1].name)
        _keep((folder / "bundle.js").read_bytes(), target)


def _keep(script: bytes, target: Path) -> None:
    unfinished = target.with_suffix(f".{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(script + _MARK + hashlib.sha256(script).hexdigest().encode())
        unfinished.replace(target)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        raise BundleError(
            f"The bundle cannot be kept in {target.parent}: {error.strerror}.",
            hint="XDG_CACHE_HOME names another place for caches.",
        ) from None


def unpack(content: bytes, target: Path) -> None:
    """Unpack the regular files of an archive without their first folder.

    Raises BundleError for links, devices, paths that lead outside, and archives that are too large.
    """
    try:
        with tarfile.open(fileobj=BytesIO(content), mode="r:gz") as archive:
            left = _MOST_UNPACKED
            for number, member in enumerate(archive):
                parts = PurePosixPath(member.name).parts
                left -= member.size
                if left < 0 or number >= _MOST_FILES:
                    raise _refused("it is too large")
                if member.isdir():
                    continue
                if not member.isreg() or not _is_inside(member.name):
                    raise _refused(f"{excerpt(member.name)} is not a file inside it")
                path = target.joinpath(*parts[1:])
                path.parent.mkdir(parents=True, exist_ok=True)
                found = archive.extractfile(member)
                path.write_bytes(found.read() if found else b"")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise _refused(str(error)) from None


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    is_plain = not any(character in name for character in "\\:\0")
    return is_plain and len(parts) > 1 and ".." not in parts and not name.startswith("/")


def _refused(why: str) -> BundleError:
    return BundleError(f"An archive cannot be unpacked: {why}.", hint=_OTHER_WAY)


def _join(folder: Path, bundler: Path) -> None:
    """Run the bundler on the frame's source, with an empty environment."""
    program = bundler / ("esbuild.exe" if sys.platform == "win32" else "bin/esbuild")
    command = [
        *(str(program), _ENTRY, "--bundle", "--minify", "--format=iife", "--jsx=automatic", "--target=es2020"),
        *('--define:process.env.NODE_ENV="production"', "--legal-comments=none", "--outfile=bundle.js"),
    ]
    try:
        program.chmod(0o700)
        done = subprocess.run(  # noqa: S603 - a program whose hash was checked, with fixed arguments
            command, cwd=folder, env={}, capture_output=True, check=False, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"The bundler could not be run: {error}.", hint=_OTHER_WAY) from None
    if done.returncode != 0:
        said = excerpt(done.stderr.decode(errors="replace"), 500)
        raise BundleError(f"The bundler failed: {said}.", hint=_OTHER_WAY)


def from_registry(sender: Sender, registry: str) -> Fetch:
    """Fetch from a registry with flowsync's own client, without a key."""

    def fetch(wanted: Sequence[Package]) -> Iterator[bytes]:
        for package in wanted:
            request = Request("GET", f"{registry.rstrip('/')}/{package.url_path}")
            try:
                yield sender.send(request, _archive)
            except ApiError as error:
                raise BundleError(
                    error.message, hint=f"Check the network, and the proxy if there is one. {_OTHER_WAY}"
                ) from None

    return fetch


def _archive(exchange: Exchange) -> bytes:
    if not exchange.response.is_success:
        raise ApiError(f"{exchange.headline}.", status=exchange.response.status)
    return exchange.response.body


def from_npm(npm: str, environ: Mapping[str, str]) -> Fetch:
    """Fetch with npm, which knows the registry and its key, and gets no other key."""

    def fetch(wanted: Sequence[Package]) -> Iterator[bytes]:
        own = for_npm(environ)
        with tempfile.TemporaryDirectory(prefix="flowsync-npm-") as place:
            names = [f"{package.name}@{package.version}" for package in wanted]
            retries = ("--fetch-retries=1", "--fetch-retry-mintimeout=2000")
            command = [
                npm,
                "pack",
                "--ignore-scripts",
                "--loglevel=error",
                *retries,
                "--pack-destination",
                place,
                *names,
            ]
            try:
                done = subprocess.run(  # noqa: S603 - npm from PATH, with names from flowsync's own list
                    command, cwd=place, env=own, capture_output=True, check=False, timeout=_SECONDS
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise BundleError(f"npm could not be run: {error}.", hint=_OTHER_WAY) from None
            if done.returncode != 0:
                said = (done.stderr or done.stdout).decode(errors="replace")
                said = excerpt(" ".join(_SIGN_IN.sub("//", said).split()), 500)
                raise BundleError(f"npm could not fetch the packages: {said}.", hint=_OTHER_WAY)
            for package in wanted:
                yield _read(Path(place) / package.file)

    return fetch


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_PACKED:
            raise _refused("it is too large")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(f"npm did not write {path.name}: {error.strerror}.", hint=_OTHER_WAY) from None


def _resource(name: str) -> bytes:
    return resources.files(__package__ or "flowsync.preview").joinpath(*name.split("/")).read_bytes()
