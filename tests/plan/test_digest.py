"""What the digest of a plan covers, which is all of it, and what its meaning depends on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.model import Blocked, LiveFlow, Origin, Plan, Unchanged, Unmanaged
from flowsync.plan.document import digest, meaning
from tests.plan.builders import flow, flow_of, plan_of, row, row_of, updates
from tests.plan.pairs import Pairs, files, plan_from, sent, stated_and_live
from tests.support import strategies as flows

FILE = """\
name: Welcome
data:
  steps:
    - {id: a, title: A}
    - {id: b, title: B, props: {x: .nan, y: 1, z: .inf}}
"""
SAME = """\
# another comment
data:
  # and one inside
  steps:
    - title: A
      id: a
    - {props: {z: .inf, y: 1.0, x: .nan}, title: B, id: b}
name: "Welcome"
"""
LIVE = row(name="Hi", data="steps: [{id: b, title: Old}]")
PLAN = plan_of([flow_of(FILE), flow("flow_b")], [LIVE], environment="staging")


def test_the_digest_is_of_the_plan_itself() -> None:
    assert PLAN.digest == digest(PLAN) == digest(replace(PLAN, digest="sha256:0"))
    assert PLAN.digest.startswith("sha256:")
    assert len(PLAN.digest) == 71


def test_the_meaning_does_not_change_between_releases() -> None:
    plan = replace(PLAN, blocked=(Blocked("flow_b", "flows/flow_b.yaml", "no-such-flow", ""),))
    assert meaning(plan) == "sha256:396fe4ad8c0528772a75dafd9831d5d0cb8a5aae1fce3b16f15f7ad3dbf52739"


@pytest.mark.parametrize("rows", [[LIVE], [replace(LIVE, fields=dict(reversed([*LIVE.fields.items()])))]])
def test_files_that_mean_the_same_have_one_meaning(rows: list[LiveFlow]) -> None:
    again = plan_of([flow("flow_b"), flow_of(SAME)], rows, environment="staging")
    assert meaning(again) == meaning(PLAN)
    assert again.digest != PLAN.digest
    assert again.changes[0].body != PLAN.changes[0].body


def without_meaning() -> list[Plan]:
    (change,) = updates(PLAN)
    (blocked,) = PLAN.blocked
    attributed = tuple(replace(each, origin=Origin.DRIFT, label="?") for each in change.fields)
    return [
        replace(PLAN, base="main"),
        replace(PLAN, unchanged=(Unchanged("flow_c", "flows/flow_c.yaml", 1, 1, "ACTIVE", ()),)),
        replace(PLAN, unmanaged=(Unmanaged("flow_d", 1, "D"),)),
        replace(PLAN, changes=(replace(change, file="elsewhere.yaml", warnings=()),)),
        replace(PLAN, changes=(replace(change, fields=attributed),)),
        replace(PLAN, changes=(replace(change, new={}, old={}),)),
        replace(PLAN, blocked=(replace(blocked, file="elsewhere.yaml", message="?"),)),
    ]


@pytest.mark.parametrize("plan", without_meaning())
def test_what_has_no_meaning_is_in_the_digest_alone(plan: Plan) -> None:
    assert meaning(plan) == meaning(PLAN)
    assert digest(plan) != PLAN.digest or plan.changes[0].fields == PLAN.changes[0].fields


def with_meaning() -> list[Plan]:
    (change,) = updates(PLAN)
    first = change.fields[0]
    return [
        replace(PLAN, environment=None),
        replace(PLAN, api_url="https://api3.frigade.test"),
        replace(PLAN, changes=()),
        replace(PLAN, blocked=()),
        replace(PLAN, blocked=(Blocked("flow_b", "", "only-archived", ""),)),
        *(
            replace(PLAN, changes=(each,))
            for each in (
                replace(change, slug="flow_x"),
                replace(change, id=99),
                replace(change, version=99),
                replace(change, status="DRAFT"),
                replace(change, before="sha256:1"),
                replace(change, after="sha256:1"),
                replace(change, body={**change.body, "name": "X"}),
                replace(change, body={"name": "Welcome"}),
                replace(change, new={}, body={**change.body, "data": "steps: []"}),
                replace(change, fields=change.fields[1:]),
                replace(change, fields=(replace(first, old="?"), *change.fields[1:])),
            )
        ),
    ]


@pytest.mark.parametrize("of", [meaning, digest])
def test_whatever_has_meaning_is_in_both(of: Callable[[Plan], str]) -> None:
    digests = [of(plan) for plan in with_meaning()]
    assert len({of(PLAN), *digests}) >= len(digests)


@given(st.data(), stated_and_live)
def test_other_orders_of_files_and_keys_make_the_same_plan(data: st.DataObject, pairs: Pairs) -> None:
    again = {
        slug: (data.draw(flows.shuffled_fields(pairs[slug][0])), data.draw(flows.shuffled_fields(pairs[slug][1])))
        for slug in data.draw(st.permutations(sorted(pairs)))
    }
    assert meaning(plan_from(again)) == meaning(plan_from(pairs))
    assert plan_from(pairs).digest == plan_from(pairs).digest


@given(stated_and_live)
def test_what_a_plan_sends_leaves_nothing_to_plan(pairs: Pairs) -> None:
    bodies = {change.slug: change.body for change in plan_from(pairs).changes}
    written = [row_of(sent(live) | dict(bodies.get(slug, {}).items()), slug) for slug, (_, live) in pairs.items()]
    again = plan_of(files(pairs), written)
    assert again.changes == ()
    assert all(unchanged.unseen == () for unchanged in again.unchanged if unchanged.slug in bodies)
