"""What holds for every test."""

from __future__ import annotations

import os
import secrets
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from flowsync.secrets import IN_USE, Secrets
from tests.support import javascript, language_server
from tests.support.command import is_foreign

CHECKOUT = Path(__file__).parents[1]
EXAMPLES = (
    DirectoryBasedExampleDatabase(CHECKOUT / ".hypothesis" / "examples") if os.access(CHECKOUT, os.W_OK) else None
)
"""Where Hypothesis keeps examples that failed; nowhere in a checkout that is read only."""

for profile, examples in (("flowsync", 25), ("thorough", 1_000)):
    settings.register_profile(
        profile,
        max_examples=examples,
        database=EXAMPLES,
        deadline=None,  # a slow machine is no failure; what is to be fast is measured by benchmarks
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("flowsync")


FAULT_SEED = "FLOWSYNC_FAULT_SEED"


def pytest_configure() -> None:
    """Choose where random schedules of faults start, once for all the processes that tests run in.

    Drop what this machine sets for others, such as a proxy; the tests' own variables begin with FLOWSYNC_.
    And hear Ctrl-C: a shell has what it starts in the background ignore it, and so would all that tests start.
    """
    for name in tuple(os.environ):
        if is_foreign(name) and not name.startswith("FLOWSYNC_"):
            del os.environ[name]
    os.environ.setdefault(FAULT_SEED, str(secrets.randbelow(2**32)))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_keys_of_other_tests() -> None:
    """Begin each test as a process does, for many commands run within the one of the tests."""
    vars(IN_USE).update(vars(Secrets()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say whether the real parsers of JavaScript and the server behind editors were asked."""
    terminalreporter.write_line(f"JavaScript's YAML parsers: {javascript.status()}")
    terminalreporter.write_line(f"The server behind editors: {language_server.status()}")
    terminalreporter.write_line(f"Random schedules of faults: {FAULT_SEED}={os.environ[FAULT_SEED]}")
