"""Live flows to files: a first file for a flow, and a dashboard edit taken over into the file there is.

Nothing here reads or writes a file: texts and values come in, texts go out. No text is given out for a file that a plan
would refuse; a field that would make it so is left out, and the result says why.
"""

from flowsync.pull.accepting import Taking, accepted
from flowsync.pull.arriving import new_file
from flowsync.pull.names import folded, folder_for, name_complaint
from flowsync.pull.results import ChangedFile, LeftOut, NewFile, Pulled, SameFile, Scope, Skipped

__all__ = [
    "ChangedFile",
    "LeftOut",
    "NewFile",
    "Pulled",
    "SameFile",
    "Scope",
    "Skipped",
    "Taking",
    "accepted",
    "folded",
    "folder_for",
    "name_complaint",
    "new_file",
]
