r"""Patterns of `matches`, compiled by RE2 itself, as on the server.

RE2 names the part of a pattern that it refuses, but not where it is, and in its own terms. `compile_pattern` finds the
place and explains the common mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from flowsync.errors import UncheckedPatternError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REASONS: Final = (
    ("no argument for repetition operator", "a repetition operator with nothing before it"),
    ("missing argument to repetition operator", "a repetition operator with nothing before it"),
    ("bad repetition operator", "two repetition operators in a row"),
    ("invalid repetition size", "a repetition count that RE2 refuses (1000 at most, also multiplied)"),
    ("missing )", "a parenthesis that is never closed"),
    ("unexpected )", "a closing parenthesis without an opening one"),
    ("missing ]", "a [ that is never closed"),
    ("trailing \\", "a backslash at the end"),
    ("invalid character class range: \\", "a character category that RE2 does not know"),
    ("invalid character class range: [:", "a character class that RE2 does not know"),
    ("invalid character class range", "a range of characters that runs backwards"),
    ("invalid escape sequence: \\x", "a character code that does not exist"),
    ("invalid escape sequence", "a backslash before a character that RE2 does not escape"),
    ("invalid named capture group", "a group name that RE2 does not accept"),
    ("pattern too large", "a pattern too large to compile"),
)
"""How RE2's messages begin, and what they mean; the first that fits counts. Both wordings of a message are in use."""

_GROUPS: Final = (
    ("(?=", "RE2 has no look-ahead"),
    ("(?!", "RE2 has no look-ahead"),
    ("(?<=", "RE2 has no look-behind"),
    ("(?<!", "RE2 has no look-behind"),
    ("(?>", "RE2 has no atomic groups"),
    ("(?P=", "RE2 has no back-references"),
    ("(?#", "RE2 has no comments"),
    ("(?", "a kind of group that RE2 does not know"),
)


class PatternError(Exception):
    """RE2 refuses a pattern; `message` is a clause without a full stop, `offset` counts from 0 in the pattern."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _fullmatch: Callable[[bytes], object]

    def matches(self, text: str) -> bool:
        """Whether the pattern matches the whole text; takes linear time."""
        return self._fullmatch(text.encode(errors="replace")) is not None


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern.

    Raises PatternError with the reason why RE2 refuses it, and UncheckedPatternError where google-re2 is not installed.
    """
    try:
        import re2  # noqa: PLC0415 - most expressions hold no pattern
    except ImportError:
        raise UncheckedPatternError from None
    options = re2.Options()
    options.log_errors = False
    try:
        return Pattern(re2.compile(pattern.encode(errors="replace"), options).fullmatch)
    except re2.error as error:
        refusal = error.args[0].decode(errors="replace")
    raise _explained(pattern, refusal)


def _refusal(pattern: str) -> str | None:
    """RE2's own message about a pattern that it refuses, without the part that it names; None for a good one."""
    import re2  # noqa: PLC0415 - only after compile_pattern has imported it

    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern.encode(errors="replace"), options)
    except re2.error as error:
        return str(error.args[0].decode(errors="replace")).partition(": ")[0]
    return None


def _explained(pattern: str, refusal: str) -> PatternError:
    """The error for RE2's message: our words, and the place of the part that RE2 names."""
    offset = _offset(pattern, refusal)
    rest = pattern[offset:]
    if refusal.startswith("invalid escape sequence") and rest[1:2].isdigit():
        return PatternError("RE2 has no back-references", offset)
    reasons = (reason for opening, reason in _GROUPS if rest.startswith(opening))
    if not refusal.startswith("invalid perl operator"):
        reasons = (reason for opening, reason in _REASONS if refusal.startswith(opening))
    return PatternError(next(reasons, f"RE2 says: {refusal}"), offset)


def _offset(pattern: str, refusal: str) -> int:
    """Where the part that RE2 refuses begins. RE2 reads from left to right: what comes before is not refused so."""
    kind, _, part = refusal.partition(": ")
    match kind:
        case "missing )":
            return next((at for at in _places(pattern, "(") if _refusal(pattern[:at]) is None), 0)
        case "missing ]":
            return len(pattern) - len(part)
        case "unexpected )":
            part = ")"
        case "trailing \\":
            return len(pattern) - 1
        case _:
            pass
    return next((at for at in _places(pattern, part) if _refusal(pattern[:at]) != kind), 0)


def _places(pattern: str, part: str) -> Iterator[int]:
    """Every offset at which the part is in the pattern, the last first."""
    at = pattern.rfind(part)
    while part and at >= 0:
        yield at
        at = pattern.rfind(part, 0, at + len(part) - 1)
