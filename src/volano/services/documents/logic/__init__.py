"""Decisions of documents."""
