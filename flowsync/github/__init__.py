"""flowsync inside GitHub Actions: its inputs, and the comments, issues and outputs that it writes.

Nothing here reads the environment, opens a connection or writes a file by itself: `cli` hands in what
is needed.
"""
