"""New flows and drafts in the jobs of GitHub, where the server is not honest: none is made twice, and no review is
used twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.github.support import flow, workplace
from tests.support.fake_frigade import FakeConfig, reply, server_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.github.support import Workplace
    from tests.support.fake_frigade import Fault

NEW = f"{flow('New')}type: CARD\ndescription: First\n"
NOT_AGAIN = (
    "Do not create again what was created, or may have been: open a pull request, whose plan shows what is pending."
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Workplace]:
    """A pull request that adds flow_new, planned and merged."""
    with workplace(tmp_path) as found:
        found.write(flow_new=NEW)
        assert found.plan().outputs["creates"] == "1"
        found.merge()
        yield found


def creates(place: Workplace) -> int:
    return len(place.frigade.requests_to("POST", "/v1/flows"))


def test_a_flow_made_under_another_slug_is_not_made_a_second_time(place: Workplace) -> None:
    for slug in ("flow_made_up", "flow_made_up_too"):
        place.frigade.behave(FakeConfig(new_slug=slug))
        done = place.apply()
        assert creates(place) == 1
    assert done.code == 4
    assert "a review counts once" in done.completed.err
    assert NOT_AGAIN in place.repo.comments_of(5)[1]
    assert "Run the workflow again" not in place.repo.comments_of(5)[1]
    assert "flow_made_up.yaml" in place.repo.comments_of(5)[1]


@pytest.mark.parametrize(
    "fault", [reply(400, "Too odd").on("PUT"), server_error().on("PUT", times=9)], ids=["refused", "uncertain"]
)
def test_a_flow_that_is_made_and_not_completed_uses_its_review(place: Workplace, fault: Fault) -> None:
    place.frigade.suffer(fault)
    assert place.apply().code == 5
    assert "**Partly applied" in place.comment()
    assert NOT_AGAIN in place.result()
    place.frigade.suffer()
    again = place.apply()
    assert (again.code, again.outputs["updates"]) == (4, "1")
    assert "Not shown: update of flow_new in description." in again.completed.err
    place.frigade.rows[-1]["status"] = "DELETED"
    assert (place.apply().code, creates(place)) == (4, 1)
