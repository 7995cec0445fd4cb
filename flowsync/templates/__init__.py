"""Files that a project using flowsync needs: its configuration, a flow to look at, workflows, the pre-commit entry.

They are kept as they are read, and linted as they are kept: what differs from project to project are the action's
reference and the name of the branch that is live.
"""

from flowsync.templates.action import PLACEHOLDER, Action, this_action
from flowsync.templates.files import EXAMPLE, FOLDER, configuration, example, pre_commit, workflows

__all__ = [
    "EXAMPLE",
    "FOLDER",
    "PLACEHOLDER",
    "Action",
    "configuration",
    "example",
    "pre_commit",
    "this_action",
    "workflows",
]
