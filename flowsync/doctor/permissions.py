"""Facts about GITHUB_TOKEN: what it can read of the repository. What it may write shows only when it writes."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flowsync.api.probing import Answer, Prober
    from flowsync.model import JsonValue

_UNAUTHORIZED: Final = 401
_HINT: Final = "docs/ci.md lists the permissions that each workflow needs, to write as well."
_MOST_PERMISSIONS: Final = 8


class Reading(Enum):
    """What is read of the repository; the value is the permission that it needs [doc: GitHub]."""

    REPOSITORY = "metadata"
    PULLS = "pull-requests"
    RUNS = "actions"


def ask_github(prober: Prober, repository: str, commit: str) -> Iterator[tuple[Reading, Answer]]:
    """Read one thing with each permission. Where no answer came to the first, no other is asked."""
    place = f"/repos/{quote(repository, safe='/')}"
    paths = {
        Reading.REPOSITORY: (place, {}),
        Reading.PULLS: (f"{place}/pulls", {"per_page": "1"}),
        Reading.RUNS: (f"{place}/actions/runs", {"per_page": "1", "head_sha": commit}),
    }
    for reading, (path, query) in paths.items():
        answer = prober.ask(path, query)
        yield reading, answer
        if answer.status is None:
            return


def token_facts(answers: Mapping[Reading, Answer]) -> Iterator[Fact]:
    """What the answers show of the token."""
    if any(answer.status == _UNAUTHORIZED for answer in answers.values()):
        yield problem("token", "GitHub does not accept GITHUB_TOKEN", "Use the token of this run: github.token.")
        return
    if not answers or all(answer.status is None for answer in answers.values()):
        yield note("token", "GITHUB_TOKEN is set, and GitHub could not be asked: what it may do is not known")
        return
    value: JsonValue = {reading.value: answer.status for reading, answer in answers.items()}
    words = [f"{reading.value} {_outcome(answer)}" for reading, answer in answers.items()]
    refused = any(not answer.is_success for answer in answers.values())
    text = f"GITHUB_TOKEN reads: {', '.join(words)}"
    yield note("token", text, value, _HINT) if refused else ok("token", text, value)
    repository = answers.get(Reading.REPOSITORY)
    if repository is not None and isinstance(repository.value, dict):
        yield from _repository_facts(repository.value)


def _outcome(answer: Answer) -> str:
    return "yes" if answer.is_success else f"no (status {answer.status or 'none'})"


def _repository_facts(found: Mapping[str, JsonValue]) -> Iterator[Fact]:
    if isinstance(is_private := found.get("private"), bool):
        text = "private" if is_private else "public, so anyone can read it whatever the token's permissions"
        yield ok("visibility", text, text.partition(",")[0])
    permissions = found.get("permissions")
    if isinstance(permissions, dict):
        granted = [excerpt(name, 40) for name, is_granted in permissions.items() if is_granted is True]
        shown = granted[:_MOST_PERMISSIONS]
        yield ok("permissions", f"GitHub reports: {', '.join(shown) or 'none'}", [*shown])
