"""Diffs for people: of two texts, and of two contents of a flow."""
