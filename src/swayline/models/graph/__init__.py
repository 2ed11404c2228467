"""Models that learn from a knowledge graph of the items."""
