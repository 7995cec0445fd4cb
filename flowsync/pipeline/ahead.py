"""The list of live flows, asked for before the files are read: one waits while the other works.

Only reading is begun so, and only once it is settled what is asked and as whom. Whoever finds the files wrong
meanwhile leaves without waiting: nothing here holds a process up, and what asking failed with is raised only
where the list is taken.
"""

from __future__ import annotations

import os
from threading import Thread
from typing import TYPE_CHECKING

from flowsync import git
from flowsync.errors import GitError
from flowsync.live.listing import list_flows

if TYPE_CHECKING:
    from flowsync.live.listing import Listing
    from flowsync.live.protocols import Access, FlowReader, Map
    from flowsync.pipeline.project import Project


class Ahead:
    """A list that is being asked for."""

    def __init__(self, reader: FlowReader, access: Access, map_: Map, likely: int) -> None:
        """Begin to ask for it; `likely` is how many flows it may hold."""
        self._list_flows = list_flows  # its module is loaded here: importing is no work for two threads
        self._asked = (reader, access, map_, likely)
        self._listing: Listing | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._ask, name="list", daemon=True)
        self._thread.start()

    def take(self) -> Listing | None:
        """Wait for the list and give it away: it is one moment's, so whoever asks again gets None.

        Raises whatever asking failed with.
        """
        self._thread.join()
        listing, failure = self._listing, self._failure
        self._listing = self._failure = None
        if failure is not None:
            raise failure
        return listing

    def _ask(self) -> None:
        try:
            self._listing = self._list_flows(*self._asked)
        except BaseException as failure:  # noqa: BLE001 - it is raised in the thread that takes the list
            self._failure = failure


def has_revision(project: Project, revision: str) -> bool:
    """Whether the project's repository, if it is in one, has this revision."""
    try:
        git.commit_of(project.home, revision)
    except GitError:
        return False
    return True


def count_files(project: Project) -> int:
    """About how many flow files there are: the names alone are counted."""
    return sum(len(names) for _, _, names in os.walk(project.home / project.settings.flows))
