"""The flow files as they were at a revision of git."""

from __future__ import annotations

import os
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Final

from flowsync import config, document, git
from flowsync.errors import DocumentError, GitError
from flowsync.flows.files import ENDINGS, FlowFile, flow_from_bytes
from flowsync.model import Flow
from flowsync.plan.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flowsync.cli.project import Project
    from flowsync.git import Entry

_DEFAULT_FOLDER: Final = "flows"
_NamedEntries = list[tuple[str, "Entry"]]
"""The files of one slug at a revision: their names below the flows directory, and what they are."""


def read_base(project: Project, flows: Iterable[Flow], revision: str) -> Base:
    """What the files of `flows` were at `revision`, wherever in the flows directory they were: the slug decides.

    The directory is the one that the configuration file named then; where there was none, the whole project may have
    been moved. Raises GitError where the project is in no repository, the revision is not in this clone, or the
    directory was a link or a submodule then.
    """
    commit = git.commit_of(project.home, revision)
    entries = _entries(project, commit)
    found: dict[str, _NamedEntries] = {}
    for name, entry in entries.items():
        if _is_flow_file(name):
            found.setdefault(basename(name).rpartition(".")[0], []).append((name, entry))
    hidden = tuple(f"{name}/" for name, entry in entries.items() if not entry.is_file)
    directory = project.home / project.settings.flows
    known: dict[str, Flow] = {}
    unreadable: set[str] = set()
    changed: dict[str, tuple[str, Entry]] = {}
    for flow in flows:
        named = found.get(flow.slug, [])
        if len(named) == 1 and named[0][1].is_file:
            is_same = git.content_id(flow.source.text.encode(), named[0][1].id) == named[0][1].id
            if is_same:
                known[flow.slug] = flow
            else:
                changed[flow.slug] = named[0]
        elif named or os.path.relpath(project.base / flow.file, directory).replace(os.sep, "/").startswith(hidden):
            unreadable.add(flow.slug)  # several files, a link, or behind a directory that was a link or a submodule
    contents = git.contents(project.home, [entry.id for _, entry in changed.values()])
    for (slug, (name, _)), content in zip(changed.items(), contents, strict=True):
        flow_then = flow_from_bytes(content, FlowFile(Path(), name), project.settings.environment)
        if isinstance(flow_then, Flow) and not isinstance(flow_then.fields.get("data"), str):
            known[slug] = flow_then
        else:
            unreadable.add(slug)
    return Base(commit, known, frozenset(unreadable))


def _entries(project: Project, commit: str) -> Mapping[str, Entry]:
    """What was in the flows directory as it was named then, else as it is named now, else what was moved."""
    for folder in dict.fromkeys((_folder(project, commit), project.settings.flows)):
        entries = git.entries(project.home, commit, folder)
        if "" in entries and not entries[""].is_file:
            raise GitError(
                f"At the base {folder} is a link or a submodule, and what is behind it cannot be seen from here.",
                hint="Let flows in flowsync.yaml name the directory itself, or run flowsync in the submodule.",
            )
        if any(_is_flow_file(name) or not entry.is_file for name, entry in entries.items()):
            return entries
    # The files of the whole repository that are not where they were, by their names from its top.
    # What still is there was copied at the most, and is another project's.
    up = "../" * git.prefix(project.home).count("/") or "."
    return {
        name: entry
        for name, entry in git.entries(project.home, commit, up).items()
        if _is_flow_file(name) and not os.path.lexists(project.home / up / name)
    }


def _folder(project: Project, commit: str) -> str:
    """The flows directory that the configuration named then, or names now if the one of then cannot be read."""
    names = project.config_names
    usual = config.FILE_NAMES if set(names) <= set(config.FILE_NAMES) else ()  # it may have had another of these
    for name in dict.fromkeys((*names, *usual)):
        entry = git.entries(project.home, commit, name).get("")
        if entry is None:
            continue
        content = git.contents(project.home, [entry.id])[0] if entry.is_file else b"a link"
        try:
            value = document.read(content, "flowsync.yaml").value
        except DocumentError:
            return project.settings.flows
        folder = value.get("flows", _DEFAULT_FOLDER) if isinstance(value, dict) else _DEFAULT_FOLDER
        return folder if isinstance(folder, str) else project.settings.flows
    return _DEFAULT_FOLDER


def _is_flow_file(name: str) -> bool:
    return name.endswith(ENDINGS) and not any(part.startswith(".") for part in name.split("/"))
