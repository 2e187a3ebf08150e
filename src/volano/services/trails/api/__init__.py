"""The CloudTrail API (json protocol)."""
