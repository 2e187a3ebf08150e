"""Rows of the queues."""
