"""The script that draws: fetched by a list of hashes, and nothing else is ever unpacked or run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from flowsync.api.client import open_sender
from flowsync.config import Key, Timeouts
from flowsync.preview import bundle
from flowsync.preview.bundle import BundleError, Package
from tests.support.command import flowsync, process

LIST = json.loads((Path(bundle.__file__).parent / "packages.json").read_text())


def archive(*members: tuple[str, bytes] | tarfile.TarInfo) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as made:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                made.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                made.addfile(info, io.BytesIO(member[1]))
    return packed.getvalue()


def link(name: str, kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def bomb() -> bytes:
    info = tarfile.TarInfo("package/large")
    info.size = 1 << 40
    return gzip.compress(info.tobuf() + bytes(2 * tarfile.BLOCKSIZE))


def package(content: bytes, name: str = "@a/b", version: str = "1.0.0") -> Package:
    return Package(name, version, f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}")


def test_every_archive_is_named_with_its_version_and_hash() -> None:
    for each in (*LIST["packages"], *LIST["bundlers"]):
        assert each["integrity"].startswith("sha512-")
        assert len(base64.b64decode(each["integrity"].removeprefix("sha512-"))) == 64
    assert len(bundle.packages()) == len(LIST["packages"]) + 1
    assert {"@frigade/react", "@frigade/js", "react"} <= {each["name"] for each in LIST["packages"]}


def test_regular_files_are_unpacked_without_their_first_folder(tmp_path: Path) -> None:
    folder = tarfile.TarInfo("package/dist")
    folder.type = tarfile.DIRTYPE
    bundle.unpack(archive(folder, ("package/dist/index.js", b"1"), ("package/package.json", b"{}")), tmp_path / "to")
    assert (tmp_path / "to/dist/index.js").read_bytes() == b"1"


@pytest.mark.parametrize(
    "content",
    [
        archive(("package/../../evil", b"x")),
        archive(("/package/evil", b"x")),
        archive(("evil", b"x")),
        archive(("package/C:\\evil", b"x")),
        archive(link("package/evil", tarfile.SYMTYPE)),
        archive(link("package/evil", tarfile.LNKTYPE)),
        archive(link("package/evil", tarfile.FIFOTYPE)),
        bomb(),
        b"no archive",
        archive(("package/a", b"a" * 4_000))[:-40],
    ],
    ids=["up", "root", "bare", "drive", "symlink", "hard link", "fifo", "large", "text", "cut"],
)
def test_anything_else_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BundleError, match="cannot be unpacked"):
        bundle.unpack(content, tmp_path / "a/to")
    assert not (tmp_path / "evil").exists()
    assert not (tmp_path / "a/evil").exists()


def test_another_hash_is_refused() -> None:
    content = archive(("package/a", b"a"))
    assert package(content).checked(content) == content
    with pytest.raises(BundleError, match="is not what flowsync expects"):
        package(content).checked(content + b"x")


def test_archives_come_from_a_registry_without_any_key(tmp_path: Path) -> None:
    content, asked = archive(("package/a", b"a")), []

    def registry(
        method: str, target: str, headers: Mapping[str, str], _body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        asked.append((method, target, {name.lower() for name in headers}))
        return (200, {}, content) if target.endswith("/@a/b/-/b-1.0.0.tgz") else (404, {}, b"{}")

    with open_sender(
        [bundle.REGISTRY], Key("", "none"), timeouts=Timeouts(), connections=1, handler=registry
    ) as sender:
        fetch = bundle.from_registry(sender, bundle.REGISTRY)
        assert list(fetch([package(content)])) == [content]
        with pytest.raises(BundleError, match="404"):
            list(fetch([package(content, "gone")]))
        with pytest.raises(BundleError, match="is not what flowsync expects"):
            bundle.build(lambda wanted: iter([content] * len(wanted)), tmp_path / "b.js", lambda _number, _of: None)
    assert "authorization" not in asked[0][2]
    assert not (tmp_path / "b.js").exists()


def test_npm_is_given_no_key_and_only_exact_versions(tmp_path: Path) -> None:
    content = archive(("package/a", b"a"))
    npm = tmp_path / "npm"
    (tmp_path / "content").write_bytes(content)
    npm.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nenv > {tmp_path}/env\n'
        f'for last; do [ "$before" = --pack-destination ] && to=$last; before=$last; done\n'
        f'[ -n "$npm_config_refuse" ] && {{ echo "no network at https://ada:s3cret@a.example" >&2; exit 1; }}\n'
        f'cp {tmp_path}/content "$to/a-b-1.0.0.tgz"\n'
    )
    npm.chmod(0o700)
    environ = {**os.environ, "FRIGADE_API_KEY": "api_private_1", "ACME_KEY_OF_FRIGADE": "api_private_2"}
    assert list(bundle.from_npm(str(npm), environ)([package(content)])) == [content]
    assert "@a/b@1.0.0" in (tmp_path / "asked").read_text()
    assert "--ignore-scripts" in (tmp_path / "asked").read_text()
    assert "--silent" not in (tmp_path / "asked").read_text()  # npm would not say what is wrong
    assert "api_private" not in (tmp_path / "env").read_text()
    for given, name, message in (
        ({**environ, "npm_config_refuse": "1"}, str(npm), "no network at https://a.example"),
        (environ, str(tmp_path / "none"), "could not be run"),
    ):
        with pytest.raises(BundleError, match=message):
            list(bundle.from_npm(name, given)([package(content)]))
    with pytest.raises(BundleError, match="did not write"):
        list(bundle.from_npm(str(npm), os.environ)([package(content, "other")]))


FLOW = "name: A\ntype: BANNER\ndata:\n  steps:\n    - id: a\n      title: Hello\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/flow_a.yaml").write_text(FLOW)
    return tmp_path


def test_nothing_is_fetched_without_a_yes(project: Path) -> None:
    refused = process("preview", root=project, env={"XDG_CACHE_HOME": str(project / "cache")})
    assert (refused.code, refused.out) == (1, "")
    assert "Elastic License 2.0" in refused.err
    assert "about 8 MB" in refused.err
    assert "Nothing was fetched: nobody could be asked." in refused.err
    assert not (project / "cache").exists()


def test_without_a_network_there_is_another_way(project: Path) -> None:
    env = {
        "XDG_CACHE_HOME": str(project / "cache"),
        "PATH": str(project),
        "HTTPS_PROXY": "",
        bundle.REGISTRY_VARIABLE: "https://127.0.0.1:9",
    }
    failed = process("preview", "--yes", root=project, env=env)
    assert failed.code == 1
    assert "https://127.0.0.1:9" in failed.err
    assert "--bundle FILE" in failed.err
    assert not (project / "cache").exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://a.example",
        "https://ada:s3cret@a.example/npm",
        "https://s3cret@[::1",
        "https://a.example:99999",
        "https://",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_never_shown(project: Path, address: str) -> None:
    env = {"XDG_CACHE_HOME": str(project / "cache"), "PATH": str(project), bundle.REGISTRY_VARIABLE: address}
    refused = flowsync("preview", "--yes", root=project, env=env)
    assert (refused.code, "must be an https address" in refused.err) == (1, True), refused.err
    assert not any(part in refused.both for part in ("s3cret", "a.example", "Traceback"))


def test_only_a_whole_bundle_is_taken_from_the_cache(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_join", lambda folder, _bundler: (folder / "bundle.js").write_bytes(b"draw()"))
    monkeypatch.setattr(bundle, "packages", lambda: [package(archive(("package/a", b"a")))])
    env = {"XDG_CACHE_HOME": str(project / "cache"), "PATH": ""}
    target = bundle.cached(env, project)
    bundle.build(lambda _wanted: iter([archive(("package/a", b"a"))]), target, lambda _number, _of: None)
    assert [file.name for file in target.parent.iterdir()] == [target.name]
    built = target.read_bytes()
    assert built.startswith(b"draw()\n")
    assert bundle.is_whole(target)
    for content in (b"", built[:-1], built[:5], built.replace(b"draw", b"drew"), built + b"\nmore()"):
        target.write_bytes(content)
        assert not bundle.is_whole(target)
        refused = flowsync("preview", root=project, env=env)
        assert "Nothing was fetched: nobody could be asked." in refused.err
    (project / "file").write_text("")
    with pytest.raises(BundleError, match="cannot be kept") as raised:
        bundle.build(
            lambda _wanted: iter([archive(("package/a", b"a"))]), project / "file/b.js", lambda _number, _of: None
        )
    assert "XDG_CACHE_HOME" in str(raised.value.hint)


def test_pictures_need_a_browser(project: Path) -> None:
    (project / "b.js").write_text("")
    for arguments, message in (
        (["--png", "to"], "Install Chromium"),
        (["--png", "to", "--browser", "none"], "There is no program none."),
        (["--png", "to", "--remote-media"], "--remote-media is for the page"),
        (["--bundle", "gone.js"], "There is no file gone.js"),
        (["flow_b"], "flow_a"),
        (["--base", "nowhere"], "needs a git repository"),
    ):
        env = {"PATH": str(project), "CHROMIUM": ""}
        failed = flowsync("preview", "--bundle", "b.js", *arguments, root=project, env=env)
        assert failed.code in {1, 64}, arguments
        assert message in failed.err, arguments
    broken = project / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o700)
    ended = flowsync("preview", "--bundle", "b.js", "--png", "to", "--browser", str(broken), root=project)
    assert (ended.code, "The browser ended." in ended.err) == (1, True)
