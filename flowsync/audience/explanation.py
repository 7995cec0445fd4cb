"""Why a user does, or does not, see a flow: its expressions with every term's value for that user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowsync.targeting.cases import Verdict
from flowsync.targeting.checks import check
from flowsync.targeting.checks.flows import KnownFlows, World, check_references, check_self
from flowsync.targeting.mentions import references
from flowsync.targeting.parser import parse
from flowsync.targeting.tracing import trace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flowsync.audience.expressions import Stated
    from flowsync.model import Flow
    from flowsync.targeting.cases import Persona
    from flowsync.targeting.checks import Finding, KnownFlow
    from flowsync.targeting.nodes import Expression
    from flowsync.targeting.tracing import Trace


@dataclass(frozen=True, slots=True)
class Explained:
    """One expression held against a user, and what the rules have to say of it."""

    stated: Stated
    trace: Trace
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "why doesn't she see it".

    `slug` and `file` are None for an expression that is of no flow; `is_off` says that the file turns the flow off.
    """

    slug: str | None
    file: str | None
    persona: Persona
    parts: tuple[Explained, ...]
    is_off: bool = False


def explained(
    stated: Stated, persona: Persona, flow: Flow | None = None, known: Mapping[str, KnownFlow] | None = None
) -> Explained:
    """One expression (of `flow`, if of any) held against a user; references against the `known` flows, where given.

    Raises TargetingError for an expression that cannot be read.
    """
    tree = parse(stated.text)
    context = persona.context
    findings = [*check(stated.text), *_references(tree, known), *_self(tree, stated, flow)]
    findings.sort(key=lambda finding: (finding.span, finding.code))
    return Explained(stated, trace(tree, context), tuple(findings))


def _references(tree: Expression, known: Mapping[str, KnownFlow] | None) -> tuple[Finding, ...]:
    return () if known is None else check_references(references(tree), KnownFlows(World.REPO, known))


def _self(tree: Expression, stated: Stated, flow: Flow | None) -> tuple[Finding, ...]:
    return check_self(tree, flow.slug) if flow is not None and stated.verdict is Verdict.SEES else ()
