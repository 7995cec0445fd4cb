"""A project with a flow of each kind, a preview of it that is served, and waiting for what its page shows."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flowsync.preview.browser import Tab
from tests.support.command import Running, start

FLOWS = {file.stem: file.read_text() for file in (Path(__file__).parent / "flows").glob("*.yaml")}
# Slugs that are ids of the page's own elements, or mean something in an address.
FLOWS |= dict.fromkeys(("user-dialog", "nothing", "flow_#%2F"), FLOWS["flow_own"])

DRAWN = "[...document.querySelectorAll('iframe')].filter(each => each.dataset.state).length"
"""How many frames say that they are drawn."""


@contextmanager
def served(root: Path, *options: str) -> Iterator[tuple[str, Running]]:
    with start("preview", *options, root=root) as server:
        try:
            address = server.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:"), server.stderr.read()
            yield address, server
            server.send_signal(signal.SIGINT)
            assert "Traceback" not in server.communicate(timeout=60)[1]
            assert server.returncode == 130
        finally:
            server.kill()


def shown(tab: Tab, expression: str, wanted: object, seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while (found := tab.value(expression)) != wanted:
        assert time.monotonic() < until, (expression, found)
        time.sleep(0.05)
