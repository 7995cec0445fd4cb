"""Makes plans: chooses and compares each file's row, adds warnings, counts and hashes."""
