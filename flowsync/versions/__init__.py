"""What Frigade keeps of a flow: its versions, who sees which, how they differ, and what publishing or deleting does."""
