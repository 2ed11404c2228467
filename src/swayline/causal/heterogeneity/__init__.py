"""Who is affected how much."""
