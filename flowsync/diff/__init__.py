"""Flows compared by what they mean: canonical values, fingerprints, differences.

`compare` compares the fields of a file with those of a live row. The items of a list are matched by `id` or `value`, so
that an inserted step is one change, a moved one a move and a renamed id a rename.
"""
