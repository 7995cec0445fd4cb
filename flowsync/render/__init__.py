"""Turns values into text: for a terminal, as Markdown, as JSON. Nothing here prints, reads or asks.

What a command shows has a table of `FORMATS` that feeds both dispatch and the choices of `--format`.
Anything shown may be foreign: a live flow, a file of a pull request, a server's message. `style.paint`
and the functions of `escape` are the only ways into an output, and both make text harmless for its destination.
"""
