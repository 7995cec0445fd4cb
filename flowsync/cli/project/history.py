"""Earlier versions of flow files, from the repository's history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from posixpath import basename
from typing import TYPE_CHECKING, Final

from flowsync import git
from flowsync.errors import GitError
from flowsync.flows.files import FlowFile, flow_from_bytes
from flowsync.model import Flow
from flowsync.plan.base import Past, Version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.git import Step
    from flowsync.plan.base import Fields

VERSIONS_LOOKED_AT: Final = 50
"""How many versions of one file are compared with what is live; docs/base.md names the number."""
_PULL: Final = re.compile(r"^Merge pull request #(\d{1,9})\b|\(#(\d{1,9})\)$")
_SHALLOW: Final = "This clone is shallow, and its history is too short to tell: fetch all of it (fetch-depth: 0)."


@dataclass(frozen=True, slots=True)
class GitHistory:
    """The history of the branch that `commit` is on, in the repository of `home`.

    `paths` are the files' paths at `commit`, from the top of the repository, by slug. `environment` is the one whose
    overlays are laid over the files.
    """

    home: Path
    commit: str
    paths: Mapping[str, str]
    environment: str | None

    def before_base(self, slugs: Collection[str]) -> Mapping[str, Past]:
        """Return the past of each of these files: with one look at the history, and one at the contents."""
        paths = {slug: self.paths[slug] for slug in slugs if slug in self.paths}
        try:
            by_stem = _by_stem(git.steps(self.home, self.commit), slugs)
            own = {
                slug: list(islice(_own_steps(by_stem[slug], path), VERSIONS_LOOKED_AT)) for slug, path in paths.items()
            }
            ids = list(dict.fromkeys(step.after for each in own.values() for step in each if step.after))
            contents = dict(zip(ids, git.contents(self.home, ids), strict=True))
            is_shallow = git.is_shallow(self.home)
        except GitError as error:
            gap = f"The history cannot be read: {error.message} {error.hint or ''}".rstrip()
            return {slug: Past((), gap) for slug in paths}
        return {
            slug: Past(map(partial(self._version, contents), own[slug]), _gap(own[slug]) if is_shallow else "")
            for slug in paths
        }

    def _version(self, contents: Mapping[str, bytes], step: Step) -> Version:
        content = contents.get(step.after or "")
        return Version(step.commit, _pull(step.subject), None if content is None else self._fields(content, step.path))

    def _fields(self, content: bytes, path: str) -> Fields | None:
        flow = read_flow(content, path, self.environment)
        return None if flow is None else flow.fields


def read_flow(content: bytes, name: str, environment: str | None) -> Flow | None:
    """The flow of a former file; None if it is no flow, or has data that cannot be read."""
    flow = flow_from_bytes(content, FlowFile(Path(), name), environment)
    return flow if isinstance(flow, Flow) and not isinstance(flow.fields.get("data"), str) else None


def _by_stem(steps: Iterable[Step], stems: Collection[str]) -> Mapping[str, Sequence[Step]]:
    found: dict[str, list[Step]] = {stem: [] for stem in stems}
    for step in steps:
        if (stem := _stem(step.path)) in found:
            found[stem].append(step)
    return found


def _own_steps(steps: Iterable[Step], path: str) -> Iterator[Step]:
    """What commits did to one file, from its last `path` back to where it first had this name."""
    by_commit: dict[str, list[Step]] = {}
    for step in steps:
        by_commit.setdefault(step.commit, []).append(step)
    for together in by_commit.values():
        own = next((step for step in together if step.path == path), None)
        if own is None:
            continue
        yield own
        former = [step.path for step in together if step.after is None]
        if own.before is None and len(former) == 1:
            (path,) = former


def _gap(steps: Sequence[Step]) -> str:
    """Why a shallow clone may lack older versions; empty if the history of the file is complete."""
    return "" if steps and (steps[-1].has_parent or len(steps) == VERSIONS_LOOKED_AT) else _SHALLOW


def _stem(path: str) -> str:
    return basename(path).rpartition(".")[0]


def _pull(subject: str) -> int | None:
    found = _PULL.search(subject)
    return int(found[1] or found[2]) if found else None
