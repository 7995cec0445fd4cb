"""YAML and JSON text to values with places, and back, exactly as JavaScript reads it.

Where YAML's parsers differ, npm `yaml` 2.9 decides; what this reader is not certain to read alike it refuses,
with the place. It reads by allow-list, text to value in one pass, because a parser for another YAML
(libyaml, PyYAML) accepts too much that npm yaml reads otherwise.

There are two ways to the same value. `reader` knows every corner, every place and every message. `ordinary` reads
what most files hold and nothing else, five times as fast, and leaves the rest to `reader`.
"""

from __future__ import annotations

from flowsync.document.beside import parse_beside
from flowsync.document.decoding import decode
from flowsync.document.document import Document, parse, parse_data, read, same
from flowsync.document.dumping import UNFOLDED, dump

__all__ = [
    "UNFOLDED",
    "Document",
    "decode",
    "dump",
    "parse",
    "parse_beside",
    "parse_data",
    "read",
    "same",
]
