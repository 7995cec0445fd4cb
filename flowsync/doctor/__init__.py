"""The facts that `flowsync doctor` reports about this machine, the project, and an account's API.

Each file turns collected values into facts; `questions` makes the requests to an API. Nothing here reads a file, runs a
program or writes.
"""
