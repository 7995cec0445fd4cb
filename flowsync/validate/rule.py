"""What one kind of problem is: its stable code, its weight, its documentation, an example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.model import Problem

if TYPE_CHECKING:
    from flowsync.model import Location, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of problem.

    `code` is kebab-case and never changes its meaning. `documentation` is one paragraph of plain text. `example` is
    a flow file that has this problem, `good` one as it should be; where more than one file is needed, or the name
    matters, each begins with a comment line that holds its path, such as `# flows/flow_welcome.yaml`. A firm rule
    can be neither lowered nor ignored: what it reports cannot be sent, or would be false for every user.
    """

    code: str
    severity: Severity
    documentation: str
    example: str
    good: str
    is_firm: bool = False

    def at(self, location: Location, message: str, hint: str | None = None, detail: tuple[str, ...] = ()) -> Problem:
        """A problem of this kind at one place."""
        return Problem(location, self.severity, self.code, message, hint, detail)
