"""What a command line may hold, the help that says so, and the answer to what it does not hold."""
