"""Making the plan of a run, as every command of `flowsync ci` does it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync import pipeline
from flowsync.cli.adapters import connect
from flowsync.errors import FlowsyncError
from flowsync.render import plans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.cli.adapters import Connection, Purpose
    from flowsync.cli.ci.run import Run
    from flowsync.model import Plan
    from flowsync.pipeline import Project, Selection

PLAN_NAME: Final = "flowsync-plan.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, what it was made of, and the connection that is still open."""

    plan: Plan
    selection: Selection
    connection: Connection


@contextmanager
def planned(run: Run, project: Project, purpose: Purpose) -> Iterator[Planned]:
    """Load the files, fetch what is live, compare. Raises whatever keeps a plan from being made."""
    selection = pipeline.load_selection(project, ())
    with connect(project, selection.flows, run.api, purpose) as connection:
        listing = pipeline.fetch(connection.client.reader(), connection.access, selection.flows, connection.map)
        yield Planned(pipeline.make_plan(project, selection, listing, connection.api_url), selection, connection)


def save_plan(run: Run, plan: Plan) -> Path:
    """Write the plan's document where the input plan-file says, else beside what the runner throws away; its path.

    Only the owner may read it: it holds what is in the flows. Raises FlowsyncError when it cannot be written.
    """
    path = run.runner.temporary / PLAN_NAME
    if run.inputs.plan_file:
        path = run.invocation.directory / run.inputs.plan_file
    path = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, which nobody asked for
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(plans.as_json(plan))
    except OSError as error:
        raise FlowsyncError(f"The plan cannot be saved to {path.name}: {error.strerror}.") from None
    return path
