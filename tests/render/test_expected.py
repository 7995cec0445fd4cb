"""Whole outputs, held to files that a person has read."""

from __future__ import annotations

import pytest

from tests.render.renderings import EXPECTED, RENDERINGS


@pytest.mark.parametrize("name", RENDERINGS)
def test_an_output_is_as_reviewed(name: str) -> None:
    assert RENDERINGS[name]() == (EXPECTED / name).read_text(encoding="utf-8")


def test_every_reviewed_output_is_made() -> None:
    assert {file.name for file in EXPECTED.iterdir()} == set(RENDERINGS)
