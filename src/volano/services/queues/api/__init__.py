"""The SQS API (json and query protocols)."""
