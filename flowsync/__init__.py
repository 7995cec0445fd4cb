"""Flows as code for Frigade: plan what a merge would do to live flows, then do exactly that."""

__version__ = "0.1.0"
