"""Results of the tests of flow files: passed, failed and why, and the coverage of each condition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from flowsync.explain.explanations import WIDE, fenced_tree, tree_document, tree_lines
from flowsync.flows.testing import Decided, Undecided, Unreadable, Unusable
from flowsync.model import JsonValue
from flowsync.render.escape import code_span, masked_json, plural, with_hint
from flowsync.render.style import HANG, Detail, Line, Screen, Span, Style, draw, line
from flowsync.targeting.context import Case, Verdict
from flowsync.targeting.evaluation import conflicts
from flowsync.targeting.nodes import formatted

if TYPE_CHECKING:
    from flowsync.flows.testing import ExpressionCoverage, Tested, TestedFlow, TestOutcome

NO_TESTS: Final = "No tests. Entries under `tests:` in a flow file say who sees the flow."
_WORDS: Final = {
    "passed": "pass",
    "failed": "FAIL",
    "unknown": "unknown",
    "undecided": "skip",
    "unreadable": "FAIL",
    "unusable": "FAIL",
}
_STYLES: Final = {"pass": Style.ADDED, "FAIL": Style.ERROR, "skip": Style.WARNING, "unknown": Style.WARNING}


def tests_text(flows: Sequence[TestedFlow], screen: Screen, *, coverage: bool) -> str:
    """Return every test of every flow, the failed ones with their trees, the counts, and the coverage."""
    return draw([*_lines(flows, screen), *([(), *_coverage_lines(flows)] if coverage else [])], screen)


def tests_markdown(flows: Sequence[TestedFlow], screen: Screen, *, coverage: bool) -> str:  # noqa: ARG001 - one signature
    """Return the tests for a comment or a summary, then the coverage."""
    return "\n\n".join([*_markdown(flows), *([fenced_tree(_coverage_lines(flows))] if coverage else [])]) + "\n"


def tests_json(flows: Sequence[TestedFlow], screen: Screen, *, coverage: bool) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-tests/1`; it always holds the coverage."""
    documents: list[JsonValue] = [
        {
            "slug": flow.slug,
            "file": flow.file,
            "tests": [_test_document(test) for test in flow.tests],
            "coverage": [_coverage_document(each) for each in flow.coverage],
        }
        for flow in flows
    ]
    undecided: list[JsonValue] = [flow.slug for flow in flows if flow.is_undecided]
    summary: dict[str, JsonValue] = {**_numbers(flows)}
    return masked_json({"format": "flowsync-tests/1", "summary": summary, "flows": documents, "undecided": undecided})


TEST_FORMATS: Final = {"text": tests_text, "markdown": tests_markdown, "json": tests_json}
"""What `test --format` offers; `coverage` is whether to show which truths of each term some test saw."""


def _kind(outcome: TestOutcome) -> str:
    match outcome:
        case Decided():
            return "passed" if outcome.passed else "failed" if outcome.failed else "unknown"
        case Undecided():
            return "undecided"
        case Unreadable():
            return "unreadable"
        case Unusable():
            return "unusable"


def _is_shown(test: Tested) -> bool:
    """Whether even a summary shows a test."""
    return test.is_wrong or _kind(test.outcome) == "unknown"


def _numbers(flows: Sequence[TestedFlow]) -> dict[str, int]:
    kinds = Counter(_kind(test.outcome) for flow in flows for test in flow.tests)
    tested = sum(bool(flow.tests) for flow in flows)
    return {"flows": len(flows), "tested": tested, "tests": kinds.total(), **{name: kinds[name] for name in _WORDS}}


def _counts(flows: Sequence[TestedFlow]) -> str:
    numbers = _numbers(flows)
    parts = [f"{numbers[name]:,} {name}" for name in _WORDS if numbers[name]]
    tests, tested = plural(numbers["tests"], "test"), plural(numbers["tested"], "flow")
    return f"{tests} of {tested}: {', '.join(parts)}" if parts else NO_TESTS


def _lines(flows: Sequence[TestedFlow], screen: Screen) -> Iterator[Line]:
    for flow in flows:
        tests = [test for test in flow.tests if _is_shown(test) or screen.detail is not Detail.SUMMARY]
        if tests:
            yield line(Span(flow.slug, Style.HEADING), Span(f"  {flow.file}", Style.MUTED))
            for test in tests:
                yield from _test_lines(test, screen)
            yield ()
    failed = any(test.is_wrong for flow in flows for test in flow.tests)
    yield line(Span(_counts(flows), Style.ERROR if failed else Style.HEADING))


def _test_lines(test: Tested, screen: Screen) -> Iterator[Line]:
    outcome = test.outcome
    word = _WORDS[_kind(outcome)]
    if isinstance(outcome, Unusable):
        title = f"test {outcome.index + 1}"
    else:
        title = _expectation(outcome.case) if outcome.case.name is None else outcome.case.name
    yield line("  ", Span(f"{word}  ", _STYLES[word]), title, Span(f"  line {test.location.line}", Style.MUTED))
    if remark := _remark(outcome):
        yield line("        ", remark)
    if isinstance(outcome, Decided) and not outcome.passed:
        yield from tree_lines(outcome.trace, screen, "        ")


def _expectation(case: Case) -> str:
    step = "" if case.step is None else f" of step {case.step}"
    return f"{case.verdict.value}: {'true' if case.expected else 'false'}{step}"


def _remark(outcome: TestOutcome) -> str | None:
    match outcome:
        case Decided(_, case, expression) if outcome.truth is None:
            reasons = "; ".join(conflicts(outcome.trace))
            return f"expects {_expectation(case)}, and {expression.label} is {reasons}"
        case Decided(_, case, expression) if not outcome.passed:
            return f"expects {_expectation(case)}, and {expression.label} is {'false' if case.expected else 'true'}"
        case Decided():
            return None
        case Undecided(_, case):
            step = "" if case.step is None else f" for step {case.step}"
            return f"the file sets no {case.verdict.field}{step}, so there is nothing to test"
        case Unreadable(_, _, expression):
            return f"{expression.label} cannot be read: run flowsync validate to see why"
        case Unusable(_, error):
            return with_hint(error.message, error.hint)


def _coverage_lines(flows: Sequence[TestedFlow]) -> Iterator[Line]:
    yield line(Span("Coverage: which results of each condition the tests saw", Style.HEADING))
    terms = [term for flow in flows for each in flow.coverage for term in each.terms]
    for flow in flows:
        for each in flow.coverage:
            head = f"  {each.expression.label}: {plural(each.tests, 'test')}"
            yield line("  ", Span(flow.slug, Style.HEADING), Span(head, Style.MUTED))
            for term in each.terms:
                truths = f"{'true ' if term.seen_true else '-    '} {'false' if term.seen_false else '-    '}  "
                style = Style.PLAIN if term.seen_true and term.seen_false else Style.WARNING
                yield line("    ", Span(truths, style), HANG, formatted(term.term))
    undecided = [flow.slug for flow in flows if flow.is_undecided]
    if undecided:
        yield ()
        yield line(Span("No test covers who sees:", Style.WARNING))
        yield from (line("  ", Span(slug, Style.HEADING)) for slug in undecided)
    yield ()
    both = sum(term.seen_true and term.seen_false for term in terms)
    yield line(Span(f"{both:,} of {plural(len(terms), 'condition')} seen both true and false", Style.HEADING))


def _markdown(flows: Sequence[TestedFlow]) -> Iterator[str]:
    if not any(flow.tests for flow in flows):
        yield from ["### flowsync test", NO_TESTS]
        return
    yield f"### flowsync test: {_counts(flows)}"
    passing = []
    for flow in flows:
        wrong = [test for test in flow.tests if _is_shown(test)]
        if wrong:
            yield code_span(flow.file)
            yield fenced_tree(each for test in wrong for each in _test_lines(test, WIDE))
        elif flow.tests:
            passing.append(f"{code_span(flow.slug)} ({len(flow.tests)})")
    if passing:
        yield f"Passing: {', '.join(passing)}"


def _test_document(test: Tested) -> dict[str, JsonValue]:
    outcome = test.outcome
    case = None if isinstance(outcome, Unusable) else outcome.case
    return {
        "line": test.location.line,
        "column": test.location.column,
        "name": None if case is None else case.name,
        "verdict": None if case is None else case.verdict.value,
        "step": None if case is None else case.step,
        "expected": None if case is None else case.expected,
        "outcome": _kind(outcome),
        "message": _remark(outcome),
        "tree": tree_document(outcome.trace) if isinstance(outcome, Decided) else None,
    }


def _coverage_document(each: ExpressionCoverage) -> dict[str, JsonValue]:
    return {
        "label": each.expression.label,
        "step": None if each.expression.verdict is Verdict.SEES else each.expression.step,
        "tests": each.tests,
        "terms": [
            {"term": formatted(term.term), "seen_true": term.seen_true, "seen_false": term.seen_false}
            for term in each.terms
        ],
    }
