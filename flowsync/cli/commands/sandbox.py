"""flowsync sandbox serve, flowsync sandbox reset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import click

from flowsync.cli.commands.pull import load_files
from flowsync.cli.connection import open_emulator, sandbox_database
from flowsync.cli.output import write_note, write_problems, write_result
from flowsync.cli.project import open_project
from flowsync.cli.usage.help_page import Group
from flowsync.cli.usage.options import global_options, port_option
from flowsync.errors import FlowsyncError
from flowsync.flows.watching import Seen, WatchedFiles
from flowsync.render.escape import plural
from flowsync.sandbox import Emulator
from flowsync.sandbox.apps.published import of_files, of_store
from flowsync.sandbox.apps.sdk import Sdk
from flowsync.sandbox.conflicts import Reading, parse_reading
from flowsync.sandbox.faults import Fault, faulty, parse_fault
from flowsync.sandbox.server import PRIVATE_KEY, PUBLIC_KEY, Handler, with_latency
from flowsync.sandbox.server import serve as serve_handler

if TYPE_CHECKING:
    from flowsync.cli.project import Project

_Choice = TypeVar("_Choice")
_MOST_REPORTS: Final = 200
"""Most different lines about requests of apps, because a page could send any number of them."""
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, None: 1.0}


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """Seconds, from a text such as 50ms, 2s or 1m; a plain number is seconds."""
    match = _DURATION.fullmatch(value)
    if match is None:
        raise click.BadParameter(f"{value!r} is not a length of time such as 50ms, 2s or 1m.")
    return float(match[1]) * _UNITS[match[2]]


def _each(
    parse: Callable[[str], _Choice],
) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], list[_Choice]]:
    """A callback that parses each value of an option."""

    def callback(_context: object, _parameter: object, texts: Iterable[str]) -> list[_Choice]:
        try:
            return [parse(text) for text in texts]
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def _origins(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.netloc or f"{parts.scheme}://{parts.netloc}" != text:
            raise click.BadParameter(f"{text!r} is no origin such as https://app.example.com, without a path.")
    return texts


def _once(report: Callable[[str], object]) -> Callable[[str], None]:
    """A `report` that prints each message only once, because requests repeat."""
    said: set[str] = set()

    def report_once(text: str) -> None:
        if text not in said and len(said) < _MOST_REPORTS:
            said.add(text)
            report(text)

    return report_once


@contextmanager
def _watching(watched: WatchedFiles, project: Project) -> Iterator[None]:
    """Read the files again when they change, and report it on the terminal."""

    def report(seen: Seen) -> None:
        write_problems(seen.problems, project)
        state = "; a file with an error keeps its last good state" if seen.problems else ""
        write_note(f"Read again: {plural(len(seen.flows), 'flow')}{state}.", project.given)

    stop = Event()
    thread = Thread(target=watched.watch, args=(stop, report), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _announce(url: str, project: Project) -> None:
    """Print how flowsync and apps reach the sandbox: variables, and the two props of an app's provider."""
    write_result(
        f"export FRIGADE_API_URL={url}\n"
        f"export FRIGADE_API_KEY={PRIVATE_KEY}\n"
        f"export FRIGADE_PUBLIC_API_KEY={PUBLIC_KEY}\n"
    )
    write_note(f'For an app: <Frigade.Provider apiKey="{PUBLIC_KEY}" apiUrl="{url}" …>', project.given)
    write_note(f"Serving the sandbox on {url}; Ctrl-C ends it.", project.given)


@click.group("sandbox", cls=Group)
@global_options
def command() -> None:
    """Serve or reset the embedded emulator of the API, which --sandbox talks to."""


@command.command("serve", short_help="Serve the emulator over HTTP until interrupted.")
@port_option
@click.option(
    "--latency", default="0ms", callback=_seconds, metavar="TIME", help="Delay before each answer, such as 50ms."
)
@click.option(
    "--seed",
    "number",
    default=0,
    metavar="N",
    type=int,
    help="Generate the account from N; the same N gives the same account.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="KIND[:PATH][:TIMES]",
    callback=_each(parse_fault),
    help="Fail the first TIMES requests (default 1, or always) to paths that match PATH; repeatable.",
)
@click.option(
    "--conflict",
    "readings",
    multiple=True,
    metavar="NAME=CHOICE",
    callback=_each(parse_reading),
    help="How to behave where sources about the API disagree (listed in docs/sandbox.md); repeatable.",
)
@click.option(
    "--organization",
    default=None,
    type=click.IntRange(min=1),
    metavar="N",
    help="Organization of the flows, instead of that in flowsync.yaml.",
)
@click.option(
    "--documented",
    is_flag=True,
    help="Answer with the documented fields only, for example without active and description.",
)
@click.option(
    "--files",
    "from_files",
    is_flag=True,
    help="Serve the flow files to apps, as if each were published, instead of the sandbox's account.",
)
@click.option(
    "--watch/--no-watch", "watches", default=True, help="With --files: read files again when they are saved (default)."
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="Also answer apps from this origin, such as https://app.example.com; repeatable.",
)
@global_options
@click.pass_context
def serve(
    context: click.Context,
    *,
    port: int,
    latency: float,
    number: int,
    faults: list[Fault],
    readings: list[Reading],
    organization: int | None,
    documented: bool,
    from_files: bool,
    watches: bool,
    origins: tuple[str, ...],
) -> None:
    """Serve the emulator over HTTP until interrupted: to flowsync and scripts, and to apps with Frigade's SDK.

    The state is that of --sandbox, in .flowsync/sandbox.db; an empty one is filled with an account for the flow files.
    """
    project = open_project(context)
    with ExitStack() as stack:
        opened = open_emulator(
            project,
            project.load().flows if from_files else load_files(project),  # an app is given what can be read
            number,
            documented=documented,
            readings=readings,
            organization=organization,
        )
        emulator = stack.enter_context(opened)
        report = _once(lambda text: write_note(text, project.given))
        flows = of_store(emulator.store, report)
        if from_files:
            watched = WatchedFiles(
                project.base, project.flows_directory, project.settings.environment, project.workspace
            )
            flows = lambda: of_files(watched.seen.flows, report)  # noqa: E731 - or of_store's
            write_problems(watched.seen.problems, project)
            if watches:
                stack.enter_context(_watching(watched, project))
        sdk = Sdk(flows, emulator.store, emulator.clock, origins=origins, report=report)
        handler: Handler = sdk.over(emulator.handle)
        if latency:
            handler = with_latency(handler, latency)
        if faults:
            handler = faulty(emulator, handler, faults, lambda strike: write_note(strike, project.given))
        try:
            server = stack.enter_context(serve_handler(handler, port=port))
        except OSError as error:
            raise FlowsyncError(
                f"Port {port} of this machine cannot be used: {error.strerror or error}.",
                hint="--port names another one, and 0 takes a free one.",
            ) from None
        _announce(server.url, project)
        server.wait()


@command.command("reset", short_help="Delete the emulator's state.")
@global_options
@click.pass_context
def reset(context: click.Context) -> None:
    """Delete the emulator's state: the next --sandbox starts over."""
    project = open_project(context)
    database = sandbox_database(project)
    if database.exists():
        try:
            with Emulator(database) as emulator:
                emulator.reset()  # for whoever has it open
        except FlowsyncError:  # it cannot be opened
            for path in (database, database.with_name(f"{database.name}-journal")):
                path.unlink(missing_ok=True)
    write_note("The sandbox starts over with the next command.", project.given)
