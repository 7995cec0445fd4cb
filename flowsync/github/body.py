"""A report as the body of a comment or an issue: the marker's line, then as much as there is room for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flowsync.github.comments import Draft
from flowsync.github.issues import Notice
from flowsync.render.report import fit, short
from flowsync.render.room import COMMENT
from flowsync.secrets import masked

if TYPE_CHECKING:
    from flowsync.github.marker import Marker
    from flowsync.render.report import Report


def draft(report: Report, marker: Marker, *, is_news: bool, head: str | None) -> Draft:
    """The comment that tells of a report; only for a pull request whose head is `head`, if that is given."""
    marker, full, brief = _bodies(report, marker)
    return Draft(marker, full, brief, is_news, head)


def notice(report: Report, marker: Marker, title: str) -> Notice:
    """The issue that tells of a report."""
    marker, full, brief = _bodies(report, marker)
    return Notice(marker, title, full, brief)


def _bodies(report: Report, marker: Marker) -> tuple[Marker, str, str]:
    fitted = fit(report, COMMENT, reserved=len(marker.line()) + 1)
    marker = replace(marker, truncated=fitted.is_truncated)
    brief = masked(short(report))
    return marker, f"{marker.line()}\n{masked(fitted.text)}", f"{replace(marker, truncated=True).line()}\n{brief}"
