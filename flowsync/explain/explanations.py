"""Explanations of expressions for one user: a tree with a line for each condition, its truth and its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flowsync.model import JsonValue
from flowsync.render.escape import cell_code, code_span, columns, fenced, masked_json, prose, with_hint
from flowsync.render.style import Line, Screen, Span, Style, draw, hinted, line, wrapped
from flowsync.targeting.context import EPOCH, Context, Verdict
from flowsync.targeting.evaluation import CONFLICT, TermTrace, Trace, Unknown, outline
from flowsync.targeting.nodes import Source, formatted

if TYPE_CHECKING:
    from flowsync.flows.testing import Explained, Explanation

WIDE: Final = Screen()
"""What Markdown shows trees on."""
OFF: Final = "The file turns the flow off (active: false): nobody sees it, whatever its targeting says."


OUTCOMES: Final = {
    (Verdict.SEES, True): "this user sees the flow",
    (Verdict.SEES, False): "this user does not see the flow",
    (Verdict.SHOWS, True): "the step is shown",
    (Verdict.SHOWS, False): "the step is not shown",
    (Verdict.STARTS, True): "the step is started",
    (Verdict.STARTS, False): "the step is not started",
    (Verdict.COMPLETES, True): "the step is completed",
    (Verdict.COMPLETES, False): "the step is not completed",
}
"""What it means that an expression is true or false."""


_TRUTHS: Final = {True: "true", False: "false", None: "unknown"}


_TRUTH_STYLES: Final = {True: Style.ADDED, False: Style.REMOVED, None: Style.WARNING}


_OUTCOME_STYLES: Final = {True: Style.DONE, False: Style.ERROR, None: Style.WARNING}


_WIDEST_TERM: Final = 60
"""Columns up to which the values of all terms are in one column; those of longer terms are below them."""


def explanation_text(explanation: Explanation, screen: Screen) -> str:
    """Return each expression as an indented tree, with its result."""
    lines: list[Line] = []
    if explanation.slug is not None:
        lines.append(line(Span(explanation.slug, Style.HEADING), Span(f"  {explanation.file}", Style.MUTED)))
    lines.append(line(Span(f"for {_user(explanation)}", Style.MUTED)))
    for part in explanation.parts:
        meaning = Span(_meaning(part), _OUTCOME_STYLES[part.trace.truth])
        lines += [(), line(Span(_label(part), Style.HEADING), " is ", meaning), *tree_lines(part.trace, screen)]
        for finding in part.findings:
            kind = Span(f"{finding.severity.value}[{finding.code}]", Style.WARNING)
            lines += [line("  ", kind, f" {finding.message}"), *hinted(finding.hint)]
    lines += [(), line(Span(OFF, Style.WARNING))] if explanation.is_off else []
    return draw(lines, screen)


def explanation_markdown(explanation: Explanation, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the same for a comment, the trees inside fences."""
    subject = "an expression" if explanation.slug is None else code_span(explanation.slug)
    blocks = [f"### flowsync explain: {subject}", prose(f"For {_user(explanation)}")]
    for part in explanation.parts:
        name = code_span(part.expression.label) if part.expression.path else "The expression"
        blocks += [f"{name} is **{_meaning(part)}**", fenced_tree(tree_lines(part.trace, WIDE, ""))]
        points = [
            f"- {found.severity.value} {cell_code(found.code)}: {prose(with_hint(found.message, found.hint))}"
            for found in part.findings
        ]
        blocks += ["\n".join(points)] if points else []
    return "\n\n".join([*blocks, *([prose(OFF)] if explanation.is_off else [])]) + "\n"


def fenced_tree(lines: Iterable[Line]) -> str:
    """Return lines for a terminal as Markdown."""
    return fenced(draw(lines, WIDE), "text")


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


def tree_lines(trace: Trace, screen: Screen, margin: str = "  ") -> Iterator[Line]:
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
        yield from wrapped(line(margin, truth, f"{inset}{each.text}"), screen, indent)
        if remarks:
            below = line(margin, " " * len(truth.text), Span(f"{inset}  {remarks}", Style.MUTED))
            yield from wrapped(below, screen, indent)


def tree_document(trace: Trace) -> dict[str, JsonValue]:
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
        return tree_document(trace.parts[0])
    parts: list[JsonValue] = [tree_document(part) for part in trace.parts]
    return {"chain": outline(trace)[0].text, "truth": trace.truth, "parts": parts}


def _moment(milliseconds: float) -> str:
    """A moment (milliseconds since 1970) in UTC, to the second; the number itself if it is out of range."""
    try:
        return (EPOCH + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        return str(milliseconds)


def _user(explanation: Explanation) -> str:
    persona = explanation.persona
    is_blank = persona.context == Context(at=persona.context.at)
    who = persona.name or ("a user with no known properties" if is_blank else "the given user")
    return f"{who}, at {_moment(persona.context.at)}"


def _label(part: Explained) -> str:
    return part.expression.label if part.expression.path else "the expression"


def _meaning(part: Explained) -> str:
    """Return, for example, `false: this user does not see the flow`."""
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
        "tree": tree_document(part.trace),
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
