"""Rows of the topics."""
