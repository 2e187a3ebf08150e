"""Decisions of the workplace."""
