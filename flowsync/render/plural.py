"""A count and its noun."""

from __future__ import annotations


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 flow`, `2,000 flows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
