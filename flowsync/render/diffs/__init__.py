"""Differences for people: between two texts, and between two contents of a flow."""
