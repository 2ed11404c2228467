"""Encoders that learn from the texts at hand, and the choice of the encoder for some texts."""
