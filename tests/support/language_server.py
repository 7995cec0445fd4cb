"""The server behind VS Code's YAML extension, where Node and npm's yaml-language-server are installed.

It is looked for where the parsers are (see tests.support.javascript).
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.support import javascript

PACKAGE = "yaml-language-server"
PATIENCE = 90.0
"""Seconds that the server has for everything that it is asked before it is stopped."""
SETTINGS = {
    "yaml": {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}},
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


@dataclass(frozen=True)
class Finding:
    """What an editor underlines: the line, from 1, and the message."""

    line: int
    message: str


@dataclass
class Editor:
    """Speaks the language server protocol; names are paths below `root`, an address."""

    to: IO[bytes]
    answers: IO[bytes]
    root: str
    number: int = 0
    found: dict[str, list[Finding]] = field(default_factory=dict)
    """By the file's address: what the server last published."""

    def begin(self) -> None:
        self.ask("initialize", {"processId": None, "rootUri": self.root, "capabilities": {}})
        self._send({"method": "initialized", "params": {}})
        self._send({"method": "workspace/didChangeConfiguration", "params": {"settings": SETTINGS}})

    def findings(self, texts: Mapping[str, str]) -> dict[str, list[Finding]]:
        """Open these texts; what the editor underlines in each."""
        names = {f"{self.root}/{name}": name for name in texts}
        for uri, name in names.items():
            opened = {"uri": uri, "languageId": "yaml", "version": 1, "text": texts[name]}
            self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})
        while not self.found.keys() >= names.keys():
            self._next()
        return {name: self.found[uri] for uri, name in names.items()}

    def offered(self, name: str, line: int, column: int) -> list[str]:
        """The completions at a place of an open text, counted from 1."""
        return [each["label"] for each in self._at("completion", name, line, column)["items"]]

    def hover(self, name: str, line: int, column: int) -> str:
        """What is shown over a place of an open text, counted from 1."""
        contents: str | dict[str, str] = self._at("hover", name, line, column)["contents"]
        return contents if isinstance(contents, str) else contents["value"]

    def _at(self, what: str, name: str, line: int, column: int) -> Any:  # noqa: ANN401 - JSON
        place = {"line": line - 1, "character": column - 1}
        return self.ask(f"textDocument/{what}", {"textDocument": {"uri": f"{self.root}/{name}"}, "position": place})

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        self.number += 1
        self._send({"id": self.number, "method": method, "params": params})
        while True:
            answer = self._next()
            if answer.get("id") == self.number and "method" not in answer:
                return answer["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.to.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.to.flush()

    def _next(self) -> dict[str, Any]:
        """The server's next message. Its own requests are answered, and what it publishes is kept."""
        length = 0
        while (line := self.answers.readline()).strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert line, "the language server ended"
        message: dict[str, Any] = json.loads(self.answers.read(length))
        if "method" in message and "id" in message:
            self._send({"id": message["id"], "result": None})
        elif message.get("method") == "textDocument/publishDiagnostics":
            published = message["params"]
            self.found[published["uri"]] = [
                Finding(each["range"]["start"]["line"] + 1, each["message"]) for each in published["diagnostics"]
            ]
        return message


@contextmanager
def editor(root: Path) -> Iterator[Editor]:
    """An editor that has the folder `root` open."""
    folder = javascript.modules((PACKAGE,))
    assert folder is not None, "ask is_installed() first"
    command = ["node", str(folder / PACKAGE / "bin" / PACKAGE), "--stdio"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    watch = threading.Timer(PATIENCE, server.kill)
    watch.start()
    try:
        assert server.stdin is not None
        assert server.stdout is not None
        opened = Editor(server.stdin, server.stdout, root.as_uri())
        opened.begin()
        yield opened
    finally:
        watch.cancel()
        server.kill()
        server.communicate()
