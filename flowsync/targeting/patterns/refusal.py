"""Why RE2 refuses a pattern."""

from __future__ import annotations


class PatternError(Exception):
    """RE2 refuses a pattern; `message` is a clause without a full stop, `offset` counts from 0 in the pattern."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
