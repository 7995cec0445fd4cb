"""flowsync validate."""

from __future__ import annotations

import time
from textwrap import fill, indent

import click

from flowsync.cli.output import screen_of_stderr, screen_of_stdout, source_lines, write_note, write_result
from flowsync.cli.project import Project, open_project
from flowsync.cli.project.files import check_files, named_from_top
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, slugs_argument
from flowsync.errors import ExitCode, FlowsyncError, UsageError
from flowsync.flows.watching import INTERVAL, WatchedFiles
from flowsync.model import Severity
from flowsync.problems import FORMATS, FROM_TOP
from flowsync.problems.failures import error as failure
from flowsync.text import closest, excerpt
from flowsync.validate import RULES


@click.command("validate", cls=Command)
@slugs_argument
@format_option(FORMATS)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@click.option("--explain", metavar="CODE", help="Print the rule with this code and its examples; check nothing.")
@click.option("--watch", is_flag=True, help="Check again whenever a flow file is saved, until Ctrl-C.")
@global_options
@click.pass_context
def command(
    context: click.Context, *, slugs: tuple[str, ...], format_: str, strict: bool, explain: str | None, watch: bool
) -> int:
    """Check every flow file, offline: no key is needed and nothing is sent.

    SLUGs, globs or file paths select the flows to report on. Exits 3 if a file has an error.
    """
    if explain is not None:
        if slugs or watch or format_ != "text":
            raise UsageError("--explain prints one rule as text: leave out flows, --watch and --format.")
        write_result(_explained(explain))
        return ExitCode.OK
    project = open_project(context)
    if watch:
        if format_ != "text":
            raise UsageError("--watch reports as text after each change.", hint="Leave --format out.")
        return _watch(project, slugs, strict=strict)
    return _check(project, slugs, format_, strict=strict)


def _check(project: Project, slugs: tuple[str, ...], format_: str, *, strict: bool) -> int:
    problems = check_files(project, slugs)
    base, shown = named_from_top(project, problems) if format_ in FROM_TOP else (project.base, problems)
    write_result(FORMATS[format_](shown, source_lines(base), screen_of_stdout(project.given)))
    is_wrong = any(strict or problem.severity is Severity.ERROR for problem in problems)
    return ExitCode.INVALID if is_wrong else ExitCode.OK


def _watch(project: Project, slugs: tuple[str, ...], *, strict: bool) -> int:
    """Check now and after each change, until a signal arrives."""
    watched = WatchedFiles(project.base, project.flows_directory, project.settings.environment, project.workspace)
    try:
        _check(project, slugs, "text", strict=strict)
        while True:
            time.sleep(INTERVAL)
            if watched.refresh() is None:
                continue
            try:
                _check(project, slugs, "text", strict=strict)
            except FlowsyncError as error:  # such as a named file that is gone: it may come back
                write_note(failure(error, screen_of_stderr(project.given)), project.given)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _explained(code: str) -> str:
    """The rule with this code as a text. Raises UsageError for an unknown code."""
    rules = {rule.code: rule for rule in RULES}
    rule = rules.get(code)
    if rule is None:
        close = closest(code, rules)
        hint = "docs/rules.md lists all rules." if close is None else f"Did you mean {close}?"
        raise UsageError(f"There is no rule {excerpt(code)}.", hint=hint)
    weight = f"{rule.severity.value}, always" if rule.is_firm else rule.severity.value
    bad, good = (indent(text, "  ") for text in (rule.example, rule.good))
    meaning = fill(rule.documentation, 100, break_on_hyphens=False, break_long_words=False)
    return f"{rule.code} ({weight})\n\n{meaning}\n\nSource: {rule.source}\n\nBad:\n\n{bad}\nGood:\n\n{good}"
