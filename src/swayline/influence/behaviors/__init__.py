"""What each behaviour causes: episodes, associations, effects with their intervals and refutations."""
