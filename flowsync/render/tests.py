"""The tests of flow files: what passed, what failed and why, and what no test has seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from flowsync.flows.testing import Decided, Undecided, Unreadable, Unusable
from flowsync.render import escape
from flowsync.render.escape import code_span, fenced, masked_mapping, plural
from flowsync.render.explanations import tree_document, tree_lines
from flowsync.render.style import Colour, Detail, Screen, Span, Style, line, paint, sentences
from flowsync.targeting.context import Verdict
from flowsync.targeting.nodes import formatted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.flows.testing import ExpressionCoverage, Tested, TestedFlow, TestOutcome
    from flowsync.model import JsonValue
    from flowsync.render.style import Line
    from flowsync.targeting.context import Case
    from flowsync.targeting.evaluation import TermCoverage

FORMAT: Final = "flowsync-tests/1"
NO_TESTS: Final = "No tests. An entry of `tests:` in a flow file says who sees the flow."
_WIDE: Final = Screen(width=100, colour=Colour.NEVER)
_WORDS: Final = {"passed": "pass", "failed": "FAIL", "undecided": "skip", "unreadable": "FAIL", "unusable": "FAIL"}
_STYLES: Final = {"pass": Style.ADDED, "FAIL": Style.ERROR, "skip": Style.WARNING}


def text(flows: Sequence[TestedFlow], screen: Screen) -> str:
    """Return every test of every flow, the failed ones with their trees, and the counts."""
    return paint(_lines(flows, screen), screen.colour)


def with_coverage(flows: Sequence[TestedFlow], screen: Screen) -> str:
    """Return the same, and for each term which truths some test saw."""
    lines = [*_lines(flows, screen), (), *_coverage_lines(flows)]
    return paint(lines, screen.colour)


def markdown(flows: Sequence[TestedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the tests for a comment or a summary."""
    return "\n\n".join(_markdown(flows)) + "\n"


def markdown_with_coverage(flows: Sequence[TestedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same, and what the tests saw."""
    told = fenced(paint(_coverage_lines(flows), Colour.NEVER), "text")
    return "\n\n".join([*_markdown(flows), told]) + "\n"


def as_json(flows: Sequence[TestedFlow], screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-tests/1`; it always holds what the tests saw."""
    each: list[JsonValue] = [_document(flow) for flow in flows]
    undecided: list[JsonValue] = [flow.slug for flow in flows if flow.is_undecided]
    document: dict[str, JsonValue] = {
        "format": FORMAT,
        "summary": {**_numbers(flows)},
        "flows": each,
        "undecided": undecided,
    }
    return escape.text(masked_mapping(document))


FORMATS: Final[Mapping[str, Callable[[Sequence[TestedFlow], Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `test --format` offers."""
COVERAGE_FORMATS: Final[Mapping[str, Callable[[Sequence[TestedFlow], Screen], str]]] = {
    "text": with_coverage,
    "markdown": markdown_with_coverage,
    "json": as_json,
}
"""The same formats for `test --coverage`."""


def kind(outcome: TestOutcome) -> str:
    """One word for an outcome."""
    match outcome:
        case Decided():
            return "passed" if outcome.passed else "failed"
        case Undecided():
            return "undecided"
        case Unreadable():
            return "unreadable"
        case Unusable():
            return "unusable"


def counts(flows: Sequence[TestedFlow]) -> str:
    """Return how many tests there are, and how they went."""
    numbers = _numbers(flows)
    wrong = [f"{numbers[name]:,} {name}" for name in _WORDS if numbers[name]]
    tests, of_flows = plural(numbers["tests"], "test"), plural(numbers["tested"], "flow")
    return f"{tests} of {of_flows}: {', '.join(wrong)}" if wrong else NO_TESTS


def _numbers(flows: Sequence[TestedFlow]) -> dict[str, int]:
    kinds = Counter(kind(test.outcome) for flow in flows for test in flow.tests)
    return {
        "flows": len(flows),
        "tested": sum(bool(flow.tests) for flow in flows),
        "tests": kinds.total(),
        **{name: kinds[name] for name in _WORDS},
    }


def _lines(flows: Sequence[TestedFlow], screen: Screen) -> Iterator[Line]:
    for flow in flows:
        tests = [test for test in flow.tests if test.is_wrong or screen.detail is not Detail.SUMMARY]
        if tests:
            yield line(Span(flow.slug, Style.HEADING), Span(f"  {flow.file}", Style.MUTED))
            for test in tests:
                yield from _test_lines(test, screen)
            yield ()
    failed = any(test.is_wrong for flow in flows for test in flow.tests)
    yield line(Span(counts(flows), Style.ERROR if failed else Style.HEADING))


def _test_lines(test: Tested, screen: Screen) -> Iterator[Line]:
    word = _WORDS[kind(test.outcome)]
    where = Span(f"  line {test.location.line}", Style.MUTED)
    yield line("  ", Span(f"{word}  ", _STYLES[word]), title(test.outcome), where)
    said = remark(test.outcome)
    if said is not None:
        yield from sentences(line("        ", said), screen, indent=8)
    if isinstance(test.outcome, Decided) and not test.outcome.passed:
        yield from tree_lines(test.outcome.trace, screen, "        ")


def title(outcome: TestOutcome) -> str:
    """What a test is called: its name, or what it expects."""
    if isinstance(outcome, Unusable):
        return f"test {outcome.index + 1}"
    case = outcome.case
    return _expectation(case) if case.name is None else case.name


def _expectation(case: Case) -> str:
    step = "" if case.step is None else f" of step {case.step}"
    return f"{case.verdict.value}: {'true' if case.expected else 'false'}{step}"


def remark(outcome: TestOutcome) -> str | None:
    """What there is to say of an outcome other than a pass."""
    match outcome:
        case Decided(_, case, stated) if not outcome.passed:
            return f"expects {_expectation(case)}, and {stated.label} is {'false' if case.expected else 'true'}"
        case Decided():
            return None
        case Undecided(_, case):
            return f"the file states no {case.verdict.field}{_of_step(case)}: nothing is tested"
        case Unreadable(_, _, stated):
            return f"{stated.label} cannot be read: flowsync validate says why"
        case Unusable(_, error):
            return f"{error.message} {error.hint or ''}".rstrip()


def _of_step(case: Case) -> str:
    return "" if case.step is None else f" for step {case.step}"


def _coverage_lines(flows: Sequence[TestedFlow]) -> Iterator[Line]:
    """Yield each expression with its terms, whole flows that no test decides, and how much is seen both ways."""
    yield line(Span("Coverage: which truths of each term some test saw", Style.HEADING))
    for flow in flows:
        for each in flow.coverage:
            head = f"  {each.expression.label}: {plural(each.tests, 'test')}"
            yield line("  ", Span(flow.slug, Style.HEADING), Span(head, Style.MUTED))
            yield from map(_term_line, each.terms)
    undecided = [flow.slug for flow in flows if flow.is_undecided]
    if undecided:
        yield ()
        yield line(Span("No test decides who sees:", Style.WARNING))
        yield from (line("  ", Span(slug, Style.HEADING)) for slug in undecided)
    yield ()
    yield line(Span(covered(flows), Style.HEADING))


def covered(flows: Sequence[TestedFlow]) -> str:
    """Return how many terms were seen both true and false."""
    terms = [term for flow in flows for each in flow.coverage for term in each.terms]
    both = sum(term.seen_true and term.seen_false for term in terms)
    return f"{both:,} of {plural(len(terms), 'term')} seen both true and false"


def _term_line(term: TermCoverage) -> Line:
    seen_true, seen_false = ("true " if term.seen_true else "-    "), ("false" if term.seen_false else "-    ")
    style = Style.PLAIN if term.seen_true and term.seen_false else Style.WARNING
    return line("    ", Span(f"{seen_true} {seen_false}  ", style), formatted(term.term))


def _markdown(flows: Sequence[TestedFlow]) -> Iterator[str]:
    yield f"### flowsync test: {counts(flows)}" if any(flow.tests for flow in flows) else "### flowsync test"
    wrong = [flow for flow in flows if any(test.is_wrong for test in flow.tests)]
    for flow in wrong:
        lines = [each for test in flow.tests if test.is_wrong for each in _test_lines(test, _WIDE)]
        yield code_span(flow.file)
        yield fenced(paint(lines, Colour.NEVER), "text")
    passing = [flow for flow in flows if flow.tests and flow not in wrong]
    if passing:
        named = ", ".join(f"{code_span(flow.slug)} ({len(flow.tests)})" for flow in passing)
        yield f"Passing: {named}"
    if not any(flow.tests for flow in flows):
        yield f"No tests. An entry of {code_span('tests:')} in a flow file says who sees the flow."


def _document(flow: TestedFlow) -> dict[str, JsonValue]:
    tests: list[JsonValue] = [_test_document(test) for test in flow.tests]
    coverage: list[JsonValue] = [_coverage_document(each) for each in flow.coverage]
    return {"slug": flow.slug, "file": flow.file, "tests": tests, "coverage": coverage}


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
        "outcome": kind(outcome),
        "message": remark(outcome),
        "tree": tree_document(outcome.trace) if isinstance(outcome, Decided) else None,
    }


def _coverage_document(each: ExpressionCoverage) -> dict[str, JsonValue]:
    terms: list[JsonValue] = [
        {"term": formatted(term.term), "seen_true": term.seen_true, "seen_false": term.seen_false}
        for term in each.terms
    ]
    is_own = each.expression.verdict is Verdict.SEES
    return {
        "label": each.expression.label,
        "step": None if is_own else each.expression.step,
        "tests": each.tests,
        "terms": terms,
    }
