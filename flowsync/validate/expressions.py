"""Checks of targeting expressions: each on its own, their references, and the tests of a file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from flowsync.errors import UncheckedPatternError
from flowsync.flows.expressions import expressions as expressions_of
from flowsync.flows.expressions import flow_of_file, parse_result, parsed, references_in, targeting_expression
from flowsync.flows.testing import MAXIMUM_TESTS, Decided, Undecided, Unusable, run_tests
from flowsync.flows.waits import circles as circles_among
from flowsync.model import Problem, Severity
from flowsync.targeting import checks
from flowsync.targeting.context import Verdict, moment
from flowsync.targeting.evaluation import CONFLICT, conflicts, trace_lines
from flowsync.targeting.references import (
    KnownFlow,
    check_cycle,
    check_references,
    check_self,
    check_self_step,
)
from flowsync.text import excerpt
from flowsync.validate.rules import (
    TEST_FAILS,
    TEST_NUMBER,
    TEST_STEP,
    TEST_TIME,
    TEST_UNDECIDED,
    TEST_UNKNOWN,
    TEST_VERDICT,
    code,
    did_you_mean,
)
from flowsync.validate.view import STEP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from flowsync.flows.expressions import FlowExpression
    from flowsync.flows.testing import TestOutcome
    from flowsync.model import Flow, JsonValue, ValuePath
    from flowsync.targeting.context import Case
    from flowsync.targeting.references import Reference
    from flowsync.targeting.rules import Finding
    from flowsync.validate.view import View

_MOST_TREE_LINES: Final = 40
MOST_SUGGESTIONS: Final = 100
"""If more flows, steps and fields are missing, it is no typing error; each would be compared with all that exist."""
_MOST_TEST_SUGGESTIONS: Final = 10
"""The same for the tests of one file, each of whose steps would be compared with every step of the flow."""
_VERDICTS: Final = frozenset(verdict.value for verdict in Verdict)


class Mention(NamedTuple):
    """An expression that mentions flows, and the flow that contains it."""

    flow: Flow
    expression: FlowExpression
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The findings about one expression, and the flows that it mentions."""

    findings: tuple[Finding, ...]
    references: tuple[Reference, ...]


@lru_cache(maxsize=2_048)
def _reading(text: str) -> _Reading:
    """The cached findings about an expression: flows share many of them."""
    return _Reading(checks.check(text, parse_result(text)), references_in(text))


def check_expressions(view: View) -> Iterator[Problem]:
    """Report the findings about each expression, at their characters."""
    for expression in view.expressions:
        for finding in _reading(expression.text).findings:
            yield _problem(view.flow, expression, finding)


def _problem(flow: Flow, expression: FlowExpression, finding: Finding) -> Problem:
    place = flow.source.offset_location(expression.path, finding.span.start)
    return Problem(place, finding.severity, finding.code, finding.message, finding.hint)


def mentions_in(flow: Flow, expressions: Iterable[FlowExpression]) -> list[Mention]:
    """The expressions of a flow that mention flows; most do not."""
    return [Mention(flow, each, found) for each in expressions if (found := _reading(each.text).references)]


def check_mentions(flows: Sequence[Flow], mentions: Sequence[Mention], unread: Collection[str]) -> Iterator[Problem]:
    """Report what the files alone show: dead references, and flows and steps that wait for themselves.

    `mentions` are those of all `flows`; `unread` are the slugs of files that cannot be read.
    """
    known = {**dict.fromkeys(unread, KnownFlow()), **_known_from_files(flows, mentions)}
    yield from _check_references(mentions, known, is_live=False)
    waiting = list({mention.flow.slug: mention.flow for mention in mentions}.values())
    circles = circles_among(waiting)
    in_circles = frozenset(chain.from_iterable(circles))
    for flow in waiting:
        targeting = targeting_expression(flow.fields)
        tree = None if targeting is None or flow.slug not in in_circles else parsed(targeting.text)
        if targeting is not None and tree is not None:
            cycles = (check_cycle(tree, flow.slug, circle) for circle in circles if flow.slug in circle)
            for finding in chain(check_self(tree, flow.slug), *cycles):
                yield _problem(flow, targeting, finding)
    for flow, expression, _ in mentions:
        tree = parsed(expression.text)
        if tree is not None and expression.step is not None and expression.verdict in {Verdict.SHOWS, Verdict.STARTS}:
            for finding in check_self_step(tree, flow.slug, expression.step):
                yield _problem(flow, expression, finding)


def check_live(flows: Iterable[Flow], live: Mapping[str, KnownFlow], files: Sequence[Flow]) -> Iterator[Problem]:
    """Report references of `flows` to flows that are neither `live`, by slug, nor among all `files`.

    If a file sets the steps of its flow, they count instead of the live ones: they will be live once applied.
    """
    mentions = [each for flow in flows for each in mentions_in(flow, expressions_of(flow.fields))]
    in_files = _known_from_files(files, mentions)
    changed = {slug: flow for slug, flow in in_files.items() if flow.steps is not None or slug not in live}
    yield from _check_references(mentions, {**live, **changed}, is_live=True)


def _known_from_files(files: Sequence[Flow], mentions: Sequence[Mention]) -> dict[str, KnownFlow]:
    """Every flow of the files, with the steps of those that are mentioned."""
    mentioned = {reference.slug for mention in mentions for reference in mention.references}
    return {flow.slug: flow_of_file(flow) if flow.slug in mentioned else KnownFlow() for flow in files}


def _check_references(
    mentions: Sequence[Mention], known: Mapping[str, KnownFlow], *, is_live: bool
) -> Iterator[Problem]:
    found = [check_references(mention.references, known, is_live=is_live, suggests=False) for mention in mentions]
    suggests = len({finding.message for findings in found for finding in findings}) <= MOST_SUGGESTIONS
    for (flow, expression, references), findings in zip(mentions, found, strict=True):
        if findings and suggests:
            findings = check_references(references, known, is_live=is_live)  # noqa: PLW2901
        for finding in findings:
            yield _problem(flow, expression, finding)


def check_test_entries(view: View) -> Iterator[Problem]:
    """Report entries of `tests` that cannot be run."""
    tests = view.flow.tests if isinstance(view.flow.tests, list) else []
    if len(tests) > MAXIMUM_TESTS:
        message = f"There are {len(tests):,} tests, and at most {MAXIMUM_TESTS} are run."
        place = view.location(("tests", MAXIMUM_TESTS))
        yield Problem(place, Severity.ERROR, "too-many-tests", message, "Keep those that tell users apart.")
    slips = 0
    for index, entry in enumerate(tests[:MAXIMUM_TESTS]):
        if isinstance(entry, dict):
            path: ValuePath = ("tests", index)
            yield from _check_verdict(view, path, entry)
            step = entry.get("step")
            known = _step_ids(view) if isinstance(step, str) else None
            if isinstance(step, str) and known is not None and step not in known:
                names = [each for each in known if isinstance(each, str)]
                message = f"This flow has no step {code(step)}."
                slips += 1
                hint = did_you_mean(step, names) if slips <= _MOST_TEST_SUGGESTIONS else None
                yield TEST_STEP.at(view.location((*path, "step")), message, hint)
            yield from _check_moments(view, path, entry)


def _check_verdict(view: View, path: ValuePath, entry: Mapping[str, JsonValue]) -> Iterator[Problem]:
    match [key for key in entry if key in _VERDICTS]:
        case []:
            yield TEST_VERDICT.at(view.location(path), "This test expects nothing.", "Add sees: true or sees: false.")
        case ["sees"] if "step" in entry:
            yield TEST_VERDICT.at(
                view.key_location((*path, "step")),
                "`sees` is about the whole flow, and a step is named.",
                "Write shows, completes or starts for the step, or leave step out.",
            )
        case [verdict] if verdict != "sees" and "step" not in entry:
            message = f"`{verdict}` is about a step, and none is named."
            yield TEST_VERDICT.at(view.key_location((*path, verdict)), message, "Add step: and its id.")
        case [_, second, *_]:
            message = "This test has more than one verdict."
            yield TEST_VERDICT.at(view.key_location((*path, second)), message, "Write one test for each.")
        case _:
            pass


def _step_ids(view: View) -> list[JsonValue] | None:
    """The ids of the flow's steps; None if the file does not set them."""
    return [part.value.get("id") for part in view.of(STEP)] if "data" in view.value else None


def _check_moments(view: View, path: ValuePath, entry: Mapping[str, JsonValue]) -> Iterator[Problem]:
    moments = [((*path, "at"), entry.get("at"))]
    user = entry.get("user")
    flows = user.get("flows") if isinstance(user, dict) else None
    for slug, progress in (flows if isinstance(flows, dict) else {}).items():
        if isinstance(progress, dict) and progress.get("done") is not None:
            place = (*path, "user", "flows", slug, "done")
            moments.append((place, progress["done"]))
            if progress.get("state") not in ("COMPLETED_FLOW", "SKIPPED_FLOW"):
                yield TEST_TIME.at(
                    view.key_location(place),
                    "`done` says when the flow was completed or skipped, and its state is neither.",
                    "Add state: COMPLETED_FLOW or state: SKIPPED_FLOW, or leave done out.",
                )
    for place, text in moments:
        if isinstance(text, str) and moment(text) is None:
            message = f"{code(text)} is not a moment."
            yield TEST_TIME.at(view.location(place), message, "Write 2026-02-01 or 2026-02-01T09:30:00Z.")


def check_test_outcomes(view: View) -> Iterator[Problem]:
    """Report the tests that fail, and those that check nothing."""
    try:
        outcomes = run_tests(view.flow, datetime.now(timezone.utc)) if view.flow.tests else ()
    except UncheckedPatternError:  # the patterns themselves are reported as not checked
        return
    for outcome in outcomes:
        yield from _check_outcome(view, outcome)


def _check_outcome(view: View, outcome: TestOutcome) -> Iterator[Problem]:
    path: ValuePath = ("tests", outcome.index)
    match outcome:
        case Decided(_, case) if outcome.failed:
            hint = "Correct the expression, or what the test expects."
            yield TEST_FAILS.at(view.location(path), _failure(case), hint, _tree(outcome))
        case Decided(_, case) if not outcome.passed:
            reasons = "; ".join(conflicts(outcome.trace)).removeprefix(f"{CONFLICT}; ")
            message = f"{_named(case)} depends on behaviour about which sources conflict: {reasons}."
            hint = "Describe the user so that it does not matter, or write the condition in another way."
            yield TEST_UNKNOWN.at(view.location(path), message, hint, _tree(outcome))
        case Undecided(_, case):
            known = _step_ids(view)
            if case.step is None or known is None or case.step in known:
                subject = "The file" if case.step is None else f"The step '{excerpt(case.step)}'"
                message = f"{subject} sets no {case.verdict.field}, so this test checks nothing."
                yield TEST_UNDECIDED.at(view.key_location((*path, case.verdict.value)), message)
        case Unusable(_, error) if _is_no_number(view.flow.tests, (outcome.index, *error.path)):
            yield TEST_NUMBER.at(view.location((*path, *error.path)), "No user has this number.")
        case _:
            # The form of an entry, a step that does not exist, and syntax have rules of their own.
            pass


def _tree(outcome: Decided) -> tuple[str, ...]:
    tree = trace_lines(outcome.trace)
    left_out = len(tree) - _MOST_TREE_LINES
    more = [f"… and {left_out} more lines"] if left_out > 0 else []
    return (*tree[:_MOST_TREE_LINES], *more)


def _named(case: Case) -> str:
    return "This test" if case.name is None else f"The test '{excerpt(case.name)}'"


def _failure(case: Case) -> str:
    wanted, found = ("true", "false") if case.expected else ("false", "true")
    step = "" if case.step is None else f" of the step '{excerpt(case.step)}'"
    return (
        f"{_named(case)} fails: it expects {case.verdict.value}: {wanted}, and {case.verdict.field}{step} is {found}."
    )


def _is_no_number(value: JsonValue, path: ValuePath) -> bool:
    """Whether the value at `path` of the tests, or the last one on the way, is infinite or not a number."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
    return isinstance(value, float) and not math.isfinite(value)
