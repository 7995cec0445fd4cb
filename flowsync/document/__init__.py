"""YAML and JSON text to values with places, and back, exactly as JavaScript reads it.

Where YAML's parsers differ, npm `yaml` 2.9 decides. `parsing` reads libyaml's events behind a guard, which refuses,
with the place, what is not certain to be read alike.
"""

from __future__ import annotations

from flowsync.document.decoding import decode
from flowsync.document.document import Document, parse, parse_data, read, same
from flowsync.document.dumping import UNFOLDED, dump

__all__ = ["UNFOLDED", "Document", "decode", "dump", "parse", "parse_data", "read", "same"]
