"""The flows that a command line names: slugs and globs as they are, paths of flow files and folders as their slugs."""

from __future__ import annotations

import os
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync import config, load
from flowsync.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flowsync.pipeline.project import Project


def slugs_of(project: Project, arguments: Iterable[str]) -> tuple[str, ...]:
    """The slugs and globs that the arguments of a command mean. Paths are relative to where it runs (-C).

    A path that ends as a flow file's does means the flow of that name, whether the file exists or not: a pull may be
    what makes it. A name without a folder is taken for one in the flows directory. Raises UsageError for a path that
    leads elsewhere.
    """
    return tuple(slug for argument in arguments for slug in _slugs(project, argument))


def _slugs(project: Project, argument: str) -> Iterator[str]:
    name = os.path.normpath(argument.replace("\\", "/"))
    path = Path(os.path.abspath(project.base / name))  # noqa: PTH100 - links are resolved below, `..` is not to be
    if name.lower().endswith(load.ENDINGS):
        is_elsewhere = (os.path.dirname(name) or path.exists()) and not _is_inside(project, path.parent)  # noqa: PTH120
        if is_elsewhere and (project.home / project.settings.flows).is_dir():
            raise _elsewhere(project, argument, path.stem)
        yield escape(path.stem) if path.is_file() else path.stem
    elif path.is_dir() and _is_inside(project, path):
        yield from _slugs_below(project, argument, path)
    else:
        yield argument


def _is_inside(project: Project, folder: Path) -> bool:
    return folder.resolve().is_relative_to((project.home / project.settings.flows).resolve())


def _slugs_below(project: Project, argument: str, folder: Path) -> Iterator[str]:
    found = project.flow_files()
    files = [each for each in found if isinstance(each, load.FlowFile)]
    inside = [each.slug for each in files if each.path.resolve().is_relative_to(folder.resolve())]
    if not inside:
        raise UsageError(f"There is no flow file in {config.shown(argument)}.")
    is_slug = any(each.slug == argument for each in files)
    yield from [argument] if is_slug else map(escape, inside)


def _elsewhere(project: Project, argument: str, slug: str) -> UsageError:
    flows = project.flows_directory
    return UsageError(
        f"{config.shown(argument)} is not in {config.shown(flows)}, where the flow files are.",
        hint=f"A flow is named by its slug, such as {slug}, or by the path of its file.",
    )
