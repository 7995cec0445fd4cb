"""The rules that a schema cannot state, one module for each group.

Every module has `RULES`, what it can report, and `check(view)`, which reports it for one flow; `together` looks at
all flows at once instead. None of them repeats what the schema reports.
"""
