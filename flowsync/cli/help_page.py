"""The page that --help shows: options under four titles, the same in every command, and examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

SECTIONS: Final = {
    "Guards": {
        "--allow-clear-targeting",
        "--allow-create",
        "--allow-many",
        "--allow-protected",
        "--allow-type-change",
        "--allow-unsaved-plan",
        "--on-conflict",
        "--on-drift",
        "--skip-blocked",
    },
    "Output": {"--coverage", "--detailed-exitcode", "--format", "--out", "--record"},
    "Global": {"--color", "--config", "-C", "--environment", "--help", "--quiet", "--verbose"},
}
"""The titles under which options stand; "Options" has all others and comes first."""
_WIDEST_EXAMPLE: Final = 48


class Command(click.Command):
    """A command whose help has titles and examples."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every option under its title."""
        for title in ("Options", *SECTIONS):
            records = [each.get_help_record(ctx) for each in self.get_params(ctx) if section(each) == title]
            rows = [record for record in records if record is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, and what else stands at the end."""
        from flowsync.cli.examples import EXAMPLES  # noqa: PLC0415 - only help pages need them

        examples = EXAMPLES.get(" ".join(_names(ctx)), {})
        if examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(examples.items()), col_max=_WIDEST_EXAMPLE)
        super().format_epilog(ctx, formatter)


class Group(Command, click.Group):
    """A command with commands of its own."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options, then its commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def section(parameter: click.Parameter) -> str:
    """The title under which a parameter stands; none for an argument, which the usage line has."""
    if not isinstance(parameter, click.Option):
        return ""
    return next((title for title, names in SECTIONS.items() if names.intersection(parameter.opts)), "Options")


def _names(context: click.Context | None) -> Iterator[str]:
    """The names of the command and of the groups that it is in, the outermost first; an alias has its command's."""
    if context is not None:
        yield from _names(context.parent)
        yield context.command.name or ""
