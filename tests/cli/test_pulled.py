"""Writing what was pulled, when something else happens to the files meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from flowsync.cli.project import Project
from flowsync.cli.writing import write_pulled
from flowsync.config import Settings
from flowsync.errors import FlowsyncError
from flowsync.flows.files import FlowFile, file_named
from flowsync.pull.results import ChangedFile, NewFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "flows").mkdir()
    return Project(tmp_path, tmp_path, Settings())


def flow_file(project: Project, name: str) -> FlowFile:
    return FlowFile(project.base / name, name)


def changed(project: Project, before: str) -> ChangedFile:
    file = flow_file(project, "flows/flow_a.yaml")
    return ChangedFile("flow_a", file, before, "name: New\n", ("name",), ("name",), ())


def test_a_file_that_somebody_else_changed_is_refused(project: Project) -> None:
    path = project.base / "flows/flow_a.yaml"
    path.write_text("name: Theirs\n")
    with pytest.raises(FlowsyncError, match=r"flows/flow_a\.yaml was changed by someone else just now"):
        write_pulled(project, [changed(project, "name: Old\n")], ())
    assert path.read_text() == "name: Theirs\n"
    path.unlink()
    with pytest.raises(FlowsyncError, match="changed by someone else"):
        write_pulled(project, [changed(project, "name: Old\n")], ())
    assert not path.exists()


def test_a_symlink_stays_one_and_what_it_names_is_changed(project: Project) -> None:
    real = project.base / "flows/real.txt"
    real.write_text("name: Old\n")
    link = project.base / "flows/flow_a.yaml"
    link.symlink_to(real)
    file = file_named(project.base, "flows", "flows/flow_a.yaml")
    write_pulled(project, [replace(changed(project, "name: Old\n"), file=file)], ())
    assert link.is_symlink()
    assert real.read_text() == "name: New\n"


def test_something_that_has_the_name_of_a_new_file_stays(project: Project) -> None:
    new = NewFile("flow_b", flow_file(project, "flows/flow_b.yaml"), "name: B\n", ("name",))
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
    new = NewFile("Flow_A", flow_file(project, "flows/same-name-2/Flow_A.yaml"), "name: A\n", ("name",))
    with pytest.raises(FlowsyncError, match="cannot be written: It is a link"):
        write_pulled(project, [new], ())
    assert list(outside.iterdir()) == []


def test_a_schema_that_is_there_is_left_as_it_is(project: Project) -> None:
    schema = project.state / "flow.schema.json"
    schema.parent.mkdir()
    schema.write_text("{}\n")
    write_pulled(project, [NewFile("flow_b", flow_file(project, "flows/flow_b.yaml"), "name: B\n", ("name",))], ())
    assert schema.read_text() == "{}\n"
    assert (project.base / "flows/flow_b.yaml").read_text() == "name: B\n"
