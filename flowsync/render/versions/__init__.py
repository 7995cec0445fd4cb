"""The output of commands about versions, states and records: for a terminal, as Markdown, and as documents."""
