"""An expression held against a user, as an indented tree: what holds, what does not, and by which values."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flowsync.render import escape
from flowsync.render.escape import cell_code, code_span, columns, fenced, masked_mapping, prose
from flowsync.render.style import Colour, Screen, Span, Style, hint_lines, line, paint, sentences
from flowsync.targeting.context import EPOCH, Context, Verdict
from flowsync.targeting.evaluation import BranchTrace, TermTrace, Unknown, outline
from flowsync.targeting.nodes import Source, formatted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.flows.testing import Explained, Explanation
    from flowsync.model import JsonValue
    from flowsync.render.style import Line
    from flowsync.targeting.evaluation import OutlineLine, Resolved, Trace
    from flowsync.targeting.rules import Finding

_STYLES: Final = {True: Style.ADDED, False: Style.REMOVED}
_WIDEST_TERM: Final = 60
"""Columns up to which the values of all terms stand in one column; those of longer terms stand below them."""

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


def tree_lines(whole: Trace, screen: Screen, margin: str = "  ") -> Iterator[Line]:
    """Yield one line for each term and chain; true or false first, the values behind the term or below it."""
    lines = outline(whole)
    widths = [_width(each) for each in lines if each.values or each.note]
    column = max((width for width in widths if width <= _WIDEST_TERM), default=0)
    for each in lines:
        yield from _term_lines(each, column, screen, margin)


def _width(each: OutlineLine) -> int:
    return 2 * each.depth + columns(each.text)


def _term_lines(each: OutlineLine, column: int, screen: Screen, margin: str) -> Iterator[Line]:
    told = Span(f"{_word(truth=each.truth):<5}  ", _STYLES[each.truth])
    text = f"{'  ' * each.depth}{each.text}"
    remarks = "; ".join([*_values(each), *([each.note] if each.note else [])])
    gap = column - _width(each)
    indent = len(margin) + 7 + 2 * each.depth + 4
    if not remarks:
        yield from sentences(line(margin, told, text), screen, indent)
    elif gap >= 0 and len(margin) + 7 + column + 2 + columns(remarks) <= max(screen.width, column + 2):
        yield line(margin, told, text, Span(f"{' ' * gap}  {remarks}", Style.MUTED))
    else:
        yield from sentences(line(margin, told, text), screen, indent)
        below = line(margin, " " * 7, Span(f"{'  ' * each.depth}  {remarks}", Style.MUTED))
        yield from sentences(below, screen, indent)


def _values(each: OutlineLine) -> list[str]:
    """The values of a term's sources; one alone needs no name, for the term has just said it."""
    if len(each.values) == 1:
        return [f"is {each.values[0].value}"]
    return list(map(str, each.values))


def _word(*, truth: bool) -> str:
    return "true" if truth else "false"


def tree_document(whole: Trace) -> dict[str, JsonValue]:
    """The tree for machines: chains have `parts`, terms have `values` and perhaps a `note`."""
    match whole:
        case TermTrace(term, truth, decided, note):
            values: list[JsonValue] = [
                {"source": formatted(value), **_value(resolved)}
                for value, resolved in decided
                if isinstance(value, Source)
            ]
            return {"term": formatted(term), "truth": truth, "values": values, "note": note}
        case BranchTrace():
            if len(whole.parts) == 1:
                return tree_document(whole.parts[0])
            parts: list[JsonValue] = [tree_document(part) for part in whole.parts]
            return {"chain": outline(whole)[0].text, "truth": whole.truth, "parts": parts}


def _value(resolved: Resolved) -> dict[str, JsonValue]:
    """A source's value; what has none at all says why."""
    if isinstance(resolved, Unknown):
        return {"value": None, "unknown": resolved.value}
    return {"value": resolved}


FORMAT: Final = "flowsync-explanation/1"
OFF: Final = "The file turns the flow off (active: false): nobody sees it, whatever its targeting says."
_WIDE: Final = Screen(width=100, colour=Colour.NEVER)


def text(explanation: Explanation, screen: Screen) -> str:
    """Return each expression as an indented tree, and what it comes to."""
    return paint(_lines(explanation, screen), screen.colour)


def markdown(explanation: Explanation, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same for a comment, the trees inside fences."""
    return "\n\n".join(_markdown(explanation)) + "\n"


def as_json(explanation: Explanation, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-explanation/1`."""
    parts: list[JsonValue] = [_document(part) for part in explanation.parts]
    return escape.text(
        masked_mapping(
            {
                "format": FORMAT,
                "slug": explanation.slug,
                "file": explanation.file,
                "user": explanation.persona.name,
                "at": moment_text(explanation.persona.context.at),
                "off": explanation.is_off,
                "expressions": parts,
            }
        )
    )


FORMATS: Final[Mapping[str, Callable[[Explanation, Screen], str]]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
"""What `explain --format` offers."""


def moment_text(milliseconds: float) -> str:
    """A moment (milliseconds since 1970) in UTC, to the second; as it is where no calendar has it."""
    try:
        return (EPOCH + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return str(milliseconds)


def _lines(explanation: Explanation, screen: Screen) -> Iterator[Line]:
    yield from _heading(explanation)
    for part in explanation.parts:
        yield ()
        yield _verdict(part)
        yield from tree_lines(part.trace, screen)
        for finding in part.findings:
            yield from sentences(_finding(finding), screen)
            yield from hint_lines(finding.hint, screen)
    if explanation.is_off:
        yield ()
        yield line(Span(OFF, Style.WARNING))


def _heading(explanation: Explanation) -> Iterator[Line]:
    if explanation.slug is not None:
        yield line(Span(explanation.slug, Style.HEADING), Span(f"  {explanation.file}", Style.MUTED))
    yield line(Span(_asked(explanation), Style.MUTED))


def _asked(explanation: Explanation) -> str:
    persona = explanation.persona
    is_blank = persona.context == Context(at=persona.context.at)
    who = persona.name or ("a user of whom nothing is known" if is_blank else "a user as described")
    return f"for {who}, at {moment_text(explanation.persona.context.at)}"


def _verdict(part: Explained) -> Line:
    style = Style.DONE if part.trace.truth else Style.ERROR
    return line(Span(_label(part), Style.HEADING), " is ", Span(_comes_to(part), style))


def _label(part: Explained) -> str:
    return part.expression.label if part.expression.path else "the expression"


def _comes_to(part: Explained) -> str:
    """`false: this user does not see the flow`."""
    word = "true" if part.trace.truth else "false"
    outcome = OUTCOMES[part.expression.verdict, part.trace.truth] if part.expression.path else ""
    return f"{word}: {outcome}" if outcome else word


def _finding(finding: Finding) -> Line:
    kind = Span(f"{finding.severity.value}[{finding.code}]", Style.WARNING)
    return line("  ", kind, f" {finding.message}")


def _markdown(explanation: Explanation) -> Iterator[str]:
    subject = "an expression" if explanation.slug is None else code_span(explanation.slug)
    yield f"### flowsync explain: {subject}"
    yield prose(f"F{_asked(explanation)[1:]}")
    for part in explanation.parts:
        name = code_span(part.expression.label) if part.expression.path else "The expression"
        yield f"{name} is **{_comes_to(part)}**"
        yield fenced(paint(tree_lines(part.trace, _WIDE, ""), Colour.NEVER), "text")
        if part.findings:
            yield "\n".join(_markdown_point(finding) for finding in part.findings)
    if explanation.is_off:
        yield prose(OFF)


def _markdown_point(finding: Finding) -> str:
    sentences = f"{finding.message} {finding.hint or ''}".rstrip()
    return f"- {finding.severity.value} {cell_code(finding.code)}: {prose(sentences)}"


def _document(part: Explained) -> dict[str, JsonValue]:
    findings: list[JsonValue] = [
        {
            "offset": finding.span.start,
            "severity": finding.severity.value,
            "code": finding.code,
            "message": finding.message,
            "hint": finding.hint,
        }
        for finding in part.findings
    ]
    return {
        "label": _label(part),
        "step": part.expression.step,
        "expression": part.expression.text,
        "truth": part.trace.truth,
        "tree": tree_document(part.trace),
        "findings": findings,
    }
