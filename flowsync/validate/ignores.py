"""The rule about comments that ignore nothing; what such a comment is, `comments` tells."""

from __future__ import annotations

from typing import Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule

UNUSED_IGNORE: Final = Rule(
    "unused-ignore",
    Severity.WARNING,
    "A comment `# flowsync: ignore[code]` ignores nothing: its line has no such problem any more, there is no such "
    "rule, it names none, or the rule cannot be ignored.",
    "name: Welcome # flowsync: ignore[targeting-months]\n",
    "targetingLogic: user.property('seen') within 30m # flowsync: ignore[targeting-months]\n",
)
RULES: Final = (UNUSED_IGNORE,)

HINT_OF_ONE: Final = "ignore"
"""What every such comment holds: a file without it is not looked at any closer."""
