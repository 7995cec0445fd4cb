"""The versions of a flow: who sees which, how they differ, and what publishing or deleting does."""
