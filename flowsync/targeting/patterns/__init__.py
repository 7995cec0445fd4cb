r"""RE2 patterns without RE2: the same syntax accepted and refused, matching in linear time.

Python's `re` accepts what RE2 refuses (look-around, back-references) and can take exponential time on a
pattern out of a pull request; this does neither. Limits: `\p{Script}` goes by the names of characters,
and a pattern that compiles to more than 10,000 states, or nests deeper than 50, is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.targeting.patterns.refusal import PatternError

if TYPE_CHECKING:
    from flowsync.targeting.patterns.machine import Pattern

__all__ = ["PatternError", "compile_pattern"]


def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern, or raise PatternError with the reason why RE2 refuses it."""
    from flowsync.targeting.patterns import machine  # noqa: PLC0415 - most expressions hold no pattern

    return machine.compile_pattern(pattern)
