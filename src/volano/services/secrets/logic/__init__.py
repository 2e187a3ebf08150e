"""Decisions about secrets."""
