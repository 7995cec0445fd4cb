"""Expressions held against users: the tests of flow files with what no test has seen, and explanations.

A tree has a line for each condition: whether it is true, and by which values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flowsync.flows.testing import Decided, Undecided, Unreadable, Unusable
from flowsync.model import JsonValue
from flowsync.render.escape import cell_code, code_span, columns, fenced, masked_json, plural, prose, with_hint
from flowsync.render.style import Colour, Detail, Line, Screen, Span, Style, hint_lines, line, paint, sentences
from flowsync.targeting.context import EPOCH, Case, Context, Verdict
from flowsync.targeting.evaluation import CONFLICT, TermTrace, Trace, Unknown, conflicts, outline
from flowsync.targeting.nodes import Source, formatted

if TYPE_CHECKING:
    from flowsync.flows.testing import Explained, Explanation, ExpressionCoverage, Tested, TestedFlow, TestOutcome

NO_TESTS: Final = "No tests. An entry of `tests:` in a flow file says who sees the flow."
OFF: Final = "The file turns the flow off (active: false): nobody sees it, whatever its targeting says."
OUTCOMES: Final = {
    (Verdict.SEES, True): "this user sees the flow",
    (Verdict.SEES, False): "this user does not see the flow",
    (Verdict.SHOWS, True): "the step is shown",
    (Verdict.SHOWS, False): "the step is not shown",
    (Verdict.STARTS, True): "the step is started",
    (Verdict.STARTS, False): "the step is not started",
    (Verdict.COMPLETES, True): "the step is completed",
    (Verdict.COMPLETES, False): "the step is not completed by it",
}
"""What it means that an expression is true or false."""
_TRUTHS: Final = {True: "true", False: "false", None: "unknown"}
_TRUTH_STYLES: Final = {True: Style.ADDED, False: Style.REMOVED, None: Style.WARNING}
_OUTCOME_STYLES: Final = {True: Style.DONE, False: Style.ERROR, None: Style.WARNING}
_WIDE: Final = Screen(width=100, colour=Colour.NEVER)
_WIDEST_TERM: Final = 60
"""Columns up to which the values of all terms are in one column; those of longer terms are below them."""
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
    """Return every test of every flow, the failed ones with their trees, and the counts; then what the tests saw."""
    seen = [(), *_coverage_lines(flows)] if coverage else []
    return paint([*_lines(flows, screen), *seen], screen.colour)


def tests_markdown(flows: Sequence[TestedFlow], screen: Screen, *, coverage: bool) -> str:  # noqa: ARG001 - one signature
    """Return the tests for a comment or a summary; then what they saw."""
    seen = [fenced(paint(_coverage_lines(flows), Colour.NEVER), "text")] if coverage else []
    return "\n\n".join([*_markdown(flows), *seen]) + "\n"


def tests_json(flows: Sequence[TestedFlow], screen: Screen, *, coverage: bool) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-tests/1`; it always holds what the tests saw."""
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


def explanation_text(explanation: Explanation, screen: Screen) -> str:
    """Return each expression as an indented tree, and what it comes to."""
    lines: list[Line] = []
    if explanation.slug is not None:
        lines.append(line(Span(explanation.slug, Style.HEADING), Span(f"  {explanation.file}", Style.MUTED)))
    lines.append(line(Span(f"for {_user(explanation)}", Style.MUTED)))
    for part in explanation.parts:
        style = _OUTCOME_STYLES[part.trace.truth]
        lines += [(), line(Span(_label(part), Style.HEADING), " is ", Span(_meaning(part), style))]
        lines += _tree_lines(part.trace, screen)
        for finding in part.findings:
            kind = Span(f"{finding.severity.value}[{finding.code}]", Style.WARNING)
            lines += sentences(line("  ", kind, f" {finding.message}"), screen)
            lines += hint_lines(finding.hint, screen)
    if explanation.is_off:
        lines += [(), line(Span(OFF, Style.WARNING))]
    return paint(lines, screen.colour)


def explanation_markdown(explanation: Explanation, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same for a comment, the trees inside fences."""
    subject = "an expression" if explanation.slug is None else code_span(explanation.slug)
    blocks = [f"### flowsync explain: {subject}", prose(f"For {_user(explanation)}")]
    for part in explanation.parts:
        name = code_span(part.expression.label) if part.expression.path else "The expression"
        blocks.append(f"{name} is **{_meaning(part)}**")
        blocks.append(fenced(paint(_tree_lines(part.trace, _WIDE, ""), Colour.NEVER), "text"))
        points = []
        for finding in part.findings:
            sentence = prose(with_hint(finding.message, finding.hint))
            points.append(f"- {finding.severity.value} {cell_code(finding.code)}: {sentence}")
        blocks += ["\n".join(points)] if points else []
    if explanation.is_off:
        blocks.append(prose(OFF))
    return "\n\n".join(blocks) + "\n"


def explanation_json(explanation: Explanation, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-explanation/1`."""
    return masked_json(
        {
            "format": "flowsync-explanation/1",
            "slug": explanation.slug,
            "file": explanation.file,
            "user": explanation.persona.name,
            "at": _moment(explanation.persona.context.at),
            "off": explanation.is_off,
            "expressions": [_expression_document(part) for part in explanation.parts],
        }
    )


EXPLANATION_FORMATS: Final = {"text": explanation_text, "markdown": explanation_markdown, "json": explanation_json}
"""What `explain --format` offers."""


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
    """Whether a test is shown even in a summary."""
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
    remark = _remark(outcome)
    if remark is not None:
        yield from sentences(line("        ", remark), screen, indent=8)
    if isinstance(outcome, Decided) and not outcome.passed:
        yield from _tree_lines(outcome.trace, screen, "        ")


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
            return f"the file states no {case.verdict.field}{step}: nothing is tested"
        case Unreadable(_, _, expression):
            return f"{expression.label} cannot be read: flowsync validate says why"
        case Unusable(_, error):
            return with_hint(error.message, error.hint)


def _coverage_lines(flows: Sequence[TestedFlow]) -> Iterator[Line]:
    yield line(Span("Coverage: which truths of each term some test saw", Style.HEADING))
    terms = [term for flow in flows for each in flow.coverage for term in each.terms]
    for flow in flows:
        for each in flow.coverage:
            head = f"  {each.expression.label}: {plural(each.tests, 'test')}"
            yield line("  ", Span(flow.slug, Style.HEADING), Span(head, Style.MUTED))
            for term in each.terms:
                truths = f"{'true ' if term.seen_true else '-    '} {'false' if term.seen_false else '-    '}  "
                style = Style.PLAIN if term.seen_true and term.seen_false else Style.WARNING
                yield line("    ", Span(truths, style), formatted(term.term))
    undecided = [flow.slug for flow in flows if flow.is_undecided]
    if undecided:
        yield ()
        yield line(Span("No test decides who sees:", Style.WARNING))
        yield from (line("  ", Span(slug, Style.HEADING)) for slug in undecided)
    yield ()
    both = sum(term.seen_true and term.seen_false for term in terms)
    yield line(Span(f"{both:,} of {plural(len(terms), 'term')} seen both true and false", Style.HEADING))


def _markdown(flows: Sequence[TestedFlow]) -> Iterator[str]:
    if not any(flow.tests for flow in flows):
        yield "### flowsync test"
        yield f"No tests. An entry of {code_span('tests:')} in a flow file says who sees the flow."
        return
    yield f"### flowsync test: {_counts(flows)}"
    passing = []
    for flow in flows:
        wrong = [test for test in flow.tests if _is_shown(test)]
        if wrong:
            yield code_span(flow.file)
            lines = (each for test in wrong for each in _test_lines(test, _WIDE))
            yield fenced(paint(lines, Colour.NEVER), "text")
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
        "tree": _tree_document(outcome.trace) if isinstance(outcome, Decided) else None,
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


def _tree_lines(trace: Trace, screen: Screen, margin: str = "  ") -> Iterator[Line]:
    """Yield one line for each term and chain; true or false first, the values behind the term or below it."""
    lines = [(each, 2 * each.depth + columns(each.text)) for each in outline(trace)]
    widths = (width for each, width in lines if (each.values or each.note) and width <= _WIDEST_TERM)
    column = max(widths, default=0)
    widest = len(_TRUTHS[None if any(each.truth is None for each, _ in lines) else False])
    for each, width in lines:
        inset = "  " * each.depth
        truth = Span(f"{_TRUTHS[each.truth]:<{widest}}  ", _TRUTH_STYLES[each.truth])
        # The value of a single source needs no name, for the term has just said it.
        values = [f"is {each.values[0].value}"] if len(each.values) == 1 else list(map(str, each.values))
        remarks = "; ".join([*values, *([each.note] if each.note else [])])
        start = len(margin) + len(truth.text)
        fits = start + column + 2 + columns(remarks) <= max(screen.width, column + 2)
        if remarks and width <= column and fits:
            behind = Span(f"{' ' * (column - width)}  {remarks}", Style.MUTED)
            yield line(margin, truth, f"{inset}{each.text}", behind)
            continue
        indent = start + len(inset) + 4
        yield from sentences(line(margin, truth, f"{inset}{each.text}"), screen, indent)
        if remarks:
            below = line(margin, " " * len(truth.text), Span(f"{inset}  {remarks}", Style.MUTED))
            yield from sentences(below, screen, indent)


def _tree_document(trace: Trace) -> dict[str, JsonValue]:
    """The tree for machines: chains have `parts`, terms have `values` and perhaps a `note`."""
    if isinstance(trace, TermTrace):
        values: list[JsonValue] = []
        for value, resolved in trace.values:
            if not isinstance(value, Source):
                continue
            source: dict[str, JsonValue] = {"source": formatted(value)}
            if isinstance(resolved, Unknown):
                values.append({**source, "value": None, "unknown": resolved.value})
            else:
                values.append({**source, "value": resolved})
        return {"term": formatted(trace.term), "truth": trace.truth, "values": values, "note": trace.note}
    if len(trace.parts) == 1:
        return _tree_document(trace.parts[0])
    parts: list[JsonValue] = [_tree_document(part) for part in trace.parts]
    return {"chain": outline(trace)[0].text, "truth": trace.truth, "parts": parts}


def _moment(milliseconds: float) -> str:
    """A moment (milliseconds since 1970) in UTC, to the second; as it is where no calendar has it."""
    try:
        return (EPOCH + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return str(milliseconds)


def _user(explanation: Explanation) -> str:
    persona = explanation.persona
    is_blank = persona.context == Context(at=persona.context.at)
    who = persona.name or ("a user of whom nothing is known" if is_blank else "a user as described")
    return f"{who}, at {_moment(persona.context.at)}"


def _label(part: Explained) -> str:
    return part.expression.label if part.expression.path else "the expression"


def _meaning(part: Explained) -> str:
    """`false: this user does not see the flow`."""
    truth = part.trace.truth
    if truth is None:
        return CONFLICT
    return f"{_TRUTHS[truth]}: {OUTCOMES[part.expression.verdict, truth]}" if part.expression.path else _TRUTHS[truth]


def _expression_document(part: Explained) -> dict[str, JsonValue]:
    return {
        "label": _label(part),
        "step": part.expression.step,
        "expression": part.expression.text,
        "truth": part.trace.truth,
        "tree": _tree_document(part.trace),
        "findings": [
            {
                "offset": finding.span.start,
                "severity": finding.severity.value,
                "code": finding.code,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in part.findings
        ],
    }
