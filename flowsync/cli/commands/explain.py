"""flowsync explain: says why a user sees a flow, or a step, or not; offline, even if other files have errors."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Final

import click

from flowsync import document, validate
from flowsync.cli.output import screen_of_stdout, write_result
from flowsync.cli.project import Project, open_project
from flowsync.cli.project.files import select, slugs_of
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import Invocation, complete_slugs, format_option, global_options, invocation
from flowsync.errors import FlowsyncError, InvalidFilesError, TargetingError, UsageError
from flowsync.explain.explanations import EXPLANATION_FORMATS
from flowsync.flows.expressions import FlowExpression, expressions, flow_of_file, steps_of, targeting_expression
from flowsync.flows.testing import Explained, Explanation, explain
from flowsync.model import Flow, Location, Problem, Severity
from flowsync.targeting.context import CaseError, Persona, Verdict, moment, persona_from
from flowsync.targeting.references import KnownFlow
from flowsync.text import closest
from flowsync.workspace import MOST_READ, workspace

if TYPE_CHECKING:
    from flowsync.flows.files import Repository

_EXPRESSION: Final = "--expression"
"""The file name in messages about an expression from the command line."""


@click.command("explain", cls=Command)
@click.argument("slug", required=False, shell_complete=complete_slugs)
@click.option(
    "--user",
    "user",
    metavar="FILE",
    help="The user: an entry of tests: without a verdict; - is stdin.",
)
@click.option(
    "--at",
    "at",
    metavar="TIME",
    help="Time of the evaluation, such as 2026-02-01T09:30:00Z; default: that of FILE, else now.",
)
@click.option("--step", "step", metavar="ID", help="Explain the criteria of this step instead.")
@click.option("--expression", "expression", metavar="TEXT", help="Explain this expression instead of a flow's.")
@format_option(EXPLANATION_FORMATS)
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
    """Explain why a user sees the flow SLUG or does not: each condition with its value for that user.

    Offline, from the files. Without --user nothing is known about the user. docs/targeting.md describes how closely
    this follows Frigade's own evaluation.
    """
    given = invocation(context)
    persona = _persona(user, at, given)
    if slug is not None and expression is None:
        explanation = explain_flow(open_project(context), slug, step, persona)
    elif expression is not None and slug is None and step is None:
        explanation = explain_text(expression, persona)
    else:
        raise UsageError("explain takes a SLUG, perhaps with --step, or an --expression.")
    write_result(EXPLANATION_FORMATS[format_](explanation, screen_of_stdout(given)))


def _persona(user: str | None, at: str | None, given: Invocation) -> Persona:
    now = datetime.now(timezone.utc)
    persona = persona_from({}, now) if user is None else _read_persona(user, given, now)
    clock = persona.context.at if at is None else moment(at)
    if clock is None:
        raise UsageError(f"{at!r} is not a moment.", hint="Write 2026-02-01 or 2026-02-01T09:30:00Z.")
    return replace(persona, context=replace(persona.context, at=clock))


def _read_persona(user: str, given: Invocation, now: datetime) -> Persona:
    try:
        if user == "-":
            name, raw = "stdin", sys.stdin.buffer.read(MOST_READ)
        else:
            name, raw = user, workspace(given.directory).read_named(given.directory / user, MOST_READ)
    except OSError as error:
        raise FlowsyncError(f"{user} cannot be read: {error.strerror}.", hint="--user names a file.") from None
    text = document.decode(raw, name)
    source = document.parse(text, name)
    try:
        return persona_from(source.value, now)
    except CaseError as error:
        # Where a key is wrong, not its value, the message begins with that key.
        is_about_key = bool(error.path) and str(error.path[-1]) in error.message.split()[0]
        place = source.key_location(error.path) if is_about_key else source.location(error.path)
        problem = Problem(place, Severity.ERROR, error.code, error.message, error.hint)
        raise InvalidFilesError(f"{name} does not describe a user.", [problem], texts={name: text}) from None


def explain_flow(project: Project, slug: str, step: str | None, persona: Persona) -> Explanation:
    """Why this user sees a flow or not; with a step, why it shows, starts and completes.

    Raises UsageError for a flow or step that does not exist, and InvalidFilesError if the flow's file, or the
    expression, cannot be read.
    """
    repository = project.load()
    flow = _flow(repository, slugs_of(project, [slug]))
    wanted = step if step is not None else persona.step
    # Of a flow whose file cannot be read, nothing else is known.
    known = {
        **dict.fromkeys(repository.unread, KnownFlow()),
        **{each.slug: flow_of_file(each) for each in repository.flows},
    }
    parts = []
    for criterion in _targeting(flow) if wanted is None else _criteria(flow, wanted):
        message = f"{criterion.label} of {flow.slug} cannot be read: to the server it is false for every user."
        place = partial(flow.source.offset_location, criterion.path)
        parts.append(_explained(criterion, persona, message=message, place=place, flow=flow, known=known))
    return Explanation(flow.slug, flow.file, persona, tuple(parts), is_off=flow.fields.get("active") is False)


def _flow(repository: Repository, named: Sequence[str]) -> Flow:
    found = next((flow for flow in repository.flows if [flow.slug] == [*named]), None)
    if found is not None:
        return found
    stems = {*named, ""}
    own = [each for each in repository.problems if each.location.file.rsplit("/", 1)[-1].rpartition(".")[0] in stems]
    if own:
        raise InvalidFilesError("The flow's file cannot be read.", own)
    chosen = select(repository.flows, named)
    raise UsageError("explain takes one flow.", hint=f"For example {chosen[0].slug}.")


def _targeting(flow: Flow) -> tuple[FlowExpression, ...]:
    criterion = targeting_expression(flow.fields)
    if criterion is None:
        raise UsageError(
            f"{flow.file} does not set targetingLogic, so flowsync does not know who sees the flow.",
            hint=_misspelt(flow, ["targetingLogic"]) or "Set it, or pass it with --expression.",
        )
    return (criterion,)


def _criteria(flow: Flow, step: str) -> tuple[FlowExpression, ...]:
    found = tuple(each for each in expressions(flow.fields) if each.step == step)
    if found:
        return found
    steps = sorted({criterion.step for criterion in expressions(flow.fields) if criterion.step is not None})
    hint = f"Steps with criteria: {', '.join(steps)}." if steps else "No step of this flow has criteria."
    ids = [each["id"] for _, each in steps_of(flow.fields.get("data")) if isinstance(each.get("id"), str)]
    if step not in ids:
        close = closest(step, map(str, ids))
        raise UsageError(f"{flow.file} has no step {step!r}.", hint=f"Did you mean {close}? {hint}" if close else hint)
    criteria = [each.field for each in Verdict if each is not Verdict.SEES]
    raise UsageError(f"{flow.file} has no step {step!r} with criteria.", hint=_misspelt(flow, criteria) or hint)


def _misspelt(flow: Flow, keys: Sequence[str]) -> str | None:
    """The problem that validate reports about the first key that probably means one of `keys`."""
    hints = {f"Did you mean `{key}`?" for key in keys}
    near = (each for each in validate.check(flow) if each.hint in hints)
    return next((f"Line {each.location.line}: {each.message} {each.hint}" for each in near), None)


def explain_text(text: str, persona: Persona) -> Explanation:
    """The explanation of an expression that belongs to no flow. Raises InvalidFilesError if it cannot be read."""

    def place(offset: int) -> Location:
        start = text.rfind("\n", 0, offset) + 1
        return Location(_EXPRESSION, text.count("\n", 0, offset) + 1, offset - start + 1)

    message = "This expression cannot be read: to the server it is false for every user."
    part = _explained(FlowExpression((), Verdict.SEES, None, text), persona, message=message, place=place)
    return Explanation(None, None, persona, (part,))


def _explained(
    criterion: FlowExpression,
    persona: Persona,
    *,
    message: str,
    place: Callable[[int], Location],
    flow: Flow | None = None,
    known: Mapping[str, KnownFlow] | None = None,
) -> Explained:
    """The explanation. Raises InvalidFilesError, with `message`, if the expression cannot be read."""
    try:
        return explain(criterion, persona, flow, known)
    except TargetingError as error:
        problems = [
            Problem(place(each.offset), Severity.ERROR, each.code, each.message, each.hint)
            for each in (error, *error.further)
        ]
        texts = {_EXPRESSION: criterion.text} if flow is None else None
        raise InvalidFilesError(message, problems, texts=texts) from None
