"""flowsync graph."""

from __future__ import annotations

import click

from flowsync.cli.commands.explain import waiting_graph
from flowsync.cli.options import global_options, invocation, slugs_argument
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.render import diagrams


@click.command("graph")
@slugs_argument
@click.option(
    "--format", "format_", type=click.Choice(list(diagrams.FORMATS)), default="mermaid", help="Form of the result."
)
@global_options
@click.pass_context
def command(context: click.Context, slugs: tuple[str, ...], format_: str) -> None:
    """Draw which flow waits for which, from targeting and from the criteria of steps.

    Offline, from the files. An arrow leads from the flow that waits to the one it waits for; flows that do neither are
    left out. SLUGs, globs or paths of files narrow it to these flows and their neighbours. Circles are marked.
    """
    given = invocation(context)
    graph = waiting_graph(open_project(given), slugs)
    write_result(diagrams.FORMATS[format_](graph, screen_of_stdout(given)))
