"""Floor 1: the one table of influence: its columns, its words, and how it is written and read."""
