"""Turns live flows into texts of flow files: new files, and dashboard edits in existing ones.

Nothing here reads or writes a file: texts and values come in, texts go out. No text is given out for a file that a plan
would refuse; a field that would make it so is left out, and the result says why.
"""
