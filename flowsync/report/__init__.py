"""Reports on a plan and its result: for a terminal, as JSON, and as Markdown for GitHub."""
