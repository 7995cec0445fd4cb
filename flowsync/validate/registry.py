"""Every rule there is, gathered from the modules that hold them."""

from __future__ import annotations

from typing import Final

from flowsync.validate import glance, ignores, translation
from flowsync.validate.groups import (
    carriage,
    expectations,
    expressions,
    outcomes,
    reading,
    references,
    together,
    whole,
)

ALWAYS_ASKED: Final = (reading, carriage, whole, expressions, expectations, outcomes)
"""The modules whose `check` looks at every flow; those of `glance.GROUPS` at flows that are not right at a glance."""

_ALL: Final = (translation, together, references, ignores, *ALWAYS_ASKED, *glance.GROUPS)
RULES: Final = tuple(sorted((rule for module in _ALL for rule in module.RULES), key=lambda rule: rule.code))
