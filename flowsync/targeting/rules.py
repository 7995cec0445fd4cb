"""What a rule is and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flowsync.model import Severity
    from flowsync.targeting.nodes import Span


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found in one expression; `span` counts characters of its text from 0."""

    code: str
    severity: Severity
    span: Span
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data: what it is called, how much it weighs, and its documentation.

    `bad` is an expression in which it finds something, `good` one in which it does not.
    """

    code: str
    severity: Severity
    documentation: str
    bad: str
    good: str

    def finding(self, span: Span, message: str, hint: str | None = None) -> Finding:
        """A finding of this rule, with its own severity."""
        return Finding(self.code, self.severity, span, message, hint)
