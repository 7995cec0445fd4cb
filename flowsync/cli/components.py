"""How the vendor's components are fetched for the preview: by npm where it is installed, else by flowsync itself."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flowsync.config import Key, Timeouts
from flowsync.preview import bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flowsync.api.retry import Sender


def kept_bundle() -> Path:
    """Where the script that draws is kept for this user, whether it is there yet or not."""
    return bundle.cached(os.environ, Path(os.path.expanduser("~")))  # noqa: PTH111 - fails for a user without an entry


def announcement() -> str:
    """What is fetched, and from where. Raises BundleError where nothing can be fetched from there."""
    source = bundle.registry_from(os.environ) if _npm() is None else "npm's registry, with npm"
    return (
        f"The first start fetches Frigade's components (@frigade/react, {bundle.LICENCE}), React and a bundler from "
        f"{source}: about {bundle.MEGABYTES} MB, each archive checked by its hash, kept in your cache."
    )


def fetch_components(target: Path, report: Callable[[int, int], object]) -> None:
    """Fetch the components and put the script that draws at `target`. Raises FlowsyncError."""
    npm = _npm()
    if npm is not None:
        bundle.build(bundle.from_npm(npm, os.environ), target, report)
        return
    registry = bundle.registry_from(os.environ)
    with _sender(registry) as sender:
        bundle.build(bundle.from_registry(sender, registry), target, report)


def _npm() -> str | None:
    return shutil.which("npm")


@contextmanager
def _sender(registry: str) -> Iterator[Sender]:
    """What fetches from a registry: flowsync's own client, without a key."""
    from flowsync.api.client import open_sender  # noqa: PLC0415 - httpx is slow to import

    with open_sender([registry], Key("", "none"), timeouts=Timeouts(), connections=1) as sender:
        yield sender
