"""Which flow waits for which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.flows.waits import Bond, Edge, WaitingGraph, circles, find_circles, neighbourhood, waiting_graph
from tests.support.counting import calls_during
from tests.validate.building import flows_of

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
    assert [node.slug for node in made.nodes] == ["a", "away", "b", "c", "d"]
    assert [node.slug for node in made.nodes if not node.has_file] == ["away"]
    assert made.circles == ()


def test_alternatives_about_one_flow_must_wait_for_it() -> None:
    skipped = DONE.format("b").replace("COMPLETED", "SKIPPED")
    assert graph(a=f"targetingLogic: {DONE.format('b')} || {skipped}").edges == (Edge("a", "b", Bond.MUST),)


def test_steps_wait_for_other_flows_and_add_nothing_to_what_targeting_waits_for() -> None:
    step = '    - {id: %s, startCriteria: "%s"}\n'
    criteria = {
        "one": "user.flowStep('b', 'x') == 'COMPLETED_STEP'",
        "two": "user.flow('b') == 'STARTED_FLOW'",
        "three": DONE.format("c"),
        "four": "user.flowStep('a', 'one') == 'COMPLETED_STEP'",
        "five": "user.flow('",
    }
    data = "data:\n  steps:\n" + "".join(step % each for each in criteria.items())
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
    circular = [f"{edge.waiting}{edge.awaited}" for edge in made.edges if edge.is_circular]
    assert circular == ["ab", "ac", "ba", "ca", "ee"]
    assert made.circles == (("a", "b"), ("a", "c"), ("e",))


def test_a_flow_that_cannot_be_read_waits_for_none() -> None:
    assert circles(flows_of("# flows/a.yaml\ntargetingLogic: user.flow('a\n# flows/b.yaml\ntargetingLogic:\n")) == ()


def test_around_some_flows_are_their_neighbours() -> None:
    made = neighbourhood(graph(a=waits("b"), b=waits("c"), c=waits("d"), d="name: d", x=waits("x")), {"b"})
    assert [node.slug for node in made.nodes] == ["a", "b", "c"]
    assert [(edge.waiting, edge.awaited) for edge in made.edges] == [("a", "b"), ("b", "c")]
    assert made.circles == ()


GRAPHS: list[tuple[dict[str, str], list[str]]] = [
    ({}, []),
    ({"a": "b", "b": "c"}, []),
    ({"a": "a"}, ["a"]),
    ({"a": "b", "b": "a"}, ["a b"]),
    ({"b": "a", "a": "b c", "c": ""}, ["a b"]),
    ({"a": "b", "b": "c", "c": "a"}, ["a b c"]),
    ({"a": "b", "b": "c", "c": "a b"}, ["a b c"]),
    ({"a": "b", "b": "a", "c": "d", "d": "c a", "e": "e"}, ["a b", "c d", "e"]),
    ({"a": "x"}, []),
    ({"a": "b", "b": "b"}, ["b"]),
    ({"a": "b c", "b": "a", "c": "a"}, ["a b", "a c"]),
    ({"a": "b", "b": "a c", "c": "d", "d": "b", "e": "a"}, ["a b", "b c d"]),
    ({"a": "a b", "b": "a"}, ["a", "a b"]),
]


@pytest.mark.parametrize(("graph", "expected"), GRAPHS)
def test_circles_are_found_until_each_slug_of_a_knot_is_on_one(graph: dict[str, str], expected: list[str]) -> None:
    edges = {slug: targets.split() for slug, targets in graph.items()}
    assert [" ".join(circle) for circle in find_circles(edges)] == expected


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdefg"), max_size=3)))
def test_a_slug_is_in_a_knot_exactly_when_it_can_reach_itself(graph: dict[str, list[str]]) -> None:
    found = find_circles(graph)
    for circle in found:
        for slug, following in zip(circle, (*circle[1:], circle[0]), strict=True):
            assert following in graph[slug]
    in_knots = {slug for slug in graph if slug in reached(graph, slug)}
    assert bool(in_knots) is bool(found)
    for slug in in_knots:
        assert any(slug in circle for circle in found)


def reached(graph: dict[str, list[str]], start: str) -> set[str]:
    """Every slug that a way of one step or more leads to."""
    found: set[str] = set()
    pending = list(graph.get(start, ()))
    while pending:
        slug = pending.pop()
        if slug not in found:
            found.add(slug)
            pending.extend(graph.get(slug, ()))
    return found


def test_a_long_chain_of_flows_takes_work_in_proportion() -> None:
    def work(size: int) -> int:
        graph = {f"f{number}": [f"f{(number + 1) % size}"] for number in range(size)}
        return calls_during(lambda: find_circles(graph))

    assert work(20_000) <= 2.2 * work(10_000)


def test_a_hub_of_thousands_of_circles_takes_work_in_proportion() -> None:
    def work(size: int) -> int:
        spokes = [f"f{number:05d}" for number in range(size)]
        return calls_during(lambda: find_circles({"hub": spokes, **{spoke: ["hub"] for spoke in spokes}}))

    assert work(4_000) <= 2.2 * work(2_000)
