"""Floor 12: the face for people, one file a verb."""

from swayline.cli.app import main

__all__ = ["main"]
