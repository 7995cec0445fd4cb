"""The report of `flowsync doctor`: accounts are asked in threads of their own while this machine is looked at."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from flowsync import __version__
from flowsync.api.endpoints import Access
from flowsync.api.probing import SingleRequests
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.environments import projects_of
from flowsync.cli.files import load_selection
from flowsync.cli.options import invocation
from flowsync.cli.output import Progress, request_log
from flowsync.cli.project import open_project
from flowsync.cli.surroundings import look_at_checkout, look_at_ci, look_at_machine, look_at_project
from flowsync.config import Key, Timeouts
from flowsync.doctor.access import KEY_SENT, access_facts
from flowsync.doctor.account import Observed, account_facts
from flowsync.doctor.behaviour import behaviour_facts
from flowsync.doctor.machine import machine_facts
from flowsync.doctor.permissions import ask_github, token_facts
from flowsync.doctor.questions import Asked, ask_all
from flowsync.doctor.repository import checkout_facts, ci_facts, project_facts
from flowsync.doctor.values import Fact, Part, Report, note, ok, problem
from flowsync.errors import DocumentError, FlowsyncError, InvalidFilesError
from flowsync.github.api import HEADERS
from flowsync.github.runner import read_runner
from flowsync.secrets import IN_USE
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import click

    from flowsync.api.probing import Answer
    from flowsync.cli.options import Invocation
    from flowsync.cli.project import Project
    from flowsync.doctor.permissions import Reading

Item = TypeVar("Item")

SECONDS: Final = 12.0
"""How long all accounts together may take to answer."""
_MOST_PROBLEMS: Final = 3


def examine(context: click.Context, *, in_sandbox: bool, seconds: float = SECONDS) -> Report:
    """Look at everything. Raises nothing that a user could cause: what fails is a fact of the report."""
    until = time.monotonic() + seconds
    given = invocation(context)
    with ExitStack() as stack:
        token = _begin_github(stack, os.environ, given)
        try:
            project: Project | FlowsyncError = open_project(context)
        except FlowsyncError as error:
            project = error
        accounts = [] if isinstance(project, FlowsyncError) else list(_begin(stack, project, in_sandbox=in_sandbox))
        parts = list(_local_parts(project, given.directory))
        with Progress(given, lambda: "Asking the API ..."):
            ci = [*ci_facts(look_at_ci(os.environ))]
            ci += [] if token is None else token_facts(dict(token.result(until)[0]))
            parts += [Part("CI", tuple(ci)), *(account.part(until) for account in accounts)]
    if isinstance(project, FlowsyncError):
        parts.append(Part("Account", (note("account", "not looked at: the project could not be opened"),)))
    return Report(__version__, tuple(parts))


def _local_parts(project: Project | FlowsyncError, directory: Path) -> Iterator[Part]:
    home = directory if isinstance(project, FlowsyncError) else project.home
    machine = look_at_machine(directory, os.environ)
    yield Part("This machine", tuple(machine_facts(machine)))
    if machine.git is None:
        yield Part("Repository", (note("repository", "not looked at: there is no git"),))
    else:
        yield Part("Repository", tuple(checkout_facts(look_at_checkout(home))))
    yield Part("Project", tuple(_project_facts(project)))


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
    asking: _Asking[Asked] | None = None
    access: Access = Access.PRIVATE

    def part(self, until: float) -> Part:
        """What is known of the account at that time at the latest."""
        settings = self.project.settings
        if self.asking is None:
            return Part("Account", self.facts, settings.environment)
        asked, is_whole = self.asking.result(until)
        observed = Observed(asked, self.access, settings.organization, is_whole)
        facts = (*self.facts, *account_facts(observed), *behaviour_facts(observed))
        return Part("Account", facts, settings.environment)


class _Asking(Generic[Item]):
    """Asks in a thread that nobody has to wait for: the name of a host may take minutes to be looked up."""

    def __init__(self, questions: Iterator[Item]) -> None:
        self._questions = questions
        self._answered: list[Item] = []
        self._failure: Exception | None = None
        self._thread = Thread(target=self._ask, name="doctor", daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            for each in self._questions:
                self._answered.append(each)
        except Exception as error:  # noqa: BLE001 - a bug, raised where the answers are taken
            self._failure = error

    def result(self, until: float) -> tuple[tuple[Item, ...], bool]:
        """What was answered until then, and whether that is everything."""
        self._thread.join(max(0.0, until - time.monotonic()))
        is_whole = not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        return tuple(self._answered), is_whole


def _begin(stack: ExitStack, project: Project, *, in_sandbox: bool) -> Iterator[_Account]:
    """Begin to ask each account whose key is at hand; the others say why they are not asked."""
    known: dict[tuple[str, str], str] = {}
    for each in projects_of(project, in_sandbox=in_sandbox):
        facts = (*_facts_of_access(each, in_sandbox=in_sandbox),)
        if not in_sandbox and facts[-1].name != KEY_SENT:
            yield _Account(each, facts)
            continue
        if not in_sandbox:
            facts += tuple(_same_account(each, known))
        try:
            flows = load_selection(each, ()).every if in_sandbox else ()
            connection = stack.enter_context(connect(each, flows, Purpose.READ, in_sandbox=in_sandbox))
            asking = _Asking(ask_all(connection.client.prober(), connection.access))
            yield _Account(each, facts, asking, connection.access)
        except FlowsyncError as error:
            yield _Account(each, (*facts, problem("connection", error.message, error.hint)))


def _same_account(project: Project, known: dict[tuple[str, str], str]) -> Iterator[Fact]:
    """A note where an environment before has the same key: most likely it was put into the wrong variable."""
    settings = project.settings
    account = settings.api_url, settings.reading_key().value
    name = excerpt(settings.environment or "")
    if account in known:
        yield note("same key", f"it is that of {known[account]} as well, so both are one account", known[account])
    known.setdefault(account, name)


def _facts_of_access(project: Project, *, in_sandbox: bool) -> Iterator[Fact]:
    if in_sandbox:
        yield ok("address", "the embedded sandbox", "sandbox")
        return
    yield from access_facts(project.settings, os.environ)


def _begin_github(
    stack: ExitStack, environ: Mapping[str, str], given: Invocation
) -> _Asking[tuple[Reading, Answer]] | None:
    """Begin to ask GitHub what the token of this run can read; None where there is no run, or no token."""
    token = environ.get("GITHUB_TOKEN")
    if not token or not environ.get("GITHUB_ACTIONS"):
        return None
    IN_USE.add(token)
    from flowsync.api.client import open_sender  # noqa: PLC0415 - httpx is slow to import; mostly there is no run

    key = Key(token, "GITHUB_TOKEN")
    try:
        runner = read_runner(environ, "")
        opened = open_sender(
            (runner.api_url,),
            key,
            timeouts=Timeouts(),
            connections=1,
            headers=HEADERS,
            observe=request_log(given),
        )
        prober = SingleRequests(runner.api_url, stack.enter_context(opened))
    except FlowsyncError:
        return _Asking(iter(()))  # `flowsync ci` says what is wrong with the variables of the run
    return _Asking(ask_github(prober, runner.repository, runner.sha))
