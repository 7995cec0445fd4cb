"""Expressions as data, and what becomes of them."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent


class Invalid(NamedTuple):
    """An expression, the exact offset of its error, and a part of what the error says."""

    offset: int
    text: str
    says: str


class Found(NamedTuple):
    """What a check finds in an expression: its code, the text it is about, and a part of its message or hint."""

    code: str
    about: str
    says: str


def _lines(name: str) -> tuple[str, ...]:
    return tuple((_HERE / name).read_text(encoding="utf-8").splitlines())


VALID = _lines("valid.txt")
INVALID = tuple(Invalid(*json.loads(line)) for line in _lines("invalid.jsonl"))
CLEAN = _lines("clean.txt")
"""Expressions in which no check finds anything."""
FOUND = tuple((text, tuple(Found(*each) for each in found)) for text, *found in map(json.loads, _lines("found.jsonl")))
TRUE = _lines("true.txt")
"""What holds for the user of test_evaluation.py; FALSE is what does not."""
FALSE = _lines("false.txt")
UNKNOWN = _lines("unknown.txt")
"""What sources conflict about."""

SOURCES = (
    "user.property('k')",
    "user.properties.k",
    "user.propertyContains('k', 's')",
    "user.daysSinceNow('k')",
    "user.isGuest()",
    "user.currentUrl()",
    "user.memberOfGroup()",
    "user.memberOfGroup('a,b')",
    "user.event('e').count",
    "user.eventCount('e')",
    "user.flow('f')",
    "user.daysSinceFlowDone('f')",
    "user.flowStep('f', 's')",
    "user.flowStepData('f', 's', 'd')",
    "group.property('k')",
    "group.properties.k",
    "group.propertyContains('k', 's')",
    "group.event('e').count",
    "group.eventCount('e')",
    "organization.property('k')",
)
ENDINGS = (
    "== 'a'",
    "=== 'a'",
    "!= 1",
    "!== true",
    "< 1",
    "<= '2023-03-01'",
    "> now()",
    ">= Date.now() - 86400000 * 7",
    "contains 'a'",
    "!contains 'a'",
    "startsWith 'a'",
    "!startsWith 'a'",
    "endsWith 'a'",
    "!endsWith 'a'",
    "matches 'a'",
    "!matches 'a'",
    "isIn 'a,b'",
    "!isIn 'a,b'",
    "isSet true",
    "isNotSet true",
    "within 7d",
    "!within 4w",
    "== null",
)
CROSSED = {source: tuple(f"{source} {ending}" for ending in ENDINGS) for source in SOURCES}
"""Every source with every operator, by source."""
EVERY_VALID = (*VALID, *chain.from_iterable(CROSSED.values()))
