"""Histories packed into batches."""
