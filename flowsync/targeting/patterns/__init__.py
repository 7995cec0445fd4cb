r"""RE2 patterns without RE2: the same syntax accepted and refused, matching in linear time.

Python's `re` accepts what RE2 refuses (look-around, back-references) and can take exponential time on a
pattern out of a pull request; this does neither. Limits: `\p{Script}` goes by the names of characters,
and a pattern that compiles to more than 10,000 states, or nests deeper than 50, is refused.
"""

from __future__ import annotations

from flowsync.targeting.patterns.machine import Pattern, compile_pattern
from flowsync.targeting.patterns.syntax import PatternError

__all__ = ["Pattern", "PatternError", "compile_pattern"]
