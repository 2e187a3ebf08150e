"""Decisions of regions."""
