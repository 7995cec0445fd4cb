"""The record of an apply: the content that each write replaced, saved before it was sent, and the result.

JSON lines, the format `flowsync-record/1`: a header for each run, a line before each flow's write, one
after it, and one at the end of the run. A write without its second line is one whose fate the record does
not know; the live flow shows it. Nothing here touches a file: lines go out, lines come in.
"""
