"""Flow files in canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync import document
from flowsync.document.formatting import KeyOrder, formatted
from flowsync.errors import DocumentError
from flowsync.model import Location, Problem, Severity
from flowsync.pipeline.files import select
from flowsync.pipeline.naming import slugs_of
from flowsync.validate import vocabulary
from flowsync.workspace import MOST_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from flowsync.load import FlowFile
    from flowsync.pipeline.project import Project
    from flowsync.workspace import Workspace

_BUTTON: Final = KeyOrder(vocabulary.BUTTON_KEYS)
_FIELD: Final = KeyOrder(
    vocabulary.FIELD_KEYS,
    inside={"options": KeyOrder(vocabulary.OPTION_KEYS), "pattern": KeyOrder(vocabulary.PATTERN_KEYS)},
)
_STEP: Final = KeyOrder(
    vocabulary.STEP_KEYS, inside={"primaryButton": _BUTTON, "secondaryButton": _BUTTON, "fields": _FIELD}
)
_DATA: Final = KeyOrder(("title", "subtitle", "sequential", "props"), ("steps",), inside={"steps": _STEP})
_SHORT: Final = ("name", "type", "description", "active", "targetingLogic", "slug", "target", "protected")
_OVERLAY: Final = KeyOrder(_SHORT, ("data",), inside={"data": _DATA})
_TEST: Final = KeyOrder(("name", "user", "group", "at", "step", "sees", "shows", "starts", "completes"))
FILE_ORDER: Final = KeyOrder(
    _SHORT,
    ("data", "environments", "tests"),
    inside={"data": _DATA, "environments": KeyOrder(others=_OVERLAY), "tests": _TEST},
)
"""What fits on a line first; then the author's `x-…` keys, then `data`, and what is never sent below it."""


@dataclass(frozen=True, slots=True)
class FormattedFile:
    """A flow file as it is and as it should be; both texts whole, line ends and byte order mark included."""

    name: str
    path: Path
    before: str
    after: str

    @property
    def is_in_form(self) -> bool:
        """Whether nothing is to change."""
        return self.before == self.after


def format_files(project: Project, patterns: Sequence[str]) -> Iterator[FormattedFile | Problem]:
    """The selected flow files one after the other; a Problem for each that is left as it is.

    Raises UsageError for a pattern that matches no file's slug.
    """
    found = list(project.flow_files())
    files = [each for each in found if not isinstance(each, Problem)]
    if not patterns or not files:
        yield from (each for each in found if isinstance(each, Problem))
    for file in select(files, slugs_of(project, patterns)) if files else ():
        yield format_file(file, project.workspace)


def format_file(file: FlowFile, within: Workspace) -> FormattedFile | Problem:
    """One file in form, or why it is left as it is."""
    try:
        before = document.decode(within.read(file.place, MOST_READ), file.name)
        return FormattedFile(file.name, file.path, before, formatted(before, file.name, FILE_ORDER))
    except DocumentError as error:
        return error.problem
    except OSError as error:
        message = f"This file cannot be read: {error.strerror}."
        return Problem(Location(file.name, 1, 1), Severity.ERROR, "unreadable-file", message)
