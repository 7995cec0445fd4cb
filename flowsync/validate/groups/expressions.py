"""Targeting expressions, each by itself: can they be read, can they come true, will readers understand them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.audience.expressions import read
from flowsync.model import Problem
from flowsync.targeting import checks
from flowsync.targeting.checks import flows, syntax
from flowsync.validate.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.audience.expressions import Stated
    from flowsync.model import Flow
    from flowsync.targeting.checks import Finding
    from flowsync.validate.view import View

_REMEMBERED: Final = 65_536
FIRM: Final = frozenset({syntax.SYNTAX.code, syntax.TOO_LONG.code})
"""Expressions that are false for every user, however one reads them."""


def _stating(expression: str) -> str:
    """A flow file with this targeting."""
    quoted = expression.replace("'", "''")
    return f"targetingLogic: '{quoted}'\n"


RULES: Final = tuple(
    Rule(
        rule.code, rule.severity, rule.documentation, _stating(rule.bad), _stating(rule.good), is_firm=rule.code in FIRM
    )
    for rule in checks.RULES
    if rule not in flows.RULES
)


@lru_cache(maxsize=_REMEMBERED)
def _findings(text: str) -> tuple[Finding, ...]:
    return checks.check_read(text, read(text))


def check(view: View) -> Iterator[Problem]:
    """Report what is wrong with each expression, at the character where it is."""
    for stated in view.expressions:
        for finding in _findings(stated.text):
            yield problem(view.flow, stated, finding)


def problem(flow: Flow, stated: Stated, finding: Finding) -> Problem:
    """A finding about an expression as a problem of the flow's file."""
    place = flow.source.offset_location(stated.path, finding.span.start)
    return Problem(place, finding.severity, finding.code, finding.message, finding.hint)
