"""Live flows to files: a first file for a flow, and a dashboard edit taken over into the file there is.

Nothing here reads or writes a file: texts and values come in, texts go out. No text is given out for a file that a plan
would refuse; a field that would make it so is left out, and the result says why.
"""
