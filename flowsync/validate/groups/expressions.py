"""Targeting expressions, as far as can be told without parsing them: their length and their parentheses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind
from flowsync.validate.vocabulary import CRITERIA, LONGEST_TARGETING
from flowsync.validate.wording import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import Problem, ValuePath
    from flowsync.validate.view import View

TARGETING_TOO_LONG: Final = Rule(
    "targeting-too-long",
    Severity.ERROR,
    f"A targeting expression is longer than the {LONGEST_TARGETING:,} characters that Frigade takes.",
    f"targetingLogic: user.property('plan') == '{'x' * LONGEST_TARGETING}'\n",
)
TARGETING_PARENTHESES: Final = Rule(
    "targeting-parentheses",
    Severity.ERROR,
    "The parentheses of a targeting expression do not balance. Frigade refuses such targeting; in a step's criteria "
    "it would be false for every user. Parentheses inside quotes do not count.",
    "targetingLogic: (user.property('plan') == 'pro'\n",
)
RULES: Final = (TARGETING_TOO_LONG, TARGETING_PARENTHESES)

MEANINGFUL: Final = re.compile(r"'[^']*'|\"[^\"]*\"|[()]")
"""What decides about balance: quoted texts, which are passed over, and parentheses."""


def check(view: View) -> Iterator[Problem]:
    """Report expressions that are too long or not balanced."""
    for path, expression in _expressions(view):
        if len(expression) > LONGEST_TARGETING:
            yield TARGETING_TOO_LONG.at(
                view.location(path),
                f"{code(str(path[-1]))} has {len(expression):,} characters; Frigade takes {LONGEST_TARGETING:,}.",
                "isIn 'a,b,c' says in one term what many == say.",
            )
        complaint = _unbalanced(expression)
        if complaint is not None:
            yield TARGETING_PARENTHESES.at(
                view.location(path), f"In {code(str(path[-1]))}, {complaint}.", "Every ( needs its )."
            )


def _expressions(view: View) -> Iterator[tuple[ValuePath, str]]:
    targeting = view.value.get("targetingLogic")
    if isinstance(targeting, str):
        yield ("targetingLogic",), targeting
    for part in view.of(Kind.STEP):
        for key in CRITERIA:
            criteria = part.value.get(key)
            if isinstance(criteria, str):
                yield (*part.path, key), criteria


def _unbalanced(expression: str) -> str | None:
    depth = 0
    for found in MEANINGFUL.finditer(expression):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth < 0:
            return f"the ) at character {found.start() + 1} closes nothing"
    return "a parenthesis ( is never closed" if depth else None
