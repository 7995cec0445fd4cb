"""What a run leaves for later steps and for the run's page: outputs and the job summary."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from flowsync.errors import FlowsyncError
from flowsync.github.environment import ACTION_OUTPUTS
from flowsync.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_outputs(path: Path | None, values: Mapping[str, str]) -> None:
    """Add outputs to the file GITHUB_OUTPUT names. Raises FlowsyncError when it cannot be written."""
    shown = {name: masked(value) for name, value in values.items()}
    _append(path, outputs_text(shown, f"flowsync_{secrets.token_hex(16)}"))


def write_summary(path: Path | None, markdown: str) -> None:
    """Add to the file GITHUB_STEP_SUMMARY names. Raises FlowsyncError when it cannot be written."""
    _append(path, f"{masked(markdown)}\n")


def outputs_text(values: Mapping[str, str], delimiter: str) -> str:
    """The lines that set outputs [doc: workflow commands, multiline strings].

    `delimiter` cannot be guessed by whoever made a value; one that holds it is refused with ValueError.
    """
    for name, value in values.items():
        if name not in ACTION_OUTPUTS or delimiter in value:
            raise ValueError(f"{name} cannot be written as an output")
    return "".join(f"{name}<<{delimiter}\n{value}\n{delimiter}\n" for name, value in values.items())


def _append(path: Path | None, text: str) -> None:
    if path is None:
        return
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except OSError as error:
        raise FlowsyncError(f"{path.name}, which the runner names, cannot be written: {error.strerror}.") from None
