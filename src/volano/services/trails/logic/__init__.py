"""Decisions about trails."""
