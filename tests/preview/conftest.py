from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flowsync.preview.browser import Tab, open_tab
from tests.preview.support import FLOWS
from tests.support.command import commit
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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("preview")
    (root / "flows").mkdir()
    for slug, text in FLOWS.items():
        (root / f"flows/{slug}.yaml").write_text(text)
    (root / "flowsync.yaml").write_text("preview:\n  variables: {seats: 3}\n")
    (root / "flows/flow_gone.yaml").write_text(FLOWS["flow_own"])
    commit(root)
    (root / "flows/flow_gone.yaml").unlink()
    (root / "flows/flow_new.yaml").write_text(FLOWS["flow_own"])
    (root / "flows/flow_banner.yaml").write_text(FLOWS["flow_banner"].replace("Old title", "New title"))
    return root
