"""flowsync schema."""

from __future__ import annotations

import click

from flowsync import config, validate
from flowsync.cli.output import write_result
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import global_options


@click.command("schema", cls=Command)
@click.argument("file", type=click.Choice(["flow", "config"]), default="flow", metavar="[flow|config]")
@global_options
def command(file: str) -> None:
    """Print the JSON Schema (2020-12) of a flow file, or of flowsync.yaml, for editors and other tools.

    validate uses the same schema. After an upgrade, `flowsync schema > .flowsync/flow.schema.json` updates the copy
    that editors use.
    """
    write_result(config.schema_text() if file == "config" else validate.schema_text("flow"))
