from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowsync.sandbox.emulator import Emulator
from tests.sandbox.account import SteppingClock, populate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An account in memory that `populate` filled."""
    with Emulator(None, clock=SteppingClock()) as emulator:
        populate(emulator)
        yield emulator


@pytest.fixture
def empty() -> Iterator[Emulator]:
    """An account without flows, in memory."""
    with Emulator(None, clock=SteppingClock()) as emulator:
        yield emulator
