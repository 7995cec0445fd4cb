from __future__ import annotations

import pytest

from flowsync.render.style import progress_line, pulling_line, reading_line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((0, 40), "Applying [....................] 0/40, 40 left"),
        ((10, 40, 8), "Applying [#####...............] 10/40, 30 left, 8 waiting for the rate limit"),
        ((40, 40), "Applying [####################] 40/40"),
        ((0, 0), "Applying [####################] 0/0"),
        ((1_000, 10_000), "Applying [##..................] 1,000/10,000, 9,000 left"),
    ],
)
def test_progress_is_one_line(arguments: tuple[int, ...], line: str) -> None:
    assert progress_line("Applying", *arguments) == line


def test_reading_tells_who_waits() -> None:
    assert reading_line(0) == "Reading the live flows ..."
    assert reading_line(3) == "Reading the live flows, 3 requests waiting for the rate limit ..."


def test_pulling_counts_the_flows_that_are_done() -> None:
    assert [pulling_line(count) for count in (0, 1, 1200)] == [
        "Pulling, 0 flows done ...",
        "Pulling, 1 flow done ...",
        "Pulling, 1,200 flows done ...",
    ]
