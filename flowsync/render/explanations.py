"""Why a user sees a flow or does not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from flowsync.render import json_text
from flowsync.render.escape import cell_code, code_span, fenced, prose
from flowsync.render.layout import hint_lines, sentences
from flowsync.render.screen import Colour, Screen
from flowsync.render.style import Span, Style, line, paint
from flowsync.render.trees import OUTCOMES, tree_document, tree_lines
from flowsync.targeting.context import EPOCH, Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flowsync.audience.explanation import Explained, Explanation
    from flowsync.model import JsonValue
    from flowsync.render.style import Line
    from flowsync.targeting.checks import Finding

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
    return json_text.text(
        json_text.masked_mapping(
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
    return part.stated.label if part.stated.path else "the expression"


def _comes_to(part: Explained) -> str:
    """`false: this user does not see the flow`."""
    word = "true" if part.trace.truth else "false"
    outcome = OUTCOMES[part.stated.verdict, part.trace.truth] if part.stated.path else ""
    return f"{word}: {outcome}" if outcome else word


def _finding(finding: Finding) -> Line:
    kind = Span(f"{finding.severity.value}[{finding.code}]", Style.WARNING)
    return line("  ", kind, f" {finding.message}")


def _markdown(explanation: Explanation) -> Iterator[str]:
    subject = "an expression" if explanation.slug is None else code_span(explanation.slug)
    yield f"### flowsync explain: {subject}"
    yield prose(f"F{_asked(explanation)[1:]}")
    for part in explanation.parts:
        name = code_span(part.stated.label) if part.stated.path else "The expression"
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
        "step": part.stated.step,
        "expression": part.stated.text,
        "truth": part.trace.truth,
        "tree": tree_document(part.trace),
        "findings": findings,
    }
