"""Queues (the SQS API)."""
