"""Every rule there is, gathered from the modules that hold them."""

from __future__ import annotations

from typing import Final

from flowsync.validate import ignores, translation
from flowsync.validate.groups import (
    carriage,
    expectations,
    expressions,
    ids,
    keys,
    links,
    lists,
    outcomes,
    patterns,
    reading,
    references,
    texts,
    together,
    whole,
)

GROUPS: Final = (
    reading,
    carriage,
    whole,
    ids,
    keys,
    links,
    lists,
    patterns,
    texts,
    expressions,
    expectations,
    outcomes,
)
"""The modules whose `check` looks at one flow."""

_ALL: Final = (translation, together, references, ignores, *GROUPS)
RULES: Final = tuple(sorted((rule for module in _ALL for rule in module.RULES), key=lambda rule: rule.code))
