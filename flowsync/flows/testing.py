"""Running the `tests:` of a flow file, offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from flowsync.flows.expressions import expressions, own_fields, parsed
from flowsync.targeting.checks import check
from flowsync.targeting.context import CaseError, Verdict, case_from
from flowsync.targeting.evaluation import coverage, evaluate, trace
from flowsync.targeting.nodes import Everyone
from flowsync.targeting.parser import parse
from flowsync.targeting.references import KnownFlows, World, check_references, check_self, references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow, JsonValue, Location
    from flowsync.targeting.context import Case, Persona
    from flowsync.targeting.evaluation import TermCoverage, Trace
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.references import KnownFlow
    from flowsync.targeting.rules import Finding


@dataclass(frozen=True, slots=True)
class Decided:
    """A test that could be held against its expression. `index` counts the entries of `tests:` from 0."""

    index: int
    case: Case
    expression: FlowExpression
    tree: Expression
    truth: bool

    @property
    def passed(self) -> bool:
        """Whether the expression came out as expected."""
        return self.truth is self.case.expected

    @property
    def trace(self) -> Trace:
        """How every term came out; only failures and explanations ask for it."""
        return trace(self.tree, self.case.context)


@dataclass(frozen=True, slots=True)
class Undecided:
    """A test of an expression that the file does not state."""

    index: int
    case: Case


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A test of an expression that cannot be parsed: the server would take it for false for everyone [obs]."""

    index: int
    case: Case
    expression: FlowExpression


@dataclass(frozen=True, slots=True)
class Unusable:
    """An entry that is not written as a test should be; `error` says where inside the entry, and why."""

    index: int
    error: CaseError


MAXIMUM_TESTS: Final = 500
"""Tests of one flow that are run: a file of a pull request must not keep a runner busy for minutes."""
TestOutcome: TypeAlias = "Decided | Undecided | Unreadable | Unusable"


def run_tests(flow: Flow, now: datetime) -> tuple[TestOutcome, ...]:
    """The outcome of every entry of `tests:`, in order; `now` is the clock of those that name none.

    A test is held against the file's own expressions, whatever the environment (see `own_fields`). Raises
    UncheckedPatternError where a test needs a pattern and google-re2 is not installed.
    """
    if not isinstance(flow.tests, list):
        return ()
    stated = _by_place(expressions(own_fields(flow)))
    outcomes = [_outcome(index, entry, stated, now) for index, entry in enumerate(flow.tests[:MAXIMUM_TESTS])]
    if len(flow.tests) > MAXIMUM_TESTS:
        error = CaseError(f"A flow has at most {MAXIMUM_TESTS} tests; these and the following are not run.", ())
        outcomes.append(Unusable(MAXIMUM_TESTS, error))
    return tuple(outcomes)


def _by_place(every: Iterable[FlowExpression]) -> Mapping[tuple[Verdict, str | None], FlowExpression]:
    return {(stated.verdict, stated.step): stated for stated in every}


def _outcome(
    index: int, entry: JsonValue, every: Mapping[tuple[Verdict, str | None], FlowExpression], now: datetime
) -> TestOutcome:
    try:
        case = case_from(entry, now)
    except CaseError as error:
        return Unusable(index, error)
    stated = every.get((case.verdict, case.step))
    if stated is None:
        return Undecided(index, case)
    tree = parsed(stated.text)
    if tree is None:
        return Unreadable(index, case, stated)
    return Decided(index, case, stated, tree, evaluate(tree, case.context))


@dataclass(frozen=True, slots=True)
class ExpressionCoverage:
    """What tests say of one expression: how many decide it, and for each term which truths they saw."""

    expression: FlowExpression
    tests: int
    terms: tuple[TermCoverage, ...]


def flow_coverage(flow: Flow, outcomes: Iterable[TestOutcome]) -> tuple[ExpressionCoverage, ...]:
    """For every expression of a flow that can be read and says something, what its tests saw of it."""
    held = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    every = (_coverage(stated, held) for stated in expressions(own_fields(flow)))
    return tuple(each for each in every if each is not None)


def _coverage(stated: FlowExpression, held: list[Decided]) -> ExpressionCoverage | None:
    tree = parsed(stated.text)
    if tree is None or isinstance(tree, Everyone):
        return None
    contexts = tuple(each.case.context for each in held if each.expression.path == stated.path)
    return ExpressionCoverage(stated, len(contexts), coverage(tree, contexts))


@dataclass(frozen=True, slots=True)
class Tested:
    """One test, where it stands, and what came out."""

    location: Location
    outcome: TestOutcome

    @property
    def is_wrong(self) -> bool:
        """Whether it failed, or could not be run; one that only decides nothing is not wrong."""
        match self.outcome:
            case Decided():
                return not self.outcome.passed
            case Undecided():
                return False
            case _:
                return True


@dataclass(frozen=True, slots=True)
class TestedFlow:
    """The tests of one flow, and what they saw of its expressions."""

    slug: str
    file: str
    tests: tuple[Tested, ...]
    coverage: tuple[ExpressionCoverage, ...]

    @property
    def is_undecided(self) -> bool:
        """Whether the flow is for some users only, and no test says for whom."""
        return any(each.expression.verdict is Verdict.SEES and not each.tests for each in self.coverage)


def run_flow_tests(flows: Iterable[Flow], now: datetime) -> tuple[TestedFlow, ...]:
    """Run the tests of every flow, in the order given."""
    return tuple(_tested(flow, now) for flow in flows)


def _tested(flow: Flow, now: datetime) -> TestedFlow:
    outcomes = run_tests(flow, now)
    tests = tuple(Tested(flow.source.location(("tests", each.index)), each) for each in outcomes)
    return TestedFlow(flow.slug, flow.file, tests, flow_coverage(flow, outcomes))


@dataclass(frozen=True, slots=True)
class Explained:
    """One expression held against a user, and what the rules have to say of it."""

    expression: FlowExpression
    trace: Trace
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "why doesn't she see it".

    `slug` and `file` are None for an expression that is of no flow; `is_off` says that the file turns the flow off.
    """

    slug: str | None
    file: str | None
    persona: Persona
    parts: tuple[Explained, ...]
    is_off: bool = False


def explain(
    stated: FlowExpression, persona: Persona, flow: Flow | None = None, known: Mapping[str, KnownFlow] | None = None
) -> Explained:
    """One expression (of `flow`, if of any) held against a user; references against the `known` flows, where given.

    Raises TargetingError for an expression that cannot be read.
    """
    tree = parse(stated.text)
    context = persona.context
    findings = [*check(stated.text), *_references(tree, known), *_self(tree, stated, flow)]
    findings.sort(key=lambda finding: (finding.span, finding.code))
    return Explained(stated, trace(tree, context), tuple(findings))


def _references(tree: Expression, known: Mapping[str, KnownFlow] | None) -> tuple[Finding, ...]:
    return () if known is None else check_references(references(tree), KnownFlows(World.REPO, known))


def _self(tree: Expression, stated: FlowExpression, flow: Flow | None) -> tuple[Finding, ...]:
    return check_self(tree, flow.slug) if flow is not None and stated.verdict is Verdict.SEES else ()
