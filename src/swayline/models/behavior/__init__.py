"""Features of a person's behaviour towards an item, and rows to learn from."""
