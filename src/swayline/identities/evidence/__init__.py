"""What speaks for two accounts being one person's: keys, what was done and when, words, values, the graph."""
