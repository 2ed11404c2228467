"""Section about how behaviour evolves."""
