"""Files are written whole or not at all, and nothing that is there is lost."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from flowsync.cli.writing import create_text, replace_text
from flowsync.errors import FlowsyncError
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from pathlib import Path

LONE_SURROGATE = "\ud800"
"""What no file in UTF-8 can hold: writing it fails midway."""


def test_a_new_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.yaml"
    assert create_text(path, "x: 1\n", "c.yaml", workspace(tmp_path))
    assert path.read_bytes() == b"x: 1\n"


def test_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("mine")
    assert not create_text(path, "x: 1\n", "c.yaml", workspace(tmp_path))
    assert path.read_text() == "mine"
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "nowhere.yaml")
    assert not create_text(link, "x: 1\n", "link.yaml", workspace(tmp_path))
    assert not (tmp_path / "nowhere.yaml").exists()


def test_a_new_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        create_text(tmp_path / "c.yaml", LONE_SURROGATE, "c.yaml", workspace(tmp_path))
    with pytest.raises(UnicodeEncodeError):
        replace_text(tmp_path / "c.yaml", LONE_SURROGATE, "c.yaml", workspace(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FlowsyncError, match=r"^file/c\.yaml cannot be written: .+\.$"):
        create_text(tmp_path / "file" / "c.yaml", "x", "file/c.yaml", workspace(tmp_path))


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("old")
    path.chmod(0o600)
    replace_text(path, "new\r\n", "c.yaml", workspace(tmp_path))
    assert path.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
