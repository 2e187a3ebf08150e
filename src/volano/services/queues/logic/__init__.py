"""Decisions of the queues."""
