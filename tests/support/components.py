"""What draws flows for real: the vendor's components and a browser, where they are there or may be fetched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

import pytest

from flowsync.errors import FlowsyncError
from flowsync.preview import bundle
from flowsync.preview.browser import find_browser

FETCHES: Final = "FLOWSYNC_FETCH"
"""Set by `.ci/run`: the vendor's components may be fetched for these tests, into the cache of whoever runs them."""


def require_script() -> Path:
    """The script that draws flows; skips the test where it has not been fetched and may not be."""
    path = bundle.cached(os.environ, Path(os.path.expanduser("~")))  # noqa: PTH111 - as flowsync itself
    npm = shutil.which("npm")
    if not bundle.is_whole(path) and os.environ.get(FETCHES) and npm is not None:
        bundle.build(bundle.from_npm(npm, os.environ), path, lambda _number, _of: None)
    if not bundle.is_whole(path):
        pytest.skip("needs the vendor's components: run `flowsync preview --yes` once")
    return path


def require_browser() -> str:
    """Chromium; skips the test where there is none."""
    try:
        return find_browser(None, os.environ)
    except FlowsyncError as error:
        pytest.skip(error.message)
