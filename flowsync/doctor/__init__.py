"""What `flowsync doctor` reports: facts about this machine, the project, and how an account's API behaves.

Each file turns collected values into facts; `questions` makes the requests to an API. Nothing here reads a file, runs a
program or writes.
"""
