"""Explaining expressions for a user, and running the tests of files: offline, whatever else the files hold."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from flowsync import document, validate
from flowsync.cli.files import load_all, select, slugs_of
from flowsync.cli.options import complete_slugs, global_options, invocation
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.closeness import closest
from flowsync.errors import FlowsyncError, InvalidFilesError, TargetingError, UsageError
from flowsync.flows import expressions, testing, waits
from flowsync.flows.expressions import flow_of_file, step_criteria, steps_of, targeting_expression
from flowsync.flows.testing import explain, run_flow_tests
from flowsync.flows.waits import neighbourhood
from flowsync.model import Location, Problem, Severity
from flowsync.render import explanations
from flowsync.targeting.context import CaseError, Verdict, moment, persona_from
from flowsync.targeting.references import KnownFlow
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.flows.expressions import FlowExpression
    from flowsync.flows.files import Repository
    from flowsync.flows.testing import Explained, Explanation, TestedFlow
    from flowsync.flows.waits import WaitingGraph
    from flowsync.model import Flow
    from flowsync.targeting.context import Persona


def read_persona(text: str, name: str, now: datetime) -> Persona:
    """The user that a YAML or JSON text describes. Raises DocumentError and InvalidFilesError."""
    source = document.parse(text, name)
    try:
        return persona_from(source.value, now)
    except CaseError as error:
        place = source.key_location(error.path) if _is_about_key(error) else source.location(error.path)
        problem = Problem(place, Severity.ERROR, error.code, error.message, error.hint)
        raise InvalidFilesError(f"{name} does not describe a user.", [problem], texts={name: text}) from None


def _is_about_key(error: CaseError) -> bool:
    """Whether a key is wrong, not its value: it is then named at the start of the message."""
    return bool(error.path) and str(error.path[-1]) in error.message.split()[0]


def anyone(now: datetime) -> Persona:
    """A user of whom nothing is known."""
    return persona_from({}, now)


def at_time(persona: Persona, text: str) -> Persona:
    """The same user at another moment. Raises UsageError for a text that is none."""
    found = moment(text)
    if found is None:
        raise UsageError(f"{text!r} is not a moment.", hint="Write 2026-02-01 or 2026-02-01T09:30:00Z.")
    return replace(persona, context=replace(persona.context, at=found))


def explain_flow(project: Project, slug: str, step: str | None, persona: Persona) -> Explanation:
    """Why this user sees a flow or not; with a step, why that step shows, starts and completes.

    Raises UsageError for a flow or step that is not there, and InvalidFilesError where the flow's file, or the
    expression, cannot be read.
    """
    repository = load_all(project)
    flow = _flow(repository, slugs_of(project, [slug]))
    wanted = step if step is not None else persona.step
    every = _of_targeting(flow) if wanted is None else _of_step(flow, wanted)
    known = _known(repository)
    parts = tuple(_explained(flow, stated, persona, known) for stated in every)
    return testing.Explanation(flow.slug, flow.file, persona, parts, is_off=flow.fields.get("active") is False)


def _flow(repository: Repository, named: Sequence[str]) -> Flow:
    found = next((flow for flow in repository.flows if [flow.slug] == [*named]), None)
    if found is not None:
        return found
    own = [problem for problem in repository.problems if _stem(problem.location.file) in {*named, ""}]
    if own:
        raise InvalidFilesError("The flow's file cannot be read.", own)
    chosen = select(repository.flows, named)
    raise UsageError("explain takes one flow.", hint=f"For example {chosen[0].slug}.")


def _known(repository: Repository) -> Mapping[str, KnownFlow]:
    """Every flow that has a file; of one whose file cannot be read, nothing else is known."""
    unread = dict.fromkeys(repository.unread, KnownFlow())
    return {**unread, **{flow.slug: flow_of_file(flow) for flow in repository.flows}}


def _stem(file: str) -> str:
    return file.rsplit("/", 1)[-1].rpartition(".")[0]


def _of_targeting(flow: Flow) -> tuple[FlowExpression, ...]:
    stated = targeting_expression(flow.fields)
    if stated is None:
        raise UsageError(
            f"{flow.file} states no targetingLogic, so flowsync does not know who sees the flow.",
            hint=_misspelt(flow, ["targetingLogic"]) or "State it, or pass it with --expression.",
        )
    return (stated,)


def _of_step(flow: Flow, step: str) -> tuple[FlowExpression, ...]:
    found = step_criteria(flow.fields, step)
    if found:
        return found
    ids = [each["id"] for _, each in steps_of(flow.fields.get("data")) if isinstance(each.get("id"), str)]
    close = None if step in ids else closest(step, map(str, ids))
    steps = sorted({stated.step for stated in expressions.expressions(flow.fields) if stated.step is not None})
    hint = f"Steps with criteria: {', '.join(steps)}." if steps else "No step of this flow has criteria."
    if step not in ids:
        raise UsageError(f"{flow.file} has no step {step!r}.", hint=f"Did you mean {close}? {hint}" if close else hint)
    criteria = [each.field for each in Verdict if each is not Verdict.SEES]
    raise UsageError(f"{flow.file} has no step {step!r} with criteria.", hint=_misspelt(flow, criteria) or hint)


def _misspelt(flow: Flow, keys: Sequence[str]) -> str | None:
    """What validate says of the first key that was likely meant to be one of `keys`."""
    hints = {f"Did you mean `{key}`?" for key in keys}
    near = (each for each in validate.check(flow) if each.hint in hints)
    return next((f"Line {each.location.line}: {each.message} {each.hint}" for each in near), None)


def _explained(flow: Flow, stated: FlowExpression, persona: Persona, known: Mapping[str, KnownFlow]) -> Explained:
    try:
        return explain(stated, persona, flow, known)
    except TargetingError as error:
        place = flow.source.offset_location(stated.path, error.offset)
        problem = Problem(place, Severity.ERROR, error.code, error.message, error.hint)
        message = f"{stated.label} of {flow.slug} cannot be read: to the server it is false for every user."
        raise InvalidFilesError(message, [problem]) from None


EXPRESSION = "--expression"
"""What stands for the file of an expression given on the command line."""


def explain_text(text: str, persona: Persona) -> Explanation:
    """An expression that is of no flow, for this user. Raises InvalidFilesError where it cannot be read."""
    stated = expressions.FlowExpression((), Verdict.SEES, None, text)
    try:
        return testing.Explanation(None, None, persona, (explain(stated, persona),))
    except TargetingError as error:
        problem = _in_text(text, error)
        message = "This expression cannot be read: to the server it is false for every user."
        raise InvalidFilesError(message, [problem], texts={EXPRESSION: text}) from None


def _in_text(text: str, error: TargetingError) -> Problem:
    """An error in an expression of the command line, at its place in it."""
    start = text.rfind("\n", 0, error.offset) + 1
    place = Location(EXPRESSION, text.count("\n", 0, error.offset) + 1, error.offset - start + 1)
    return Problem(place, Severity.ERROR, error.code, error.message, error.hint)


def run_tests(project: Project, patterns: Sequence[str], now: datetime) -> tuple[TestedFlow, ...]:
    """The tests of the named flows, run. Raises InvalidFilesError where a file cannot be read at all."""
    return run_flow_tests(_named(project, patterns), now)


def waiting_graph(project: Project, patterns: Sequence[str]) -> WaitingGraph:
    """Which flow waits for which; narrowed, the named flows with what they wait for, and what waits for them."""
    repository = _readable(project)
    graph = waits.waiting_graph(repository.flows)
    if not patterns:
        return graph
    return neighbourhood(graph, {flow.slug for flow in select(repository.flows, slugs_of(project, patterns))})


def _named(project: Project, patterns: Sequence[str]) -> list[Flow]:
    return select(_readable(project).flows, slugs_of(project, patterns))


def _readable(project: Project) -> Repository:
    repository = load_all(project)
    if repository.problems:
        raise InvalidFilesError("Some files cannot be read as flows.", repository.problems)
    return repository


@click.command("explain")
@click.argument("slug", required=False, shell_complete=complete_slugs)
@click.option("--user", "user", metavar="FILE", help="Who asks: as an entry of tests:, without a verdict; - is stdin.")
@click.option("--at", "at", metavar="TIME", help="The clock, such as 2026-02-01T09:30:00Z; now unless FILE has one.")
@click.option("--step", "step", metavar="ID", help="Explain the criteria of this step instead.")
@click.option("--expression", "expression", metavar="TEXT", help="Explain this expression instead of a flow's.")
@click.option(
    "--format", "format_", type=click.Choice(list(explanations.FORMATS)), default="text", help="Form of the result."
)
@global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slug: str | None,
    user: str | None,
    at: str | None,
    step: str | None,
    expression: str | None,
    format_: str,
) -> None:
    """Tell why a user sees the flow SLUG or does not: each condition with its value for that user.

    Offline, from the files. Without --user nothing is known of the user. docs/targeting.md says how far the model of
    Frigade's evaluation goes.
    """
    given = invocation(context)
    persona = _persona(user, at, given)
    if slug is not None and expression is None:
        explanation = explain_flow(open_project(given), slug, step, persona)
    elif expression is not None and slug is None and step is None:
        explanation = explain_text(expression, persona)
    else:
        raise UsageError("explain takes a SLUG, perhaps with --step, or an --expression.")
    write_result(explanations.FORMATS[format_](explanation, screen_of_stdout(given)))


def _persona(user: str | None, at: str | None, given: Invocation) -> Persona:
    now = datetime.now(timezone.utc)
    persona = anyone(now) if user is None else read_persona(_text(user, given), _name(user), now)
    return persona if at is None else at_time(persona, at)


def _text(user: str, given: Invocation) -> str:
    """The text of the user's file, or of stdin. Raises FlowsyncError where it cannot be read."""
    try:
        raw = sys.stdin.buffer.read(MOST_READ) if user == "-" else _content(user, given)
    except OSError as error:
        raise FlowsyncError(f"{user} cannot be read: {error.strerror}.", hint="--user names a file.") from None
    return document.decode(raw, _name(user))


def _content(user: str, given: Invocation) -> bytes:
    return workspace(given.directory).read_named(given.directory / user, MOST_READ)


def _name(user: str) -> str:
    return "stdin" if user == "-" else user
