"""Slugs as names of files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowsync.pull.new_files import folded, folder_for, name_complaint


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("flow_welcome", None),
        ("flow.v2", None),
        ("Größe_🌰", None),
        ("a b", None),
        ("console", None),
        ("../../etc/passwd", "/"),
        ("a\\b", "\\"),
        ("C:flow", ":"),
        ("what?", "?"),
        ("a\nb", "invisible"),
        ("a\u202eb", "invisible"),
        (" a", "invisible"),
        ("", None),
        (".hidden", "dot"),
        ("..", "dot"),
        ("flow.", "dot"),
        ("CON", "Windows"),
        ("nul.v2", "Windows"),
        ("com1", "Windows"),
        ("a" * 201, "longer"),
        ("\ud83d", "invisible"),
    ],
)
def test_what_cannot_be_a_name_says_why(slug: str, said: str | None) -> None:
    complaint = name_complaint(slug)
    assert (complaint is None) == (said is None)
    assert said is None or said in (complaint or "")


@given(st.text())
def test_a_name_that_is_accepted_is_one_harmless_name(slug: str) -> None:
    if name_complaint(slug) is None:
        assert not set(slug) & set('/\\:*?"<>|\0\n')
        assert slug not in {".", ".."}


@given(st.lists(st.sampled_from(["a", "A", "ä", "Ä", "a\u0308", "ß", "SS"]), unique=True))
def test_no_two_files_have_one_name_where_case_does_not_count(slugs: list[str]) -> None:
    taken: set[str] = set()
    for slug in slugs:
        path = folded(folder_for(slug, taken) + slug)
        assert path not in taken
        taken.add(path)
