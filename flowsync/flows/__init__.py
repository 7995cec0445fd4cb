"""Reads flow files into flows, with their tests, the references in their targeting, and the flows they wait for."""
