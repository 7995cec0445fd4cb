r"""Problems of files, for a terminal and for GitHub: where, what, the line itself with a caret, and what to do.

GitHub takes them as SARIF 2.1.0 (code scanning) and as workflow commands, which put notes next to lines. The runner
takes a line that begins with `::`, blanks before it left aside, for a command. It decodes `%25`, `%0D` and `%0A` in a
message, `%3A` and `%2C` too in a property [doc: workflow commands]. Line breaks are shown as `\n` like everything that
cannot be seen, before what is left is encoded.
"""

from __future__ import annotations

import platform
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final, TypeAlias
from urllib.parse import quote

from flowsync import __version__
from flowsync.errors import DocumentError, ExitCode, FlowsyncError, InvalidFilesError, RefusedError
from flowsync.model import JsonValue, Location, Problem, Severity
from flowsync.render.escape import (
    cell_code,
    cell_prose,
    columns,
    count_fitting,
    fenced,
    json_text,
    markdown_table,
    mask_keys,
    masked_json,
    plural,
    shown,
    visible_characters,
    with_hint,
)
from flowsync.render.style import NARROWEST, Line, Screen, Span, Style, hint_lines, line, paint, sentences
from flowsync.text import ELLIPSIS

SourceLine: TypeAlias = "Callable[[Location], str | None]"
"""Gives the line that a location is on, without its end; None where it cannot be had."""

NO_PROBLEMS: Final = "No problems found."
REPORT: Final = (
    "please report it with the command you ran, the text below and what `flowsync doctor --format markdown` prints."
)
LIMIT: Final = 10
"""How many annotations of one kind GitHub shows of one step; it drops the rest without a word [doc]."""
FINGERPRINT: Final = "flowsyncProblem/v1"
"""The name of our fingerprint in SARIF; GitHub's upload action adds one of its own."""
_SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_OF_READING: Final = (
    "How a flow file is written, named or placed: it cannot be read as one, or not everything reads it alike."
)
"""What is said of the problems that come before any rule: those of reading a file."""
_MARGIN: Final = "  | "
_STYLES: Final = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING}
_IN_PROPERTY: Final = str.maketrans({"%": "%25", ":": "%3A", ",": "%2C"})


def text(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return every problem, sorted, and their counts."""
    ordered = _sorted(problems)
    lines = [each for problem in ordered for each in _problem_lines(problem, source_line, screen)]
    closing = line(Span(counts(ordered), Style.HEADING if ordered else Style.DONE))
    return paint([*lines, closing], screen.colour)


def markdown(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the problems as a table."""
    ordered = _sorted(problems)
    if not ordered:
        return f"{NO_PROBLEMS}\n"
    return "\n".join([f"### flowsync validate: {counts(ordered)}", "", *problem_table(ordered), ""])


def as_json(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return the document `flowsync-problems/1`."""
    return masked_json({"format": "flowsync-problems/1", "problems": _documents(problems)})


def _documents(problems: Iterable[Problem]) -> list[JsonValue]:
    return [
        {
            **asdict(problem.location),
            "severity": problem.severity.value,
            "code": problem.code,
            "message": "\n".join([problem.message, *problem.detail]),
            "hint": problem.hint,
        }
        for problem in _sorted(problems)
    ]


def github(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:
    """Return annotations for GitHub, then the text, which the log of the step shows with them."""
    ordered = _sorted(problems)
    return annotate(ordered) + text(ordered, source_line, screen)


def sarif(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a log in SARIF 2.1.0: one run with every rule there is, and a result for each problem.

    Files are named as the problems name them; readers take that as relative to the top of the repository. GitHub shows
    the help of a rule with each of its alerts, and needs both descriptions [doc: SARIF support].
    """
    from hashlib import sha256  # noqa: PLC0415 - 3 ms that only this format needs

    ordered = _sorted(problems)
    rules = _sarif_rules(ordered)
    positions = {code: position for position, code in enumerate(rules)}
    # A fingerprint is made of what a line says and not of its number, so that an alert stays the same one while
    # lines come and go above it; of lines that say the same, each is counted.
    seen: Counter[tuple[str, str, str]] = Counter()
    results: list[JsonValue] = []
    for problem in ordered:
        same = (problem.code, problem.location.file, (source_line(problem.location) or "").strip())
        parts = "\0".join([*same, str(seen[same])])
        fingerprint = sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()
        results.append(_sarif_result(problem, positions[problem.code], fingerprint))
        seen[same] += 1
    driver: JsonValue = {"name": "flowsync", "semanticVersion": __version__, "rules": [*rules.values()]}
    run: JsonValue = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json_text({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


FORMATS: Final = {"text": text, "markdown": markdown, "json": as_json, "github": github, "sarif": sarif}
"""What `validate --format` can offer."""
FROM_TOP: Final = frozenset({"github", "sarif"})
"""Those that name files from the top of the repository."""


def counts(problems: Sequence[Problem], texts: Collection[str] = ()) -> str:
    """Return how many errors and warnings there are, and in how many files: neither `texts` nor directories."""
    severities = Counter(problem.severity for problem in problems)
    parts = [plural(severities[each], each.value) for each in Severity if severities[each]]
    files = {problem.location.file for problem in problems if problem.code != "no-flows"} - {*texts}
    where = f" in {plural(len(files), 'file')}" if files else ""
    return f"{', '.join(parts)}{where}" if parts else NO_PROBLEMS


def problem_table(problems: Iterable[Problem]) -> list[str]:
    """Return the lines of a Markdown table of problems: where, which, what."""
    rows = []
    for problem in problems:
        where = problem.location
        detail = "".join(f"<br>{cell_code(each)}" for each in problem.detail)
        rows.append(
            (
                cell_code(f"{where.file}:{where.line}:{where.column}"),
                f"{problem.severity.value} {cell_code(problem.code)}",
                f"{cell_prose(with_hint(problem.message, problem.hint))}{detail}",
            )
        )
    return markdown_table(("Where", "", "Problem"), rows)


def _sorted(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: problem.sort_key)


def _problem_lines(problem: Problem, source_line: SourceLine, screen: Screen) -> Iterator[Line]:
    where = problem.location
    kind = Span(f"{problem.severity.value}[{problem.code}]", _STYLES[problem.severity])
    place = Span(f"{where.file}:{where.line}:{where.column}: ", Style.HEADING)
    yield from sentences(line(place, kind, f" {problem.message}"), screen)
    source = source_line(where)
    if source:
        yield from _excerpt(mask_keys(source), where.column - 1, screen)
    yield from (line(Span(_MARGIN, Style.MUTED), each) for each in problem.detail)
    yield from hint_lines(problem.hint, screen)


def _excerpt(source: str, offset: int, screen: Screen) -> Iterator[Line]:
    """Yield the source around `offset`, and the caret under it; an ellipsis where there is more."""
    room = max(screen.width, NARROWEST) - len(_MARGIN) - 2 * len(ELLIPSIS)
    start = max(0, offset - room)
    pieces = visible_characters(source[start : offset + room])
    head, tail = pieces[: offset - start], pieces[offset - start :]
    kept = count_fitting(reversed(head), room // 2)
    before = (ELLIPSIS if start or kept < len(head) else "") + "".join(head[len(head) - kept :])
    kept = count_fitting(tail, room - columns(before))
    after = "".join(tail[:kept]) + (ELLIPSIS if source[offset + room :] or kept < len(tail) else "")
    margin = Span(_MARGIN, Style.MUTED)
    yield line(margin, before, after)
    yield line(margin, " " * columns(before), Span("^", Style.ERROR))


def error(
    exception: FlowsyncError,
    screen: Screen = Screen(),  # noqa: B008 - a frozen value
    source_line: SourceLine = lambda _: None,
) -> str:
    """Return what is written to stderr for an expected failure; problems of files are listed first."""
    if isinstance(exception, DocumentError):
        return paint(_problem_lines(exception.problem, source_line, screen), screen.colour)
    lines: list[Line] = []
    message = exception.message
    if isinstance(exception, InvalidFilesError):

        def source_of(where: Location) -> str | None:
            text = exception.texts.get(where.file)
            return source_line(where) if text is None else text.split("\n")[where.line - 1].rstrip("\r")

        for problem in _sorted(exception.problems):
            lines += _problem_lines(problem, source_of, screen)
        message += f" ({counts(exception.problems, exception.texts)})" if exception.problems else ""
    lines += sentences(line(Span(f"error[{exception.code}]", Style.ERROR), f" {message}"), screen)
    for reason in exception.reasons if isinstance(exception, RefusedError) else ():
        lines += sentences(line(f"  - {reason}"), screen)
    return paint([*lines, *hint_lines(exception.hint, screen)], screen.colour)


def error_as_json(exception: BaseException) -> str:
    """Return the document `flowsync-error/1`: what failed, instead of the document that was asked for."""
    found: Sequence[Problem] = ()
    if isinstance(exception, DocumentError):
        found = (exception.problem,)
    elif isinstance(exception, InvalidFilesError):
        found = exception.problems
    if isinstance(exception, FlowsyncError):
        code, message, hint, exit_code = exception.code, exception.message, exception.hint, exception.exit_code
    else:
        code, hint, exit_code = "bug", REPORT, ExitCode.ERROR
        message = f"{type(exception).__name__}: this is a bug in flowsync, not in your flows."
    details: dict[str, JsonValue] = {
        "code": code,
        "message": message,
        "hint": hint,
        "exit_code": int(exit_code),
        "reasons": [*exception.reasons] if isinstance(exception, RefusedError) else [],
        "problems": _documents(found),
    }
    return masked_json({"format": "flowsync-error/1", "error": details})


def bug(exception: BaseException, screen: Screen = Screen()) -> str:  # noqa: B008 - a frozen value
    """Return what is written to stderr when flowsync itself is at fault, with what a report needs."""
    said = f" {type(exception).__name__}: this is a bug in flowsync, not in your flows; {REPORT}"
    trace = "".join(traceback.format_exception(exception)).rstrip("\n").split("\n")
    lines = [
        *sentences(line(Span("error[bug]", Style.ERROR), said), screen),
        (),
        line(f"  flowsync {__version__}, Python {platform.python_version()}"),
        *(line(Span(f"  {each}", Style.MUTED)) for each in trace),
    ]
    return paint(lines, screen.colour)


def annotate(notes: Iterable[Problem | Exception]) -> str:
    """Return the workflow commands by which GitHub shows problems at their lines, and failures as notes of the run.

    The gravest come first; those that GitHub would drop are counted. Problems name files from the top of the
    repository, where GitHub looks for them. An exception other than a FlowsyncError is a bug in flowsync; what a report
    needs of it stays in the log.
    """
    ordered = sorted(notes, key=lambda note: _severity(note) is not Severity.ERROR)
    if len(ordered) <= LIMIT:
        return "".join(map(_command, ordered))
    left_out = ordered[LIMIT - 1 :]
    more = f"{len(left_out):,} more. The log of this step has them all."
    commands = [*map(_command, ordered[: LIMIT - 1]), f"::{_severity(left_out[0]).value} title=flowsync::{more}\n"]
    return "".join(commands)


def _severity(note: Problem | Exception) -> Severity:
    return note.severity if isinstance(note, Problem) else Severity.ERROR


def _command(note: Problem | Exception) -> str:
    if isinstance(note, Problem):
        where = note.location
        properties = {"file": where.file, "line": str(where.line), "col": str(where.column), "title": note.code}
        lines = [with_hint(note.message, note.hint), *note.detail]
    elif isinstance(note, FlowsyncError):
        reasons = note.reasons if isinstance(note, RefusedError) else ()
        properties, lines = {"title": note.code}, [with_hint(note.message, None if reasons else note.hint), *reasons]
        lines += [note.hint] if reasons and note.hint else []
    else:
        bug = "this is a bug in flowsync, not in your flows. The log has what to report."
        properties, lines = {"title": "bug"}, [f"{type(note).__name__}: {bug}"]
    pairs = ",".join(f"{name}={shown(value).translate(_IN_PROPERTY)}" for name, value in properties.items())
    message = "%0A".join(shown(each).replace("%", "%25") for each in lines)
    return f"::{_severity(note).value} {pairs}::{message}\n"


def stopped(text: str, token: str) -> str:
    """Return text that the runner takes no commands from: `token` must not be guessable, nor be in the text."""
    if token in text:
        raise ValueError("the token is in the text")
    end = "" if text.endswith("\n") else "\n"
    return f"::stop-commands::{token}\n{text}{end}::{token}::\n"


def _sarif_rules(problems: Iterable[Problem]) -> Mapping[str, JsonValue]:
    """Return the descriptor of every code: those with a rule, then those of reading among the problems."""
    from flowsync import validate  # noqa: PLC0415 - the rules and their documentation, which only this format needs

    rules: dict[str, JsonValue] = {}
    for rule in validate.RULES:
        help_text = f"{rule.documentation}\n\nFor example:\n\n{fenced(rule.example, 'yaml')}\n"
        rules[rule.code] = _sarif_rule(rule.code, rule.documentation, help_text, rule.severity)
    others = {problem.code: problem.severity for problem in problems if problem.code not in rules}
    return rules | {code: _sarif_rule(code, _OF_READING, _OF_READING, others[code]) for code in sorted(others)}


def _sarif_rule(code: str, text: str, markdown: str, severity: Severity) -> JsonValue:
    first, stop, _ = text.partition(". ")
    return {
        "id": code,
        "shortDescription": {"text": first + stop.rstrip()},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": severity.value},
        "properties": {"problem.severity": severity.value, "precision": "very-high"},
    }


def _sarif_result(problem: Problem, rule: int, fingerprint: str) -> JsonValue:
    where = problem.location
    # The one markup that plain messages know is a link, `[text](target)`.
    lines = (shown(each).replace("](", r"\](") for each in (with_hint(problem.message, problem.hint), *problem.detail))
    place: JsonValue = {
        "artifactLocation": {"uri": quote(shown(where.file)), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": where.line, "startColumn": where.column},
    }
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": "\n".join(lines)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }
