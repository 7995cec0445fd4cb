from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.github.support import workplace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github.support import Workplace


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    """Two flows in step, and an open pull request."""
    with workplace(tmp_path) as found:
        yield found
