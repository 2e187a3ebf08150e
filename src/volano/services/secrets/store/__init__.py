"""Rows of secrets."""
