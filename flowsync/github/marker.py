"""The first line of what flowsync writes on GitHub: how it finds its own comment and issue again.

Hexadecimal fields only, so that nothing in it can be anything but data. Each part of a reviewed plan
is in it as a hash: a later apply tells by these, never by the text, what has been seen by people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

PART_LENGTH: Final = 16
"""Hexadecimal digits of one part's hash."""
MOST_PARTS: Final = 1_000
"""More are not listed."""
NO_PLAN: Final = "0" * 64
"""Stands for the digest where no plan is shown."""
_HEAD: Final = r"<!-- flowsync:v1 key=([0-9a-f]{16}) head=([0-9a-f]{40,64}) digest=([0-9a-f]{64})"
_LINE: Final = re.compile(
    rf"{_HEAD} truncated=([01]) base=((?:[0-9a-f]{{40,64}})?) parts=((?:[0-9a-f]{{16}})*)"
    r"(?: applied=([0-9a-f]{40,64}))? -->(?:\r?\n|$)"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """What the first line says. `key` names environment and configuration; `head` is the commit planned for.

    `digest` is the plan's, without its algorithm; `parts` are the hashes of what the plan would write, and
    `base` is the commit it was compared with, None where it was with none. `applied` is the commit whose apply
    wrote all that was planned for it, None before.
    """

    key: str
    head: str
    digest: str
    truncated: bool = False
    base: str | None = None
    parts: frozenset[str] = frozenset()
    applied: str | None = None

    def line(self) -> str:
        """The marker as the line to begin with."""
        listed = sorted(self.parts) if len(self.parts) <= MOST_PARTS else []
        fields = f"key={self.key} head={self.head} digest={self.digest} truncated={int(self.truncated)}"
        applied = f" applied={self.applied}" if self.applied else ""
        return f"<!-- flowsync:v1 {fields} base={self.base or ''} parts={''.join(listed)}{applied} -->"


def read_marker(body: str) -> Marker | None:
    """The marker a text begins with; None where it begins otherwise."""
    found = _LINE.match(body)
    if found is None:
        return None
    key, head, digest, truncated, base, parts, applied = found.groups()
    hashes = (parts[at : at + PART_LENGTH] for at in range(0, len(parts), PART_LENGTH))
    return Marker(key, head, digest, truncated == "1", base or None, frozenset(hashes), applied)


def key_of(kind: str, environment: str | None, config: str) -> str:
    """The key of a comment or issue: one for each environment of each configuration file.

    `config` is the file's path from the top of the repository.
    """
    return sha256("\0".join((kind, environment or "", config)).encode()).hexdigest()[:16]
