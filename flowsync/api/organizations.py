"""Which organization the rows of a key belong to: the guard against a key of another environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flowsync.errors import OrganizationError
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.model import JsonValue


@dataclass(frozen=True, slots=True)
class Expected:
    """What flowsync.yaml says of the organization; `key_variable` is where the key came from."""

    number: int
    environment: str | None
    key_variable: str

    @property
    def refuse_hint(self) -> str:
        """What to do about a key of another organization."""
        variable = excerpt(self.key_variable)
        if self.environment is None:
            return f"Set {variable} to a key of organization {self.number}, or correct the number in flowsync.yaml."
        name = excerpt(self.environment)
        return f"Set {variable} to a key of {name}, or correct the organization of {name} in flowsync.yaml."


@dataclass(slots=True)
class Organizations:
    """The organizations that were seen in rows so far. Rows read with a private key carry the number [obs].

    Used by any thread. Without `expected` nothing is refused.
    """

    expected: Expected | None = None
    seen: set[int] = field(default_factory=set)
    has_read: bool = False

    def check(self, answer: JsonValue) -> None:
        """Look at the rows of an answer to a GET. Raises OrganizationError where one is of another organization."""
        self.has_read = True
        found = set(_numbers(answer))
        self.seen |= found
        if self.expected is not None and (strange := sorted(found - {self.expected.number})):
            raise _refusal(self.expected, strange, is_mixed=self.expected.number in found)

    @property
    def is_untold(self) -> bool:
        """Whether an organization was expected, and nothing that was read says which one it is."""
        return self.expected is not None and self.has_read and not self.seen


def _numbers(answer: JsonValue) -> Iterator[int]:
    rows = answer.get("data", answer) if isinstance(answer, dict) else answer
    for row in rows if isinstance(rows, list) else [answer]:
        number = row.get("organizationId") if isinstance(row, dict) else None
        if isinstance(number, int) and not isinstance(number, bool):
            yield number


def _refusal(expected: Expected, strange: list[int], *, is_mixed: bool) -> OrganizationError:
    found = f"organization{'s' if len(strange) > 1 else ''} {', '.join(map(str, strange))}"
    whose = "this project" if expected.environment is None else excerpt(expected.environment)
    also = " also" if is_mixed else ""
    return OrganizationError(
        f"The key in {excerpt(expected.key_variable)}{also} opens {found}, but flowsync.yaml says that {whose} is "
        f"organization {expected.number}.",
        hint=expected.refuse_hint,
    )
