"""Models that read titles."""
