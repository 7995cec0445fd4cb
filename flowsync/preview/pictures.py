"""Pictures of each flow, or of each of its steps, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from flowsync.preview.browser import BrowserError, Frame
from flowsync.preview.server import LEAST_HEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.preview.browser import Tab
    from flowsync.preview.flows import Shown, Side

MOST_STEPS: Final = 20
"""Pictures of one side of one flow at most."""
_WINDOW: Final = 800
"""Pixels; the height of the window for components that are part of the document."""
_ALL_AT_ONCE: Final = ("Checklist.", "Custom")
"""Components that show every step in one picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG and its file name; `trouble` says why there is none."""

    slug: str
    file: str
    content: bytes = b""
    trouble: str | None = None


def take_pictures(tab: Tab, address: str, flows: Sequence[Shown]) -> Iterator[Picture]:
    """Take the pictures of flows that are served below `address`, in order: before, if it differs, and after.

    A step that is not shown has no picture. A picture that fails does not stop the others.
    """
    for flow in flows:
        for name, side in (("before", flow.before), ("after", flow.after)):
            if side is None:
                continue
            suffix = ".before" if name == "before" else ""
            if side.flow is None:
                yield Picture(flow.slug, f"{flow.slug}{suffix}.png", trouble=side.trouble)
                continue
            for step, number in _steps(side):
                file = f"{flow.slug}{number}{suffix}.png"
                url = f"{address}frames/{quote(flow.slug, safe='')}/{name}/0?{urlencode({'step': step})}"
                height = LEAST_HEIGHTS.get(side.component)
                frame = Frame(step, height or _WINDOW, is_whole=height is not None)
                if (picture := _taken(tab, flow.slug, file, url, frame)) is not None:
                    yield picture


def _steps(side: Side) -> list[tuple[str, str]]:
    """The steps to take a picture of, each with the part of the file name after the slug."""
    steps = [] if side.flow is None else side.flow.steps
    if len(steps) == 1 or side.component.startswith(_ALL_AT_ONCE):
        return [("", "")]
    return [(step.id, f".{number}") for number, step in enumerate(steps[:MOST_STEPS], start=1)]


def _taken(tab: Tab, slug: str, file: str, url: str, frame: Frame) -> Picture | None:
    try:
        content = tab.picture(url, frame)
    except BrowserError as error:
        return Picture(slug, file, trouble=error.message)
    return None if content is None else Picture(slug, file, content)
