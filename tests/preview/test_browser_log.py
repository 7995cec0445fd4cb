"""What a real browser logs of the page and of every frame: no error, and no request that leaves this machine."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from flowsync.preview.browser import Tab, open_tab
from tests.preview.support import DRAWN, served, shown
from tests.support.components import require_browser


class Log:
    """Everything that a tab and the frames in it report to DevTools: messages, failures, requests."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._new: list[str] = []
        self.errors: list[str] = []
        self.requests: dict[str, str] = {}
        self.blocked: Counter[str] = Counter()
        tab.on_event = self._take
        self._attach(tab.session)

    def _attach(self, session: str) -> None:
        """Listen in one process from its beginning: it waits until it is told to go on."""
        for domain in ("Log", "Runtime", "Network"):
            self._tab.ask(f"{domain}.enable", {}, session)
        waits = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        self._tab.ask("Target.setAutoAttach", waits, session)
        self._tab.ask("Runtime.runIfWaitingForDebugger", {}, session)

    def _take(self, event: Mapping[str, Any]) -> None:
        about = event.get("params", {})
        match event.get("method"):
            case "Target.attachedToTarget":
                self._new.append(about["sessionId"])
            case "Runtime.exceptionThrown":
                self.errors.append(str(about["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if about["type"] in {"error", "assert"}:
                self.errors.append(str(about["args"]))
            case "Log.entryAdded" if (entry := about["entry"])["level"] == "error" and entry["source"] != "security":
                self.errors.append(f"{entry['text']} {entry.get('url', '')}")
            case "Network.requestWillBeSent":
                self.requests[about["requestId"]] = about["request"]["url"]
            case "Network.loadingFailed" if about.get("blockedReason") == "csp":
                self.blocked[self.requests.pop(about["requestId"])] += 1

    def open(self, url: str, frames: int) -> None:
        """Open the page, and wait until that many of its frames are drawn."""
        size: dict[str, Any] = {"width": 900, "height": 6000, "deviceScaleFactor": 1, "mobile": False}
        self._tab.ask("Emulation.setDeviceMetricsOverride", size)
        self._tab.ask("Page.navigate", {"url": url})
        until = time.monotonic() + 20
        while self._tab.value(DRAWN) < frames:
            assert time.monotonic() < until, self.errors
            for session in self._new:
                self._attach(session)
            self._new = []
            time.sleep(0.05)
        shown(self._tab, "document.readyState", "complete")

    @property
    def sent(self) -> set[str]:
        """Each address that was asked for, but for those that the policy kept from being asked, and for data."""
        return {url for url in self.requests.values() if not url.startswith("data:")}


@pytest.fixture
def log(script: Path, tmp_path: Path) -> Iterator[Log]:
    """The log of a browser of its own, which also writes what its network stack was asked to do."""
    del script
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nexec "{require_browser()}" --log-net-log="{tmp_path / "net.json"}" "$@"\n')
    program.chmod(0o755)
    with open_tab(str(program), 900) as tab:
        yield Log(tab)


def remote_hosts(log_file: Path) -> set[str]:
    """The hosts named in a log of the network, but for this machine and for what Chromium asks of its own accord."""
    hosts = set(re.findall(r'"url":"(?:https?|wss?)://([^/":]+)', log_file.read_text()))
    return {host for host in hosts if host != "127.0.0.1" and not re.search(r"(?:^|\.)google(?:apis)?\.com$", host)}


def test_no_error_is_logged_and_no_request_leaves_this_machine(project: Path, tmp_path: Path, log: Log) -> None:
    with served(project) as (address, _):
        log.open(address, frames=16)
        base = address.rsplit("/", 2)[0]
        # The one error is about an image that a flow itself names.
        errors = [error for error in log.errors if not error.endswith(f"{base}/team.png")]
        assert errors == []
        assert {url for url in log.sent if not url.startswith(f"{base}/")} == set()
        assert log.blocked["https://evil.example/a.png"] >= 1  # asked for by a flow, and stopped by the policy
        assert any(url.endswith("flowStates") for url in log.sent)
    assert remote_hosts(tmp_path / "net.json") == set()


def test_the_log_shows_an_image_of_the_web_that_is_asked_for(project: Path, tmp_path: Path, log: Log) -> None:
    with served(project, "--remote-media", "flow_hostile") as (address, _):
        log.open(address, frames=1)
        assert "https://evil.example/a.png" in log.sent
    assert remote_hosts(tmp_path / "net.json") == {"evil.example"}


@pytest.mark.parametrize("mistake", ["console.error('a mistake')", "throw new Error('a mistake')"])
def test_the_log_shows_a_mistake_of_a_frame(project: Path, tmp_path: Path, log: Log, mistake: str) -> None:
    script = tmp_path / "bundle.js"
    drawn = "parent.postMessage({flowsync: 'progress', state: 'new'}, '*')"
    script.write_text(f"{drawn}; {mistake}")
    with served(project, "--bundle", str(script), "flow_own") as (address, _):
        log.open(address, frames=1)
        assert [error for error in log.errors if "a mistake" in error]
