"""What a fitted network shows: channels, credit, scores, tables to draw from."""
