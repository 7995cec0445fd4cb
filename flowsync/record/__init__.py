"""The record of an apply: what each write replaced, kept before it was sent, and what became of it.

JSON lines, the format `flowsync-record/1`: a header for each run, a line before each flow's write, one
after it, and one at the end of the run. A write without its second line is one whose fate the record does
not know; the live flow shows it. Nothing here touches a file: lines go out, lines come in.
"""
