"""Runs that write: the record, the writes, their outcomes, and signals that stop them."""
