"""Problems of files as SARIF 2.1.0, for GitHub's code scanning and whatever else reads that format.

GitHub shows the help of a rule beside each of its alerts, and needs both descriptions [doc: SARIF support].
A fingerprint is made of what a line says and not of its number, so that an alert stays the same one while
lines come and go above it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync import __version__, validate
from flowsync.render import escape
from flowsync.render.escape import fenced, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flowsync.model import JsonValue, Location, Problem, Severity
    from flowsync.render.problems import SourceLine
    from flowsync.validate import Rule

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION: Final = "2.1.0"
FINGERPRINT: Final = "flowsyncProblem/v1"
"""The name of our fingerprint; GitHub's upload action adds one of its own beside it."""
OF_READING: Final = (
    "How a flow file is written, named or placed: it cannot be read as one, or not everything reads it alike."
)
"""What is said of the problems that come before any rule: those of reading a file."""


def document(problems: Sequence[Problem], source_line: SourceLine) -> str:
    """Return the log: one run with every rule there is, and a result for each problem, in the order given.

    Files are named as the problems name them; readers take that as relative to the top of the repository.
    """
    rules = _rules(problems)
    positions = {code: position for position, code in enumerate(rules)}
    results: list[JsonValue] = [
        _result(problem, positions[problem.code], fingerprint)
        for problem, fingerprint in zip(problems, _fingerprints(problems, source_line), strict=True)
    ]
    driver: JsonValue = {"name": "flowsync", "semanticVersion": __version__, "rules": list(rules.values())}
    run: JsonValue = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return escape.text({"$schema": SCHEMA, "version": VERSION, "runs": [run]})


def _rules(problems: Iterable[Problem]) -> Mapping[str, JsonValue]:
    """Return the descriptor of every code: those with a rule, then those of reading among the problems."""
    known = {rule.code: _descriptor(rule) for rule in validate.rules()}
    others = {problem.code: problem.severity for problem in problems if problem.code not in known}
    return known | {code: _described(code, OF_READING, OF_READING, others[code]) for code in sorted(others)}


def _descriptor(rule: Rule) -> JsonValue:
    example = f"For example:\n\n{fenced(rule.example, 'yaml')}\n"
    return _described(rule.code, rule.documentation, f"{rule.documentation}\n\n{example}", rule.severity)


def _described(code: str, text: str, markdown: str, severity: Severity) -> JsonValue:
    first, stop, _ = text.partition(". ")
    return {
        "id": code,
        "shortDescription": {"text": first + stop.rstrip()},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": severity.value},
        "properties": {"problem.severity": severity.value, "precision": "very-high"},
    }


def _result(problem: Problem, rule: int, fingerprint: str) -> JsonValue:
    sentences = f"{problem.message} {problem.hint or ''}".rstrip()
    return {
        "ruleId": problem.code,
        "ruleIndex": rule,
        "level": problem.severity.value,
        "message": {"text": "\n".join(map(_plain, (sentences, *problem.detail)))},
        "locations": [{"physicalLocation": _place(problem.location)}],
        "partialFingerprints": {FINGERPRINT: fingerprint},
    }


def _plain(sentences: str) -> str:
    """Return a message as text: the one markup that plain messages know is a link, `[text](target)`."""
    return shown(sentences).replace("](", r"\](")


def _place(location: Location) -> JsonValue:
    return {
        "artifactLocation": {"uri": quote(shown(location.file)), "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": location.line, "startColumn": location.column},
    }


def _fingerprints(problems: Iterable[Problem], source_line: SourceLine) -> Iterable[str]:
    """Yield what tells a problem from the others: kind, file, the line's text, how many like it came before."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for problem in problems:
        text = (source_line(problem.location) or "").strip()
        same = (problem.code, problem.location.file, text)
        yield _digest(*same, str(seen[same]))
        seen[same] += 1


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
