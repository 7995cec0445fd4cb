"""What git knows of the project, read only: nothing here writes to a repository, its index or its working tree."""

from flowsync.git.asking import ask
from flowsync.git.place import prefix

__all__ = ["ask", "prefix"]
