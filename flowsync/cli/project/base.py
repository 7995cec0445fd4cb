"""The flow files at a revision of git."""

from __future__ import annotations

import os
from posixpath import basename, normpath
from typing import TYPE_CHECKING, Final

from flowsync import config, document, git
from flowsync.cli.output import write_step
from flowsync.cli.project.history import GitHistory, read_flow
from flowsync.errors import DocumentError, GitError
from flowsync.flows.files import ENDINGS
from flowsync.plan.base import Base, GoneFile, files_that_lost
from flowsync.render.wording import listed
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.cli.project import Project
    from flowsync.cli.project.files import Selection
    from flowsync.git import Entry
    from flowsync.model import Flow
    from flowsync.plan.base import Fields

_SHORT: Final = 12
"""Characters of a commit's hash that messages show."""
_DEFAULT_FOLDER: Final = "flows"
_IN_ORDER: Final = ("origin/main", "origin/master", "main", "master")
"""The branches that a project's own usually leave from."""
_USUAL_BASES: Final = tuple(f"refs/{'remotes' if '/' in name else 'heads'}/{name}" for name in _IN_ORDER)
_NamedEntries = list[tuple[str, "Entry"]]
"""The files of one slug at a revision: their names below the flows directory, and what they are."""


def read_base(project: Project, selection: Selection, revision: str) -> Base:
    """The selected files at `revision`, wherever in the flows directory they were: the slug decides.

    The directory is the one that the configuration file named then; if there was none, the whole project may have
    been moved. Raises GitError if the project is in no repository, the revision is not in this clone, or the
    directory was a link or a submodule then.
    """
    commit = git.commit_of(project.home, revision)
    write_step("base", f"{excerpt(revision)}, commit {commit[:_SHORT]}", project.given)
    top, entries = _entries(project, commit)
    found = _by_slug(entries)
    hidden = tuple(f"{name}/" for name, entry in entries.items() if not entry.is_file)
    directory = project.home / project.settings.flows
    known: dict[str, Flow] = {}
    unreadable: set[str] = set()
    changed: dict[str, tuple[str, Entry]] = {}
    for flow in selection.flows:
        named = found.get(flow.slug, [])
        if len(named) == 1 and named[0][1].is_file:
            is_same = git.content_id(flow.source.text.encode(), named[0][1].id) == named[0][1].id
            if is_same:
                known[flow.slug] = flow
            else:
                changed[flow.slug] = named[0]
        elif named or os.path.relpath(project.base / flow.file, directory).replace(os.sep, "/").startswith(hidden):
            unreadable.add(flow.slug)  # several files, a link, or behind a directory that was a link or a submodule
    present = {flow.slug for flow in selection.every}
    missing = {slug: named[0] for slug, named in found.items() if slug not in present}
    read = _read(project, {**changed, **missing})
    known |= {slug: then for slug in changed if (then := read[slug])}
    unreadable.update(slug for slug in changed if read[slug] is None)
    folder = project.home / top
    every = {slug: GoneFile(project.name(folder / name), _fields(read[slug])) for slug, (name, _) in missing.items()}
    gone = {slug: file for slug, file in every.items() if selection.includes(slug)}
    elsewhere = {slug: file for slug, file in every.items() if slug not in gone}
    paths = {slug: normpath(f"{git.prefix(project.home)}{top}/{named[0][0]}") for slug, named in found.items()}
    history = GitHistory(project.home, commit, paths, project.settings.environment)
    return Base(commit, known, frozenset(unreadable), gone, history, elsewhere)


def flows_at(project: Project, revision: str) -> tuple[str, Mapping[str, Flow | None]]:
    """The commit that `revision` names, and the flows in its flows directory, by slug.

    None for what was no flow that can be read, or was in several files. Raises GitError as `read_base`.
    """
    commit = git.commit_of(project.home, revision)
    write_step("git", f"{excerpt(revision)}, commit {commit[:_SHORT]}", project.given)
    found = _by_slug(_entries(project, commit)[1])
    read = _read(project, {slug: named[0] for slug, named in found.items() if len(named) == 1})
    return commit, {slug: read.get(slug) for slug in found}


def removed_unseen(project: Project, selection: Selection) -> str:
    """A sentence about removals that a plan without a base cannot show; empty if there are none.

    The files are compared with where the current commit left the usual branch, as far as git knows one.
    """
    names = (git.answer(project.home, "for-each-ref", "--format=%(refname:short)", *_USUAL_BASES) or "").split()
    usual = next((name for name in _IN_ORDER if name in names), None)
    commit = usual and git.answer(project.home, "merge-base", "HEAD", usual)
    if not usual or not commit:
        return ""
    try:
        base = read_base(project, selection, commit)
    except GitError:
        return ""
    files = [*(each.file for each in base.gone.values()), *files_that_lost(base, selection.flows)]
    if not files:
        return ""
    return (
        f"Not shown, for there is no base to compare with: what was removed since {usual} ({listed(files)}). "
        f"--base {usual} shows it."
    )


def _read(project: Project, files: Mapping[str, tuple[str, Entry]]) -> Mapping[str, Flow | None]:
    """The flows of files, by slug; None for files that are missing or cannot be read as flows."""
    regular = {slug: entry.id for slug, (_, entry) in files.items() if entry.is_file}
    contents = dict(zip(regular, git.contents(project.home, list(regular.values())), strict=True))
    return {
        slug: read_flow(contents[slug], name, project.settings.environment) if slug in contents else None
        for slug, (name, _) in files.items()
    }


def _fields(flow: Flow | None) -> Fields | None:
    return None if flow is None else flow.fields


def _entries(project: Project, commit: str) -> tuple[str, Mapping[str, Entry]]:
    """The content of the flows directory: by its name then, else by its name now, else where it was moved from.

    By its names from a directory, whose path from the project comes first.
    """
    for folder in dict.fromkeys((_folder(project, commit), project.settings.flows)):
        entries = git.entries(project.home, commit, folder)
        if "" in entries and not entries[""].is_file:
            raise GitError(
                f"At that revision {folder} is a link or a submodule, so its content cannot be read from here.",
                hint="Let flows in flowsync.yaml name the directory itself, or run flowsync in the submodule.",
            )
        if any(_is_flow_file(name) or not entry.is_file for name, entry in entries.items()):
            return folder, entries
    # The files of the whole repository that are not where they were, by their names from its top.
    # What still is there was copied at the most, and is another project's.
    up = "../" * git.prefix(project.home).count("/") or "."
    return up, {
        name: entry
        for name, entry in git.entries(project.home, commit, up).items()
        if _is_flow_file(name) and not os.path.lexists(project.home / up / name)
    }


def _folder(project: Project, commit: str) -> str:
    """The flows directory by the configuration of then, or of now if the former cannot be read."""
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


def _by_slug(entries: Mapping[str, Entry]) -> dict[str, _NamedEntries]:
    """The flow files among the entries."""
    found: dict[str, _NamedEntries] = {}
    for name, entry in entries.items():
        if _is_flow_file(name):
            found.setdefault(basename(name).rpartition(".")[0], []).append((name, entry))
    return found
