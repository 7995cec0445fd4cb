"""What holds for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

from tests.support import javascript

if TYPE_CHECKING:
    import pytest

settings.register_profile(
    "flowsync",
    deadline=None,  # a slow machine is no failure; what is to be fast is measured by benchmarks
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("flowsync")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the real parsers of JavaScript were asked."""
    terminalreporter.write_line(f"JavaScript's YAML parsers: {javascript.status()}")
