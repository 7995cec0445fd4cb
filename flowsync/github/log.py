"""The log of a step: notices, and text from strangers that the runner must take for text only."""

from __future__ import annotations

import secrets

from flowsync.render.escape import shown
from flowsync.render.workflow_commands import stopped


def notice(text: str) -> str:
    """The line that makes GitHub show a sentence on the run's page."""
    return f"::notice title=flowsync::{shown(text).replace('%', '%25')}\n"


def inert(text: str) -> str:
    """A text from which the runner takes no commands."""
    return stopped(text, secrets.token_hex(16))
