"""The report of `flowsync doctor`: accounts are asked in threads of their own while this machine is looked at."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Final

from flowsync import __version__
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.environments import projects_of
from flowsync.cli.files import load_selection
from flowsync.cli.options import invocation
from flowsync.cli.output import Progress
from flowsync.cli.project import open_project
from flowsync.cli.surroundings import look_at_checkout, look_at_ci, look_at_machine, look_at_project
from flowsync.doctor.access import KEY_SENT, access_facts
from flowsync.doctor.account import Observed, account_facts
from flowsync.doctor.behaviour import behaviour_facts
from flowsync.doctor.machine import machine_facts
from flowsync.doctor.questions import Asked, ask_all
from flowsync.doctor.repository import checkout_facts, ci_facts, project_facts
from flowsync.doctor.values import Fact, Part, Report, note, ok, problem
from flowsync.errors import DocumentError, FlowsyncError, InvalidFilesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import click

    from flowsync.cli.connection import Connection
    from flowsync.cli.project import Project

SECONDS: Final = 12.0
"""How long all accounts together may take to answer."""
_MOST_PROBLEMS: Final = 3


def examine(context: click.Context, *, in_sandbox: bool, seconds: float = SECONDS) -> Report:
    """Look at everything. Raises nothing that a user could cause: what fails is a fact of the report."""
    until = time.monotonic() + seconds
    given = invocation(context)
    with ExitStack() as stack:
        try:
            project: Project | FlowsyncError = open_project(context)
        except FlowsyncError as error:
            project = error
        accounts = [] if isinstance(project, FlowsyncError) else list(_begin(stack, project, in_sandbox=in_sandbox))
        parts = list(_local_parts(project, context))
        with Progress(given, lambda: "Asking the API ..."):
            parts += [account.part(until) for account in accounts]
    if isinstance(project, FlowsyncError):
        parts.append(Part("Account", (note("account", "not looked at: the project could not be opened"),)))
    return Report(__version__, tuple(parts))


def _local_parts(project: Project | FlowsyncError, context: click.Context) -> Iterator[Part]:
    directory = invocation(context).directory
    home = directory if isinstance(project, FlowsyncError) else project.home
    machine = look_at_machine(directory, os.environ)
    yield Part("This machine", tuple(machine_facts(machine)))
    if machine.git is None:
        yield Part("Repository", (note("repository", "not looked at: there is no git"),))
    else:
        yield Part("Repository", tuple(checkout_facts(look_at_checkout(home))))
    yield Part("Project", tuple(_project_facts(project)))
    yield Part("CI", tuple(ci_facts(look_at_ci(os.environ))))


def _project_facts(project: Project | FlowsyncError) -> Iterable[Fact]:
    if not isinstance(project, FlowsyncError):
        return project_facts(look_at_project(project))
    wrong = [project.problem] if isinstance(project, DocumentError) else []
    wrong += project.problems if isinstance(project, InvalidFilesError) else []
    if not wrong:
        return [problem("configuration", project.message, project.hint)]
    return [
        problem("configuration", f"{each.location.file}:{each.location.line}: {each.message}", each.hint)
        for each in wrong[:_MOST_PROBLEMS]
    ]


@dataclass(frozen=True, slots=True)
class _Account:
    """One account: what is known of it before it is asked, and the questions that are under way."""

    project: Project
    facts: tuple[Fact, ...]
    asking: _Asking | None = None

    def part(self, until: float) -> Part:
        """What is known of the account at that time at the latest."""
        settings = self.project.settings
        if self.asking is None:
            return Part("Account", self.facts, settings.environment)
        asked, is_whole = self.asking.result(until)
        observed = Observed(asked, self.asking.connection.access, settings.organization, is_whole)
        facts = (*self.facts, *account_facts(observed), *behaviour_facts(observed))
        return Part("Account", facts, settings.environment)


class _Asking:
    """Asks in a thread that nobody has to wait for: the name of a host may take minutes to be looked up."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._asked: list[Asked] = []
        self._failure: Exception | None = None
        self._thread = Thread(target=self._ask, name="doctor", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            for each in ask_all(self.connection.client.prober(), self.connection.access):
                self._asked.append(each)
        except Exception as error:  # noqa: BLE001 - a bug, raised where the account is reported
            self._failure = error

    def result(self, until: float) -> tuple[tuple[Asked, ...], bool]:
        """What was answered until then, and whether that is everything."""
        self._thread.join(max(0.0, until - time.monotonic()))
        is_whole = not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        return tuple(self._asked), is_whole


def _begin(stack: ExitStack, project: Project, *, in_sandbox: bool) -> Iterator[_Account]:
    """Begin to ask each account whose key is at hand; the others say why they are not asked."""
    for each in projects_of(project, in_sandbox=in_sandbox):
        facts = (*_facts_of_access(each, in_sandbox=in_sandbox),)
        if not in_sandbox and facts[-1].name != KEY_SENT:
            yield _Account(each, facts)
            continue
        try:
            flows = load_selection(each, ()).every if in_sandbox else ()
            connection = stack.enter_context(connect(each, flows, Purpose.READ, in_sandbox=in_sandbox))
            yield _Account(each, facts, _Asking(connection))
        except FlowsyncError as error:
            yield _Account(each, (*facts, problem("connection", error.message, error.hint)))


def _facts_of_access(project: Project, *, in_sandbox: bool) -> Iterator[Fact]:
    if in_sandbox:
        yield ok("address", "the embedded sandbox", "sandbox")
        return
    yield from access_facts(project.settings, os.environ)
