"""flowsync inside GitHub Actions: what a run reads, and what it leaves behind for people to read.

Nothing here reads the environment, opens a connection or writes a file by itself: `cli` hands in what
is needed.
"""
