"""A plan, and what applying it did: for a terminal, as JSON, and as the Markdown that GitHub shows."""
