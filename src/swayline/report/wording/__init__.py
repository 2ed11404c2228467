"""What sentences of a page may say, and how they say it."""
