"""Runs the `tests:` of flow files, and explains expressions for one user; offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.flows.expressions import expressions, own_fields, parsed
from flowsync.targeting.checks import check
from flowsync.targeting.context import CaseError, Verdict, case_from
from flowsync.targeting.evaluation import coverage, evaluate, trace
from flowsync.targeting.nodes import Everyone
from flowsync.targeting.parser import parse
from flowsync.targeting.references import check_references, check_self, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow, Location
    from flowsync.targeting.context import Case, Persona
    from flowsync.targeting.evaluation import TermCoverage, Trace
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.references import KnownFlow
    from flowsync.targeting.rules import Finding


MAXIMUM_TESTS: Final = 500
"""Tests of one flow that are run, so that a file of a pull request cannot keep a runner busy for minutes."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A test with a result: its expression is true or false, or None if sources about the language conflict.

    `index` counts the entries of `tests:` from 0.
    """

    index: int
    case: Case
    expression: FlowExpression
    tree: Expression
    truth: bool | None

    @property
    def passed(self) -> bool:
        """Whether the expression is certainly as expected."""
        return self.truth is self.case.expected

    @property
    def failed(self) -> bool:
        """Whether the expression is certainly not as expected."""
        return self.truth not in (None, self.case.expected)

    @property
    def trace(self) -> Trace:
        """The result of every term."""
        return trace(self.tree, self.case.context)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A test of an expression that the file does not have."""

    index: int
    case: Case


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A test of an expression that cannot be parsed; on the server it is false for everyone [obs]."""

    index: int
    case: Case
    expression: FlowExpression


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry that is not a valid test; `error` says where inside the entry, and why."""

    index: int
    error: CaseError


TestOutcome: TypeAlias = "Decided | Undecided | Unreadable | Unusable"


@dataclass(frozen=True, slots=True)
class Tested:
    """One test, its place in the file, and its outcome."""

    location: Location
    outcome: TestOutcome

    @property
    def is_wrong(self) -> bool:
        """Whether it failed or could not be run; a test with an unknown result is not wrong."""
        if isinstance(self.outcome, Decided):
            return self.outcome.failed
        return not isinstance(self.outcome, Undecided)


@dataclass(frozen=True, slots=True)
class ExpressionCoverage:
    """The coverage of one expression: how many tests decide it, and the results that each term had in them."""

    expression: FlowExpression
    tests: int
    terms: tuple[TermCoverage, ...]


@dataclass(frozen=True, slots=True)
class TestedFlow:
    """The tests of one flow, and the coverage of its expressions."""

    slug: str
    file: str
    tests: tuple[Tested, ...]
    coverage: tuple[ExpressionCoverage, ...]

    @property
    def is_undecided(self) -> bool:
        """Whether the flow has targeting that no test decides."""
        return any(each.expression.verdict is Verdict.SEES and not each.tests for each in self.coverage)


def run_tests(flow: Flow, now: datetime) -> tuple[TestOutcome, ...]:
    """The outcome of every entry of `tests:`, in order; `now` is the time of those without `at`.

    A test checks the file's own expressions, whatever the environment (see `own_fields`). Raises
    UncheckedPatternError where a test needs a pattern and google-re2 is not installed.
    """
    entries = flow.tests if isinstance(flow.tests, list) else []
    own = {(each.verdict, each.step): each for each in expressions(own_fields(flow))}
    outcomes: list[TestOutcome] = []
    for index, entry in enumerate(entries[:MAXIMUM_TESTS]):
        try:
            case = case_from(entry, now)
        except CaseError as error:
            outcomes.append(Unusable(index, error))
            continue
        expression = own.get((case.verdict, case.step))
        tree = None if expression is None else parsed(expression.text)
        if expression is None:
            outcomes.append(Undecided(index, case))
        elif tree is None:
            outcomes.append(Unreadable(index, case, expression))
        else:
            outcomes.append(Decided(index, case, expression, tree, evaluate(tree, case.context)))
    if len(entries) > MAXIMUM_TESTS:
        message = f"A flow has at most {MAXIMUM_TESTS} tests; these and the following are not run."
        outcomes.append(Unusable(MAXIMUM_TESTS, CaseError(message, ())))
    return tuple(outcomes)


def run_flow_tests(flows: Iterable[Flow], now: datetime) -> tuple[TestedFlow, ...]:
    """Run the tests of every flow, in the order given."""
    tested = []
    for flow in flows:
        outcomes = run_tests(flow, now)
        tests = tuple(Tested(flow.source.location(("tests", each.index)), each) for each in outcomes)
        tested.append(TestedFlow(flow.slug, flow.file, tests, _coverage(flow, outcomes)))
    return tuple(tested)


def _coverage(flow: Flow, outcomes: Iterable[TestOutcome]) -> tuple[ExpressionCoverage, ...]:
    """The coverage of every expression of a flow that can be read and is not empty."""
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    found = []
    for expression in expressions(own_fields(flow)):
        tree = parsed(expression.text)
        if tree is not None and not isinstance(tree, Everyone):
            contexts = tuple(each.case.context for each in decided if each.expression.path == expression.path)
            found.append(ExpressionCoverage(expression, len(contexts), coverage(tree, contexts)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Explained:
    """The result of one expression for a user, and what the rules find in it."""

    expression: FlowExpression
    trace: Trace
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a user sees a flow, or does not.

    `slug` and `file` are None for an expression without a flow; `is_off` says that the file switches the flow off.
    """

    slug: str | None
    file: str | None
    persona: Persona
    parts: tuple[Explained, ...]
    is_off: bool = False


def explain(
    expression: FlowExpression,
    persona: Persona,
    flow: Flow | None = None,
    known: Mapping[str, KnownFlow] | None = None,
) -> Explained:
    """Evaluate one expression, of `flow` if given; its references must be among `known` flows, if given.

    Raises TargetingError for an expression that cannot be read.
    """
    tree = parse(expression.text)
    findings = list(check(expression.text, tree))
    if known is not None:
        findings += check_references(references(tree), known, is_live=False)
    if flow is not None and expression.verdict is Verdict.SEES:
        findings += check_self(tree, flow.slug)
    findings.sort(key=lambda finding: (finding.span, finding.code))
    return Explained(expression, trace(tree, persona.context), tuple(findings))
