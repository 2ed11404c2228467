"""Fast scoring: blocks of items, eight bits, event by event."""
