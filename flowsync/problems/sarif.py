"""Problems of files as SARIF 2.1.0, for GitHub's code scanning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync import __version__
from flowsync.model import JsonValue, Problem, Severity
from flowsync.problems.listing import SourceLine, in_order
from flowsync.render.escape import fenced, json_text, shown, with_hint

if TYPE_CHECKING:
    from flowsync.render.style import Screen

FINGERPRINT: Final = "flowsyncProblem/v1"
"""The name of our fingerprint in SARIF; GitHub's upload action adds one of its own."""


_SARIF_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


_OF_READING: Final = (
    "The way a flow file is written, named or placed: flowsync cannot read it, or other parsers read it differently."
)
"""What is said of the problems that come before any rule: those of reading a file."""


def sarif(problems: Iterable[Problem], source_line: SourceLine, screen: Screen) -> str:  # noqa: ARG001 - one signature
    """Return a log in SARIF 2.1.0: one run with every rule, and a result for each problem.

    Files are named as the problems name them; readers take that as relative to the top of the repository. GitHub shows
    the help of a rule with each of its alerts, and needs both descriptions [doc: SARIF support].
    """
    from hashlib import sha256  # noqa: PLC0415 - 3 ms that only this format needs

    ordered = in_order(problems)
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


def _sarif_rules(problems: Iterable[Problem]) -> Mapping[str, JsonValue]:
    """Return the descriptor of every code: those with a rule, then the reader's codes among the problems."""
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
