"""A plan in the log, beside the lines of the files, and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.cli.ci.planning import save_plan
from flowsync.cli.ci.publishing import annotate
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.github.log import inert
from flowsync.render import plans, workflow_commands

if TYPE_CHECKING:
    from pathlib import Path

    from flowsync.cli.ci.planning import Planned
    from flowsync.cli.ci.run import Run


def show_plan(run: Run, made: Planned) -> Path:
    """Show the plan in the log and beside the lines, and save it; where."""
    write_result(inert(plans.preview(made.plan, screen_of_stdout(run.invocation))))
    notes = [workflow_commands.of_problem(problem) for problem in made.warnings]
    annotate(run, [*workflow_commands.of_plan(made.plan, made.flows), *notes])
    return save_plan(run, made.plan)
