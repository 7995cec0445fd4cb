"""Flow files to flows, and what their targeting expressions say: tests, references, which flow waits for which."""
