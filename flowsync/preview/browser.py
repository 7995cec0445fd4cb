"""One tab of a headless Chromium, controlled over a pipe: opens an address, waits for a frame, takes its picture."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from flowsync.errors import FlowsyncError
from flowsync.preview.environment import for_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.model import JsonValue

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
"""Names of the browser on PATH."""
BROWSER_VARIABLE: Final = "CHROMIUM"
_MAC: Final = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
_SECONDS: Final = 15.0
"""Time limit for a picture to be ready, and for a command to be answered."""
_POLL: Final = 0.03
_MARGIN: Final = 16
"""Pixels below the drawn content."""
_MOST_HEIGHT: Final = 16_000
"""Pixels; Chromium takes no larger pictures."""
_FLAGS: Final = (
    *("--headless", "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--hide-scrollbars", "--force-color-profile=srgb", "--force-device-scale-factor=1", "--disable-gpu"),
    *("--font-render-hinting=none", "--disable-lcd-text", "--mute-audio"),
    # No host name is resolved: a picture shows only what is in the files.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class BrowserError(FlowsyncError):
    """Chromium is missing, or it failed."""

    code = "preview-browser"


def find_browser(given: str | None, environ: Mapping[str, str]) -> str:
    """The Chromium to run: the given one, that of the variable CHROMIUM, or one on PATH. Raises BrowserError."""
    if sys.platform == "win32":
        raise BrowserError(
            "Pictures cannot be taken on Windows: its processes cannot inherit the pipes that this needs."
        )
    wanted = given or environ.get(BROWSER_VARIABLE)
    if wanted:
        found = shutil.which(wanted, path=environ.get("PATH"))
        if found is None:
            raise BrowserError(f"There is no program {wanted}.", hint="--browser must name Chromium or Chrome.")
        return found
    on_path = (shutil.which(name, path=environ.get("PATH")) for name in NAMES)
    found = next(filter(None, on_path), None) or (_MAC if os.access(_MAC, os.X_OK) else None)
    if found is None:
        raise BrowserError(
            f"Pictures need Chromium, and none of {', '.join(NAMES)} is on PATH.",
            hint=f"Install Chromium (apt install chromium, brew install --cask chromium), or name it with --browser or "
            f"{BROWSER_VARIABLE}.",
        )
    return found


@contextmanager
def open_tab(program: str, width: int) -> Iterator[Tab]:
    """A tab of a new browser, whose profile is deleted at the end. Raises BrowserError."""
    to_browser, from_us = os.pipe()
    to_us, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(prefix="flowsync-browser-", ignore_cleanup_errors=True) as profile:
        as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [program, *_FLAGS, *as_root, f"--user-data-dir={profile}", f"--window-size={width},800"]
        try:
            process = subprocess.Popen(  # noqa: S603 - the browser that the user named, or has on PATH
                [sys.executable, "-c", _WITH_PIPES, str(to_browser), str(from_browser), *command],
                pass_fds=(to_browser, from_browser),
                env={**for_browser(os.environ)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise BrowserError(f"{program} cannot be run: {error.strerror}.") from None
        finally:
            os.close(to_browser)
            os.close(from_browser)
        try:
            with os.fdopen(from_us, "wb", buffering=0) as writer, os.fdopen(to_us, "rb", buffering=0) as reader:
                yield Tab(writer, reader, width)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


_WITH_PIPES: Final = (
    "import fcntl, os, sys; reader, writer = map(int, sys.argv[1:3]); "
    "spare = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (reader, writer)]; "
    "os.dup2(spare[0], 3); os.dup2(spare[1], 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""Chromium reads descriptor 3 and writes 4. A new interpreter puts them there: no code runs after a fork here."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What to take a picture of: the step that must be current ("": any), the height of the window in pixels.

    `is_whole`: the picture shows the whole window, for components that are drawn over the document.
    """

    step: str
    height: int
    is_whole: bool


class Tab:
    """A tab, controlled over the DevTools protocol: JSON messages, each ended by NUL.

    `on_event` gets the events that the browser reports before an answer. Methods raise BrowserError when the browser
    has ended, or is too slow.
    """

    def __init__(self, writer: IO[bytes], reader: IO[bytes], width: int) -> None:
        self._writer = writer
        self._reader = reader
        self._width = width
        self._number = 0
        self._buffer = b""
        self.session = ""
        self.on_event: Callable[[Mapping[str, Any]], object] = lambda _event: None
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self._resize(800)

    def picture(self, url: str, frame: Frame) -> bytes | None:
        """A PNG of the frame at `url`, as wide as the tab and as high as its content; None if the step is not drawn.

        Raises BrowserError if it is not ready in time.
        """
        self._resize(frame.height)
        self.ask("Page.navigate", {"url": url})
        drawn = self._drawn()
        if frame.step and self.value("document.documentElement.dataset.step") != frame.step:
            return None
        height = frame.height
        while frame.is_whole and height < min(drawn, _MOST_HEIGHT):  # a dialog is at most as high as the window
            height = min(drawn + 2 * _MARGIN, _MOST_HEIGHT)
            self._resize(height)
            self.value("delete document.documentElement.dataset.ready")
            drawn = self._drawn()
        if not frame.is_whole:
            height = min(drawn + _MARGIN, _MOST_HEIGHT)
        clip: JsonValue = {"x": 0, "y": 0, "width": self._width, "height": height, "scale": 1}
        taken = self.ask("Page.captureScreenshot", {"format": "png", "clip": clip, "captureBeyondViewport": True})
        return base64.b64decode(taken["data"])

    def _drawn(self) -> int:
        """The height of the content, once it is completely drawn."""
        until = time.monotonic() + _SECONDS
        while self.value("document.documentElement.dataset.ready") != "yes":
            if time.monotonic() > until:
                raise BrowserError(f"It was not drawn within {_SECONDS:g} seconds.")
            time.sleep(_POLL)
        return int(self.value("document.documentElement.dataset.height") or 0)

    def _resize(self, height: int) -> None:
        size: dict[str, JsonValue] = {"width": self._width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", size)

    def value(self, expression: str) -> Any:  # noqa: ANN401 - any value of the page
        """The value of an expression in the page."""
        return self.ask("Runtime.evaluate", {"expression": expression})["result"].get("value")

    def ask(self, method: str, parameters: Mapping[str, JsonValue], session: str = "") -> Any:  # noqa: ANN401 - the protocol's own JSON
        """The browser's answer to one command, in the tab's session unless another is given."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if session or self.session:
            message["sessionId"] = session or self.session
        try:
            self._writer.write(json.dumps(message).encode() + b"\0")
            while (answer := self._next()).get("id") != self._number:
                self.on_event(answer)
        except OSError:
            raise BrowserError("The browser ended.") from None
        if "error" in answer:
            raise BrowserError(f"The browser refused {method}: {answer['error'].get('message')}.")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._reader], [], [], _SECONDS)[0]:
                raise BrowserError(f"The browser did not answer within {_SECONDS:g} seconds.")
            if not (chunk := self._reader.read(1 << 20)):
                raise BrowserError("The browser ended.")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found
