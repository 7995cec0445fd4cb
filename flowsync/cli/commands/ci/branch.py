"""Changes of a pull request besides flows: flowsync.yaml, protection, ignored rules; and other pull requests.

Configuration is code: it decides where flows are written to, with which key, and past which guard.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync import config, document, git
from flowsync.errors import ApiError, DocumentError
from flowsync.github.api import number, text
from flowsync.model import SettingChange
from flowsync.report.values import OtherPull
from flowsync.validate.ignores import ignores_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flowsync.cli.project import Project
    from flowsync.github.api import Github
    from flowsync.model import Change, Flow, JsonValue
    from flowsync.plan.base import Base

MOST_PULLS: Final = 20
"""Open pull requests whose files are read, the last updated first."""
_UNREADABLE: Final = "not readable"
_Place: TypeAlias = "tuple[str, ...]"
"""The path of a setting in flowsync.yaml."""


def settings_changed(project: Project, flows: Sequence[Flow], base: Base) -> tuple[SettingChange, ...]:
    """The differences from `base` in flowsync.yaml, and in the protection and the ignored rules of `flows`.

    Raises GitError if this clone lacks a file of the commit.
    """
    commit = base.revision
    return (*_unprotected(flows, base), *_configuration(project, commit), *_ignores(project, flows, commit))


def _unprotected(flows: Iterable[Flow], base: Base) -> Iterator[SettingChange]:
    """The flows that were protected and no longer are, even if their files had other paths."""
    for flow in flows:
        then = base.flows.get(flow.slug)
        if then is not None and then.protected and not flow.protected:
            yield SettingChange(f"protected of {flow.file}", "true", None)


def _configuration(project: Project, commit: str) -> Iterator[SettingChange]:
    # A file with one of the default names may have had another default name.
    usual = set(project.config_names) <= set(config.FILE_NAMES)
    names = dict.fromkeys((*project.config_names, *(config.FILE_NAMES if usual else ())))
    before = next(filter(None, (_settings_at(project, commit, name) for name in names)), {})
    after: Mapping[_Place, str] = {}
    for name in project.config_names:
        if (project.home / name).is_file():
            after = _settings((project.home / name).read_bytes())
    changed = {place for place in {*before, *after} if before.get(place) != after.get(place)}

    def weight(place: _Place) -> tuple[bool, bool, _Place]:
        # Not all may fit: settings of other environments and new settings come last.
        is_elsewhere = place[0] == "environments" and place[1:2] != (project.settings.environment,)
        return is_elsewhere, place not in before, place

    for place in sorted(changed, key=weight):
        yield SettingChange(".".join(place), before.get(place), after.get(place))


def _settings_at(project: Project, commit: str, name: str) -> Mapping[_Place, str]:
    """The settings in a file of a commit; none if it did not exist."""
    entry = git.entries(project.home, commit, name).get("")
    if entry is None:
        return {}
    return _settings(git.contents(project.home, [entry.id])[0]) if entry.is_file else {(name,): _UNREADABLE}


def _settings(content: bytes) -> Mapping[_Place, str]:
    """The settings of a flowsync.yaml: texts as they are, other values as JSON on one line."""
    try:
        value = document.read(content, config.FILE_NAMES[0]).value
    except DocumentError:
        return {(config.FILE_NAMES[0],): _UNREADABLE}
    return {path: each if isinstance(each, str) else json.dumps(each) for path, each in _leaves(value)}


def _leaves(value: JsonValue, path: _Place = ()) -> Iterator[tuple[_Place, JsonValue]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _leaves(each, (*path, key))
    elif path:
        yield path, value


def _ignores(project: Project, flows: Iterable[Flow], commit: str) -> Iterator[SettingChange]:
    """The files whose ignored rules differ from those at the commit."""
    entries = git.entries(project.base, commit, project.flows_directory)
    names = {flow.file: flow.file.removeprefix(f"{project.flows_directory}/") for flow in flows}
    then = {file: entry for file, name in names.items() if (entry := entries.get(name)) and entry.is_file}
    contents = dict(zip(then, git.contents(project.home, [entry.id for entry in then.values()]), strict=True))
    for flow in flows:
        content = contents.get(flow.file, b"")
        before, after = (_ignored(each, flow.file) for each in (content.decode("utf-8", "replace"), flow.source.text))
        if before != after:
            yield SettingChange(f"ignores of {flow.file}", before, after)


def _ignored(content: str, file: str) -> str | None:
    """The rules that a file ignores, with the number of times if more than one; None if it ignores none."""
    counts = Counter(ignore.code for ignore in ignores_of(content, file))
    return ", ".join(f"{code} ({count} times)" if count > 1 else code for code, count in sorted(counts.items())) or None


def others_changing(github: Github, pull: int, changes: Sequence[Change], prefix: str) -> tuple[OtherPull, ...]:
    """Other open pull requests that change files of the same flows; `prefix` is the path of the project's folder.

    At most MOST_PULLS are read. Empty if GitHub does not answer: the plan does not depend on it.
    """
    slugs = {prefix + change.file: change.slug for change in changes}
    found: list[OtherPull] = []
    if not slugs:
        return ()
    try:
        listed = github.items("pulls", state="open", sort="updated", direction="desc")
        numbers = [number(each, "number") for each, _ in zip(listed, range(MOST_PULLS + 1), strict=False)]
        for other in [each for each in numbers if each != pull][:MOST_PULLS]:
            files = {
                text(file, key)
                for file in github.items(f"pulls/{other}/files")
                for key in ("filename", "previous_filename")
            }
            if same := tuple(sorted(slugs[file] for file in files & slugs.keys())):
                found.append(OtherPull(other, same))
    except ApiError:
        return ()
    return tuple(sorted(found, key=lambda each: each.number))
