"""Rows of trails."""
