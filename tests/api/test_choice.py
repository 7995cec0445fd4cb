from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.api.rows import Choice, Chosen, NoSuchFlow, NoSuchTarget, OnlyArchived, UnknownStatus, choose, live_flow
from flowsync.model import LiveFlow, Target
from tests.api.readers import raw


def row(row_id: int, version: int, status: str) -> LiveFlow:
    return live_flow(raw(row_id, "flow_a", version, status))


ARCHIVED, ACTIVE, DRAFT = row(1, 1, "ARCHIVED"), row(2, 2, "ACTIVE"), row(3, 3, "DRAFT")
NEWER_ARCHIVED, STRANGE, DELETED = row(4, 4, "ARCHIVED"), row(5, 5, "SCHEDULED"), row(6, 6, "DELETED")


@pytest.mark.parametrize(
    ("rows", "target", "expected"),
    [
        ([], Target.LATEST, NoSuchFlow()),
        ([ARCHIVED, NEWER_ARCHIVED], Target.LATEST, OnlyArchived(NEWER_ARCHIVED)),
        ([ARCHIVED, ACTIVE, NEWER_ARCHIVED], Target.LATEST, Chosen(ACTIVE, None)),
        ([ACTIVE, DRAFT], Target.LATEST, Chosen(DRAFT, ACTIVE)),
        ([DRAFT], Target.LATEST, Chosen(DRAFT, None)),
        ([ACTIVE, STRANGE, DRAFT], Target.LATEST, UnknownStatus(STRANGE)),
        ([ACTIVE, STRANGE, DRAFT], Target.ACTIVE, Chosen(ACTIVE, None)),
        ([DELETED], Target.LATEST, NoSuchFlow()),
        ([ACTIVE, DELETED], Target.LATEST, Chosen(ACTIVE, None)),
        ([ARCHIVED, DELETED], Target.LATEST, OnlyArchived(ARCHIVED)),
        ([ACTIVE, DRAFT], Target.ACTIVE, Chosen(ACTIVE, None)),
        ([ACTIVE, DRAFT], Target.DRAFT, Chosen(DRAFT, ACTIVE)),
        ([DRAFT, ARCHIVED], Target.ACTIVE, NoSuchTarget(Target.ACTIVE)),
        ([ACTIVE, ARCHIVED], Target.DRAFT, NoSuchTarget(Target.DRAFT)),
        ([ARCHIVED], Target.DRAFT, OnlyArchived(ARCHIVED)),
        ([row(9, 2, "ACTIVE"), ACTIVE], Target.LATEST, Chosen(row(9, 2, "ACTIVE"), None)),
    ],
)
def test_the_target_names_one_row(rows: list[LiveFlow], target: Target, expected: Choice) -> None:
    assert choose(rows, target) == expected


ROWS = st.lists(
    st.builds(
        row,
        st.integers(1, 99),
        st.integers(0, 5),
        st.sampled_from(["ACTIVE", "DRAFT", "ARCHIVED", "", "NEW", "DELETED"]),
    ),
    unique_by=lambda each: each.id,
)


@given(ROWS, st.sampled_from(Target))
def test_the_choice_is_a_row_that_can_be_written_and_does_not_depend_on_order(
    rows: list[LiveFlow], target: Target
) -> None:
    choice = choose(rows, target)
    assert choose(rows[::-1], target) == choice
    if isinstance(choice, Chosen):
        assert choice.row.status in {"ACTIVE", "DRAFT", ""}
        assert choice.published is None or choice.published.is_published
    else:
        assert (
            target is not Target.LATEST
            or all(each.is_archived or each.is_gone or not each.has_known_status for each in rows)
            or isinstance(choice, UnknownStatus)
        )
