"""Backends of the port `bytes`: `disk` (one machine) and `s3` (any S3 store)."""
