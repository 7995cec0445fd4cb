"""Making the plan of a run, or reading a saved one, as every command of `flowsync ci` does it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flowsync.cli.adapters import connecting, fetch
from flowsync.cli.ci.publishing import tell
from flowsync.cli.guarding import guards_allowing
from flowsync.cli.writing import save
from flowsync.errors import FlowsyncError, GitError
from flowsync.pipeline.base import read_base
from flowsync.pipeline.files import load_selection
from flowsync.pipeline.planning import make_plan
from flowsync.pipeline.references import check_references
from flowsync.plan.guards import judged as judge
from flowsync.render import plans
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flowsync.cli.adapters import Connection, Purpose
    from flowsync.cli.ci.run import Run
    from flowsync.live.listing import Listing
    from flowsync.model import Flow, Plan, Problem
    from flowsync.pipeline.project import Project
    from flowsync.plan.base import Base
    from flowsync.plan.guards import Kept

PLAN_NAME: Final = "flowsync-plan.json"


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan judged by the guards, what it was made of (files with their warnings, live rows), and the connection."""

    plan: Plan
    connection: Connection
    listing: Listing
    flows: tuple[Flow, ...]
    warnings: tuple[Problem, ...]


@contextmanager
def planned(run: Run, project: Project, purpose: Purpose, kept: Kept, base: str | None) -> Iterator[Planned]:
    """Load the files, fetch what is live, compare (with `base` too), judge. Raises what keeps that from being done."""
    guards = guards_allowing(project, run.inputs.allow)
    with connecting(project, run.api, purpose, base, run.invocation) as connect:
        selection = load_selection(project, ())
        compared_with = _read_base(project, selection.flows, base)
        connection = connect(selection.flows)
        listing = fetch(connection, selection.flows, run.invocation)
        warnings = check_references(project, selection, listing)
        made = make_plan(
            project, selection, listing, connection.api_url, access=connection.access, base=compared_with, guards=guards
        )
        judged = judge(made, guards, kept)
        yield Planned(judged, connection, listing, selection.flows, (*selection.warnings, *warnings))


def _read_base(project: Project, flows: Sequence[Flow], base: str | None) -> Base | None:
    """The files at `base`; None, and a notice, where this clone does not have it."""
    if base is None:
        return None
    try:
        return read_base(project, flows, base)
    except GitError as error:
        tell(f"Whose each change is cannot be told. {error.message} {error.hint or ''}".rstrip())
        return None


def plan_path(run: Run, file: str) -> Path:
    """Where a saved plan is, from the top of the file system: later steps may run elsewhere."""
    path = run.invocation.directory / file
    return Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, which nobody asked for


def save_plan(run: Run, plan: Plan) -> Path:
    """Save the plan where the input plan-file says, else beside what the runner throws away; where that is."""
    path = plan_path(run, run.inputs.plan_file) if run.inputs.plan_file else run.runner.temporary / PLAN_NAME
    within = workspace(run.invocation.directory)
    try:
        if within.holds(path):
            within.make_folder(path.parent)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlowsyncError(f"The plan cannot be saved: {path.parent} is no directory ({error.strerror}).") from None
    save(path, plans.as_json(plan), within)
    return path
