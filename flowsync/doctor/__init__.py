"""What `flowsync doctor` reports: facts about this machine, the project, and how an account's API behaves.

Each file makes facts of values that were collected before; `questions` says what is asked of an API. Nothing here
reads a file, runs a program or writes.
"""
