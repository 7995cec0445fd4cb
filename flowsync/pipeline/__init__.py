"""Each command as its line of named steps: load, validate, fetch, plan, apply.

Nothing here knows of a network library, a terminal or a format: readers and writers come in as
protocols, values go out.

Names are loaded from their modules when first used: validating does not pay for planning.
"""
