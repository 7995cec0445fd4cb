"""The server behind VS Code's YAML extension, where Node and npm's yaml-language-server are installed.

It is looked for where the parsers are (see tests.support.javascript).
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from tests.support import javascript

PACKAGE = "yaml-language-server"
PATIENCE = 90.0
"""Seconds that the server has for all files together before it is stopped."""
SETTINGS = {
    "yaml": {"validate": True, "schemaStore": {"enable": False}},
    "http": {"proxy": "", "proxyStrictSSL": False},
}


def is_installed() -> bool:
    return javascript.modules((PACKAGE,)) is not None


def status() -> str:
    """For the summary of a test run."""
    folder = javascript.modules((PACKAGE,))
    if folder is None:
        return "not found here: jsonschema alone judged by the editors' schema"
    return str(json.loads((folder / PACKAGE / "package.json").read_text(encoding="utf-8"))["version"])


def underlined(root: Path, files: Mapping[str, str]) -> dict[str, set[int]]:
    """The lines, from 1, that an editor underlines in each text; `root` holds the schema, names are paths below it."""
    folder = javascript.modules((PACKAGE,))
    assert folder is not None, "ask is_installed() first"
    command = ["node", str(folder / PACKAGE / "bin" / PACKAGE), "--stdio"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watch = threading.Timer(PATIENCE, server.kill)
    watch.start()
    try:
        assert server.stdin is not None
        assert server.stdout is not None
        found = _diagnose(server.stdin, server.stdout, root.as_uri(), files)
    finally:
        watch.cancel()
        server.kill()
        server.communicate()
    return found


def _diagnose(to: IO[bytes], answers: IO[bytes], root: str, files: Mapping[str, str]) -> dict[str, set[int]]:
    _send(to, "initialize", {"processId": None, "rootUri": root, "capabilities": {}}, identity=1)
    names = {f"{root}/{name}": name for name in files}
    found: dict[str, set[int]] = {}
    for message in _messages(answers):
        if message.get("id") == 1 and "result" in message:
            _open_all(to, {uri: files[name] for uri, name in names.items()})
        elif "method" in message and "id" in message:
            _send(to, None, None, identity=message["id"])
        elif message.get("method") == "textDocument/publishDiagnostics":
            told = message["params"]
            found[names[told["uri"]]] = {each["range"]["start"]["line"] + 1 for each in told["diagnostics"]}
        if len(found) == len(files):
            return found
    raise AssertionError(f"the language server told of {len(found)} of {len(files)} files")


def _open_all(to: IO[bytes], texts: Mapping[str, str]) -> None:
    _send(to, "initialized", {})
    _send(to, "workspace/didChangeConfiguration", {"settings": SETTINGS})
    for uri, text in texts.items():
        opened = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        _send(to, "textDocument/didOpen", {"textDocument": opened})


def _send(to: IO[bytes], method: str | None, params: Any, identity: object = None) -> None:  # noqa: ANN401 - JSON
    """A request, a notification (without an identity), or the answer to one of the server's requests."""
    said = {"result": params} if method is None else {"method": method, "params": params}
    known = {} if identity is None else {"id": identity}
    body = json.dumps({"jsonrpc": "2.0", **known, **said}).encode()
    to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    to.flush()


def _messages(answers: IO[bytes]) -> Iterator[dict[str, Any]]:
    length = 0
    while line := answers.readline():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        elif not line.strip():
            yield json.loads(answers.read(length))
