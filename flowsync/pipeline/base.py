"""The flow files at another revision, from git's objects."""

from __future__ import annotations

import os
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Final

from flowsync import config, document, git, load
from flowsync.errors import DocumentError, GitError
from flowsync.model import Flow
from flowsync.plan.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.git import Entry
    from flowsync.pipeline.project import Project

DEFAULT_FOLDER: Final = "flows"


def read_base(project: Project, flows: Iterable[Flow], revision: str) -> Base:
    """Return what the files of `flows` were at `revision`, wherever in the flows directory they lay: the slug decides.

    The directory is the one that the configuration file named then; where there was none, the whole project may have
    been moved. Raises GitError where the project is in no repository, the revision is not in this clone, or the
    directory was a link or a submodule then.
    """
    commit = git.commit_of(project.home, revision)
    below = _entries(project, commit)
    found = _by_slug(below)
    hidden = {f"{name}/" for name, entry in below.items() if not entry.is_file}
    wanted = {flow.slug: flow for flow in flows if flow.slug in found or _is_behind(project, flow, hidden)}
    same = {slug: flow for slug, flow in wanted.items() if _is_same(flow, found.get(slug, []))}
    readable = {slug: found[slug] for slug in wanted if slug not in same and _is_file(found.get(slug, []))}
    read = _read(project, readable)
    return Base(
        commit,
        {**same, **{slug: flow for slug, flow in read.items() if flow is not None}},
        frozenset(slug for slug in wanted if slug not in same and read.get(slug) is None),
    )


def _entries(project: Project, commit: str) -> Mapping[str, Entry]:
    """Return what lay in the flows directory as it was named then, else as it is named now, else what was moved."""
    for folder in dict.fromkeys((_folder(project, commit), project.settings.flows)):
        entries = git.entries(project.home, commit, folder)
        if "" in entries and not entries[""].is_file:
            raise GitError(
                f"At the base {folder} is a link or a submodule, and what is behind it cannot be told from here.",
                hint="Let flows in flowsync.yaml name the directory itself, or run flowsync in the submodule.",
            )
        if any(_is_named_as_flow(name) or not entry.is_file for name, entry in entries.items()):
            return entries
    return _moved(project, commit)


def _is_behind(project: Project, flow: Flow, hidden: Iterable[str]) -> bool:
    """Whether the file is now in a directory that was a link or a submodule then."""
    name = os.path.relpath(project.base / flow.file, project.home / project.settings.flows).replace(os.sep, "/")
    return name.startswith(tuple(hidden))


def _moved(project: Project, commit: str) -> Mapping[str, Entry]:
    """Return the files of the whole repository that are not where they were, by their names from its top.

    What still is there was copied at the most, and is another project's.
    """
    up = "../" * git.prefix(project.home).count("/") or "."
    return {
        name: entry
        for name, entry in git.entries(project.home, commit, up).items()
        if _is_named_as_flow(name) and not os.path.lexists(project.home / up / name)
    }


def _folder(project: Project, commit: str) -> str:
    """Return the flows directory as the configuration named it then; as now, where that cannot be told."""
    for name in dict.fromkeys((*project.config_names, *_also_named(project))):
        entry = git.entries(project.home, commit, name).get("")
        if entry is not None:
            content = git.contents(project.home, [entry.id])[0] if entry.is_file else b"a link"
            return _configured(content, project.settings.flows)
    return DEFAULT_FOLDER


def _also_named(project: Project) -> tuple[str, ...]:
    """Return what the configuration file may have been called then, where it has one of the usual names now."""
    return config.FILE_NAMES if set(project.config_names) <= set(config.FILE_NAMES) else ()


def _configured(content: bytes, otherwise: str) -> str:
    try:
        value = document.read(content, "flowsync.yaml").value
    except DocumentError:
        return otherwise
    folder = value.get("flows", DEFAULT_FOLDER) if isinstance(value, dict) else DEFAULT_FOLDER
    return folder if isinstance(folder, str) else otherwise


Named = list[tuple[str, "Entry"]]
"""The files of one slug: their names below the flows directory, and what they are."""


def _by_slug(entries: Mapping[str, Entry]) -> Mapping[str, Named]:
    found: dict[str, Named] = {}
    for name, entry in entries.items():
        if _is_named_as_flow(name):
            found.setdefault(basename(name).rpartition(".")[0], []).append((name, entry))
    return found


def _is_named_as_flow(name: str) -> bool:
    is_hidden = any(part.startswith(".") for part in name.split("/"))
    return not is_hidden and name.endswith(load.ENDINGS)


def _is_file(named: Named) -> bool:
    """Whether there is exactly one file, and it is no link."""
    return len(named) == 1 and named[0][1].is_file


def _is_same(flow: Flow, named: Named) -> bool:
    """Whether the file has not changed at all, and so need not be read."""
    return _is_file(named) and git.content_id(flow.source.text.encode(), named[0][1].id) == named[0][1].id


def _read(project: Project, wanted: Mapping[str, Named]) -> dict[str, Flow | None]:
    """Return the flow of each slug; None where the file holds none that can be compared with."""
    contents = git.contents(project.home, [named[0][1].id for named in wanted.values()])
    environment = project.settings.environment
    return {
        slug: _comparable(load.flow_of(content, load.FlowFile(Path(), named[0][0]), environment))
        for (slug, named), content in zip(wanted.items(), contents, strict=True)
    }


def _comparable(read: object) -> Flow | None:
    """Return the flow, unless its data is text that cannot be read."""
    return read if isinstance(read, Flow) and not isinstance(read.fields.get("data"), str) else None
