"""Verbs about size: smaller models, and how many machines a log takes."""
