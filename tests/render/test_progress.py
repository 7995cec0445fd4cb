from __future__ import annotations

import pytest

from flowsync.render.progress import progress_line


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((0, 40), "Applying [....................] 0/40"),
        ((10, 40, 8), "Applying [#####...............] 10/40, 8 in flight"),
        ((39, 40, 1, 1), "Applying [###################.] 39/40, 1 in flight, 1 waiting for the server"),
        ((40, 40), "Applying [####################] 40/40"),
        ((0, 0), "Applying [####################] 0/0"),
        ((1_000, 10_000), "Applying [##..................] 1,000/10,000"),
    ],
)
def test_progress_is_one_line(arguments: tuple[int, ...], line: str) -> None:
    assert progress_line("Applying", *arguments) == line
