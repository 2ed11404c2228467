"""Ids, words, pictures and sounds together."""
