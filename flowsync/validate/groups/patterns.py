"""The regular expressions of form fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flowsync.model import Severity
from flowsync.validate.regular_expression import complaint
from flowsync.validate.rule import Rule
from flowsync.validate.tree import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import Problem
    from flowsync.validate.view import View

PATTERN_INVALID: Final = Rule(
    "pattern-invalid",
    Severity.ERROR,
    "The `pattern` of a form field is not a regular expression that JavaScript can compile, so the form breaks.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '[0-9'}\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '[0-9]+'}\n",
)
PATTERN_SLASHES: Final = Rule(
    "pattern-slashes",
    Severity.WARNING,
    "The `pattern` of a form field is written between slashes, as in JavaScript source. Here the slashes are part of "
    "the pattern, so hardly any answer matches.",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '/^[0-9]+$/'}\n",
    "type: FORM\ndata:\n  steps:\n    - id: profile\n      fields:\n        - id: zip\n"
    "          pattern: {value: '^[0-9]+$'}\n",
)
RULES: Final = (PATTERN_INVALID, PATTERN_SLASHES)


def check(view: View) -> Iterator[Problem]:
    """Report patterns that do not compile or cannot match."""
    for part in view.of(Kind.PATTERN):
        value = part.value.get("value")
        if not isinstance(value, str):
            continue
        path = (*part.path, "value")
        wrong = complaint(value)
        if wrong is not None:
            yield PATTERN_INVALID.at(
                view.location(path),
                f"This pattern is not a regular expression: {wrong}.",
                "Escape characters that mean themselves with a backslash.",
            )
        elif len(value) > 1 and value.startswith("/^") and value.endswith("$/"):
            yield PATTERN_SLASHES.at(
                view.location(path), "The slashes are part of this pattern.", "Leave out the slashes."
            )
