"""A text with another value and otherwise as its author wrote it.

What stays the same keeps its bytes: comments, key order, quotes, block styles, anchors, line ends, indentation. What
differs is edited where it stands, in the style that stands there. The result is always read again: it either says
exactly what is wanted, or the smallest part that could not be edited in place is written anew.
"""

from flowsync.document.editing.editing import Edited, Reads, edited
from flowsync.document.editing.rewriting import Matching, Survivors

__all__ = ["Edited", "Matching", "Reads", "Survivors", "edited"]
