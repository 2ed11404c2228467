"""What is read off a state: behaviours, returns, counts of the history."""
