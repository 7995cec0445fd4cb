from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.errors import FlowsyncError
from flowsync.preview import bundle
from flowsync.preview.browser import Tab, find_browser, open_tab

FETCHES = "FLOWSYNC_FETCH"
"""Set by `.ci/run`: the vendor's components may be fetched for these tests, into the cache of whoever runs them."""


@pytest.fixture(scope="session")
def script() -> Path:
    """The script that draws flows, where it has been fetched or may be."""
    path = bundle.cached(os.environ, Path.home())
    npm = shutil.which("npm")
    if not path.is_file() and os.environ.get(FETCHES) and npm is not None:
        bundle.build(bundle.from_npm(npm, os.environ), path, lambda _number, _of: None)
    if not path.is_file():
        pytest.skip("needs the vendor's components: run `flowsync preview --yes` once")
    return path


@pytest.fixture(scope="module")
def tab(script: Path) -> Iterator[Tab]:
    """A tab of a real browser."""
    del script
    try:
        program = find_browser(None, os.environ)
    except FlowsyncError as error:
        pytest.skip(error.message)
    with open_tab(program, 900) as opened:
        yield opened
