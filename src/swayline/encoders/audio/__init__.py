"""Sounds to vectors: wave files read safely, log-mel features and spectral statistics."""
