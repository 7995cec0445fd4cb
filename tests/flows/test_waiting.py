"""Which flow waits for which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowsync.flows.waits import Bond, Edge, circles, neighbourhood, waiting_graph
from tests.validate.building import flows_of

if TYPE_CHECKING:
    from flowsync.flows.waits import WaitingGraph

DONE = "user.flow('{}') == 'COMPLETED_FLOW'"


def graph(**targeting: str) -> WaitingGraph:
    return waiting_graph(flows_of("".join(f"# flows/{slug}.yaml\n{text}\n" for slug, text in targeting.items())))


def waits(slug: str) -> str:
    return f"targetingLogic: {DONE.format(slug)}"


def test_targeting_must_or_may_wait_and_a_flow_without_a_file_is_a_node_too() -> None:
    made = graph(
        a=waits("b"),
        b=f"targetingLogic: {DONE.format('c')} || {DONE.format('away')}",
        c="targetingLogic: user.flow('d') != 'COMPLETED_FLOW'",
        d="name: d",
    )
    assert made.edges == (Edge("a", "b", Bond.MUST), Edge("b", "away", Bond.MAY), Edge("b", "c", Bond.MAY))
    assert [(node.slug, node.has_file) for node in made.nodes] == [
        ("a", True),
        ("away", False),
        ("b", True),
        ("c", True),
        ("d", True),
    ]
    assert made.circles == ()


def test_alternatives_about_one_flow_must_wait_for_it() -> None:
    skipped = DONE.format("b").replace("COMPLETED", "SKIPPED")
    assert graph(a=f"targetingLogic: {DONE.format('b')} || {skipped}").edges == (Edge("a", "b", Bond.MUST),)


def test_steps_wait_for_other_flows_and_add_nothing_to_what_targeting_waits_for() -> None:
    step = '    - {id: %s, startCriteria: "%s"}\n'
    data = "data:\n  steps:\n" + "".join(
        step % each
        for each in [
            ("one", "user.flowStep('b', 'x') == 'COMPLETED_STEP'"),
            ("two", "user.flow('b') == 'STARTED_FLOW'"),
            ("three", DONE.format("c")),
            ("four", "user.flowStep('a', 'one') == 'COMPLETED_STEP'"),
            ("five", "user.flow('"),
        ]
    )
    nameless = "    - startCriteria: " + DONE.format("d") + "\n"
    made = graph(a=f"{waits('c')}\n{data}{nameless}")
    assert made.edges == (
        Edge("a", "b", Bond.STEP, ("one", "two")),
        Edge("a", "c", Bond.MUST),
        Edge("a", "d", Bond.STEP, ("5",)),
    )


def test_every_wait_among_flows_that_all_wait_for_one_another_is_circular() -> None:
    both = f"targetingLogic: {DONE.format('b')} && {DONE.format('c')}"
    made = graph(a=both, b=waits("a"), c=waits("a"), d=waits("a"), e=waits("e"))
    assert {(edge.waiting, edge.awaited) for edge in made.edges if edge.is_circular} == {
        ("a", "b"),
        ("a", "c"),
        ("b", "a"),
        ("c", "a"),
        ("e", "e"),
    }
    assert made.circles == (("a", "b"), ("a", "c"), ("e",))


def test_a_flow_that_cannot_be_read_waits_for_none() -> None:
    assert circles(flows_of("# flows/a.yaml\ntargetingLogic: user.flow('a\n# flows/b.yaml\ntargetingLogic:\n")) == ()


def test_around_some_flows_are_their_neighbours() -> None:
    made = neighbourhood(graph(a=waits("b"), b=waits("c"), c=waits("d"), d="name: d", x=waits("x")), {"b"})
    assert [node.slug for node in made.nodes] == ["a", "b", "c"]
    assert [(edge.waiting, edge.awaited) for edge in made.edges] == [("a", "b"), ("b", "c")]
    assert made.circles == ()
