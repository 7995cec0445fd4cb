"""The plan of the files as they are, as plan and apply make it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.cli.adapters import fetch
from flowsync.cli.output import write_warnings
from flowsync.pipeline.base import read_base
from flowsync.pipeline.files import load_selection
from flowsync.pipeline.planning import make_plan
from flowsync.pipeline.references import check_references

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flowsync.cli.adapters import Connection
    from flowsync.cli.options import Invocation
    from flowsync.config import Guards
    from flowsync.model import Flow, Plan
    from flowsync.pipeline.project import Project


def fresh_plan(
    project: Project,
    connect: Callable[[Sequence[Flow]], Connection],
    slugs: Sequence[str],
    given: Invocation,
    *,
    base: str | None,
    allowed: Guards,
) -> tuple[Plan, Connection]:
    """Load the files, read what is live, compare (with the revision `base` too), and tell every warning on the way.

    No guard has judged it yet. Raises what keeps it from being made; what is wrong with files or `base` comes first.
    """
    selection = load_selection(project, slugs)
    write_warnings(selection.warnings, project, given)
    compared_with = None if base is None else read_base(project, selection.flows, base)
    connection = connect(selection.flows)
    listing = fetch(connection, selection.flows, given)
    write_warnings(check_references(project, selection, listing), project, given)
    made = make_plan(
        project, selection, listing, connection.api_url, access=connection.access, base=compared_with, guards=allowed
    )
    return made, connection
