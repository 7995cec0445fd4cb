"""Values to strings: for a terminal, for Markdown, as JSON. Nothing here prints, reads or asks.

One module per value that a command shows (`plans`, `problems`, `ledger`, `listing`, `failures`,
`progress`), each with a `FORMATS` table that feeds both dispatch and the choices of `--format`.
Everything shown may come from strangers: a live flow, a file of a pull request, a server's
message. `style.paint` and the functions of `escape` are the only ways into an output, and both
make text inert for where it goes.
"""
