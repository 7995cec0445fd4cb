"""flowsync graph."""

from __future__ import annotations

import click

from flowsync.cli.output import write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.files import load_readable, select, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, slugs_argument
from flowsync.explain.graphs import GRAPH_FORMATS
from flowsync.flows.waits import neighbourhood, waiting_graph


@click.command("graph", cls=Command)
@slugs_argument
@format_option(GRAPH_FORMATS, default="mermaid")
@global_options
@click.pass_context
def command(context: click.Context, slugs: tuple[str, ...], format_: str) -> None:
    """Draw which flow waits for which, from targeting and from the criteria of steps.

    Offline, from the files. An arrow leads from the flow that waits to the flow it waits for; flows without arrows are
    left out. SLUGs, globs or file paths select flows, shown with their neighbours. Cycles are marked.
    """
    project = open_project(context)
    flows = load_readable(project).flows
    graph = waiting_graph(flows)
    if slugs:
        graph = neighbourhood(graph, {flow.slug for flow in select(flows, slugs_of(project, slugs))})
    write_result(GRAPH_FORMATS[format_](graph))
