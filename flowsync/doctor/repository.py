"""Facts about the repository and the project in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowsync.doctor.values import Fact, note, ok, problem
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flowsync.config import Settings

_SHORT: Final = 10
"""Digits of a commit that are shown."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The state of the repository. `trouble`: why git fails, and what to do. `base`: where the branch started."""

    is_repository: bool = False
    default: str | None = None
    head: str | None = None
    base: str | None = None
    is_shallow: bool = False
    trouble: tuple[str, str | None] | None = None


def checkout_facts(checkout: Checkout) -> Iterator[Fact]:
    """Facts about the repository."""
    if checkout.trouble is not None:
        yield problem("repository", *checkout.trouble)
        return
    if not checkout.is_repository:
        yield note("repository", "none: dashboard edits cannot be distinguished from other differences")
        return
    if checkout.head is None:
        yield note("head", "no commit yet")
    else:
        yield ok("head", checkout.head[:_SHORT], checkout.head)
    if checkout.default is None:
        hint = "git remote set-head origin --auto, or name the branch with --base."
        yield note("origin/HEAD", "unknown, so the current commit is the base", hint=hint)
    else:
        yield ok("origin/HEAD", excerpt(checkout.default), checkout.default)
    if checkout.base is not None:
        yield ok("base", checkout.base[:_SHORT], checkout.base)
    if checkout.is_shallow:
        hint = "git fetch --unshallow; on GitHub give actions/checkout fetch-depth: 0."
        yield note(
            "history", "shallow: dashboard edits cannot be distinguished from other differences", "shallow", hint
        )
    else:
        yield ok("history", "complete", "whole")


@dataclass(frozen=True, slots=True)
class Found:
    """A project: its folder and flows directory as messages name them, and its configuration file, if any.

    `unreadable` counts the files that are named like flow files but cannot be read.
    """

    home: str
    flows: str
    config: str | None
    settings: Settings
    files: int
    unreadable: int


def project_facts(found: Found) -> Iterator[Fact]:
    """Facts about the project."""
    yield ok("project", found.home, found.home)
    if found.config is None:
        yield ok("configuration", "no flowsync.yaml; the defaults apply")
    else:
        yield ok("configuration", f"{found.config} is valid", found.config)
    where = f"in {found.flows}"
    if not found.files:
        yield note("flows", f"no flow file {where}", 0, "flowsync pull --new writes the live flows into files.")
    else:
        yield ok("flows", f"{found.files:,} flow {'file' if found.files == 1 else 'files'} {where}", found.files)
    if found.unreadable:
        text = f"{found.unreadable:,} {where} cannot be read"
        yield problem("unreadable files", text, "flowsync validate says why.", found.unreadable)
    names = found.settings.environment_names
    yield ok("environments", ", ".join(map(excerpt, names)) if names else "none; there is one account", [*names])
