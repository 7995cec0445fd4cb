"""Shows problems of files (`listing`, `sarif`, `annotations`), of a run and of a machine."""

from __future__ import annotations

from typing import Final

from flowsync.problems.annotations import github
from flowsync.problems.listing import as_json, markdown, text
from flowsync.problems.sarif import sarif

FORMATS: Final = {"text": text, "markdown": markdown, "json": as_json, "github": github, "sarif": sarif}
"""What `validate --format` can offer."""


FROM_TOP: Final = frozenset({"github", "sarif"})
"""Those that name files from the top of the repository."""
