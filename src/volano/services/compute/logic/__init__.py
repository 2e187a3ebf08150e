"""Decisions of compute."""
