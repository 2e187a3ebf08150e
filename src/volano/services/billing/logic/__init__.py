"""Decisions of billing."""
