"""Decisions of the models service."""
