"""The flow files while somebody edits them: reads them again when one changes, and keeps the last readable state."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.flows.files import FlowFile, discover, load_flows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from flowsync.flows.files import Repository
    from flowsync.model import Flow, Problem
    from flowsync.workspace import Workspace

INTERVAL: Final = 0.3
"""Seconds between two checks of the files."""

_Signature: TypeAlias = "tuple[tuple[str, int, int], ...]"


@dataclass(frozen=True, slots=True)
class Seen:
    """The flows to show now, and the problems of files that cannot be read."""

    flows: tuple[Flow, ...]
    problems: tuple[Problem, ...]


class WatchedFiles:
    """The flows below `root`/`directory`, as `load_flows` reads them. Safe to use from many threads.

    A file that cannot be read keeps its last flow; the flow of a deleted file is gone.
    """

    def __init__(self, root: Path, directory: str, environment: str | None, within: Workspace) -> None:
        self._root = root
        self._directory = directory
        self._environment = environment
        self._within = within
        self._lock = threading.Lock()
        self._signature = self._look()
        self._seen = self._merged(self._load(), {})

    @property
    def seen(self) -> Seen:
        """The result of the last check."""
        return self._seen

    def refresh(self) -> Seen | None:
        """Read the files again if one of them changed; None if none did."""
        with self._lock:
            signature = self._look()
            if signature == self._signature:
                return None
            # Set before reading: the next check finds a file that is saved while the files are read.
            self._signature = signature
            self._seen = self._merged(self._load(), {flow.slug: flow for flow in self._seen.flows})
            return self._seen

    def watch(self, stop: threading.Event, report: Callable[[Seen], object]) -> None:
        """Check the files until `stop` is set, and report each change. For a thread of its own."""
        while not stop.wait(INTERVAL):
            seen = self.refresh()
            if seen is not None:
                report(seen)

    def _load(self) -> Repository:
        return load_flows(self._root, self._directory, self._environment, self._within)

    @staticmethod
    def _merged(read: Repository, former: dict[str, Flow]) -> Seen:
        kept = [former[slug] for slug in read.unread if slug in former]
        flows = {flow.slug: flow for flow in (*kept, *read.flows)}
        return Seen(tuple(flows[slug] for slug in sorted(flows)), read.problems)

    def _look(self) -> _Signature:
        """The name, time and size of each file; skips files that are deleted meanwhile."""
        found: list[tuple[str, int, int]] = []
        for each in discover(self._root, self._directory, self._within):
            if isinstance(each, FlowFile):
                try:
                    state = each.path.stat()
                except OSError:
                    continue
                found.append((each.name, state.st_mtime_ns, state.st_size))
        return tuple(found)
