"""A fitted model and further events: learned again from both, or trained on from its weights."""
