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
    outcomes,
    patterns,
    reading,
    references,
    texts,
    together,
    whole,
)

GROUPS: Final = (reading, carriage, whole, ids, keys, links, patterns, texts, expressions, expectations, outcomes)
"""The modules whose `check` looks at one flow."""

RULES: Final = tuple(
    sorted(
        (rule for module in (translation, together, references, ignores, *GROUPS) for rule in module.RULES),
        key=lambda rule: rule.code,
    )
)
