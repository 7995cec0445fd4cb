"""Shows the targeting language to people: test results, explanations, and a diagram of flows that wait."""
