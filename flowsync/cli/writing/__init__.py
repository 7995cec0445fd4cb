"""Runs that write: what is kept first, the writes, each outcome as it is known, and signals that stop them."""
