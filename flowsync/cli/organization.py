"""Offers to write the organization of the read rows to flowsync.yaml, so that keys of others are refused."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from flowsync import config, document, templates
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import ask, write_note, write_sentence
from flowsync.document.editing import edited
from flowsync.errors import DocumentError, FlowsyncError
from flowsync.text import excerpt
from flowsync.workspace import MOST_READ

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project
    from flowsync.model import JsonValue

_WHY: Final = "flowsync then refuses keys of other organizations"


def offer_organization(project: Project, connection: Connection) -> None:
    """Ask on a terminal whether to write the organization; elsewhere print the line to add."""
    number = _only_one(connection)
    if number is None or project.settings.organization is not None:
        return
    place = _place(project)
    found, line = f"These flows belong to organization {number}.", _line(place, number)
    if not sys.stdin.isatty():
        write_sentence(f"{found} Add {line} to {_file(project)}: {_WHY}.", project.given)
        return
    question = f"{found} Write {line} to {_file(project)}? {_WHY.capitalize()}. [y/N] "
    otherwise = f"Nothing was written to {_file(project)}."
    if ask(question, otherwise) not in {"y", "yes"}:
        write_note(otherwise, project.given)
        return
    if _write(project, place, number):
        write_note(f"{_file(project)} names the organization now.", project.given)
    else:
        write_sentence(f"{_file(project)} cannot be changed with all its comments kept: add the line.", project.given)


def organization_of(project: Project) -> int | None:
    """The organization of the available private key. None without a key, or if it is not known.

    Raises ConfigError and the ApiError family.
    """
    if project.settings.private_key is None:
        return None
    with connect(project, (), Purpose.WRITE, in_sandbox=False) as connection:
        connection.fetch(())
        return _only_one(connection)


def _only_one(connection: Connection) -> int | None:
    seen = connection.client.organizations.seen
    return next(iter(seen)) if len(seen) == 1 else None


def _place(project: Project) -> tuple[str, ...]:
    """The path of the setting in flowsync.yaml."""
    name = project.settings.environment
    return () if name is None else ("environments", name)


def _line(place: tuple[str, ...], number: int) -> str:
    under = f" under {', '.join(map(excerpt, place))}," if place else ""
    return f"`organization: {number}`{under}"


def _file(project: Project) -> str:
    return project.name(_path(project))


def _path(project: Project) -> Path:
    return project.home / next(
        (name for name in project.config_names if (project.home / name).exists()), config.FILE_NAMES[0]
    )


def _write(project: Project, place: tuple[str, ...], number: int) -> bool:
    """Write the setting and keep everything else; False if that is not possible."""
    path = _path(project)
    if not path.exists():
        return project.create(path, templates.configuration(number))
    try:
        before = document.decode(project.workspace.read_named(path, MOST_READ), project.name(path))
        value = document.parse(before).value
        after = edited(before, _with(value if isinstance(value, dict) else {}, place, number))
    except OSError as error:
        raise FlowsyncError(f"{project.name(path)} cannot be read: {error.strerror}.") from None
    except DocumentError:
        return False
    if after.rewritten:
        return False
    project.replace(path, after.text)
    return True


def _with(section: dict[str, JsonValue], place: tuple[str, ...], number: int) -> dict[str, JsonValue]:
    if not place:
        return {**section, "organization": number}
    inner = section.get(place[0])
    return {**section, place[0]: _with(inner if isinstance(inner, dict) else {}, place[1:], number)}
