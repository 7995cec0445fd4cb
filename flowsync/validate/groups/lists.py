"""Lists that hold nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.rule import Rule
from flowsync.validate.tree import LISTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import Problem
    from flowsync.validate.view import View

EMPTY_LIST: Final = Rule(
    "empty-list",
    Severity.WARNING,
    "A list of steps, fields or options is empty: the flow shows nothing there.",
    "type: BANNER\ndata:\n  steps: []\n",
    "type: BANNER\ndata:\n  steps:\n    - id: payday\n      title: Payday is near\n",
)
RULES: Final = (EMPTY_LIST,)


def check(view: View) -> Iterator[Problem]:
    """Report lists of steps, fields and options that are empty."""
    for part in view.parts:
        key = LISTS.get(part.kind)
        if key is not None and part.value.get(key) == []:
            yield EMPTY_LIST.at(
                view.location((*part.path, key)), f"`{key}` is empty, so there is nothing to show.", f"Add {key}."
            )
