"""``swayline fit``: plain and private."""
