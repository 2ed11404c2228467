"""Section about randomised experiments."""
