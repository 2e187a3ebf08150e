"""Decisions of the topics."""
