"""The flow files at another revision, from git's objects."""

from __future__ import annotations

from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Final

from flowsync import document, git, load
from flowsync.errors import DocumentError
from flowsync.model import Flow
from flowsync.plan import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.git import Entry
    from flowsync.pipeline.project import Project

DEFAULT_FOLDER: Final = "flows"


def read_base(project: Project, flows: Iterable[Flow], revision: str) -> Base:
    """Return what the files of `flows` were at `revision`, wherever in the flows directory they lay: the slug decides.

    The directory is the one that the configuration file named then. Raises GitError where the project is in no
    repository, or the revision is not in this clone.
    """
    commit = git.commit_of(project.home, revision)
    folder = _folder(project, commit)
    found = _by_slug(git.entries(project.home, commit, folder))
    wanted = {flow.slug: flow for flow in flows if flow.slug in found}
    same = {slug: flow for slug, flow in wanted.items() if _is_same(flow, found[slug])}
    readable = {slug: found[slug] for slug in wanted if slug not in same and _is_file(found[slug])}
    read = _read(project, readable)
    return Base(
        commit,
        {**same, **{slug: flow for slug, flow in read.items() if flow is not None}},
        frozenset(slug for slug in wanted if slug not in same and read.get(slug) is None),
    )


def _folder(project: Project, commit: str) -> str:
    """Return the flows directory as the configuration named it then; as now, where that cannot be told."""
    for name in project.config_names:
        entry = git.entries(project.home, commit, name).get("")
        if entry is not None:
            return _configured(git.contents(project.home, [entry.id])[0], project.settings.flows)
    return DEFAULT_FOLDER


def _configured(content: bytes, otherwise: str) -> str:
    try:
        value = document.parse(document.decode(content, "flowsync.yaml"), "flowsync.yaml").value
    except DocumentError:
        return otherwise
    folder = value.get("flows", DEFAULT_FOLDER) if isinstance(value, dict) else DEFAULT_FOLDER
    return folder if isinstance(folder, str) else otherwise


Named = list[tuple[str, "Entry"]]
"""The files of one slug: their names below the flows directory, and what they are."""


def _by_slug(entries: Mapping[str, Entry]) -> Mapping[str, Named]:
    found: dict[str, Named] = {}
    for name, entry in entries.items():
        stem, dot, ending = basename(name).rpartition(".")
        if dot + ending in load.ENDINGS and not any(part.startswith(".") for part in name.split("/")):
            found.setdefault(stem, []).append((name, entry))
    return found


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
