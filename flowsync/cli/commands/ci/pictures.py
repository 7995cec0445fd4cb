"""Pictures of the flows that look different on a branch, before and after, for a pull request."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from flowsync.cli.commands.preview import fetch_components, kept_bundle
from flowsync.cli.project.base import flows_at
from flowsync.errors import FlowsyncError
from flowsync.flows.watching import WatchedFiles
from flowsync.preview import bundle
from flowsync.preview.browser import find_browser, open_tab
from flowsync.preview.flows import Difference
from flowsync.preview.pictures import MOST_STEPS, take_pictures
from flowsync.preview.server import Options, Preview
from flowsync.preview.session import Session
from flowsync.render.escape import plural
from flowsync.report.values import Looks
from flowsync.sandbox.server import serve
from flowsync.sandbox.store import utc_now
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.model import Flow
    from flowsync.preview.flows import Shown
    from flowsync.preview.pictures import Picture

WIDTH: Final = 640
MOST_SECONDS: Final = 180.0
"""Time limit for all pictures of a pull request; the rest is counted."""
_COMPARED: Final = frozenset({Difference.CHANGED, Difference.NEW})
"""A deleted flow has no pictures."""


def pictured(project: Project, base: str | None, folder: Path) -> Looks:
    """Take pictures of the flows whose appearance differs from `base`, and keep them in `folder`.

    Nothing is raised: if there are no pictures, the result says why.
    """
    if base is None:
        return Looks((), trouble="There is no base to compare with.")
    try:
        _, before = flows_at(project, base)
        session = _session(project, before)
    except FlowsyncError as error:
        return Looks((), trouble=error.message)
    flows = [each for each in session.shown(session.users[0]) if each.difference in _COMPARED]
    if not flows:
        return Looks(())
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with _pictures(session, flows, project.given) as pictures:
            return _kept(flows, pictures, folder)
    except FlowsyncError as error:
        return Looks(tuple(each.slug for each in flows), trouble=error.message)
    except OSError as error:
        return Looks(tuple(each.slug for each in flows), trouble=f"{error.strerror}.")


def _session(project: Project, before: Mapping[str, Flow | None]) -> Session:
    watched = WatchedFiles(project.base, project.flows_directory, project.settings.environment, project.workspace)
    return Session(watched.seen, before, project.settings.variables, utc_now, lambda _: True)


@contextmanager
def _pictures(session: Session, flows: Sequence[Shown], given: Invocation) -> Iterator[Iterator[Picture]]:
    program = find_browser(None, os.environ)
    script = kept_bundle()
    if not bundle.is_whole(script):
        fetch_components(script, lambda _number, _of: None, given)
    preview = Preview(session, Options(script, still=True))
    with serve(preview.handle, port=0) as server, open_tab(program, WIDTH) as tab:
        yield take_pictures(tab, f"{server.url}{preview.path}", flows)


def _kept(flows: Sequence[Shown], pictures: Iterator[Picture], folder: Path) -> Looks:
    """Keep the pictures of the flows whose pictures before and after differ."""
    until = time.monotonic() + MOST_SECONDS
    taken: dict[str, list[Picture]] = {}
    left_out: set[str] = set()
    for picture in pictures:
        taken.setdefault(picture.slug, []).append(picture)
        if time.monotonic() > until:
            left_out = {flow.slug for flow in flows if flow.slug not in taken} | {picture.slug}
            break
    changed = [flow.slug for flow in flows if flow.slug in left_out or not _looks_the_same(flow, taken[flow.slug])]
    kept = [picture for slug in changed for picture in taken.get(slug, []) if picture.trouble is None]
    folder.mkdir(parents=True, exist_ok=True)
    place = workspace(folder)
    for picture in kept:
        place.replace(folder / picture.file, picture.content)
    troubles = [f"{each.file}: {each.trouble}" for slug in changed for each in taken.get(slug, []) if each.trouble]
    if left_out:
        troubles.append(f"there was no time for all pictures of {plural(len(left_out), 'flow')}.")
    return Looks(tuple(changed), pictures=len(kept), trouble=" ".join(troubles))


def _looks_the_same(flow: Shown, pictures: Sequence[Picture]) -> bool:
    """Whether all pictures before and after are equal, for example where only the audience of a step changed."""
    if flow.difference is Difference.NEW or any(each.trouble is not None for each in pictures):
        return False
    steps = [0 if side is None or side.flow is None else len(side.flow.steps) for side in (flow.before, flow.after)]
    before = {each.file.replace(".before.png", ".png"): each.content for each in pictures if _is_before(each)}
    after = {each.file: each.content for each in pictures if not _is_before(each)}
    return before == after and max(steps) <= MOST_STEPS


def _is_before(picture: Picture) -> bool:
    return picture.file.endswith(".before.png")
