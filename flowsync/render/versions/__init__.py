"""What commands about versions, states and records show: for a terminal, as Markdown, and as documents."""
