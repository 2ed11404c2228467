"""Floor 6: what moved whom, all of it in one table."""
