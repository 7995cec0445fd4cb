"""Flows compared by what they mean: canonical values, fingerprints, differences.

`compare` tells a file's fields from a live row's. Lists whose items have an identity are matched by
it, so that an inserted step is one change, a moved one a move, and a renamed id is told as such.
"""
