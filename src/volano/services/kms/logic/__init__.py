"""Decisions about keys."""
