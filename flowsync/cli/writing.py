"""Files that a command writes, the project's and those to keep: whole or not at all, and through no link of others."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.api.endpoints import rows_by_slug
from flowsync.api.rows import Chosen, choose
from flowsync.cli.connection import prepare_state
from flowsync.cli.project import SCHEMA_FILE
from flowsync.config import place_of
from flowsync.errors import FlowsyncError, RefusedError
from flowsync.model import View
from flowsync.pull.results import ChangedFile, NewFile, Skipped
from flowsync.secrets import private_key_at
from flowsync.workspace import MOST_READ, OWNER_ONLY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from flowsync.api.endpoints import Listing
    from flowsync.cli.project import Project
    from flowsync.model import Flow, JsonValue, Plan
    from flowsync.pull.results import Pulled
    from flowsync.workspace import Workspace


def save(path: Path, text: str, within: Workspace) -> None:
    """Write `text` to the file that the command line names, for its owner's eyes: whole, or nothing where that fails.

    A symlink stays one; one in the repository `within` must not lead out of it. What is there and is no regular file
    (a pipe, /dev/stdout) is written to as it is. Raises FlowsyncError.
    """
    refuse_keys(text, str(path))
    content = text.encode()
    try:
        target = within.resolved(path) if within.holds(path) else path
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        elif within.holds(target):
            within.replace(target, content, OWNER_ONLY)
        else:
            _replace(Path(os.path.realpath(target)), content)
    except OSError as error:
        raise FlowsyncError(
            f"{path} cannot be written: {error.strerror}.",
            hint="Name a file in a directory that exists, may be written to, and has room.",
        ) from None


def _replace(target: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def replace_text(path: Path, text: str, name: str, within: Workspace) -> None:
    """Put a text in place of a file's: whoever reads it sees the old or the new one, never a part.

    The file's permissions stay. Raises FlowsyncError when it cannot be written.
    """
    refuse_keys(text, name)
    content = text.encode()
    with _telling(name):
        within.replace(path, content)


def still_holds(path: Path, text: str, within: Workspace) -> bool:
    """Whether the file holds exactly this text; not where it cannot be read, or is gone."""
    content = text.encode()
    try:
        return within.read(path, len(content) + 1) == content
    except OSError:
        return False


def create_text(path: Path, text: str, name: str, within: Workspace) -> bool:
    """Write a file that is new, and the folders it needs; False where something is there, which stays as it is.

    Raises FlowsyncError when it cannot be written; no part of it is left then.
    """
    refuse_keys(text, name)
    content = text.encode()
    with _telling(name):
        return within.create(path, content)


def refuse_keys(text: str, name: str) -> None:
    """Raise FlowsyncError where a file that is to be written, or its name, would hold a private API key."""
    if private_key_at(name) is not None:
        raise FlowsyncError("The name of a file would hold a private API key, so it is not written.", hint=_REVOKE)
    at = private_key_at(text)
    if at is not None:
        line = text.count("\n", 0, at) + 1
        raise FlowsyncError(f"{name}:{line} would hold a private API key, so it is not written.", hint=_REVOKE)


_REVOKE: Final = "Take the key out of the flow and revoke it in Frigade: whoever can read the flow has seen it."


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FlowsyncError(
            f"{name} cannot be written: {error.strerror or error}.", hint="It is as it was; so are the files after it."
        ) from None


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


FILE: Final = "pulled.json"


def remember_versions(project: Project, listing: Listing, pulled: Iterable[Pulled], flows: Iterable[Flow]) -> None:
    """Keep the versions that files were pulled from; `flows` are the files as they were. Never fails: it is a hint."""
    targets = {flow.slug: flow.target for flow in flows}
    rows = rows_by_slug(listing.rows)
    found: dict[str, JsonValue] = {}
    for each in pulled:
        chosen = choose(rows.get(each.slug, ()), targets.get(each.slug) or project.settings.target)
        if isinstance(chosen, Chosen) and not isinstance(each, Skipped):
            found[each.slug] = chosen.row.version
    before = _versions(project)
    if not found.items() - before.items():
        return
    known = _read(project)
    known[_place(project)] = {**before, **found}
    with suppress(OSError, FlowsyncError):
        prepare_state(project)
        content = json.dumps(known, indent=2, sort_keys=True).encode()
        project.workspace.replace(project.state / FILE, content, OWNER_ONLY)


def refuse_unseen_versions(made: Plan, project: Project) -> None:
    """Raise RefusedError where a file came from a newer version than the public list shows."""
    if made.view is not View.FALLBACK:
        return
    known = _versions(project)
    reasons = [
        f"{change.slug} was pulled from version {version}; this server shows version {change.version} at most."
        for change in made.writes
        if isinstance(version := known.get(change.slug), int) and version > change.version
    ]
    if reasons:
        raise RefusedError(
            "Nothing was written: the server hides versions that the files came from.",
            reasons=reasons,
            hint="Publish the draft first, or write the live version on purpose: pull again, then apply.",
        )


def _versions(project: Project) -> dict[str, JsonValue]:
    versions = _read(project).get(_place(project))
    return versions if isinstance(versions, dict) else {}


def _place(project: Project) -> str:
    return f"{project.settings.environment or ''} {place_of(project.settings.api_url)}".strip()


def _read(project: Project) -> dict[str, JsonValue]:
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(project.workspace.read(project.state / FILE, MOST_READ))
        return known if isinstance(known, dict) else {}
    return {}
