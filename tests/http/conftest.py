"""What holds of both wires is asked of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http.support import WIRE, WIRES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=WIRES)
def each_wire(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test runs over each kind of wire."""
    token = WIRE.set(WIRES[request.param])
    yield
    WIRE.reset(token)
