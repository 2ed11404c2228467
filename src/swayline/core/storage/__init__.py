"""Files: written whole, locked, claimed, and read with suspicion."""
