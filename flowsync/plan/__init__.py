"""What applying would do: each file's row chosen and compared, warned about, counted and hashed."""
