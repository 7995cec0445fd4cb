"""The page of --help: options under four titles, the same in every command, and examples."""

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
"""The titles of groups of options; "Options" has all others and comes first."""
_WIDEST_EXAMPLE: Final = 48
EXAMPLES: Final = {
    "flowsync": {
        "flowsync init": "Begin a project in this folder.",
        "flowsync plan": "See what a merge would do.",
        "flowsync help plan": "Read about one command.",
    },
    "flowsync init": {
        "flowsync init": "Ask about GitHub if there is no remote.",
        "flowsync init --github --yes": "Write the workflows too, and ask nothing.",
    },
    "flowsync new": {
        "flowsync new flow_spring_tour --type TOUR": "A tour to fill in.",
        'flowsync new flow_sale --type BANNER --name "Summer sale"': "A banner with its name in the dashboard.",
    },
    "flowsync pull": {
        "flowsync pull --new": "Write a file for every live flow that has none.",
        "flowsync pull flow_welcome": "Take over what was edited in the dashboard.",
        "flowsync pull --dry-run": "See what would change in the files.",
    },
    "flowsync validate": {
        "flowsync validate": "Check all files.",
        "flowsync validate flow_welcome --strict": "Check one; warnings count as errors.",
        "flowsync validate --explain duplicate-step-id": "Read about one rule.",
    },
    "flowsync test": {
        "flowsync test": "Run all targeting tests.",
        "flowsync test flow_welcome --coverage": "See what the tests of one flow leave untested.",
    },
    "flowsync plan": {
        "flowsync plan": "See what apply would write.",
        "flowsync plan flow_welcome": "Look at one flow only.",
        "flowsync plan --base origin/main": "Tell this branch's changes from edits in the dashboard.",
    },
    "flowsync apply": {
        "flowsync apply": "Show the plan, ask, write.",
        "flowsync apply flow_welcome --yes": "Write one flow, and ask nothing.",
        "flowsync apply plan.json": "Write exactly what `plan --out plan.json` saved.",
    },
    "flowsync rollback": {
        "flowsync rollback --list": "See what can be put back.",
        "flowsync rollback latest --dry-run": "See what the newest apply replaced.",
        "flowsync rollback latest --yes": "Put it back, and ask nothing.",
    },
    "flowsync publish": {
        "flowsync publish flow_reports_tour --dry-run": "See the draft next to what is live.",
        "flowsync publish flow_reports_tour --users restart-existing": "Publish; users in the flow begin again.",
    },
    "flowsync delete": {
        "flowsync delete flow_summer_sale --dry-run": "See what would be lost.",
        "flowsync delete flow_summer_sale": "Show it, ask for the slug, delete.",
    },
    "flowsync diff": {
        "flowsync diff": "Compare live with the files.",
        "flowsync diff flow_profile --from v1 --to live": "Compare two versions of a flow.",
        "flowsync diff --from git:HEAD --to files": "See what is not committed yet, in terms of flows.",
    },
    "flowsync history": {
        "flowsync history flow_profile": "See its versions and who sees each.",
        "flowsync history flow_profile --format json": "The same for programs.",
    },
    "flowsync show": {
        "flowsync show flow_profile": "Print the version that apply would write to.",
        "flowsync show flow_profile --version 1": "Print a former version.",
        "flowsync show flow_reports_tour --draft": "Print the draft.",
    },
    "flowsync restore": {
        "flowsync restore flow_profile --version 1 --dry-run": "See what would change back.",
        "flowsync restore flow_profile --version 1": "Show it, ask, write.",
    },
    "flowsync status": {
        "flowsync status": "See every flow at a glance.",
        "flowsync status 'flow_re*'": "Look at some flows only.",
        "flowsync status --format markdown": "The same for a wiki or a chat.",
    },
    "flowsync audience": {
        "flowsync audience flow_welcome": "About how many users, before and after.",
        "flowsync audience --expression \"user.property('plan') == 'pro'\"": "About how many users match.",
    },
    "flowsync explain": {
        "flowsync explain flow_welcome": "See each condition of its targeting.",
        "flowsync explain --expression \"user.property('plan') == 'pro'\"": "Explain an expression.",
    },
    "flowsync preview": {
        "flowsync preview": "Open a page that follows the files.",
        "flowsync preview flow_welcome --png pictures": "Write pictures into a folder.",
    },
    "flowsync graph": {
        "flowsync graph": "A diagram for Mermaid, as GitHub shows it.",
        "flowsync graph flow_welcome --format dot": "One flow and its neighbours, for Graphviz.",
    },
    "flowsync fmt": {
        "flowsync fmt": "Format all files.",
        "flowsync fmt --diff flow_welcome": "See what would change.",
    },
    "flowsync schema": {
        "flowsync schema": "The schema of flow files.",
        "flowsync schema config": "The schema of flowsync.yaml.",
    },
    "flowsync doctor": {
        "flowsync doctor": "See what flowsync finds here.",
        "flowsync doctor --format markdown": "The same for a bug report.",
    },
    "flowsync completion": {
        "flowsync completion install": "For the shell that you use.",
        "flowsync completion show fish": "Print a script to keep yourself.",
    },
    "flowsync completion show": {
        "flowsync completion show bash": "Print the script for bash.",
        "flowsync completion show fish": "Print the script for fish.",
    },
    "flowsync completion install": {
        "flowsync completion install zsh": "Switch it on in zsh.",
        "flowsync completion install bash --print": "See what would be written and where.",
    },
    "flowsync ci": {
        "flowsync ci plan": "Plan, and comment on the pull request.",
        "flowsync ci drift --pull-request": "Bring edits of the dashboard into a pull request.",
    },
    "flowsync sandbox": {
        "flowsync sandbox serve": "Serve the emulator to scripts and apps.",
        "flowsync sandbox reset": "Start over.",
    },
    "flowsync sandbox serve": {
        "flowsync sandbox serve --files": "Run an app against the flow files.",
        "flowsync sandbox serve --latency 200ms --fault 429": "Try a slow API that refuses the first request.",
    },
    "flowsync sandbox reset": {
        "flowsync sandbox reset": "Forget all that was written with --sandbox.",
        "flowsync sandbox reset --quiet": "The same in a script.",
    },
}
"""Example command lines with their purposes, by command; a test runs them."""


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
        """The examples, and the rest of the epilog."""
        examples = EXAMPLES.get(" ".join(_names(ctx)), {})
        if examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(examples.items()), col_max=_WIDEST_EXAMPLE)
        super().format_epilog(ctx, formatter)


class Group(Command, click.Group):
    """A command with subcommands."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options, then its commands."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def section(parameter: click.Parameter) -> str:
    """The title above a parameter; none for an argument, which the usage line shows."""
    if not isinstance(parameter, click.Option):
        return ""
    return next((title for title, names in SECTIONS.items() if names.intersection(parameter.opts)), "Options")


def _names(context: click.Context | None) -> Iterator[str]:
    """The names of the command and its groups, the outermost first; an alias has its command's name."""
    if context is not None:
        yield from _names(context.parent)
        yield context.command.name or ""
