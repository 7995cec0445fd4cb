"""Targeting expressions, each by itself: can they be read, can they come true, will readers understand them."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from flowsync.flows.expressions import expressions as expressions_of
from flowsync.flows.expressions import flow_of_file, parse_result, parsed, references_in, targeting_expression
from flowsync.flows.waits import circles as expressions_circles
from flowsync.model import Problem, Severity
from flowsync.targeting import checks, rules
from flowsync.targeting.context import Verdict
from flowsync.targeting.references import (
    KnownFlow,
    KnownFlows,
    World,
    check_cycle,
    check_references,
    check_self,
    check_self_step,
)
from flowsync.validate.rule import Rule, code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow
    from flowsync.targeting.rules import Finding
    from flowsync.validate.rule import View

_REMEMBERED: Final = 65_536
FIRM: Final = frozenset({rules.SYNTAX.code, rules.TOO_LONG.code})
"""Expressions that are false for every user, however one reads them."""


def _stating(expression: str) -> str:
    """A flow file with this targeting."""
    quoted = expression.replace("'", "''")
    return f"targetingLogic: '{quoted}'\n"


EXPRESSIONS_RULES: Final = tuple(
    Rule(
        rule.code, rule.severity, rule.documentation, _stating(rule.bad), _stating(rule.good), is_firm=rule.code in FIRM
    )
    for rule in rules.RULES
    if rule not in rules.FLOW_RULES
)


@lru_cache(maxsize=_REMEMBERED)
def _findings(text: str) -> tuple[Finding, ...]:
    return checks.check_parsed(text, parse_result(text))


def check_expressions(view: View) -> Iterator[Problem]:
    """Report what is wrong with each expression, at the character where it is."""
    for stated in view.expressions:
        for finding in _findings(stated.text):
            yield problem(view.flow, stated, finding)


def problem(flow: Flow, stated: FlowExpression, finding: Finding) -> Problem:
    """A finding about an expression as a problem of the flow's file."""
    place = flow.source.offset_location(stated.path, finding.span.start)
    return Problem(place, finding.severity, finding.code, finding.message, finding.hint)


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from flowsync.flows.expressions import FlowExpression
    from flowsync.model import Flow

    Speaking: TypeAlias = tuple[Flow, FlowExpression]
    """An expression, and the flow that it is of."""

_SETUP: Final = """\
# flows/flow_setup.yaml
type: FORM
data:
  steps:
    - id: profile
      fields:
        - id: role
# flows/flow_welcome.yaml
"""
UNKNOWN_FLOW: Final = Rule(
    rules.UNKNOWN_FLOW.code,
    Severity.WARNING,
    "The flow referred to has no file. Offline that is a warning, for the flow may exist without one; plan and apply "
    "look it up, and one that is not live either is an error: the condition is false for every user.",
    f"{_SETUP}targetingLogic: user.flow('flow_setpu') == 'COMPLETED_FLOW'\n",
    f"{_SETUP}targetingLogic: user.flow('flow_setup') == 'COMPLETED_FLOW'\n",
)
UNKNOWN_STEP: Final = Rule(
    rules.UNKNOWN_STEP.code,
    rules.UNKNOWN_STEP.severity,
    rules.UNKNOWN_STEP.documentation,
    f"{_SETUP}targetingLogic: {rules.UNKNOWN_STEP.bad}\n",
    f"{_SETUP}targetingLogic: {rules.UNKNOWN_STEP.good}\n",
)
UNKNOWN_FIELD: Final = Rule(
    rules.UNKNOWN_FIELD.code,
    rules.UNKNOWN_FIELD.severity,
    rules.UNKNOWN_FIELD.documentation,
    f"{_SETUP}targetingLogic: {rules.UNKNOWN_FIELD.bad}\n",
    f"{_SETUP}targetingLogic: {rules.UNKNOWN_FIELD.good}\n",
)
SELF: Final = Rule(
    rules.SELF.code,
    rules.SELF.severity,
    rules.SELF.documentation,
    f"# flows/flow_itself.yaml\ntargetingLogic: {rules.SELF.bad}\n",
    f"# flows/flow_itself.yaml\ntargetingLogic: {rules.SELF.good}\n",
)
CYCLE: Final = Rule(
    rules.CYCLE.code,
    rules.CYCLE.severity,
    rules.CYCLE.documentation,
    "# flows/flow_hen.yaml\ntargetingLogic: user.flow('flow_egg') == 'COMPLETED_FLOW'\n"
    "# flows/flow_egg.yaml\ntargetingLogic: user.flow('flow_hen') == 'COMPLETED_FLOW'\n",
    "# flows/flow_hen.yaml\ntargetingLogic: user.flow('flow_egg') == 'COMPLETED_FLOW'\n"
    "# flows/flow_egg.yaml\ntargetingLogic: user.property('plan') == 'pro'\n",
)
_STEP: Final = "# flows/flow_itself.yaml\ndata:\n  steps:\n    - id: profile\n      visibilityCriteria: "
SELF_STEP: Final = Rule(
    rules.SELF_STEP.code,
    rules.SELF_STEP.severity,
    rules.SELF_STEP.documentation,
    f"{_STEP}{rules.SELF_STEP.bad}\n",
    f"{_STEP}{rules.SELF_STEP.good}\n",
)
REFERENCES_RULES: Final = (UNKNOWN_FLOW, UNKNOWN_STEP, UNKNOWN_FIELD, SELF, CYCLE, SELF_STEP)


def check_mentions(every: Sequence[Flow], speaking: Sequence[Speaking], unread: Collection[str]) -> Iterator[Problem]:
    """Report what the files alone tell: references that lead nowhere, and waits without end.

    `speaking` are the expressions that mention a flow, of all of them; `unread` are the slugs of unreadable files.
    """
    known = KnownFlows(World.REPO, {**dict.fromkeys(unread, KnownFlow()), **_of_files(every, speaking)})
    yield from _nowhere(speaking, known)
    waiting = list({flow.slug: flow for flow, _ in speaking}.values())
    circles = expressions_circles(waiting)
    circles_of = {slug: [each for each in circles if slug in each] for slug in chain.from_iterable(circles)}
    for flow in waiting:
        yield from _waits(flow, circles_of.get(flow.slug, ()))
    for flow, stated in speaking:
        yield from _waits_of_step(flow, stated)


def check_live(every: Iterable[Flow], live: Mapping[str, KnownFlow], files: Sequence[Flow]) -> Iterator[Problem]:
    """Report references that lead nowhere although all is known: the `live` flows by slug, and all `files`.

    What a file states of its own flow counts, for it will be live once applied.
    """
    speaking = [each for flow in every for each in mentioning(flow, expressions_of(flow.fields))]
    stated = _of_files(files, speaking)
    told = {slug: flow for slug, flow in stated.items() if flow.steps is not None or slug not in live}
    yield from _nowhere(speaking, KnownFlows(World.LIVE, {**live, **told}))


def mentioning(flow: Flow, expressions: Iterable[FlowExpression]) -> list[Speaking]:
    """Those of a flow's expressions that mention a flow; most do not."""
    return [(flow, each) for each in expressions if references_in(each.text)]


def _of_files(files: Sequence[Flow], speaking: Sequence[Speaking]) -> dict[str, KnownFlow]:
    """Every flow of the files, with the steps of those that are mentioned."""
    spoken_of = {reference.slug for _, stated in speaking for reference in references_in(stated.text)}
    return {flow.slug: flow_of_file(flow) if flow.slug in spoken_of else KnownFlow() for flow in files}


def _nowhere(speaking: Iterable[Speaking], known: KnownFlows) -> Iterator[Problem]:
    for flow, stated in speaking:
        for finding in check_references(references_in(stated.text), known):
            yield problem(flow, stated, finding)


def _waits(flow: Flow, circles: Sequence[tuple[str, ...]]) -> Iterator[Problem]:
    """Report targeting that waits for the flow itself, or for flows that wait for it."""
    stated = targeting_expression(flow.fields)
    tree = None if stated is None or not circles else parsed(stated.text)
    if stated is None or tree is None:
        return
    in_circles = (finding for circle in circles for finding in check_cycle(tree, flow.slug, circle))
    for finding in (*check_self(tree, flow.slug), *in_circles):
        yield problem(flow, stated, finding)


def _waits_of_step(flow: Flow, stated: FlowExpression) -> Iterator[Problem]:
    """Report a step that is shown or started only after itself."""
    if stated.step is None or stated.verdict not in {Verdict.SHOWS, Verdict.STARTS}:
        return
    tree = parsed(stated.text)
    for finding in () if tree is None else check_self_step(tree, flow.slug, stated.step):
        yield problem(flow, stated, finding)


SIMILAR_SLUG: Final = Rule(
    "similar-slug",
    Severity.WARNING,
    "Two slugs differ by upper and lower case only. To Frigade they are two flows; on macOS and Windows their files "
    "are one and the same, so one overwrites the other.",
    "# flows/flow_welcome.yaml\nname: Welcome\n# flows/flow_Welcome.yaml\nname: Welcome again\n",
    "# flows/flow_welcome.yaml\nname: Welcome\n# flows/flow_welcome_again.yaml\nname: Welcome again\n",
)
ALL_FLOWS_RULES: Final = (SIMILAR_SLUG,)


def check_together(flows: Iterable[Flow]) -> Iterator[Problem]:
    """Report flows that stand in each other's way."""
    first: dict[str, Flow] = {}
    for flow in flows:
        earlier = first.setdefault(unicodedata.normalize("NFC", flow.slug).casefold(), flow)
        if earlier.slug != flow.slug:
            yield SIMILAR_SLUG.at(
                flow.source.location(()),
                f"The slug {code(flow.slug)} differs from {code(earlier.slug)} by case or accents only.",
                "Rename one of the files, and the flow in Frigade.",
            )
