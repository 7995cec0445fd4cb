"""What the targeting language comes to, for people: tests, explanations, and a diagram of the flows that wait."""
