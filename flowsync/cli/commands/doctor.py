"""flowsync doctor: reports on this machine, the project, the keys and the accounts; asks all accounts at once."""

from __future__ import annotations

import os
import platform
import shutil
import time
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import click

from flowsync import __version__, git
from flowsync.api.endpoints import Access
from flowsync.cli.connection import Purpose, connect
from flowsync.cli.output import Progress, request_log, screen_of_stdout, write_result
from flowsync.cli.project import open_project
from flowsync.cli.project.files import load_selection
from flowsync.cli.usage.help_page import Command
from flowsync.cli.usage.options import format_option, global_options, invocation, sandbox_option
from flowsync.config import Key, Timeouts
from flowsync.doctor.account import KEY_SENT, Observed, access_facts, account_facts
from flowsync.doctor.behaviour import behaviour_facts
from flowsync.doctor.ci import Run, ask_github, ci_facts, system_of, token_facts
from flowsync.doctor.machine import CERTIFICATES, PACKAGES, PROXIES, Machine, machine_facts
from flowsync.doctor.questions import Asked, ask_all
from flowsync.doctor.repository import Checkout, Found, checkout_facts, project_facts
from flowsync.doctor.values import Fact, Mark, Part, Report, note, ok, problem
from flowsync.document.libyaml import HAS_LIBYAML
from flowsync.errors import ConfigError, DocumentError, ExitCode, FlowsyncError, GitError, InvalidFilesError
from flowsync.flows.files import FlowFile
from flowsync.github.api import HEADERS
from flowsync.github.runner import PullRequestEvent, read_event, read_runner
from flowsync.preview import bundle
from flowsync.preview.browser import find_browser
from flowsync.problems import doctor
from flowsync.secrets import IN_USE
from flowsync.text import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flowsync.api.client import Answer
    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.doctor.ci import Reading

Item = TypeVar("Item")

SECONDS: Final = 12.0
"""Time limit for the answers of all accounts together."""
_MOST_PROBLEMS: Final = 3


@click.command("doctor", cls=Command)
@format_option(doctor.FORMATS)
@sandbox_option
@global_options
@click.pass_context
def command(context: click.Context, *, format_: str, in_sandbox: bool) -> int:
    """Report what this machine, the project, the keys and the accounts look like to flowsync.

    Each fact is ok, a note or a problem, with what to do about it. Every account with a key gets at most eight
    requests; with -e, only that account. Nothing is written, no key is shown, and it takes 15 seconds at most. Exits 1
    if there is a problem. Use `--format markdown` for bug reports.
    """
    report = examine(context, in_sandbox=in_sandbox)
    write_result(doctor.FORMATS[format_](report, screen_of_stdout(invocation(context))))
    return ExitCode.ERROR if report.worst is Mark.PROBLEM else ExitCode.OK


def examine(context: click.Context, *, in_sandbox: bool, seconds: float = SECONDS) -> Report:
    """Collect all facts. Failures that a user can cause are facts of the report, not exceptions."""
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
        parts.append(Part("Account", (note("account", "not checked: the project could not be opened"),)))
    return Report(__version__, tuple(parts))


def _local_parts(project: Project | FlowsyncError, directory: Path) -> Iterator[Part]:
    home = directory if isinstance(project, FlowsyncError) else project.home
    machine = look_at_machine(directory, os.environ)
    yield Part("This machine", tuple(machine_facts(machine)))
    if machine.git is None:
        yield Part("Repository", (note("repository", "not checked: git is missing"),))
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
    """One account: the facts known before any request, and the requests under way."""

    project: Project
    facts: tuple[Fact, ...]
    asking: _Asking[Asked] | None = None
    access: Access = Access.PRIVATE

    def part(self, until: float) -> Part:
        """The facts about the account that are known by then."""
        settings = self.project.settings
        if self.asking is None:
            return Part("Account", self.facts, settings.environment)
        asked, is_whole = self.asking.result(until)
        observed = Observed(asked, self.access, settings.organization, is_whole)
        facts = (*self.facts, *account_facts(observed), *behaviour_facts(observed))
        return Part("Account", facts, settings.environment)


class _Asking(Generic[Item]):
    """Makes requests in a daemon thread, because looking up a host name may take minutes."""

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
        except Exception as error:  # noqa: BLE001 - a bug, raised by `result`
            self._failure = error

    def result(self, until: float) -> tuple[tuple[Item, ...], bool]:
        """The answers that came by then, and whether they are complete."""
        self._thread.join(max(0.0, until - time.monotonic()))
        is_whole = not self._thread.is_alive()
        if self._failure is not None:
            raise self._failure
        return tuple(self._answered), is_whole


def _begin(stack: ExitStack, project: Project, *, in_sandbox: bool) -> Iterator[_Account]:
    """Start the requests to each account that has a key; facts about the others say why there are none."""
    known: dict[tuple[str, str], str] = {}
    for each in project.in_every_environment(in_sandbox=in_sandbox):
        sandbox = (ok("address", "the embedded sandbox", "sandbox"),)
        facts = sandbox if in_sandbox else tuple(access_facts(each.settings, os.environ))
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
    """A note if a previous environment has the same key, which is then probably in the wrong variable."""
    settings = project.settings
    account = settings.api_url, settings.reading_key().value
    name = excerpt(settings.environment or "")
    if account in known:
        yield note("same key", f"the same as that of {known[account]}, so both are one account", known[account])
    known.setdefault(account, name)


def _begin_github(
    stack: ExitStack, environ: Mapping[str, str], given: Invocation
) -> _Asking[tuple[Reading, Answer]] | None:
    """Start the requests to GitHub with the token of this run; None without a run or a token."""
    token = environ.get("GITHUB_TOKEN")
    if not token or not environ.get("GITHUB_ACTIONS"):
        return None
    IN_USE.add(token)
    from flowsync.api.client import (  # noqa: PLC0415 - httpx is slow to import; mostly there is no run
        SingleRequests,
        open_sender,
    )

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


def look_at_machine(directory: Path, environ: Mapping[str, str]) -> Machine:
    """Collect the state of this machine."""
    answer = git.answer(directory, "version")
    return Machine(
        flowsync=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}".strip(),
        versions={name: _version(name) for name in PACKAGES},
        has_libyaml=HAS_LIBYAML,
        git=None if answer is None else answer.removeprefix("git version "),
        proxies=tuple(name for name in PROXIES if environ.get(name) or environ.get(name.lower())),
        certificates=tuple((name, os.path.exists(environ[name])) for name in CERTIFICATES if environ.get(name)),  # noqa: PTH110 - any text
        has_npm=shutil.which("npm", path=environ.get("PATH")) is not None,
        browser=_missing_browser(environ),
        bundle=_missing_bundle(environ),
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _missing_browser(environ: Mapping[str, str]) -> str | None:
    try:
        find_browser(None, environ)
    except FlowsyncError as error:
        return error.hint or error.message
    return None


def _missing_bundle(environ: Mapping[str, str]) -> str | None:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - fails for a user without an entry
    if bundle.cached(environ, home).is_file():
        return None
    return f"That needs the network once, or --bundle FILE: about {bundle.MEGABYTES} MB from npm's registry."


def look_at_checkout(directory: Path) -> Checkout:
    """Collect the state of the repository that the directory is in."""
    try:
        head = git.head(directory)
        if git.answer(directory, "rev-parse", "--is-inside-work-tree") != "true":
            return Checkout()
        return Checkout(
            is_repository=True,
            default=git.answer(directory, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"),
            head=head,
            base=git.branch_point(directory),
            is_shallow=git.is_shallow(directory),
        )
    except GitError as error:
        return Checkout(trouble=(error.message, error.hint))


def look_at_project(project: Project) -> Found:
    """Collect the state of the project; its flow files are counted, not read."""
    names = [name for name in project.config_names if (project.home / name).is_file()]
    found = list(project.flow_files())
    files = sum(isinstance(each, FlowFile) for each in found)
    unreadable = sum(not isinstance(each, FlowFile) and each.code != "no-flows" for each in found)
    return Found(
        home=project.name(project.home),
        flows=project.flows_directory,
        config=project.name(project.home / names[0]) if names else None,
        settings=project.settings,
        files=files,
        unreadable=unreadable,
    )


def look_at_ci(environ: Mapping[str, str]) -> Run:
    """Collect what the CI system says about this run."""
    event, is_fork = environ.get("GITHUB_EVENT_NAME"), None
    if event and (path := environ.get("GITHUB_EVENT_PATH")):
        try:
            read = read_event(event, Path(path))
            is_fork = read.is_fork if isinstance(read, PullRequestEvent) else None
        except ConfigError:
            is_fork = None
    return Run(system_of(environ), event, is_fork, has_token=bool(environ.get("GITHUB_TOKEN")))
