"""What a scenario made beside lists."""
