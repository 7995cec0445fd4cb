from __future__ import annotations

from collections.abc import Iterator

import pytest

from flowsync.sandbox import Emulator
from tests.sandbox.account import SteppingClock, populate


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
