"""flowsync schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from flowsync import config, validate
from flowsync.cli.options import global_options
from flowsync.cli.output import write_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCHEMAS: Final[Mapping[str, Callable[[], str]]] = {
    "flow": lambda: validate.schema_text("flow"),
    "config": config.schema_text,
}


@click.command("schema")
@click.argument("file", type=click.Choice(list(SCHEMAS)), default="flow", metavar="[flow|config]")
@global_options
def command(file: str) -> None:
    """Print the JSON Schema (2020-12) of a flow file, or of flowsync.yaml, for editors and other tools.

    It is the schema that validate uses. `flowsync schema > .flowsync/flow.schema.json` brings the one that editors find
    up to date after an upgrade.
    """
    write_result(SCHEMAS[file]())
