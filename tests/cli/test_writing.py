"""The project's files are written as a whole or not at all, and nothing that is there is lost."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from flowsync.cli.commands.pull import write_pulled
from flowsync.cli.project import Project
from flowsync.config import Settings
from flowsync.errors import FlowsyncError
from flowsync.flows.files import FlowFile, file_named
from flowsync.pull.results import ChangedFile, NewFile

LONE_SURROGATE = "\ud800"
"""What no file in UTF-8 can hold: writing it fails midway."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "flows").mkdir()
    return Project(tmp_path, tmp_path, Settings())


def new_file(project: Project, name: str) -> NewFile:
    file = FlowFile(project.base / name, name)
    return NewFile(file.slug, file, "name: New\n", ("name",))


def changed(project: Project, before: str = "name: Old\n") -> ChangedFile:
    file = FlowFile(project.base / "flows/flow_a.yaml", "flows/flow_a.yaml")
    return ChangedFile("flow_a", file, before, "name: New\n", ("name",), ("name",), ())


def test_a_new_file_is_written_with_its_folders(project: Project) -> None:
    path = project.base / "a" / "b" / "c.yaml"
    assert project.create(path, "x: 1\n")
    assert path.read_bytes() == b"x: 1\n"


def test_what_is_there_stays(project: Project) -> None:
    path, link = project.base / "c.yaml", project.base / "link.yaml"
    path.write_text("mine")
    assert not project.create(path, "x: 1\n")
    assert path.read_text() == "mine"
    link.symlink_to(project.base / "nowhere.yaml")
    assert not project.create(link, "x: 1\n")
    assert not (project.base / "nowhere.yaml").exists()


def test_a_file_is_written_as_a_whole_or_not_at_all(project: Project) -> None:
    with pytest.raises(UnicodeEncodeError):
        project.create(project.base / "c.yaml", LONE_SURROGATE)
    with pytest.raises(UnicodeEncodeError):
        project.replace(project.base / "c.yaml", LONE_SURROGATE)
    assert [path.name for path in project.base.iterdir()] == ["flows"]


def test_a_folder_that_cannot_be_made_and_a_file_that_cannot_be_replaced_are_reported(project: Project) -> None:
    (project.base / "file").touch()
    with pytest.raises(FlowsyncError, match=r"^file/c\.yaml cannot be written: .+\.$"):
        project.create(project.base / "file" / "c.yaml", "x")
    for name in ("flows", "gone/c.yaml"):
        with pytest.raises(FlowsyncError, match=rf"^{name} cannot be written: .+\.$"):
            project.replace(project.base / name, "x")
    assert sorted(path.name for path in project.base.rglob("*")) == ["file", "flows"]


def test_a_replaced_file_keeps_its_permissions(project: Project) -> None:
    path = project.base / "c.yaml"
    path.write_text("old")
    path.chmod(0o600)
    project.replace(path, "new\r\n")
    assert path.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("theirs", ["name: Theirs\n", "name: Old\n ", None])
def test_a_file_that_somebody_else_changed_is_refused(project: Project, theirs: str | None) -> None:
    path = project.base / "flows/flow_a.yaml"
    if theirs is not None:
        path.write_text(theirs)
    with pytest.raises(FlowsyncError, match=r"flows/flow_a\.yaml was changed by someone else just now"):
        write_pulled(project, [changed(project)], ())
    assert (path.read_text() if path.exists() else None) == theirs


def test_a_symlink_stays_one_and_what_it_names_is_changed(project: Project) -> None:
    real, link = project.base / "flows/real.txt", project.base / "flows/flow_a.yaml"
    real.write_text("name: Old\n")
    link.symlink_to(real)
    file = file_named(project.base, "flows", "flows/flow_a.yaml")
    write_pulled(project, [replace(changed(project), file=file)], ())
    assert link.is_symlink()
    assert real.read_text() == "name: New\n"


def test_something_that_has_the_name_of_a_new_file_stays(project: Project) -> None:
    new = new_file(project, "flows/flow_b.yaml")
    new.file.path.mkdir()
    with pytest.raises(FlowsyncError, match="is there already, but is no flow file"):
        write_pulled(project, [new], ())
    new.file.path.rmdir()
    new.file.path.symlink_to(project.base / "elsewhere.yaml")
    with pytest.raises(FlowsyncError, match="is there already"):
        write_pulled(project, [new], ())
    assert not (project.base / "elsewhere.yaml").exists()


def test_a_folder_that_leads_out_of_the_flows_is_not_written_to(project: Project) -> None:
    outside = project.base / "outside"
    outside.mkdir()
    (project.base / "flows/same-name-2").symlink_to(outside, target_is_directory=True)
    with pytest.raises(FlowsyncError, match="cannot be written: It is a link"):
        write_pulled(project, [new_file(project, "flows/same-name-2/Flow_A.yaml")], ())
    assert list(outside.iterdir()) == []


def test_a_schema_that_is_there_is_left_as_it_is(project: Project) -> None:
    schema = project.state / "flow.schema.json"
    schema.parent.mkdir()
    schema.write_text("{}\n")
    write_pulled(project, [new_file(project, "flows/flow_b.yaml")], ())
    assert schema.read_text() == "{}\n"
    assert (project.base / "flows/flow_b.yaml").read_text() == "name: New\n"
