"""What git knows of the project, read only: nothing here writes to a repository, its index or its working tree."""

from flowsync.git.asking import ask
from flowsync.git.origin import Origin, origin
from flowsync.git.place import prefix
from flowsync.git.revision import Entry, commit_of, content_id, contents, entries
from flowsync.git.status import uncommitted

__all__ = [
    "Entry",
    "Origin",
    "ask",
    "commit_of",
    "content_id",
    "contents",
    "entries",
    "origin",
    "prefix",
    "uncommitted",
]
