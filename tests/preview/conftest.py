from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.preview.browser import Tab, open_tab
from tests.support.components import require_browser, require_script


@pytest.fixture(scope="session")
def script() -> Path:
    """The script that draws flows."""
    return require_script()


@pytest.fixture(scope="module")
def tab(script: Path) -> Iterator[Tab]:
    """A tab of a real browser."""
    del script
    with open_tab(require_browser(), 900) as opened:
        yield opened
