"""flowsync preview: the flows as users see them, on a page or as pictures."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import click

from flowsync.cli import output
from flowsync.cli.project import open_project
from flowsync.cli.project.base import flows_at
from flowsync.cli.project.files import matches, plain_slugs, select, slugs_of
from flowsync.cli.usage import options
from flowsync.cli.usage.help_page import Command
from flowsync.config import Key, Timeouts
from flowsync.errors import ExitCode, FlowsyncError, GitError, InvalidFilesError, UsageError
from flowsync.flows.files import FlowFile
from flowsync.flows.watching import WatchedFiles
from flowsync.preview import bundle
from flowsync.preview.browser import find_browser, open_tab
from flowsync.preview.pictures import take_pictures
from flowsync.preview.server import Options, Preview
from flowsync.preview.session import Session
from flowsync.render.escape import plural
from flowsync.sandbox.server import serve
from flowsync.sandbox.store import utc_now
from flowsync.workspace import workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flowsync.cli.project import Project
    from flowsync.cli.usage.options import Invocation
    from flowsync.flows.watching import Seen
    from flowsync.model import Flow
    from flowsync.preview.pictures import Picture


_SHORT: Final = 7
"""Characters of a commit that are shown."""


@click.command("preview", cls=Command)
@options.slugs_argument
@click.option("--base", metavar="REF", help="Git revision to show as before; default: HEAD.")
@options.port_option
@click.option("--png", metavar="DIR", type=Path, help="Write pictures into DIR instead of serving a page.")
@click.option("--width", default=640, metavar="N", type=click.IntRange(320, 1920), help="Width of pictures, in pixels.")
@click.option("--browser", metavar="PATH", help="Chromium for the pictures; default: the variable CHROMIUM, then PATH.")
@click.option("--bundle", "given_bundle", metavar="FILE", type=Path, help="Draw with this bundle, and fetch nothing.")
@click.option("--yes", is_flag=True, help="Fetch the vendor's components without asking.")
@click.option("--remote-media", is_flag=True, help="Load images and videos that flows link to from the web.")
@options.global_options
@click.pass_context
def command(
    context: click.Context,
    *,
    slugs: tuple[str, ...],
    base: str | None,
    port: int,
    png: Path | None,
    width: int,
    browser: str | None,
    given_bundle: Path | None,
    yes: bool,
    remote_media: bool,
) -> int:
    """Show every flow as Frigade's own components draw it, on a local page that updates when files change.

    Nothing is sent to Frigade, and no key is needed. The first start fetches the components from npm's registry.
    """
    if png is not None and remote_media:
        raise UsageError("Pictures show no remote media: --remote-media is for the page.")
    project = open_project(context)
    watched = WatchedFiles(project.base, project.flows_directory, project.settings.environment, project.workspace)
    patterns = slugs_of(project, slugs)
    if png is not None and not watched.seen.flows:
        raise InvalidFilesError("There is no flow to take a picture of.", watched.seen.problems)
    _refuse_unread(watched.seen, patterns)
    select(watched.seen.flows, patterns)
    name, before = _before(project, base)
    session = Session(
        watched.seen,
        before,
        project.settings.variables,
        utc_now,
        lambda slug: not patterns or matches(slug, patterns),
    )
    program = None if png is None else find_browser(browser, os.environ)
    script = _bundle(project, given_bundle, yes=yes)
    preview = Preview(session, Options(script, name, remote_media, still=png is not None))
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(preview.handle, port=port))
        except OSError as error:
            raise FlowsyncError(f"Port {port} of this machine cannot be used: {error.strerror}.") from None
        address = f"{server.url}{preview.path}"
        if png is not None and program is not None:
            tab = stack.enter_context(open_tab(program, width))
            shown = session.shown(session.users[0])
            return _write(take_pictures(tab, address, shown), project.base / png, project.given)
        output.write_result(f"{address}\n")
        count = plural(len(session.shown(session.users[0])), "flow")
        output.write_note(f"Showing {count}; the page follows the files. Press Ctrl-C to end.", project.given)
        stack.enter_context(_following(watched, session))
        server.wait()
    return ExitCode.OK


def _refuse_unread(seen: Seen, patterns: Sequence[str]) -> None:
    named = set(plain_slugs(patterns)) - {flow.slug for flow in seen.flows}
    problems = [each for each in seen.problems if FlowFile(Path(), each.location.file).slug in named]
    if problems:
        raise InvalidFilesError("The flow's file cannot be read.", problems)


def _before(project: Project, base: str | None) -> tuple[str, Mapping[str, Flow | None] | None]:
    """The name of the base and its flows; none without `--base` in a repository without a commit."""
    try:
        commit, flows = flows_at(project, base or "HEAD")
    except GitError as error:
        if base is not None:
            raise
        output.write_sentence(f"There is no version to show as before: {error.message}", project.given)
        return "", None
    return base or commit[:_SHORT], flows


def _bundle(project: Project, given: Path | None, *, yes: bool) -> Path:
    """The bundle that draws: the given one, the cached one, or a new one. Raises BundleError."""
    if given is not None:
        if not ((project.base / given).is_file() and os.access(project.base / given, os.R_OK)):
            raise UsageError(
                f"There is no file {given} that can be read.", hint="--bundle names a bundle that flowsync built."
            )
        return project.base / given
    target = kept_bundle()
    if bundle.is_whole(target):
        return target
    _ask(project.given, yes=yes)
    done = [0, 1]

    def report(number: int, of: int) -> None:
        done[:] = number, of

    with output.Progress(project.given, lambda: f"Fetching the components: {done[0]} of {done[1]}"):
        fetch_components(target, report, project.given)
    return target


def kept_bundle() -> Path:
    """The path of this user's cached bundle, which may not exist yet."""
    return bundle.cached(os.environ, Path(os.path.expanduser("~")))  # noqa: PTH111 - fails for a user without an entry


def fetch_components(target: Path, report: Callable[[int, int], object], given: Invocation) -> None:
    """Fetch the vendor's components, with npm if installed, and build the bundle at `target`. Raises FlowsyncError."""
    npm = shutil.which("npm")
    if npm is not None:
        bundle.build(bundle.from_npm(npm, os.environ), target, report)
        return
    from flowsync.api.client import open_sender  # noqa: PLC0415 - httpx is slow to import

    registry, observe = bundle.registry_from(os.environ), output.request_log(given)
    with open_sender([registry], Key("", "none"), timeouts=Timeouts(), connections=1, observe=observe) as sender:
        bundle.build(bundle.from_registry(sender, registry), target, report)


def _ask(given: Invocation, *, yes: bool) -> None:
    """Ask for permission to fetch. Raises DeclinedError without it."""
    source = "npm's registry, with npm" if shutil.which("npm") else bundle.registry_from(os.environ)
    announcement = (
        f"The first start fetches Frigade's components (@frigade/react, {bundle.LICENCE}), React and a bundler from "
        f"{source}: about {bundle.MEGABYTES} MB, each archive checked by its hash, kept in your cache."
    )
    output.write_sentence(announcement, given)
    if yes:
        return
    if not sys.stdin.isatty():
        raise FlowsyncError("Nothing was fetched: nobody could be asked.", hint="--yes agrees to it.")
    hint = "--bundle FILE takes a bundle that was built elsewhere."
    output.confirm("Fetch them? [y/N] ", "Nothing was fetched.", hint=hint)


@contextmanager
def _following(watched: WatchedFiles, session: Session) -> Iterator[None]:
    """Update the page when files change, as long as it is served."""
    stop = Event()
    thread = Thread(target=watched.watch, args=(stop, session.take), daemon=True)
    thread.start()
    try:
        yield
    finally:
        session.end()
        stop.set()
        thread.join()


def _write(pictures: Iterator[Picture], folder: Path, given: Invocation) -> int:
    """Write the pictures, with a note for each that could not be taken; return the exit code."""
    taken = missing = 0
    for picture in pictures:
        if picture.trouble is not None:
            missing += 1
            output.write_note(f"{picture.file}: {picture.trouble}", given)
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            workspace(Path(os.path.realpath(folder))).replace(folder / picture.file, picture.content)
        except OSError as error:
            raise FlowsyncError(f"{folder / picture.file} cannot be written: {error.strerror}.") from None
        taken += 1
        output.write_result(f"{picture.file}\n")
    output.write_note(f"{plural(taken, 'picture')} in {folder}.", given)
    return ExitCode.ERROR if missing else ExitCode.OK
