"""Whom to treat, and what that is worth."""
