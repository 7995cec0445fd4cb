"""Writing pulled files: each whole or not at all, nothing that git lacks without a copy."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.cli.adapters import prepare_state
from flowsync.cli.writing import create_text, replace_text, still_holds
from flowsync.errors import FlowsyncError
from flowsync.pipeline.project import SCHEMA_FILE
from flowsync.pull.results import ChangedFile, NewFile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from flowsync.pipeline.project import Project

COPIES: Final = "replaced"
"""In the state directory: former texts of files that git could not bring back, a folder for each run."""


def write_pulled(project: Project, changes: Sequence[NewFile | ChangedFile], at_risk: Collection[str]) -> str | None:
    """Write the files; those `at_risk` (by name) are copied first, to a folder whose name is returned.

    Raises FlowsyncError at the first file that cannot be written; it is as it was, and so are those after it.
    """
    run = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    copies = None
    for change in changes:
        match change:
            case NewFile():
                _create(project, change.file.path, change.text)
            case ChangedFile():
                if change.file.name in at_risk:
                    copies = _copy(project, change, run)
                _change(project, change)
    if any(isinstance(change, NewFile) for change in changes):
        _provide_schema(project)
    return copies


def _change(project: Project, change: ChangedFile) -> None:
    """Replace the text, unless somebody else has meanwhile."""
    if still_holds(change.file.path, change.before, project.workspace):
        replace_text(change.file.path, change.text, change.file.name, project.workspace)
    else:
        raise FlowsyncError(f"{change.file.name} was changed by someone else just now.", hint="Pull again.")


def _copy(project: Project, change: ChangedFile, run: str) -> str:
    """Keep the former text; the name of the folder that holds it."""
    prepare_state(project)
    folder = project.state / COPIES / run
    place = Path(os.path.relpath(change.file.path, project.home))
    _create(project, folder.joinpath(*(part for part in place.parts if part != os.pardir)), change.before)
    return _name(project, folder)


def _create(project: Project, path: Path, text: str) -> None:
    name = _name(project, path)
    if not create_text(path, text, name, project.workspace):
        raise FlowsyncError(f"{name} is there already, but is no flow file.", hint="Move it away, and pull again.")


def _provide_schema(project: Project) -> None:
    """The schema that new files name in their first line, where there is none yet."""
    from flowsync import validate  # noqa: PLC0415 - only a first import needs it

    prepare_state(project)
    schema = project.state / SCHEMA_FILE
    create_text(schema, validate.schema_text("flow"), _name(project, schema), project.workspace)


def _name(project: Project, path: Path) -> str:
    return os.path.relpath(path, project.base).replace(os.sep, "/")
